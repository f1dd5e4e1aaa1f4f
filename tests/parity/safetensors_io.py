"""A reader and a writer of safetensors files in numpy: 8 bytes header length, JSON header, raw little-endian tensors."""
import json
import struct

import numpy as np

TYPES = {"F32": "<f4", "F64": "<f8", "I8": "<i1", "U8": "<u1", "I32": "<i4", "I64": "<i8"}
NAMES = {np.dtype(v): k for k, v in TYPES.items()}


def read(path):
    """({name: array}, {metadata})"""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[8 + length + begin:8 + length + end]
        tensors[name] = np.frombuffer(raw, TYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
    return tensors, metadata


def write(path, tensors, metadata=None):
    header, chunks, offset = {"__metadata__": metadata or {}}, [], 0
    for name, array in tensors.items():
        array = np.asarray(array)
        raw = array.tobytes(order="C")
        header[name] = {"dtype": NAMES[array.dtype.newbyteorder("<")], "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(raw)]}
        chunks.append(raw)
        offset += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))
