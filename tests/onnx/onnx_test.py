"""An exported model under onnx.checker and ONNX Runtime: the same numbers as libclile's, for every backbone and both similarities.

Needs numpy, onnx and onnxruntime. --library is the built libclile; --command the command, for the file that `clile export` writes. --model tries a model
of your own instead.
"""
import argparse
import ctypes as ct
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-4
AUS = (1, 2, 4, 12, 25)


class Library:
    def __init__(self, path):
        self.lib = ct.CDLL(path)
        self.lib.clile_last_error.restype = ct.c_char_p
        self.lib.clile_model_destroy.argtypes = self.lib.clile_predictor_destroy.argtypes = self.lib.clile_options_destroy.argtypes = [ct.c_void_p]

    def call(self, name, *arguments):
        if getattr(self.lib, "clile_" + name)(*arguments) != 0:
            raise RuntimeError(f"{name}: {self.lib.clile_last_error().decode()}")

    def create(self, **settings):
        """A model with random weights, and a decision, so that it counts as trained."""
        options, model = ct.c_void_p(), ct.c_void_p()
        self.call("options_create", ct.byref(options))
        for key, value in settings.items():
            self.call("options_set", options, key.encode(), str(value).encode())
        self.call("model_create", options, ct.c_int32(len(AUS)), (ct.c_int32 * len(AUS))(*AUS), ct.byref(model))
        self.lib.clile_options_destroy(options)
        slope, offset = (ct.c_float * len(AUS))(1, 2, 3, 4, 5), (ct.c_float * len(AUS))(-0.5, 0.25, 0, 0.5, 1)
        self.call("model_set_decision", model, None, slope, offset)
        self.call("model_set_metadata", model, b"note", "caf\u00e9".encode())
        return model

    def load(self, path):
        model = ct.c_void_p()
        self.call("model_load", os.fsencode(path), ct.byref(model))
        return model

    def export(self, model, path):
        self.call("model_export_onnx", model, os.fsencode(path))

    def sizes(self, model):
        return (self.lib.clile_model_au_count(model), self.lib.clile_model_embedding_size(model), self.lib.clile_model_image_size(model))

    def predict(self, model, rgb):
        c, d, _ = self.sizes(model)
        n, h, w, _ = rgb.shape
        predictor = ct.c_void_p()
        self.call("predictor_create", model, None, ct.byref(predictor))
        probability, embedding = numpy.zeros((n, c), numpy.float32), numpy.zeros((n, d), numpy.float32)
        self.call("predictor_run", predictor, ct.c_int64(n), rgb.ctypes.data_as(ct.c_void_p), ct.c_int32(h), ct.c_int32(w),
                  probability.ctypes.data_as(ct.c_void_p), None, embedding.ctypes.data_as(ct.c_void_p))
        self.lib.clile_predictor_destroy(predictor)
        return probability, embedding


def properties(path):
    """Metadata of a file that passes the checker."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert 13 <= model.opset_import[0].version <= 17 and len(model.opset_import) == 1, model.opset_import
    assert [output.name for output in model.graph.output] == ["probability", "embedding"]
    return {entry.key: entry.value for entry in model.metadata_props}


def run(path, rgb, props):
    """ONNX Runtime's answer, prepared as the metadata says."""
    mean, std = ([float(x) for x in props[key].split(",")] for key in ("input_mean", "input_std"))
    x = (rgb.astype(numpy.float32) / float(props["input_scale"]) - numpy.array(mean, numpy.float32)) / numpy.array(std, numpy.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(["probability", "embedding"], {"input": numpy.ascontiguousarray(x.transpose(0, 3, 1, 2), dtype=numpy.float32)})


def compare(library, model, path, rgb, what):
    props = properties(path)
    expected, found = library.predict(model, rgb), run(path, rgb, props)
    scale = max(1.0, float(numpy.abs(expected[1]).max()))  # embeddings have no fixed size
    differences = (float(numpy.abs(expected[0] - found[0]).max()), float(numpy.abs(expected[1] - found[1]).max()) / scale)
    print(f"{what}: probability differs by {differences[0]:.2g}, embedding by {differences[1]:.2g}")
    assert found[0].shape == expected[0].shape and found[1].shape == expected[1].shape
    assert max(differences) < TOLERANCE, f"{what}: above {TOLERANCE}"
    if len(rgb) > 1:
        assert float(numpy.abs(expected[0] - expected[0][:1]).max()) > 1e-4, f"{what}: all images answer alike, so that nothing was compared"
    # the decision from the metadata is the decision of the probability
    offset, slope, threshold = (numpy.array([float(x) for x in props[key].split(",")]) for key in ("decision_offset", "decision_slope", "thresholds"))
    assert numpy.allclose(threshold, -offset / slope)
    return props


def built_in(library, folder, command):
    cases = [dict(backbone=backbone, similarity="cosine", width="0.25", image_size=48, embedding=16) for backbone in ("resnet10", "resnet18", "resnet34", "resnet50")]
    cases += [dict(backbone="resnet10", similarity="dot", width="0.25", image_size=33, embedding=16),
              dict(backbone="resnet18", similarity="cosine", width="1", image_size=112, embedding=128, null_anchor=1)]
    rng = numpy.random.default_rng(5)
    for case in cases:
        model, path = library.create(**case), os.path.join(folder, "model.onnx")
        size = case["image_size"]
        rgb = numpy.ascontiguousarray(rng.integers(0, 256, (3, size, size, 3), dtype=numpy.uint8) // numpy.array([1, 2, 4])[:, None, None, None], dtype=numpy.uint8)
        library.export(model, path)
        props = compare(library, model, path, rgb, f"{case['backbone']} {case['similarity']} {size} px")
        assert props["au_ids"] == ",".join(map(str, AUS)) and props["image_size"] == str(size) and props["user.note"] == "caf\u00e9", props
        library.lib.clile_model_destroy(model)

    # the command writes the same bytes
    model = library.create(**cases[0])
    saved, one, two = (os.path.join(folder, name) for name in ("model.safetensors", "one.onnx", "two.onnx"))
    library.call("model_save", model, os.fsencode(saved))
    library.export(model, one)
    subprocess.run([command, "export", saved, "--onnx", two], check=True)
    with open(one, "rb") as a, open(two, "rb") as b:
        assert a.read() == b.read(), "clile export and clile_model_export_onnx differ"
    library.lib.clile_model_destroy(model)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--model", help="a model file to try instead of made ones")
    arguments = parser.parse_args()
    library = Library(arguments.library)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.model is None:
            built_in(library, folder, arguments.command)
            return
        model, path = library.load(arguments.model), os.path.join(folder, "model.onnx")
        library.export(model, path)
        size = library.sizes(model)[2]
        rgb = numpy.random.default_rng(1).integers(0, 256, (4, size, size, 3), dtype=numpy.uint8)
        print(compare(library, model, path, rgb, arguments.model))


if __name__ == "__main__":
    sys.exit(main())
