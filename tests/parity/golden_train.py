"""Golden training runs: ten SGD steps (five of two cases) of tiny networks by training.py in float64, for tests/train/test_golden.c.

data.images, data.labels, data.subject   the batch, which is the whole data set
net.*, id.*                              E_G and E_ID from which every case starts (stage 1 starts from id.*), float32
vectors.*                                learned vectors from which every case starts
CASE.losses [10,4] or [5,4]              total, bce, contra, elimination of each step
CASE.end.*                               values after the last step: encoder tensors by torchvision's name, vectors as vector.NAME;
                                         of a tensor of more than SAMPLES elements every k-th only, k = ceil(count / SAMPLES)
Metadata: model (options), train (options), cases ("A;B;..."), CASE.options, CASE.stage.
"""
import copy
import itertools

import numpy as np
import torch

import training

STEPS, FEWER, SAMPLES, MARGIN = 10, 5, 48, 2e-5  # FEWER steps where none of the rates keeps MARGIN for all STEPS
RATES = [0.005 - 0.00005 * i for i in range(80)]  # the first whose run keeps MARGIN is used (training.Margin says why)
N, C, S, D, SIZE = 6, 4, 3, 16, 32
MODEL = {"backbone": "resnet10", "stem": "imagenet", "width": 0.0625, "embedding": D, "image_size": SIZE}
TRAIN = {**training.PLAIN, "batch": N, "epochs": STEPS + 1, "epochs_stage1": STEPS + 1}
CASES = {
    "stage1": (1, {}, "ile"),
    "none": (2, {"elimination": "none"}, "au scale bias"),
    "contrast": (2, {"elimination": "none", "lambda_bce": 0, "null_anchor": 1}, "au null"),
    "orthogonal": (2, {"elimination": "orthogonal"}, "au scale bias"),
    "decorrelate": (2, {"elimination": "decorrelate", "lambda_id": 0.1}, "au scale bias"),
    "adversarial": (2, {"elimination": "adversarial", "lambda_id": 0.5}, "au scale bias classifier classifier_bias"),
    "mixed": (2, {"elimination": "mixed", "lambda_ile": 3, "lambda_ile_bias": 0.1, "lambda_contra": 0.5, "lambda_bce": 2},
              "au scale bias deviation deviation_bias"),
    "bce": (2, {"method": "bce", "similarity": "dot"}, "au bias"),
}


def random_encoder(rng):
    """Kaiming convolutions, non-trivial norms and running statistics; float32."""
    net = training.Encoder(MODEL["backbone"], MODEL["width"], D)
    tensors = {}
    for name, value in training.store(net).items():
        kind, shape = name.rsplit(".", 1)[-1], value.shape
        if len(shape) == 4:
            value = rng.standard_normal(shape) * np.sqrt(2 / (shape[0] * shape[2] * shape[3]))
        elif len(shape) == 2:
            value = rng.standard_normal(shape) / np.sqrt(shape[1])
        elif kind in ("running_var", "weight"):
            value = rng.uniform(0.6, 1.4, shape)
        else:
            value = 0.2 * rng.standard_normal(shape)
        tensors[name] = value.astype(np.float32)
    return net, tensors


def samples(value):
    flat = value.reshape(-1)
    return flat[::-(-flat.size // SAMPLES)].astype(np.float32)


def text(options):
    return "\n".join(f"{key}={value}" for key, value in options.items())


def build(seed=2042):
    rng = np.random.default_rng(seed)
    net, start = random_encoder(rng)
    id_start = random_encoder(rng)[1]
    labels = np.array([[1, 0, 0, 1], [0, 1, -1, 0], [0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 0, -1], [-1, -1, -1, -1]], np.int8)
    blocks = rng.uniform(0, 255, (N, 8, 8, 3)).repeat(4, 1).repeat(4, 2)
    images = np.clip(blocks + rng.normal(0, 20, blocks.shape), 0, 255).astype(np.uint8)
    data = (images, labels, np.array([0, 1, 2, 0, 1, 2], np.int32))
    shapes = {"ile": (S, C, D), "au": (C, D), "null": (D,), "scale": (1,), "bias": (C,), "deviation": (S, C, D),
              "deviation_bias": (S, C), "classifier": (S, D), "classifier_bias": (S,)}
    vectors = {name: (0.25 * rng.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}
    vectors["scale"][:] = 5
    out = {"data.images": images, "data.labels": labels, "data.subject": data[2]}
    out.update({"net." + name: value for name, value in start.items()})
    out.update({"id." + name: value for name, value in id_start.items()})
    out.update({"vectors." + name: value for name, value in vectors.items()})
    metadata = {"origin": "tests/parity/parity.py --write-golden: PyTorch, float64", "model": text(MODEL), "train": text(TRAIN),
                "cases": ";".join(CASES)}
    for case, (stage, options, names) in CASES.items():
        initial = id_start if stage == 1 else start
        used = {name: vectors[name] for name in names.split()}
        id_net = None
        if options.get("elimination") in ("orthogonal", "decorrelate"):
            id_net = training.load(copy.deepcopy(net), id_start)
        for steps, rate in itertools.product((STEPS, FEWER), RATES):
            reference = {**training.OPTIONS, **options, "learning_rate": round(rate, 6)}
            end, end_vectors, losses, margin = training.train(stage, training.load(copy.deepcopy(net), initial), used, *data,
                                                              steps, reference, id_net)
            if margin >= MARGIN:
                break
        else:
            raise RuntimeError(f"{case}: no learning rate keeps every activation {MARGIN} away from a kink; try another seed")
        out[f"{case}.losses"] = np.array(losses)
        for name, value in {**end, **{"vector." + k: v for k, v in end_vectors.items()}}.items():
            out[f"{case}.end.{name}"] = samples(value)
        metadata[f"{case}.options"], metadata[f"{case}.stage"] = text(reference), str(stage)
    return out, metadata
