"""NumPy arrays as the C functions want them: passed as they are where type and layout fit, converted without loss otherwise."""
import ctypes
from typing import Any, Optional, Sequence

import numpy as np

CTYPES = {np.dtype(name): kind for name, kind in (
    ("u1", ctypes.c_uint8), ("i1", ctypes.c_int8), ("i4", ctypes.c_int32), ("i8", ctypes.c_int64), ("f4", ctypes.c_float), ("f8", ctypes.c_double))}


def convert(name: str, value: Any, dtype: Any) -> np.ndarray:
    """`value` as an array of `dtype`: itself if it is one. Integers must fit; fractions are not rounded."""
    array, wanted = np.asarray(value), np.dtype(dtype)
    if array.dtype == wanted:
        return array
    if array.size == 0:
        return array.astype(wanted)
    if array.dtype.kind not in ("biuf" if wanted.kind == "f" else "biu"):
        raise TypeError(f"{name} is an array of {array.dtype}, expected {wanted}")
    with np.errstate(over="ignore"):
        converted = array.astype(wanted)
    if wanted.kind != "f" and not np.array_equal(converted, array):
        raise ValueError(f"{name} has a value that does not fit {wanted}")
    return converted


def given(name: str, value: Any, dtype: Any, shape: Sequence[Optional[int]]) -> np.ndarray:
    """An input of this shape (None: any length), row-major; not copied if it already is."""
    array = convert(name, value, dtype)
    if array.ndim != len(shape) or any(want is not None and want != have for want, have in zip(shape, array.shape)):
        expected = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} has shape {array.shape}, expected ({expected})")
    return np.ascontiguousarray(array)


def pointer(array: Optional[np.ndarray]) -> Any:
    """The typed pointer to its first element; it keeps the array alive. None becomes NULL."""
    return None if array is None else array.ctypes.data_as(ctypes.POINTER(CTYPES[array.dtype]))
