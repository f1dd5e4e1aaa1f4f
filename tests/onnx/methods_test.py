"""methods_test.py COMMAND: what `clile export` writes of a trained model of each method, under onnx.checker and ONNX Runtime: its probabilities and
embeddings are the predictor's. CLILE_LIBRARY is the built library, PYTHONPATH has the folder of its Python package.

Needs numpy, onnx and onnxruntime.
"""
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

import clile

TOLERANCE, SIZE, N = 1e-4, 64, 3
METHODS = ("drml", "atf", "lpnet", "piap", "suphcl", "augcn", "srerl", "megraph")
READ_POINTS = ("augcn", "srerl")
CANONICAL = numpy.array([[0.35, 0.40], [0.65, 0.40], [0.50, 0.571], [0.376, 0.747], [0.624, 0.747]])  # docs/images.md


def faces(rng):
    """Points [N,5,2] in shares of the image, each face another, whose aligned crop is the image itself: the least squares of the alignment, from the
    points to the canonical ones, have turn 0, scale 1 and shift 0."""
    z = (CANONICAL - CANONICAL.mean(0)).reshape(-1)
    turned = (CANONICAL - CANONICAL.mean(0))[:, ::-1] * (-1, 1)
    away = [z, turned.reshape(-1), numpy.tile([1.0, 0.0], 5), numpy.tile([0.0, 1.0], 5)]  # all at right angles to one another
    points = []
    for _ in range(N):
        moved = 0.02 * rng.standard_normal(10)
        for direction in away:
            moved -= direction * (direction @ moved) / (direction @ direction)
        points.append((z + moved) * (z @ z) / (z @ z + moved @ moved) + numpy.tile(CANONICAL.mean(0), 5))
    return numpy.array(points).reshape(N, 5, 2)


def check(command, folder, data, method):
    rng = numpy.random.default_rng(METHODS.index(method))
    model = clile.train(data, method=method, backbone="resnet10", width=0.125, image_size=SIZE, epochs=1, batch=16, threads=1)
    saved, path = os.path.join(folder, method + ".safetensors"), os.path.join(folder, method + ".onnx")
    model.save(saved)
    subprocess.run([command, "export", saved, "--onnx", path], check=True, stdout=subprocess.DEVNULL)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["input", "face_points"][:1 + (method in READ_POINTS)], method
    props = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    mean, std = (numpy.array([float(x) for x in props[key].split(",")]) for key in ("input_mean", "input_std"))
    images = numpy.array([data.crop(i, SIZE) for i in range(N)])
    points = faces(rng)
    expected = model.predict(list(images), landmarks=list(points * SIZE)) if method in READ_POINTS else model.predict(list(images), crop=True)
    feeds = {"input": ((images / float(props["input_scale"]) - mean) / std).transpose(0, 3, 1, 2).astype(numpy.float32)}
    if method in READ_POINTS:
        feeds["face_points"] = points.reshape(N, 10).astype(numpy.float32)
    probability, embedding = session.run(["probability", "embedding"], feeds)
    gap = numpy.abs(probability - expected.probability).max(), numpy.abs(embedding - expected.embedding).max() / max(1.0, numpy.abs(embedding).max())
    print(f"{method}: probability differs by {gap[0]:.2g}, embedding by {gap[1]:.2g}")
    assert max(gap) <= TOLERANCE, method
    assert numpy.ptp(expected.probability, axis=0).max() > 1e-3, f"{method}: all images answer alike, so that nothing was compared"
    if method in READ_POINTS:  # the points matter
        feeds["face_points"] = feeds["face_points"][::-1].copy()
        assert numpy.abs(session.run(["probability"], feeds)[0] - probability).max() > 10 * TOLERANCE, method


def main():
    with tempfile.TemporaryDirectory() as folder:
        drawn = os.path.join(folder, "faces")
        subprocess.run([sys.argv[1], "synth", drawn, "--quiet", "--subjects", "6", "--tasks", "2", "--frames", "8", "--size", "96"], check=True, stdout=subprocess.DEVNULL)
        data = clile.Dataset.open(drawn, au_set="1,6,7,12")
        for method in METHODS:
            check(sys.argv[1], folder, data, method)


if __name__ == "__main__":
    main()
