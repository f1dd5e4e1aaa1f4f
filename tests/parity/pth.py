"""Weights as PyTorch itself writes them: clile_model_import_backbone reads exactly what the tensors of a .pth hold."""
import collections
import ctypes

import safetensors_io
import torch
import torchvision

BACKBONES = {"resnet10": [1, 1, 1, 1], "resnet18": [2, 2, 2, 2], "resnet34": [3, 4, 6, 3], "resnet50": [3, 4, 6, 3]}


def network(backbone, seed=1):
    torch.manual_seed(seed)
    block = torchvision.models.resnet.Bottleneck if backbone == "resnet50" else torchvision.models.resnet.BasicBlock
    net = torchvision.models.ResNet(block, BACKBONES[backbone])
    for buffer in net.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    return net


def trained_optimizer(net):
    optimizer = torch.optim.Adam(net.parameters())
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    return optimizer.state_dict()


def in_one_storage(state):
    """Every float tensor a view of one flat tensor."""
    flat, views, offset = torch.cat([t.reshape(-1) for t in state.values() if t.is_floating_point()]), collections.OrderedDict(), 0
    for name, tensor in state.items():
        if tensor.is_floating_point():
            views[name] = flat[offset:offset + tensor.numel()].reshape(tensor.shape)
            offset += tensor.numel()
    return views


def ways(net):
    """name: (what is saved, arguments of torch.save)"""
    state = net.state_dict()
    yield "state_dict", state, {}
    yield "pickle protocol 4", state, {"pickle_protocol": 4}
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        yield str(kind), {name: t.to(kind) if t.is_floating_point() else t for name, t in state.items()}, {}
    yield "channels last", network("resnet10").to(memory_format=torch.channels_last).state_dict(), {}
    yield "DataParallel, checkpoint with Adam", {"epoch": 7, "state_dict": torch.nn.DataParallel(net).state_dict(), "optimizer": trained_optimizer(net), "best": 0.5}, {}
    yield "parameters", {"backbone": {**dict(net.named_parameters()), **dict(net.named_buffers())}}, {}
    yield "views of one storage", in_one_storage(state), {}


def floats(saved):
    """The tensors of a network as float32 by torchvision's names."""
    while "conv1.weight" not in saved and "module.conv1.weight" not in saved:
        saved = saved.get("state_dict") or saved["backbone"]
    return {name.replace("module.", ""): t.detach().float().contiguous() for name, t in saved.items() if t.is_floating_point()}


def imported(clile, folder, backbone, path):
    model = clile.model({"backbone": backbone, "stem": "imagenet", "width": 1, "embedding": 1000, "image_size": 64, "seed": 9}, [1])
    try:
        clile.call("clile_model_import_backbone", model, str(path).encode())
        clile.model_save(model, folder / "imported.safetensors")
    finally:
        clile.lib.clile_model_destroy(ctypes.c_void_p(model.value))
    tensors, _ = safetensors_io.read(folder / "imported.safetensors")
    return {name[len("encoder."):]: value for name, value in tensors.items() if name.startswith("encoder.")}


def wrong_values(expected, found):
    """How many values differ or are missing."""
    return sum(expected[name].numel() if name not in found else int((torch.from_numpy(found[name]).reshape(expected[name].shape) != expected[name]).sum()) for name in expected)


def check(clile, folder, report):
    for backbone in ("resnet18", "resnet50"):
        state = network(backbone).state_dict()
        torch.save(state, folder / "weights.pth")
        report(f".pth of torchvision's {backbone}: values that differ", wrong_values(floats(state), imported(clile, folder, backbone, folder / "weights.pth")), 0)
    for name, saved, arguments in ways(network("resnet10")):
        torch.save(saved, folder / "weights.pth", **arguments)
        report(f".pth, {name}: values that differ", wrong_values(floats(saved), imported(clile, folder, "resnet10", folder / "weights.pth")), 0)
    torch.save(network("resnet10").state_dict(), folder / "weights.pth", _use_new_zipfile_serialization=False)
    try:
        imported(clile, folder, "resnet10", folder / "weights.pth")
        said = "nothing"
    except Exception as error:  # pylint: disable=broad-except
        said = str(error)
    report(".pth from before PyTorch 1.6 is refused, and the message says what to do", 0 if "CLILE_E_UNSUPPORTED" in said and "torch.save(torch.load(" in said else 1, 0)
