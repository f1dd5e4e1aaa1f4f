"""Writes the files of this folder with the libclile at hand (CLILE_LIBRARY) into files called after its version. Run once for a release; existing
files are never overwritten."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "examples", "python"))

import numpy as np  # noqa: E402

import clile  # noqa: E402
from clile import _api  # noqa: E402
from clile._library import lib  # noqa: E402

AUS, N, SIZE = [1, 12], 8, 32


def path(kind):
    name = os.path.join(HERE, f"{kind}-{lib.clile_version().decode()}.safetensors")
    if os.path.exists(name):
        sys.exit(f"{name} is there already")
    return name


# the numbers of tests/fuzz/tiny.h
pixels = (37 * np.arange(N * SIZE * SIZE * 3, dtype=np.int64) % 251).astype(np.uint8).reshape(N, SIZE, SIZE, 3)
labels = np.array([[(i + a) % 3 == 0 for a in range(2)] for i in range(N)], np.int8)
data = clile.Dataset.from_arrays(pixels, labels, np.arange(N) % 4, AUS)
net = dict(backbone="resnet10", stem="imagenet", width=0.0625, embedding=4, image_size=SIZE)

model = clile.Model(AUS, null_anchor=1, seed=7, **net)
model.set_decision([0.75, 1.25], [0.25, -0.5])
model.set_metadata("protocol", "bp4d")
model.set_metadata("note", 'quotes " and é')
model.save(path("model"))
print(clile.Predictor(model, threads=1).run(pixels))
model.quantize(pixels, threads=1).save(path("int8"))

untrained = clile.Model(AUS, method="bce", seed=7, **net)
trainer = clile.Trainer(untrained, data, method="bce", optimizer="sgd", batch=4, epochs=2, threads=1, seed=7)
try:
    trainer.run(2, lambda progress: True)
except clile.Cancelled:
    trainer.save(path("checkpoint"))

three = clile.Dataset.from_arrays(pixels[:3], labels[:3], np.array([0, 1, 0]), AUS)
options = clile.Options(image_size=SIZE)
lib.clile_dataset_pack(three._c, os.fsencode(path("pack")), options._c, _api.clile_count_fn(), None)
