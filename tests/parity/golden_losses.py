"""Golden values of every loss of include/clile/losses.h: inputs, value and gradients, from method.py in float64.

Tensors are named LOSS.CASE.WHAT. Inputs are float32 (labels int8, subject int32, scalars float64), loss float64, diff_*
float32. The number of cases of each loss is in the metadata.
"""
import numpy as np
import torch

import method as m

# loss: (function of the inputs v, names of the inputs, constants, which inputs have a gradient)
TABLE = {
    "stage1": (lambda v: m.stage1(v.id_embedding, v.ile, v.subject, v.labels, v.au_weight),
               "id_embedding ile subject labels au_weight", {}, "id_embedding ile"),
    "stage2": (lambda v: m.stage2(v.embedding, v.au_embedding, v.labels, v.tau),
               "embedding au_embedding labels", {"tau": 0.1}, "embedding au_embedding"),
    "stage2_warm": (lambda v: m.stage2(v.embedding, v.au_embedding, v.labels, v.tau),
                    "embedding au_embedding labels", {"tau": 1.0}, "embedding au_embedding"),
    "stage2_null": (lambda v: m.stage2(v.embedding, v.au_embedding, v.labels, v.tau, v.null_embedding),
                    "embedding au_embedding null_embedding labels", {"tau": 0.2},
                    "embedding au_embedding null_embedding"),
    "orthogonal": (lambda v: m.orthogonal(v.embedding, v.id_embedding), "embedding id_embedding", {}, "embedding"),
    "decorrelate": (lambda v: m.decorrelate(v.embedding, v.id_embedding), "embedding id_embedding", {}, "embedding"),
    "adversarial": (lambda v: m.adversarial(v.embedding, v.weight, v.class_bias, v.subject),
                    "embedding weight class_bias subject", {}, "embedding weight class_bias"),
}
for kind in ("cosine", "dot"):
    TABLE["bce_" + kind] = (
        lambda v, kind=kind: m.bce(v.embedding, v.au_embedding, v.scale, v.bias, v.labels, v.au_weight, kind),
        "embedding au_embedding scale bias labels au_weight", {}, "embedding au_embedding scale bias")
    TABLE["mixed_" + kind] = (
        lambda v, kind=kind: m.mixed(v.embedding, v.au_embedding, v.scale, v.bias, v.deviation, v.deviation_bias,
                                     v.subject, v.labels, v.lambda_deviation, v.lambda_bias, v.au_weight, kind),
        "embedding au_embedding scale bias deviation deviation_bias subject labels au_weight",
        {"lambda_deviation": 0.3, "lambda_bias": 0.07},
        "embedding au_embedding scale bias deviation deviation_bias")

SHAPES = [(1, 4, 1, 1), (3, 2, 1, 2), (4, 5, 3, 2), (6, 9, 12, 4), (12, 17, 5, 3)]  # n, d, c, s


def make_inputs(rng, n, d, c, s):
    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    labels = rng.choice(np.array([-1, 0, 1], np.int8), (n, c), p=(0.2, 0.45, 0.35))
    labels[0] = 1
    if n > 2:
        labels[1], labels[2] = 0, -1  # no AU present; none coded
    subject = (rng.permutation(n) % max(1, s - 1)).astype(np.int32)  # the last subject has no image
    return {"labels": labels, "subject": subject, "au_weight": rng.uniform(0.2, 2.0, c).astype(np.float32),
            "embedding": normal(n, d), "id_embedding": normal(n, d), "au_embedding": normal(c, d),
            "null_embedding": normal(d), "ile": normal(s, c, d), "scale": rng.uniform(-3.0, 8.0, 1), "bias": normal(c),
            "deviation": 0.5 * normal(s, c, d), "deviation_bias": normal(s, c), "weight": normal(s, d),
            "class_bias": normal(s)}


class Values:
    pass


def evaluate(function, inputs, constants, differentiated):
    """Inputs, loss and diff_NAME of every differentiated input."""
    v, out = Values(), dict(inputs)
    for name, value in inputs.items():
        tensor = torch.from_numpy(value)
        tensor = tensor.double() if tensor.is_floating_point() else tensor.long()
        setattr(v, name, tensor.clone().requires_grad_(name in differentiated))
    for name, value in constants.items():
        setattr(v, name, value)
        out[name] = np.array([value])
    loss = function(v)
    if loss.requires_grad:
        loss.backward()
    out["loss"] = np.array([loss.item()])
    for name in differentiated:
        grad = getattr(v, name).grad
        grad = np.zeros(inputs[name].shape) if grad is None else grad.numpy()
        out["diff_" + name] = grad.astype(np.float32)
    return out


def build(seed=2023):
    rng, tensors, counts = np.random.default_rng(seed), {}, dict.fromkeys(TABLE, 0)
    for n, d, c, s in SHAPES:
        inputs = make_inputs(rng, n, d, c, s)
        for loss, (function, names, constants, differentiated) in TABLE.items():
            if loss == "decorrelate" and n < 3:
                continue  # a centred column of two images is +-1/sqrt(2) whatever it holds: only rounding is left
            case = evaluate(function, {name: inputs[name] for name in names.split()}, constants, differentiated.split())
            for name, value in case.items():
                tensors[f"{loss}.{counts[loss]}.{name}"] = value
            counts[loss] += 1
    return tensors, {"origin": "tests/parity/parity.py --write-golden: PyTorch, float64",
                     **{loss: str(count) for loss, count in counts.items()}}
