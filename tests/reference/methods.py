"""The nets of docs/methods.md in PyTorch, written from the formulas there, with the names of the tensors of model files.
Method(name, ...) is an encoder; golden() makes the file that tests/method/test_golden.c replays."""
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import training  # noqa: E402


class Grouped(nn.Module):
    """A linear layer of each group's own: [n, g or 1, rows, i] -> [n, g, rows, o]."""

    def __init__(self, groups, i, o):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(groups, o, i)), nn.Parameter(torch.zeros(groups, o))

    def forward(self, x):
        return torch.einsum("ngri,goi->ngro", x.expand(-1, len(self.weight), -1, -1), self.weight) + self.bias[:, None]


def pixels(x):
    """[n, c, h, w] -> [n, h w, c]"""
    return x.flatten(2).transpose(1, 2)


def cells(x, g):
    """[n, c, h, w] -> [n, g g, c, h / g, w / g]"""
    n, c, h, w = x.shape
    return x.reshape(n, c, g, h // g, g, w // g).permute(0, 2, 4, 1, 3, 5).reshape(n, g * g, c, h // g, w // g)


def uncells(x, g):
    n, _, c, h, w = x.shape
    return x.reshape(n, g, g, c, h, w).permute(0, 3, 1, 4, 2, 5).reshape(n, c, g * h, g * w)


class Drml(nn.Module):
    GRID = 4

    def __init__(self, channels, aus, k):
        super().__init__()
        c = channels[0]
        self.region, self.bn = Grouped(self.GRID ** 2, 9 * c, c), nn.BatchNorm1d(self.GRID ** 2 * c)

    def after(self, stage, x):
        if stage != 0:
            return x
        own = cells(x, self.GRID)
        n, g, c, h, w = own.shape
        windows = F.unfold(own.flatten(0, 1), 3, padding=1).reshape(n, g, c, 9, h * w).permute(0, 1, 4, 3, 2)
        y = self.region(windows.reshape(n, g, h * w, 9 * c)).permute(0, 2, 1, 3).reshape(n * h * w, g * c)
        y = self.bn(y).relu().reshape(n, h * w, g, c).permute(0, 2, 3, 1).reshape(n, g, c, h, w)
        return uncells(own + y, self.GRID)


class Lpnet(nn.Module):
    def __init__(self, channels, aus, k):
        super().__init__()
        m = channels[3]
        self.query, self.key, self.value = nn.Linear(m, m), nn.Linear(m, m), nn.Linear(m, m)
        self.norm, self.fc = nn.LayerNorm(m), nn.Linear(m + channels[4], k)

    def embed(self, maps):
        x = pixels(maps[3])
        attention = torch.softmax(self.query(x) @ self.key(x).transpose(1, 2) / x.shape[2] ** 0.5, dim=2)
        y = self.norm(x + attention @ self.value(x))
        return self.fc(torch.cat([y.mean(1), pixels(maps[4]).mean(1)], dim=1))


class Piap(nn.Module):
    STAGES = (2, 3, 4)

    def __init__(self, channels, aus, k):
        super().__init__()
        for stage in self.STAGES:
            setattr(self, f"attention{stage}", nn.Linear(channels[stage], aus))
        self.fc = Grouped(aus, sum(channels[s] for s in self.STAGES), k)

    def embed(self, maps):
        seen = []
        for stage in self.STAGES:
            x = pixels(maps[stage])
            seen.append(torch.softmax(getattr(self, f"attention{stage}")(x), dim=1).transpose(1, 2) @ x)
        return self.fc(torch.cat(seen, dim=2)[:, :, None]).flatten(1)


METHODS = {"drml": Drml, "lpnet": Lpnet, "piap": Piap}
BLOCKS = {"piap", "suphcl"}  # the embedding is k numbers for each AU


class Method(training.Encoder):
    def __init__(self, name, backbone, width, aus, k, stem="imagenet"):
        super().__init__(backbone, width, k * aus if name in BLOCKS else k, stem)
        channels = [self.conv1.out_channels] + [max(8, int(base * width + 0.5)) for base in (64, 128, 256, 512)]
        self.own = None
        if name in METHODS:
            self.own = METHODS[name](channels, aus, k)
            self.add_module(name, self.own)
            del self._modules["own"]
            self.__dict__["own"] = self._modules[name]
            if hasattr(self.own, "embed"):
                del self.fc

    def forward(self, x):
        after = getattr(self.own, "after", lambda stage, value: value)
        maps = [after(0, self.maxpool(self.relu(self.bn1(self.conv1(x)))))]
        for stage in range(1, 5):
            maps.append(after(stage, getattr(self, f"layer{stage}")(maps[-1])))
        if hasattr(self.own, "embed"):
            return self.own.embed(maps)
        return self.fc(self.avgpool(maps[4]).flatten(1))


STEPS, RATE, N, AUS, K, SIZE, WIDTH, SAMPLES = 5, 1e-3, 4, 3, 4, 64, 0.0625, 48


def random_values(net, rng):
    values = {}
    for name, value in training.store(net).items():
        shape, kind = value.shape, name.rsplit(".", 1)[-1]
        if len(shape) > 1:
            value = rng.standard_normal(shape) * np.sqrt((2 if len(shape) == 4 else 1) / np.prod(shape[1 if len(shape) != 3 else 2:]))
        elif kind == "running_var" or (kind == "weight"):
            value = rng.uniform(0.6, 1.4, shape)
        else:
            value = 0.2 * rng.standard_normal(shape)
        values[name] = value.astype(np.float32)
    return values


def samples(value):
    flat = value.reshape(-1)
    return flat[::-(-flat.size // SAMPLES)].astype(np.float32)


def golden(names=("drml", "lpnet", "piap", "suphcl"), seed=77):
    """NAME.embedding: of the images, with running statistics. NAME.end.*: samples of the tensors after STEPS steps of SGD on
    sum(diff * F) with the batch's statistics. NAME.start.*: all values."""
    rng = np.random.default_rng(seed)
    out = {"image": rng.standard_normal((N, 3, SIZE, SIZE)).astype(np.float32)}
    for name in names:
        net = Method(name, "resnet10", WIDTH, AUS, K).double()
        start = random_values(net, rng)
        training.load(net, start)
        x = torch.from_numpy(out["image"]).double()
        with torch.no_grad():
            embedding = net.eval()(x)
        diff = rng.standard_normal(embedding.shape).astype(np.float32)
        optimizer = torch.optim.SGD(net.train().parameters(), lr=RATE)
        for _ in range(STEPS):
            optimizer.zero_grad()
            (net(x) * torch.from_numpy(diff).double()).sum().backward()
            optimizer.step()
        out[f"{name}.embedding"], out[f"{name}.diff"] = embedding.numpy().astype(np.float32), diff
        out.update({f"{name}.start.{key}": value for key, value in start.items()})
        out.update({f"{name}.end.{key}": samples(value) for key, value in training.store(net).items()})
    return out, {"origin": "tests/reference/methods.py: PyTorch, float64", "methods": ";".join(names)}


if __name__ == "__main__":
    import safetensors_io
    safetensors_io.write(sys.argv[1], *golden())
