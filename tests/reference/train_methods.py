"""Golden training runs of the methods of docs/methods.md: five SGD steps of the whole loss, in float64, for tests/train/test_golden.c.

    python3 tests/reference/train_methods.py tests/data/golden/train_methods.safetensors

As tests/parity/golden_train.py, and: data.points [n,5,2] in shares of the image, whose aligned crop is the image itself; net.* are the
tensors that all methods start from, CASE.net.* and CASE.vectors.* those of a method. The classifiers of atf and piap are among the vectors.
"""
import copy
import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional as F

import methods

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import golden_train  # noqa: E402
import method as losses  # noqa: E402
import training  # noqa: E402

STEPS, N, C, S, SIZE, WIDTH, RATE = 5, 6, 4, 3, 64, 0.0625, 0.005
K = {"drml": 8, "atf": 8, "lpnet": 12, "piap": 4, "suphcl": 4, "augcn": 8, "srerl": 4, "megraph": 4, "piap-feedback": 4}
WEIGHT = {"drml": 0.0, "atf": 0.3, "lpnet": 0.3, "piap": 0.3, "suphcl": 0.3, "augcn": 0.3, "srerl": 0.0, "megraph": 0.0, "piap-feedback": 0.3}
TAU, FEEDBACK, CONFIDENT = 0.5, 2.0, 0.8
CANONICAL = np.array([[0.35, 0.40], [0.65, 0.40], [0.50, 0.571], [0.376, 0.747], [0.624, 0.747]])  # docs/images.md
TRAIN = {**training.PLAIN, "batch": N, "epochs": STEPS + 1, "momentum": 0.9, "weight_decay": 0.001, "au_rate_scale": 1.0, "learning_rate": RATE,
         "similarity": "dot", "crop_margin": 0, "lambda_bce": 1.0}


def method_of(case):
    return case.split("-")[0]


def faces(rng):
    """Faces that the alignment leaves where they are: the least squares from their points to the canonical ones have turn 0, scale 1, shift 0."""
    centre = np.tile(CANONICAL.mean(0), 5)
    z = CANONICAL.reshape(-1) - centre
    turned = np.stack([-z[1::2], z[::2]], 1).reshape(-1)
    out = []
    for _ in range(N):
        moved = 0.02 * rng.standard_normal(10)
        for direction in (z, turned, np.tile([1.0, 0.0], 5), np.tile([0.0, 1.0], 5)):
            moved -= direction * (direction @ moved) / (direction @ direction)
        out.append((z + moved) * (z @ z) / (z @ z + moved @ moved) + centre)
    return np.array(out).astype(np.float32)


# ---- the losses that methods have besides the BCE: (what autograd descends, the value) ----

def classified(f, vectors, subject, doubt):
    """The classifier learns the subjects at full strength; F gets its gradient reversed, or learns its doubt."""
    answer = losses.unit(f.detach()) @ vectors["classifier"].T + vectors["classifier_bias"]
    value = F.cross_entropy(answer, subject)
    seen = losses.unit(f) @ vectors["classifier"].detach().T + vectors["classifier_bias"].detach()
    return value, -torch.log_softmax(seen, 1).mean() if doubt else -F.cross_entropy(seen, subject), value


def contrast(s, w, part):
    """Mean over the images with a partner of sum_l (w_kl / sum w_k) (log sum exp(s_km / tau) - s_kl / tau)."""
    n = len(s)
    other = ~torch.eye(n, dtype=torch.bool) & part[:, None] & part[None]
    w = torch.where(other, w, torch.zeros_like(w))
    logits = torch.where(other, s / TAU, torch.full_like(s, -float("inf")))
    rows = [k for k in range(n) if w[k].sum() > 0]
    if not rows:
        return s.new_zeros(())
    return sum(((w[k] / w[k].sum()) * (torch.logsumexp(logits[k], 0) - s[k] / TAU)).sum() for k in rows) / len(rows)


def hierarchy(f, y):
    g = losses.unit(f.reshape(len(f), C, -1).flatten(0, 1)).reshape(len(f), C, -1)
    own = torch.einsum("kci,lci->ckl", g, g)
    has, coded = (y == 1).double(), y >= 0
    unary = sum(contrast(own[c], has[:, None, c] * has[None, :, c], coded[:, c]) for c in range(C)) / C
    pairs = [(b, c) for b in range(C) for c in range(b)]
    binary = 0
    for b, c in pairs:
        same = (y[:, None, b] == y[None, :, b]) & (y[:, None, c] == y[None, :, c]) & ((y[:, b] == 1) | (y[:, c] == 1))[:, None]
        binary = binary + contrast((own[b] + own[c]) / 2, same.double(), coded[:, b] & coded[:, c])
    both, either = has @ has.T, (has[:, None] + has[None] > 0).double().sum(2)
    whole = losses.unit(f)
    many = contrast(whole @ whole.T, both / either.clamp(min=1), coded.all(1))
    return unary + binary / len(pairs) + many


def feedback(f, z, y):
    """Pseudo labels of what is not coded: those of which a step on them lowers the BCE of the coded labels, to first order in A_c and b_c."""
    p, coded = torch.sigmoid(z.detach()), y >= 0
    guess, sure = (p >= 0.5).double(), (p >= CONFIDENT) | (p <= 1 - CONFIDENT)
    off = torch.where(coded, p - y, torch.zeros_like(p))
    seen = torch.cat([f.detach(), torch.ones(len(f), 1, dtype=f.dtype)], 1)
    counts = ~coded & sure & ((p - guess) * (seen @ (off.T @ seen).T) > 0)
    return (F.binary_cross_entropy_with_logits(z, guess, reduction="none") * counts).sum() / (~coded).sum(), int(counts.sum())


def own_loss(name, f, z, vectors, y, subject, shape):
    """(what only the term's heads get, what the encoder and the vectors of AUs get, the value)"""
    zero = f.new_zeros(())
    if name == "piap-feedback":
        heads, encoder, value = classified(f, vectors, subject, True)
        guessed, count = feedback(f, z, y)
        assert count > 0, "no pseudo label counts: try another seed"
        return heads, encoder + FEEDBACK * guessed, value + FEEDBACK * guessed
    if name in ("atf", "piap"):
        return classified(f, vectors, subject, name == "piap")
    value = {"lpnet": lambda: lpnet(f, shape), "suphcl": lambda: hierarchy(f, y), "augcn": lambda: f[:, -1].mean()}.get(name, lambda: zero)()
    return zero, value, value


def lpnet(f, shape):
    def columns(x):
        return losses.unit((x - x.mean(0)).t()).t()
    return (columns(f).t() @ columns(shape)).pow(2).sum() / f.shape[1]


def sgd(net, vectors):
    """Weight decay on weights only, whatever shape a bias has."""
    decays = [(parameter, 0.0 if parameter.ndim == 1 or key.endswith("bias") else TRAIN["weight_decay"]) for key, parameter in net.named_parameters()]
    return torch.optim.SGD([{"params": [p], "weight_decay": w} for p, w in [*decays, *((v, 0.0) for v in vectors.values())]], lr=RATE, momentum=TRAIN["momentum"])


def run(name, net, vectors, images, points, y, subject):
    x, y, i = training.network_input(images), torch.from_numpy(y).long(), torch.from_numpy(subject).long()
    p = torch.from_numpy(points).double()
    shape = torch.stack([p[i == s].mean(0) for s in range(S)])[i]
    vectors = {key: torch.from_numpy(value).double().clone().requires_grad_() for key, value in vectors.items()}
    own = torch.kron(torch.eye(C), torch.ones(1, K[name])).double() if method_of(name) in methods.BLOCKS else 1
    optimiser, weight, rows = sgd(net.train(), vectors), losses.au_weights(y), []
    margin = training.Margin(net)
    for _ in range(STEPS):
        f = net(x, p)
        z = f @ (vectors["au"] * own).T + vectors["bias"]
        l_bce = losses.weighted_bce(z, y, weight)
        heads, encoder, value = own_loss(name, f, z, vectors, y, i, shape)
        optimiser.zero_grad()
        (l_bce + heads + WEIGHT[name] * encoder).backward()
        optimiser.step()
        rows.append([float(l_bce + WEIGHT[name] * value), float(l_bce), 0.0, float(value)])
    return training.store(net), {key: value.detach().numpy() for key, value in vectors.items()}, rows, margin.remove()


def build(seed=5):
    rng = np.random.default_rng(seed)
    labels = np.array([[1, 0, 1, 1], [0, 1, -1, 0], [0, 0, 1, 1], [0, 0, 1, 0], [1, 1, 1, -1], [1, 0, 1, 1]], np.int8)
    blocks = rng.uniform(0, 255, (N, 8, 8, 3)).repeat(SIZE // 8, 1).repeat(SIZE // 8, 2)
    images = np.clip(blocks + rng.normal(0, 20, blocks.shape), 0, 255).astype(np.uint8)
    subject, points = np.array([0, 1, 2, 0, 1, 2], np.int32), faces(rng)
    out = {"data.images": images, "data.labels": labels, "data.subject": subject, "data.points": points.reshape(N, 5, 2)}
    common = {}
    model = {"backbone": "resnet10", "width": WIDTH, "image_size": SIZE}
    metadata = {"origin": "tests/reference/train_methods.py: PyTorch, float64", "model": golden_train.text(model), "train": golden_train.text(TRAIN), "cases": ";".join(K)}
    for name, k in K.items():
        method = method_of(name)
        net = methods.Method(method, "resnet10", WIDTH, C, k).double()
        start = methods.random_values(net, rng)
        d = k * C if method in methods.BLOCKS else k
        for key in start:
            if not key.startswith(("fc.", method + ".")):
                start[key] = common.setdefault(key, start[key])
            else:
                out[f"{name}.net.{key}"] = start[key]
        vectors = {"au": rng.standard_normal((C, d)), "bias": rng.standard_normal(C)}
        if method in methods.BLOCKS:
            vectors["au"] *= np.kron(np.eye(C), np.ones((1, k)))
        if method in ("atf", "piap"):
            vectors.update(classifier=rng.standard_normal((S, d)), classifier_bias=rng.standard_normal(S))
        if name == "piap-feedback":
            vectors["bias"][2] = 8  # the label that is not coded is surely present, as all that are coded
        vectors = {key: (0.25 * value).astype(np.float32) for key, value in vectors.items()}
        end, end_vectors, rows, margin = run(name, training.load(copy.deepcopy(net), start), vectors, images, points, labels, subject)
        print(f"{name}: losses {rows[0]} to {rows[-1]}, {margin:.2g} from a kink", file=sys.stderr)
        out.update({f"{name}.vectors.{key}": value for key, value in vectors.items()})
        out[f"{name}.losses"] = np.array(rows)
        for key, value in {**end, **{"vector." + v: value for v, value in end_vectors.items()}}.items():
            out[f"{name}.end.{key}"] = golden_train.samples(value)
        metadata[f"{name}.options"] = golden_train.text({"method": method, **({"lambda_feedback": FEEDBACK} if name == "piap-feedback" else {}), "embedding": k, "lambda_method": WEIGHT[name], "tau": TAU})
        metadata[f"{name}.stage"] = "2"
    out.update({"net." + key: value for key, value in common.items()})
    return out, metadata


if __name__ == "__main__":
    import safetensors_io
    safetensors_io.write(sys.argv[1], *build())
