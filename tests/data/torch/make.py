"""Writes the .pth files of this folder with PyTorch (README.md says which version wrote those that are kept here): python3 make.py"""
import collections
import pathlib

import torch

HERE = pathlib.Path(__file__).resolve().parent
row = torch.arange(24, dtype=torch.float32)
tensors = collections.OrderedDict()
tensors["packed"] = row.reshape(2, 3, 4).clone()
tensors["transposed"] = torch.arange(6, dtype=torch.float32).reshape(2, 3).t()  # strides 1, 3
tensors["part"] = row.clone().reshape(4, 6)[1:3, ::2]  # offset 6, strides 6, 2
tensors["expanded"] = torch.tensor([1.5, -2.5]).reshape(2, 1).expand(2, 3)  # strides 1, 0
tensors["channels_last"] = torch.arange(12, dtype=torch.float32).reshape(1, 3, 2, 2).contiguous(memory_format=torch.channels_last)
tensors["scalar"] = torch.tensor(0.25)
tensors["empty"] = torch.zeros(0, 4)
tensors["half"] = torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 2.0 ** -24, 2.0 ** -14, float("inf")], dtype=torch.float16)
tensors["bfloat"] = torch.tensor([1.0, -3.140625, 2.0 ** 100], dtype=torch.bfloat16)
tensors["double"] = torch.tensor([[0.1], [1e-30]], dtype=torch.float64)
tensors["long"] = torch.tensor([7, -8])
tensors["bool"] = torch.tensor([True, False])
tensors["shared"] = tensors["packed"][1]
tensors["parameter"] = torch.nn.Parameter(torch.tensor([3.0]))
tensors._metadata = {"": {"version": 1}}  # what a state_dict carries
torch.save({"state_dict": tensors, "epoch": 3, "lr": 0.1, "best": None, "done": True, "steps": [1, 70000, 2 ** 40, -5],
            "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}, "names": ("a", "b")}}, HERE / "layouts.pth")
torch.save({"weight": torch.ones(2, 2), "bias": torch.zeros(2)}, HERE / "old.pth", _use_new_zipfile_serialization=False)
torch.save(torch.nn.Linear(2, 1), HERE / "module.pth")
