"""targets.safetensors: what `clile train --set targets=targets.safetensors` learns in addition to the action units."""
import json
import struct

import numpy as np

SIDES = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
NEAR = .05     # cm between a point of the mean face and the mirrored place of its partner


def partners(place):
    """For each point of the mean face [p,3] the one on the other side, or -1."""
    far = np.linalg.norm(place[:, None] * [-1, 1, 1] - place[None], axis=2)
    partner = far.argmin(1)
    paired = (far.min(1) < NEAR) & (partner[partner] == np.arange(len(place)))
    return np.where(paired, partner, -1)


def other_side(name):
    """The blendshape of the mirrored face."""
    ending = {"_L": "_R", "_R": "_L"}.get(name[-2:])
    return name[:-2] + ending if ending else SIDES.get(name, name)


def numbered(kept, partner):
    """Partners among the kept ones only."""
    place = np.cumsum(kept) - 1
    return place[partner[kept]].astype("<i4")


def save(path, tensors, metadata):
    """The safetensors format: 8 bytes length, JSON, bytes."""
    header, at = {"__metadata__": metadata}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": {"f": "F32", "i": "I32"}[value.dtype.kind], "shape": list(value.shape),
                        "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as fh:
        fh.write(struct.pack("<Q", len(text)) + text)
        for value in tensors.values():
            fh.write(value.tobytes())


def write(path, points, blendshapes, names, place):
    """points [n,p,2] in pixels and their places on the mean face [p,3]; blendshapes [n,k] and their names.

    Points without a partner on the other side are left out, and blendshapes that neither vary nor have a partner
    that does.
    """
    partner = partners(place)
    paired = partner >= 0
    index = {n: i for i, n in enumerate(names)}
    mirror = np.array([index[other_side(n)] for n in names])
    varies = blendshapes.std(0) > 0
    varies |= varies[mirror]
    save(path, {"points": points[:, paired].astype("<f4"), "points_mirror": numbered(paired, partner),
                "values": blendshapes[:, varies].astype("<f4"), "values_mirror": numbered(varies, mirror)},
         {"values": ",".join(n for n, v in zip(names, varies) if v)})
