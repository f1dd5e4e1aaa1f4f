"""Backbones with torchvision's own blocks, and plain SGD training of CL-ILE by method.py, in float64."""
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

import method

BLOCKS = {"resnet10": (BasicBlock, [1, 1, 1, 1]), "resnet18": (BasicBlock, [2, 2, 2, 2]),
          "resnet34": (BasicBlock, [3, 4, 6, 3]), "resnet50": (Bottleneck, [3, 4, 6, 3])}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# The options that train() understands. Each is passed to libclile too, so its defaults do not matter.
OPTIONS = {"method": "cl-ile", "elimination": "none", "identity_part": "all", "similarity": "cosine", "null_anchor": 0,
           "init_from_stage1": 0, "lambda_contra": 1.0, "lambda_bce": 1.0, "lambda_id": 1.0, "lambda_ile": 0.03,
           "lambda_ile_bias": 0.03, "tau": 0.1, "learning_rate": 0.01, "momentum": 0.9, "weight_decay": 0.001,
           "au_rate_scale": 1.0}
# What makes libclile train like train(): no schedule, no clipping, no averaging, no augmentation.
PLAIN = {"optimizer": "sgd", "schedule": "constant", "warmup": 0, "clip_norm": 0, "ema": 0, "validation": 0, "exchange_halves": 0,
         "augment_flip": 0, "augment_scale": 0, "augment_shift": 0, "augment_brightness": 0, "augment_contrast": 0,
         "augment_saturation": 0}


class Encoder(ResNet):
    """torchvision's ResNet with 64, 128, 256, 512 channels times `width`, rounded, at least 8. stem="small": conv1 5 x 5, no max pool."""

    def __init__(self, backbone, width, embedding, stem="imagenet"):
        nn.Module.__init__(self)
        block, layers = BLOCKS[backbone]
        channels = [max(8, int(base * width + 0.5)) for base in (64, 128, 256, 512)]
        self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, channels[0], 1, 1, 64
        small = {"imagenet": False, "small": True}[stem]
        self.conv1 = nn.Conv2d(3, channels[0], 5 if small else 7, 2, 2 if small else 3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        for i in range(4):
            setattr(self, f"layer{i + 1}", self._make_layer(block, channels[i], layers[i], stride=1 if i == 0 else 2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(channels[3] * block.expansion, embedding)


def load(net, tensors):
    """Values by torchvision's names; every tensor must be there and fit."""
    state = net.state_dict()
    names = {name for name in state if not name.endswith("num_batches_tracked")}
    if names != set(tensors):
        raise ValueError(f"tensor names differ: {sorted(names ^ set(tensors))[:5]}")
    net.load_state_dict({name: torch.from_numpy(value).double() for name, value in tensors.items()}, strict=False)
    return net


def store(net):
    return {name: value.detach().clone().numpy() for name, value in net.state_dict().items()
            if not name.endswith("num_batches_tracked")}


def network_input(images):
    """[n,3,h,w] float64 of uint8 crops [n,h,w,3], normalised as ImageNet."""
    x = torch.from_numpy(images).double() / 255
    return ((x - torch.tensor(MEAN, dtype=x.dtype)) / torch.tensor(STD, dtype=x.dtype)).permute(0, 3, 1, 2).contiguous()


def sgd(net, vectors, options):
    """Weight decay on convolution and linear weights only."""
    decay = [p for name, p in net.named_parameters() if p.ndim > 1]
    plain = [p for name, p in net.named_parameters() if p.ndim == 1]
    rate = options["learning_rate"]
    return torch.optim.SGD([{"params": decay, "weight_decay": options["weight_decay"]}, {"params": plain},
                            {"params": list(vectors.values()), "lr": rate * options["au_rate_scale"]}],
                           lr=rate, momentum=options["momentum"])


class Margin:
    """Least distance of any activation to a kink of the network: of what enters a ReLU to 0, and of the winner of a max pooling
    window to the next. Where it is within float32's rounding, the two sides may take different branches, and their gradients
    differ by a finite amount without either being wrong: a comparison means something only above it."""

    def __init__(self, net):
        self.value = float("inf")
        self.handles = [m.register_forward_pre_hook(self.relu) for m in net.modules() if isinstance(m, nn.ReLU)]
        if isinstance(net.maxpool, nn.MaxPool2d):
            self.handles.append(net.maxpool.register_forward_pre_hook(self.max_pool))

    def relu(self, _, inputs):
        self.value = min(self.value, inputs[0].detach().abs().min().item())

    def max_pool(self, pool, inputs):
        x = nn.functional.pad(inputs[0].detach(), (pool.padding,) * 4, value=-1.0)
        windows = x.unfold(2, pool.kernel_size, pool.stride).unfold(3, pool.kernel_size, pool.stride).flatten(4)
        best, second = windows.topk(2, dim=-1).values.unbind(-1)
        gap = (best - second)[best > 0]  # a window of zeros passes no gradient through the ReLU before it
        self.value = min(self.value, gap.min().item())

    def remove(self):
        for handle in self.handles:
            handle.remove()
        return self.value


def train(stage, net, vectors, images, labels, subject, steps, options, id_net=None):
    """`steps` steps on the whole data set. vectors: {name: array}. Returns (net tensors, vectors, losses [steps,4],
    margin)."""
    o = {**OPTIONS, **options}
    x, y, i = network_input(images), torch.from_numpy(labels).long(), torch.from_numpy(subject).long()
    vectors = {name: torch.from_numpy(value).double().clone().requires_grad_() for name, value in vectors.items()}
    net = net.double().train()
    weight = method.au_weights(y)
    identity = None
    if id_net is not None:
        with torch.no_grad():
            identity = id_net.double().eval()(x)
            identity = method.identity_part(o["identity_part"], identity, y, i, int(i.max()) + 1)
    optimiser, losses, margin = sgd(net, vectors, o), [], Margin(net)
    for _ in range(steps):
        embedding = net(x)
        if stage == 1:
            descended = method.stage1(embedding, vectors["ile"], i, y, weight)
            row = (descended, descended, 0.0, 0.0)
        else:
            descended, *row = method.stage2_total(embedding, identity, vectors, y, i, weight, o)
        losses.append([float(value) for value in row])
        optimiser.zero_grad()
        descended.backward()
        optimiser.step()
    return store(net), {name: value.detach().numpy() for name, value in vectors.items()}, losses, margin.remove()
