"""Weights of a small ResNet-10 under torchvision's names, and files of them: safetensors, and what torch.save writes, made without PyTorch.

tests/parity has files that PyTorch itself wrote.
"""
import array
import collections
import io
import json
import pickle
import random
import struct
import sys
import types
import zipfile

WIDTH = 0.125  # 8, 16, 32 and 64 channels
TYPES = {"F32": ("FloatStorage", "f"), "F64": ("DoubleStorage", "d"), "F16": ("HalfStorage", "e"), "I64": ("LongStorage", "q")}


class Tensor:
    def __init__(self, shape, values, dtype="F32", stride=None, offset=0):
        self.shape, self.dtype, self.offset = tuple(shape), dtype, offset
        self.data = struct.pack(f"<{len(values)}{TYPES[dtype][1]}", *values)
        self.elements, packed, strides = len(values), 1, []
        for size in reversed(self.shape):
            strides.insert(0, packed)
            packed *= size
        self.stride = tuple(stride or strides)

    def to(self, dtype):
        values = struct.unpack(f"<{self.elements}{TYPES[self.dtype][1]}", self.data)
        return Tensor(self.shape, values, dtype, self.stride, self.offset)


def resnet10(outputs=1000, seed=3, deeper=False):
    """OrderedDict of name: Tensor."""
    draw, tensors = random.Random(seed), collections.OrderedDict()

    def add(name, *shape):
        count = 1
        for size in shape:
            count *= size
        # every value is a float16 too
        tensors[name] = Tensor(shape, [draw.randrange(1, 512) / 1024 for _ in range(count)])

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            add(f"{name}.{part}", channels)
        tensors[f"{name}.num_batches_tracked"] = Tensor((), [7], "I64")

    add("conv1.weight", 8, 3, 7, 7)
    norm("bn1", 8)
    before = 8
    for layer, channels in enumerate((8, 16, 32, 64), 1):
        for block in range(2 if deeper else 1):
            name = f"layer{layer}.{block}"
            add(f"{name}.conv1.weight", channels, before, 3, 3)
            norm(f"{name}.bn1", channels)
            add(f"{name}.conv2.weight", channels, channels, 3, 3)
            norm(f"{name}.bn2", channels)
            if before != channels:
                add(f"{name}.downsample.0.weight", channels, before, 1, 1)
                norm(f"{name}.downsample.1", channels)
            before = channels
    add("fc.weight", outputs, 64)
    add("fc.bias", outputs)
    return tensors


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(tensor.data)]}
        data += tensor.data
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    return path


def read_safetensors(path):
    """{name: (dtype, shape, bytes)} and the metadata."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack_from("<Q", data)[0]
    header, data = json.loads(data[8:8 + size]), data[8 + size:]
    metadata = header.pop("__metadata__", {})
    return {name: (t["dtype"], tuple(t["shape"]), data[slice(*t["data_offsets"])]) for name, t in header.items()}, metadata


def pickled(tree, protocol=2):
    """The pickle of `tree` with its Tensors as torch.save has them, and the tensors in the order of their keys."""
    torch, utils, stored = types.ModuleType("torch"), types.ModuleType("torch._utils"), []

    def rebuild(*arguments):
        raise AssertionError("only its name is written")
    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    for name, _ in TYPES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    class Storage:
        def __init__(self, key, tensor):
            self.id = ("storage", getattr(torch, TYPES[tensor.dtype][0]), str(key), "cpu", tensor.elements)

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return obj.id if isinstance(obj, Storage) else None

        def reducer_override(self, obj):
            if not isinstance(obj, Tensor):
                return NotImplemented
            stored.append(obj)
            return rebuild, (Storage(len(stored) - 1, obj), obj.offset, obj.shape, obj.stride, False, collections.OrderedDict())

    kept = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        out = io.BytesIO()
        Pickler(out, protocol).dump(tree)
    finally:
        for name, module in kept.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return out.getvalue(), stored


def write_pth(path, tree, protocol=2, method=zipfile.ZIP_STORED, members=(), pickle_bytes=None):
    """`pickle_bytes` in place of the pickle of `tree`; `members`: more of (name, bytes)."""
    data, stored = pickled(tree, protocol)
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", data if pickle_bytes is None else pickle_bytes)
        for key, tensor in enumerate(stored):
            archive.writestr(f"archive/data/{key}", tensor.data)
        archive.writestr("archive/version", "3\n")
        for name, content in members:
            archive.writestr(name, content)
    return path
