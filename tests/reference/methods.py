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


class Gather(nn.Module):
    """The map at 3 x 3 places around regions, whose centres are sums of points: [n, regions, 9, c]."""
    SPACING = 0.0625

    def __init__(self, regions):
        super().__init__()
        self.register_buffer("centre", torch.zeros(regions, 5))
        self.register_buffer("offset", torch.zeros(regions, 2))

    def forward(self, x, points):
        at = torch.einsum("rp,npa->nra", self.centre, points.reshape(-1, 5, 2)) + self.offset
        place = torch.arange(9)
        shares = []
        for axis, step in ((0, place % 3), (1, place // 3)):
            size = x.shape[3 - axis]
            pixel = ((at[..., axis, None] + (step - 1) * self.SPACING) * size - 0.5).clamp(0, size - 1)
            shares.append((1 - (pixel[..., None] - torch.arange(size)).abs()).relu())
        return torch.einsum("nrpw,nrph,nchw->nrpc", shares[0], shares[1], x)


class Regions(nn.Module):
    """What layers 3 and 4 hold around each AU: [n, aus, 1, size]."""

    def regions(self, maps, points):
        seen = [getattr(self, f"region{stage}")(maps[stage], points) for stage in (3, 4)]
        return torch.cat([s.reshape(len(s), s.shape[1] // 2, 1, -1) for s in seen], dim=3)

    def add_regions(self, channels, aus):
        self.region3, self.region4 = Gather(2 * aus), Gather(2 * aus)
        return 18 * (channels[3] + channels[4])


class Mix(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.register_buffer("graph", torch.zeros(n, n))

    def forward(self, x):
        return self.graph @ x


class Augcn(Regions):
    LATENT = 32

    def __init__(self, channels, aus, k):
        super().__init__()
        size, m = self.add_regions(channels, aus), self.LATENT
        self.encoder, self.decoder = Grouped(aus, size, m), Grouped(aus, m, size)
        self.mix1, self.gcn1, self.mix2, self.gcn2 = Mix(aus), nn.Linear(m, m), Mix(aus), nn.Linear(m, m)
        self.fc = nn.Linear(aus * m, k - 1)

    def embed(self, maps, points):
        x = self.regions(maps, points)
        x = F.layer_norm(x, x.shape[3:])
        z = self.encoder(x).relu()
        error = (self.decoder(z) - x).square().flatten(1).mean(1, keepdim=True)
        z = self.gcn1(self.mix1(z[:, :, 0])).relu()
        return torch.cat([self.fc(self.gcn2(self.mix2(z)).flatten(1)), error], dim=1)


class Gated(nn.Module):
    STEPS = 2

    def __init__(self, n, d):
        super().__init__()
        self.message, self.state = nn.Parameter(torch.zeros(3, d, d)), nn.Parameter(torch.zeros(3, d, d))
        self.bias = nn.Parameter(torch.zeros(4, d))
        self.register_buffer("graph", torch.zeros(n, n))

    def forward(self, h):
        for _ in range(self.STEPS):
            a = self.graph @ h + self.bias[0]
            z, r = (torch.sigmoid(a @ self.message[g].T + h @ self.state[g].T + self.bias[1 + g]) for g in (0, 1))
            c = torch.tanh(a @ self.message[2].T + (r * h) @ self.state[2].T + self.bias[3])
            h = (1 - z) * h + z * c
        return h


class Srerl(Regions):
    def __init__(self, channels, aus, k):
        super().__init__()
        self.local = Grouped(aus, self.add_regions(channels, aus), k)
        self.ggnn, self.out = Gated(aus, k), Grouped(aus, 2 * k, k)

    def embed(self, maps, points):
        x = self.local(self.regions(maps, points)).relu()
        h = self.ggnn(x[:, :, 0])[:, :, None]
        return self.out(torch.cat([h, x], dim=3)).relu().flatten(1)


class Megraph(nn.Module):
    K = 3

    def __init__(self, channels, aus, k):
        super().__init__()
        c = channels[4]
        self.au, self.au_bn = Grouped(aus, c, k), nn.BatchNorm1d(aus * k)
        for name in ("other", "own", "image_query", "pair_query", "pair_key", "pair_value", "edge", "edge_c", "edge_j", "message", "node"):
            setattr(self, name, nn.Linear(k, k))
        self.image_key, self.image_value = nn.Linear(c, k), nn.Linear(c, k)
        self.graph_bn, self.edge_bn, self.node_bn = nn.BatchNorm1d(k), nn.BatchNorm1d(k), nn.BatchNorm1d(k)

    @staticmethod
    def norm(bn, x):
        return bn(x.reshape(-1, x.shape[-1])).reshape(x.shape)

    def embed(self, maps):
        x = pixels(maps[4])
        u = self.au(x[:, None]).transpose(1, 2)  # [n, pixels, aus, k]
        u = self.au_bn(u.reshape(-1, u.shape[2] * u.shape[3])).reshape(u.shape).relu().transpose(1, 2)
        n, aus, p, k = u.shape
        v = u.mean(2)
        likeness = v @ v.transpose(1, 2)
        near = min(self.K, aus)
        graph = torch.zeros_like(likeness).scatter_(2, likeness.topk(near, dim=2).indices, 1 / near)
        v = (v + self.norm(self.graph_bn, self.own(v) + graph @ self.other(v))).relu()
        s = torch.softmax(self.image_query(u) @ self.image_key(x)[:, None].transpose(2, 3) / k ** 0.5, dim=3) @ self.image_value(x)[:, None]
        q = self.pair_query(s).reshape(n, 1, aus * p, k)
        e = torch.softmax(q @ self.pair_key(s).transpose(2, 3) / k ** 0.5, dim=3) @ self.pair_value(s)
        e = e.reshape(n, aus, aus, p, k).mean(3)  # [n, j, c, k]
        e = e + self.norm(self.edge_bn, self.edge(e) + self.edge_c(v)[:, None] + self.edge_j(v)[:, :, None]).relu()
        passed = (torch.softmax(e, dim=1) * self.message(v)[:, :, None]).mean(1)
        return (v + self.norm(self.node_bn, self.node(v) + passed).relu()).flatten(1)


METHODS = {"drml": Drml, "lpnet": Lpnet, "piap": Piap, "augcn": Augcn, "srerl": Srerl, "megraph": Megraph}
READS_POINTS = {"augcn", "srerl"}
BLOCKS = {"piap", "suphcl", "srerl", "megraph"}  # the embedding is k numbers for each AU


class Method(training.Encoder):
    def __init__(self, name, backbone, width, aus, k, stem="imagenet"):
        super().__init__(backbone, width, k * aus if name in BLOCKS else k, stem)
        channels = [self.conv1.out_channels] + [max(8, int(base * width + 0.5)) for base in (64, 128, 256, 512)]
        self.own, self.reads_points = None, name in READS_POINTS
        if name in METHODS:
            self.own = METHODS[name](channels, aus, k)
            self.add_module(name, self.own)
            del self._modules["own"]
            self.__dict__["own"] = self._modules[name]
            if hasattr(self.own, "embed"):
                del self.fc

    def forward(self, x, points=None):
        after = getattr(self.own, "after", lambda stage, value: value)
        maps = [after(0, self.maxpool(self.relu(self.bn1(self.conv1(x)))))]
        for stage in range(1, 5):
            maps.append(after(stage, getattr(self, f"layer{stage}")(maps[-1])))
        if hasattr(self.own, "embed"):
            return self.own.embed(maps, points) if self.reads_points else self.own.embed(maps)
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


def golden(names=("drml", "lpnet", "piap", "suphcl", "augcn", "srerl", "megraph"), seed=77):
    """NAME.embedding: of the images, with running statistics. NAME.end.*: samples of the tensors after STEPS steps of SGD on
    sum(diff * F) with the batch's statistics. NAME.start.*: all values."""
    rng = np.random.default_rng(seed)
    out = {"image": rng.standard_normal((N, 3, SIZE, SIZE)).astype(np.float32)}
    face = np.array([0.35, 0.4, 0.65, 0.4, 0.5, 0.6, 0.38, 0.75, 0.62, 0.75])
    out["points"] = (face + 0.05 * np.random.default_rng(seed + 1).standard_normal((N, 10))).astype(np.float32)
    points = torch.from_numpy(out["points"]).double()
    for name in names:
        net = Method(name, "resnet10", WIDTH, AUS, K).double()
        start = random_values(net, rng)
        training.load(net, start)
        x = torch.from_numpy(out["image"]).double()
        with torch.no_grad():
            embedding = net.eval()(x, points)
        diff = rng.standard_normal(embedding.shape).astype(np.float32)
        optimizer = torch.optim.SGD(net.train().parameters(), lr=RATE)
        for _ in range(STEPS):
            optimizer.zero_grad()
            (net(x, points) * torch.from_numpy(diff).double()).sum().backward()
            optimizer.step()
        out[f"{name}.embedding"], out[f"{name}.diff"] = embedding.numpy().astype(np.float32), diff
        out.update({f"{name}.start.{key}": value for key, value in start.items()})
        out.update({f"{name}.end.{key}": samples(value) for key, value in training.store(net).items()})
    return out, {"origin": "tests/reference/methods.py: PyTorch, float64", "methods": ";".join(names)}


if __name__ == "__main__":
    import safetensors_io
    safetensors_io.write(sys.argv[1], *golden())
