"""A small world: twelve drawn crops of three people, in which AU 1 brightens the upper half and AU 12 the lower one."""
import pathlib

import clile
import numpy as np
import pytest

SIDE, N = 32, 12
AUS = [1, 12]
SMALL = {"backbone": "resnet10", "stem": "imagenet", "width": 0.0625, "image_size": SIDE, "embedding": 8, "batch": 4, "threads": 1, "epochs": 2, "epochs_stage1": 1}
ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def arrays():
    labels = np.array([[i % 2 == 0, i // 2 % 2 == 0] for i in range(N)], np.int8)
    images = np.random.default_rng(1).integers(0, 25, (N, SIDE, SIDE, 3), np.uint8)
    images[:, :SIDE // 2] += (60 + 120 * labels[:, 0, None, None, None]).astype(np.uint8)
    images[:, SIDE // 2:] += (60 + 120 * labels[:, 1, None, None, None]).astype(np.uint8)
    return {"images": images, "labels": labels, "subject": np.arange(N, dtype=np.int32) % 3, "au_ids": np.array(AUS, np.int32)}


@pytest.fixture
def data(arrays):
    return clile.Dataset.from_arrays(**arrays)


@pytest.fixture
def untrained():
    return clile.Model(AUS, **{key: SMALL[key] for key in ("backbone", "stem", "width", "image_size", "embedding")})


@pytest.fixture(scope="session")
def trained(arrays):
    return clile.train(clile.Dataset.from_arrays(**arrays), method="bce", **SMALL)
