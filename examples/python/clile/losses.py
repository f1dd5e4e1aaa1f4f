"""The losses of clile/losses.h on arrays, value and gradients, without a handle, for a training loop of your own.

Each function gives (loss, gradients): gradients is a dictionary of "diff_..." arrays shaped as the inputs they belong to. labels are 1
present, 0 absent, -1 not coded. What each computes: docs/method.md.
"""
import ctypes
from typing import Any, Dict, Optional, Tuple

import numpy as np
from numpy.typing import ArrayLike

from . import _api
from ._arrays import given, pointer
from ._library import lib

Result = Tuple[float, Dict[str, np.ndarray]]
_SIMILARITY = {"cosine": _api.CLILE_SIMILARITY_COSINE, "dot": _api.CLILE_SIMILARITY_DOT}


def _f32(name: str, value: Any, *shape: Any) -> np.ndarray:
    return given(name, value, np.float32, shape)


def _batch(embedding: Any, name: str = "embedding") -> Tuple[np.ndarray, int, int]:
    array = _f32(name, embedding, None, None)
    return (array, *array.shape)


def _labels(labels: Any, n: int, c: int) -> np.ndarray:
    return given("labels", labels, np.int8, (n, c))


def _weights(au_weight: Any, c: int) -> Any:
    return None if au_weight is None else _f32("au_weight", au_weight, c)


def _similarity(name: str) -> int:
    if name not in _SIMILARITY:
        raise ValueError(f"similarity is {name!r}, expected 'cosine' or 'dot'")
    return _SIMILARITY[name]


def _call(function: Any, arguments: Tuple[Any, ...], outputs: Dict[str, np.ndarray]) -> Result:
    loss = ctypes.c_double()
    function(*(pointer(a) if isinstance(a, np.ndarray) else a for a in arguments), ctypes.byref(loss), *map(pointer, outputs.values()))
    return loss.value, {name: array[()] if array.ndim == 0 else array for name, array in outputs.items()}


def _like(**inputs: np.ndarray) -> Dict[str, np.ndarray]:
    return {f"diff_{name}": np.empty_like(array) for name, array in inputs.items()}


def stage1(id_embedding: ArrayLike, ile: ArrayLike, subject: ArrayLike, labels: ArrayLike, au_weight: Optional[ArrayLike] = None) -> Result:
    """L_BCE of stage 1 (published): id_embedding [n,d], ile [s,c,d], subject [n] in 0..s-1, labels [n,c], au_weight [c]."""
    f, n, d = _batch(id_embedding, "id_embedding")
    e = _f32("ile", ile, None, None, d)
    s, c, _ = e.shape
    person = given("subject", subject, np.int32, (n,))
    return _call(lib.clile_loss_stage1, (n, d, c, s, f, e, person, _labels(labels, n, c), _weights(au_weight, c)), _like(id_embedding=f, ile=e))


def stage2(embedding: ArrayLike, au_embedding: ArrayLike, labels: ArrayLike, temperature: float = 0.1) -> Result:
    """L_Contra of stage 2 (published): embedding [n,d], au_embedding [c,d], labels [n,c]."""
    f, n, d = _batch(embedding)
    a = _f32("au_embedding", au_embedding, None, d)
    return _call(lib.clile_loss_stage2, (n, d, len(a), f, a, _labels(labels, n, len(a)), temperature), _like(embedding=f, au_embedding=a))


def stage2_null(embedding: ArrayLike, au_embedding: ArrayLike, null_embedding: ArrayLike, labels: ArrayLike, temperature: float = 0.1) -> Result:
    """L_Contra with a null anchor [d]."""
    f, n, d = _batch(embedding)
    a, null = _f32("au_embedding", au_embedding, None, d), _f32("null_embedding", null_embedding, d)
    return _call(lib.clile_loss_stage2_null, (n, d, len(a), f, a, null, _labels(labels, n, len(a)), temperature),
                 _like(embedding=f, au_embedding=a, null_embedding=null))


def bce(embedding: ArrayLike, au_embedding: ArrayLike, labels: ArrayLike, scale: float, bias: ArrayLike, au_weight: Optional[ArrayLike] = None, similarity: str = "cosine") -> Result:
    """Weighted BCE on scale * similarity + bias [c]."""
    f, n, d = _batch(embedding)
    a = _f32("au_embedding", au_embedding, None, d)
    c = len(a)
    b = _f32("bias", bias, c)
    outputs = {**_like(embedding=f, au_embedding=a), "diff_scale": np.empty((), np.float64), **_like(bias=b)}
    return _call(lib.clile_loss_bce, (n, d, c, _similarity(similarity), f, a, scale, b, _labels(labels, n, c), _weights(au_weight, c)), outputs)


def mixed(embedding: ArrayLike, au_embedding: ArrayLike, labels: ArrayLike, subject: ArrayLike, deviation: ArrayLike, deviation_bias: ArrayLike, scale: float, bias: ArrayLike,
          lambda_deviation: float, lambda_bias: float, au_weight: Optional[ArrayLike] = None, similarity: str = "cosine") -> Result:
    """Identity-label embeddings as random effects: deviation [s,c,d], deviation_bias [s,c]."""
    f, n, d = _batch(embedding)
    a = _f32("au_embedding", au_embedding, None, d)
    c = len(a)
    b, dev = _f32("bias", bias, c), _f32("deviation", deviation, None, c, d)
    s = len(dev)
    dev_bias = _f32("deviation_bias", deviation_bias, s, c)
    outputs = {**_like(embedding=f, au_embedding=a), "diff_scale": np.empty((), np.float64),
               **_like(bias=b, deviation=dev, deviation_bias=dev_bias)}
    return _call(lib.clile_loss_mixed, (n, d, c, s, _similarity(similarity), f, a, scale, b, dev, dev_bias, given("subject", subject, np.int32, (n,)),
                                        _labels(labels, n, c), _weights(au_weight, c), lambda_deviation, lambda_bias), outputs)


def orthogonal(embedding: ArrayLike, id_embedding: ArrayLike) -> Result:
    """Mean of cos(F, F_ID)^2."""
    f, n, d = _batch(embedding)
    return _call(lib.clile_loss_orthogonal, (n, d, f, _f32("id_embedding", id_embedding, n, d)), _like(embedding=f))


def decorrelate(embedding: ArrayLike, id_embedding: ArrayLike) -> Result:
    """Squared cross-correlation of F and F_ID over the batch."""
    f, n, d = _batch(embedding)
    return _call(lib.clile_loss_decorrelate, (n, d, f, _f32("id_embedding", id_embedding, n, d)), _like(embedding=f))


def adversarial(embedding: ArrayLike, weight: ArrayLike, bias: ArrayLike, subject: ArrayLike) -> Result:
    """A subject classifier, weight [s,d] and bias [s], with gradient reversal: diff_embedding is already reversed."""
    f, n, d = _batch(embedding)
    w = _f32("weight", weight, None, d)
    b = _f32("bias", bias, len(w))
    return _call(lib.clile_loss_adversarial, (n, d, len(w), f, w, b, given("subject", subject, np.int32, (n,))), _like(embedding=f, weight=w, bias=b))
