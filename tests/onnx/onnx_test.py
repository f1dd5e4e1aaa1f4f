"""An exported model under onnx.checker and ONNX Runtime: the same numbers as libclile's, for every backbone and both similarities.

Needs numpy, onnx and onnxruntime. --library is the built libclile; --command the command, for the file that `clile export` writes. --model tries a model
of your own instead.
"""
import argparse
import ctypes as ct
import json
import os
import subprocess
import sys
import tempfile
import zlib

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-4
AUS = (1, 2, 4, 12, 25)
OFFSETS = (-0.5, 0.25, 0, 0.5, 1)


class Library:
    def __init__(self, path):
        self.lib = ct.CDLL(path)
        self.lib.clile_last_error.restype = ct.c_char_p
        self.lib.clile_model_destroy.argtypes = self.lib.clile_predictor_destroy.argtypes = self.lib.clile_options_destroy.argtypes = [ct.c_void_p]
        self.lib.clile_trainer_destroy.argtypes = self.lib.clile_dataset_destroy.argtypes = self.lib.clile_trainer_needs_stage1.argtypes = [ct.c_void_p]

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
        slope, offset = (ct.c_float * len(AUS))(1, 2, 3, 4, 5), (ct.c_float * len(AUS))(*OFFSETS)
        self.call("model_set_decision", model, None, slope, offset)
        self.call("model_set_metadata", model, b"note", "caf\u00e9".encode())
        return model

    def train(self, rgb, labels, subject, **settings):
        """A model trained for some steps, with the decision that training fitted."""
        options, data, model, trainer = (ct.c_void_p() for _ in range(4))
        self.call("options_create", ct.byref(options))
        for key, value in settings.items():
            self.call("options_set", options, key.encode(), str(value).encode())
        n, h, w, _ = rgb.shape
        aus = (ct.c_int32 * len(AUS))(*AUS)
        self.call("dataset_from_arrays", ct.c_int64(n), ct.c_int32(h), ct.c_int32(w), rgb.ctypes.data_as(ct.c_void_p), ct.c_int32(len(AUS)), aus,
                  labels.ctypes.data_as(ct.c_void_p), subject.ctypes.data_as(ct.c_void_p), ct.byref(data))
        self.call("model_create", options, ct.c_int32(len(AUS)), aus, ct.byref(model))
        self.call("trainer_create", model, data, options, ct.byref(trainer))
        for stage in range(2 - self.lib.clile_trainer_needs_stage1(trainer), 3):
            self.call("trainer_run", trainer, ct.c_int32(stage), None, None)
        for name, handle in (("trainer", trainer), ("dataset", data), ("options", options)):
            getattr(self.lib, f"clile_{name}_destroy")(handle)
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


def standardized(rgb, values):
    """Every crop of one mean and spread, as docs/onnx.md gives it."""
    mean, spread, soft = (float(x) for x in values.split(","))
    v = rgb.astype(float)
    w = mean + spread * (v - v.mean((1, 2, 3), keepdims=True)) / (v.std((1, 2, 3), keepdims=True) + soft)
    return numpy.floor(numpy.clip(w, 0, 255) + 0.5)


def run(path, rgb, props):
    """ONNX Runtime's answer, prepared as the metadata says."""
    if "input_standardize" in props:
        rgb = standardized(rgb, props["input_standardize"])
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
              dict(backbone="resnet18", similarity="cosine", width="1", image_size=112, embedding=128, null_anchor=1),
              dict(backbone="resnet10", similarity="dot", width="0.25", image_size=48, embedding=2048, null_anchor=0),
              dict(backbone="resnet10", similarity="cosine", width="2", image_size=32, embedding=2048, null_anchor=0),
              dict(backbone="resnet50", similarity="dot", width="0.5", image_size=64, embedding=1, null_anchor=1)]
    cases += [dict(backbone=backbone, stem="small", similarity="dot", width="0.25", image_size=size, embedding=16)
              for backbone, size in (("resnet10", 33), ("resnet18", 64), ("resnet50", 48))]
    cases += [dict(backbone="resnet10", stem="small", similarity="dot", width="0.25", image_size=40, embedding=16, standardize=1)]
    rng = numpy.random.default_rng(5)
    for case in cases:
        case.setdefault("stem", "imagenet")
        model, path = library.create(**case), os.path.join(folder, "model.onnx")
        size = case["image_size"]
        rgb = numpy.ascontiguousarray(rng.integers(0, 256, (3, size, size, 3), dtype=numpy.uint8) // numpy.array([1, 2, 4])[:, None, None, None], dtype=numpy.uint8)
        library.export(model, path)
        props = compare(library, model, path, rgb, f"{case['backbone']} {case['similarity']} {size} px, stem {case['stem']}")
        assert props.get("stem", "imagenet") == case["stem"], props
        expected = ("2", "128,56,8") if case.get("standardize") else ("1", None)
        assert (props["format_version"], props.get("input_standardize")) == expected, props
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


def trained(library, folder):
    """Every kind of decision that training can fit, on trained models."""
    rng, path = numpy.random.default_rng(8), os.path.join(folder, "trained.onnx")
    n = 24
    labels = (rng.random((n, len(AUS))) < 0.4).astype(numpy.int8)
    labels[:2] = [[1], [0]]
    subject = (numpy.arange(n) % 3).astype(numpy.int32)
    shade = 40 + 150 * labels[:, :3].astype(int) + 20 * subject[:, None]
    rgb = numpy.clip(shade[:, None, None, :] + rng.integers(0, 40, (n, 32, 32, 3)), 0, 255).astype(numpy.uint8)
    for method in ("bce", "cl-ile"):
        for decision in ("threshold", "calibrated"):
            for similarity in ("cosine", "dot"):
                model = library.train(rgb, labels, subject, backbone="resnet10", width=0.125, embedding=16, image_size=32, epochs=3, epochs_stage1=2, batch=8, method=method,
                                      decision=decision, similarity=similarity, exchange_halves=0, threads=1)
                library.export(model, path)
                compare(library, model, path, rgb, f"trained by {method}, {decision}, {similarity}")
                library.lib.clile_model_destroy(model)


def without_a_direction(library, folder):
    """An embedding of zeros has no cosine: the score is 0, also in ONNX Runtime."""
    saved, path = os.path.join(folder, "zero.safetensors"), os.path.join(folder, "zero.onnx")
    model = library.create(backbone="resnet10", similarity="cosine", width=0.125, embedding=8, image_size=32)
    library.call("model_save", model, os.fsencode(saved))
    library.lib.clile_model_destroy(model)
    with open(saved, "rb") as file:
        data = bytearray(file.read())
    size = int.from_bytes(data[:8], "little")
    header, begin = json.loads(data[8:8 + size]), 8 + size
    for name in ("encoder.fc.weight", "encoder.fc.bias"):
        first, last = header[name]["data_offsets"]
        data[begin + first:begin + last] = bytes(last - first)
    old = header["__metadata__"]["clile_crc32"].encode()
    with open(saved, "wb") as file:
        file.write(bytes(data).replace(old, b"%08x" % zlib.crc32(data[begin:]), 1))
    model = library.load(saved)
    library.export(model, path)
    rgb = numpy.full((1, 32, 32, 3), 90, numpy.uint8)
    compare(library, model, path, rgb, "an embedding of zeros")
    assert numpy.allclose(library.predict(model, rgb)[0], 1 / (1 + numpy.exp(-numpy.array(OFFSETS))))
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
            trained(library, folder)
            without_a_direction(library, folder)
            return
        model, path = library.load(arguments.model), os.path.join(folder, "model.onnx")
        library.export(model, path)
        size = library.sizes(model)[2]
        rgb = numpy.random.default_rng(1).integers(0, 256, (4, size, size, 3), dtype=numpy.uint8)
        print(compare(library, model, path, rgb, arguments.model))


if __name__ == "__main__":
    sys.exit(main())
