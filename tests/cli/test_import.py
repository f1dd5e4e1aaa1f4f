"""import and info: weights from elsewhere, what is reported about them, and files that would harm a trusting reader."""
import json
import os
import pickle
import random
import unittest
import zipfile

import cli
import weights
from cli import CommandTest, clile, settings
from weights import Tensor, read_safetensors, resnet10, write_pth, write_safetensors

SMALL = ("--au-set", "1,12,25", "--set", "embedding=16", "--set", "image_size=32")


class Import(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("import")
        cls.tensors = resnet10()

    def path(self, name):
        return os.path.join(self.folder, name)

    def encoder(self, path):
        """{name: bytes} without fc."""
        return {name[8:]: data for name, (_, _, data) in read_safetensors(path)[0].items() if name.startswith("encoder.") and ".fc." not in name}

    def made(self, source, *arguments):
        """The report of a successful import, once the model's tensors are checked."""
        out = self.path("model.safetensors")
        report = self.fine_json("import", source, "--out", out, *SMALL, *arguments)
        found = self.encoder(out)
        self.assertEqual(set(found), {name for name in self.tensors if "fc." not in name and "tracked" not in name})
        for name, data in found.items():
            self.assertEqual(data, self.tensors[name].data, name)
        return report

    def refused(self, expected, source, *arguments):
        out = self.path("none.safetensors")
        done = self.fails(expected, "import", source, "--out", out, *SMALL, *arguments)
        self.assertFalse(os.path.exists(out))
        return done

    def test_the_same_from_each_kind_of_file(self):
        reports = [self.made(write_safetensors(self.path("a.safetensors"), self.tensors)), self.made(write_pth(self.path("a.pth"), self.tensors))]
        for report in reports:
            self.assertEqual(report["counts"], {"matched": 60, "kept": 2, "missing": 0, "mismatched": 0, "left_over": 0, "ignored": 12})
            first = report["tensors"][0]
            self.assertEqual(first, {"outcome": "matched", "name": "conv1.weight", "file_name": "conv1.weight", "file_dtype": "F32", "shape": [8, 3, 7, 7], "file_shape": [8, 3, 7, 7]})
            kept = [tensor for tensor in report["tensors"] if tensor["outcome"] == "kept"]
            self.assertEqual([(tensor["name"], tensor["shape"], tensor["file_shape"]) for tensor in kept], [("fc.weight", [16, 64], [1000, 64]), ("fc.bias", [16], [1000])])
            made = report["made"]
            self.assertEqual((made["backbone"], made["width"], made["trained"], [au["au"] for au in made["aus"]]), ("resnet10", 0.125, False, [1, 12, 25]))
        self.assertEqual(reports[0]["tensors"], reports[1]["tensors"])
        self.assertEqual(reports[1]["made"]["metadata"], {"imported": "a.pth", "photographs": "unknown"})
        # a model of our own can be imported again; its fc fits
        again = self.made(self.path("model.safetensors"))
        self.assertEqual((again["counts"]["matched"], again["counts"]["left_over"]), (62, 1))
        self.assertEqual(again["tensors"][-1]["file_name"], "au.embedding")

    def test_ways_to_save(self):
        half = {name: tensor.to("F16") if tensor.dtype == "F32" else tensor for name, tensor in self.tensors.items()}
        double = {f"module.{name}": tensor.to("F64") for name, tensor in self.tensors.items() if tensor.dtype == "F32"}
        path = self.path("way.pth")
        self.made(write_pth(path, self.tensors, method=zipfile.ZIP_DEFLATED))
        self.made(write_pth(path, self.tensors, protocol=4, members=[("archive/byteorder", "little"), ("archive/.data/serialization_id", "1" * 40)]))
        self.assertEqual(self.made(write_pth(path, half))["tensors"][0]["file_dtype"], "F16")
        self.assertEqual(self.made(write_safetensors(self.path("way.safetensors"), half))["tensors"][0]["file_dtype"], "F16")
        self.assertEqual(self.made(write_pth(path, double))["tensors"][0]["file_name"], "module.conv1.weight")
        nested = {"epoch": 3, "state_dict": {f"backbone.{name}": tensor for name, tensor in self.tensors.items()}, "head": [Tensor((2,), [1, 2])]}
        report = self.made(write_pth(path, nested))
        self.assertEqual(report["tensors"][0]["file_name"], "state_dict.backbone.conv1.weight")
        self.assertEqual([tensor["file_name"] for tensor in report["tensors"] if tensor["outcome"] == "left_over"], ["head.0"])
        # a convolution kept as channels last: [8,3,7,7] with strides 147, 1, 21, 3
        first = self.tensors["conv1.weight"]
        values = memoryview(first.data).cast("f").tolist()
        last = [values[((o * 3 + i) * 7 + y) * 7 + x] for o in range(8) for y in range(7) for x in range(7) for i in range(3)]
        self.made(write_pth(path, {**self.tensors, "conv1.weight": Tensor((8, 3, 7, 7), last, stride=(147, 1, 21, 3))}))

    def test_two_networks(self):
        both = {f"encoder_{k}.{name}": tensor for k, tensors in (("q", self.tensors), ("k", resnet10(seed=4))) for name, tensor in tensors.items()}
        path = write_pth(self.path("both.pth"), {"state_dict": both})
        self.refused('it has more than one network, with prefixes "state_dict.encoder_k." and "state_dict.encoder_q.": choose one by the prefix', path)
        self.assertEqual(self.made(path, "--prefix", "state_dict.encoder_q.")["counts"]["left_over"], 62)
        self.refused("tensor nothing.conv1.weight is missing", path, "--prefix", "nothing.")

    def test_small_stem(self):
        small = {**self.tensors, "conv1.weight": Tensor((8, 3, 5, 5), [k / 1024 for k in range(600)])}
        path, out = self.write("small.pth", small), self.path("small.safetensors")
        # found in the file, at whatever size
        done = self.fine("import", path, "--out", out, *SMALL)
        self.assertNotIn("stem=", done.stdout)
        made = self.fine_json("import", path, "--out", out, *SMALL, "--set", "image_size=112")["made"]
        self.assertEqual((made["stem"], made["image_size"]), ("small", 112))
        made = self.fine_json("import", path, "--out", out, *SMALL)["made"]
        self.assertEqual((made["stem"], made["format_version"]), ("small", 3))
        self.assertEqual(self.encoder(out)["conv1.weight"], small["conv1.weight"].data)
        self.assertIn("stem: small\n", self.fine("info", out).stdout)
        self.assertEqual(self.fine_json("info", out)["stem"], "small")
        # what else a model is made with is said in the same places
        self.assertIs(self.fine_json("info", out)["standardize"], False)
        self.assertIs(self.fine_json("import", path, "--out", out, *SMALL, "--set", "standardize=1")["made"]["standardize"], True)
        self.assertIn("standardize: 1\n", self.fine("info", out).stdout)
        # torchvision's stem does not fit: the model keeps its own, whole
        plain = self.write("plain.pth", self.tensors)
        report = self.fine_json("import", plain, "--out", out, *SMALL, "--set", "stem=small")
        self.assertEqual([tensor["name"] for tensor in report["tensors"] if tensor["outcome"] == "kept"],
                         ["conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "fc.weight", "fc.bias"])
        self.assertEqual(self.fine_json("import", plain, "--out", out, *SMALL)["made"]["stem"], "imagenet")
        self.assertEqual(self.fine_json("import", plain, "--out", out, *SMALL, "--set", "stem=auto")["made"]["stem"], "imagenet")
        self.refused("tensor conv1.weight is F32 [8, 3, 5, 5], expected F32 [8, 3, 7, 7]", path, "--set", "stem=imagenet")

    def test_training_takes_the_stem_of_the_weights(self):
        data, out = cli.draw(self.path("stems")), self.path("trained.safetensors")
        checkpoint = self.path("stem-checkpoint.safetensors")
        common = ["train", "--data", data, "--layout", "bp4d", "--out", out, "--quiet"]
        for pair in cli.SMALL:
            common += ["--set", pair if not pair.startswith("stem=") else "stem=auto"]
        common += ["--set", "method=bce", "--set", "epochs=1", "--set", "width=0.125"]

        def stem():
            return self.fine_json("info", out)["stem"]

        self.fine(*common)
        self.assertEqual(stem(), "small")  # by the size
        plain = self.write("weights.pth", self.tensors)
        self.fine(*common, "--import", plain, "--checkpoint", checkpoint)
        self.assertEqual(stem(), "imagenet")  # by the file, which a resumed run needs no more
        os.unlink(plain)
        self.fine(*common, "--import", plain, "--resume", checkpoint, "--set", "epochs=2")
        self.assertEqual(stem(), "imagenet")
        self.fine(*common, "--resume", checkpoint, "--set", "epochs=2", "--set", "stem=imagenet")
        self.fails("option stem is imagenet in the checkpoint, but small here", *common, "--resume", checkpoint, "--set", "stem=small")

    def test_what_does_not_fit(self):
        path = self.path("unfit.pth")
        write_pth(path, {name: tensor for name, tensor in self.tensors.items() if not name.startswith("layer4.0.bn")})
        done = self.refused(("tensor layer4.0.bn1.weight is missing, expected F32 [64] for resnet10 with width 0.125 (8 of 62 tensors do not fit)", "missing       8", "layer4.0.bn2.bias [64]"), path)
        self.assertEqual(done.stdout, "")
        write_pth(path, {**self.tensors, "layer2.0.conv2.weight": Tensor((16, 16, 1, 1), [0] * 256)})
        self.refused("unfit.pth: tensor layer2.0.conv2.weight is F32 [16, 16, 1, 1], expected F32 [16, 16, 3, 3] for resnet10 with width 0.125 (1 of 62 tensors do not fit)", path)
        done = self.refused("do not fit", path, "--json")
        report = json.loads(done.stdout)
        self.assertIsNone(report["model"])
        self.assertEqual([tensor for tensor in report["tensors"] if tensor["outcome"] == "mismatched"],
                         [{"outcome": "mismatched", "name": "layer2.0.conv2.weight", "file_name": "layer2.0.conv2.weight", "file_dtype": "F32", "shape": [16, 16, 3, 3], "file_shape": [16, 16, 1, 1]}])
        write_pth(path, {**self.tensors, "bn1.bias": Tensor((8,), [0] * 8, "I64")})
        self.refused("tensor bn1.bias is I64 [8], expected F32 [8]", path)
        write_pth(path, {**self.tensors, "bn1.bias": Tensor((8,), [0.5] * 5 + [float("nan")] * 3)})
        self.refused("tensor bn1.bias, value 5 is not finite", path)
        self.refused("for resnet10 with width 0.25", self.write("plain.pth", self.tensors), "--set", "width=0.25")
        self.refused("tensor layer1.1.bn1.bias is not part of resnet10: another network, or a deeper one", self.write("deep.pth", resnet10(deeper=True)), "--backbone", "resnet10")
        self.assertEqual(self.fine_json("import", self.path("deep.pth"), "--out", self.path("deep.safetensors"))["made"]["backbone"], "resnet18")
        self.refused("none of its 1 tensors is called layer1.0.conv1.weight", self.write("other.pth", {"a": Tensor((1,), [1])}))

    def write(self, name, tree):
        return write_pth(self.path(name), tree)

    def test_hostile_files(self):
        class Harm:
            def __reduce__(self):
                return os.system, (f"touch {self.mark}",)
        Harm.mark = self.path("harmed")
        path = self.path("harm.pth")
        self.refused("it asks for posix.system, which dictionaries of tensors do not need, and libclile runs no code in a pickle", write_pth(path, {**self.tensors, "x": Harm()}))
        self.assertFalse(os.path.exists(Harm.mark))

        def raw(data):
            return write_pth(path, {}, pickle_bytes=data)
        loop = b"}q\0U\1ah\0s."
        self.refused("dictionaries more than 16 deep", raw(loop))
        wide = b"]q\0" + b"".join(b"](" + b"h" + bytes([i]) + (b"h" + bytes([i])) * 9 + b"eq" + bytes([i + 1]) for i in range(8))
        self.refused("of more than 1000000 values", raw(b"}U\1a(" + wide + b"ts."))
        self.refused("no dictionary of tensors", raw(pickle.dumps([1], 2)))
        self.refused("a key inside it is neither text nor an integer", raw(pickle.dumps({(1, 2): 3}, 2)))
        self.refused("a key inside it is not UTF-8", raw(b"}U\1\xffK\1s."))
        self.refused("names inside it are too long", raw(pickle.dumps({"a" * 600: {"b" * 600: 1}}, 2)))
        good = {"a": Tensor((2, 3), range(6))}
        self.refused('tensor "a": it reaches element 6 of its storage, which has 6', write_pth(path, {"a": Tensor((2, 3), range(6), offset=1)}))
        self.refused('tensor "a": it reaches beyond its storage', write_pth(path, {"a": Tensor((2, 3), range(6), stride=(2 ** 62, 2 ** 62))}))
        self.refused("its shape has too many elements", write_pth(path, {"a": Tensor((2 ** 40, 2 ** 40), range(6), stride=(0, 0))}))
        self.refused("not two tuples of at most 8 sizes", write_pth(path, {"a": Tensor((2, -3), range(6))}))
        self.refused("not two tuples of at most 8 sizes", write_pth(path, {"a": Tensor((1,) * 9, [1])}))
        self.refused('two tensors are called "a.b"', write_pth(path, {"a": {"b": Tensor((1,), [1])}, "a.b": Tensor((1,), [1])}))
        self.refused("its storage archive/data/0 is not in the archive", raw(weights.pickled(good)[0]))
        self.refused("has 20 bytes, expected 6 elements of F32", write_pth(path, {}, pickle_bytes=weights.pickled(good)[0], members=[("archive/data/0", bytes(20))]))
        noise = Tensor((1,), [0])
        noise.data = random.Random(1).randbytes(1200000)
        write_pth(path, {"a": noise}, method=zipfile.ZIP_DEFLATED)
        with open(path, "r+b") as file:  # 1.2 MB that claim to inflate to more than a GiB, which deflate could
            data = file.read()
            file.seek(data.rindex(b"archive/data/0") - 46 + 24)
            file.write((2 ** 30 + 1).to_bytes(4, "little"))
        self.refused("its deflated members (archive/data/0 is one) inflate to more than 1024 MiB", path)
        self.refused("expected a little-endian file", write_pth(path, good, members=[("archive/byteorder", "big")]))
        self.refused("an archive with two pickles", write_pth(path, good, members=[("other/data.pkl", b"N.")]))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("notes.txt", "no weights")
        self.refused("a zip archive, but not from torch.save", path)
        self.refused("no-such-file", self.path("no-such-file"))

    def test_training_goes_on_from_it(self):
        data = cli.draw(self.path("faces"))
        start, out = self.path("start.safetensors"), self.path("trained.safetensors")
        self.fine("import", self.write("start.pth", self.tensors), "--out", start)
        options = settings(elimination="none", epochs_stage1=0, epochs=1, width=0.125, embedding=128, learning_rate=0)
        for source in (start, self.path("start.pth")):
            self.fine("train", "--data", data, "--layout", "bp4d", "--out", out, "--quiet", "--import", source, *options)
            self.assertEqual(self.encoder(out)["layer3.0.conv2.weight"], self.tensors["layer3.0.conv2.weight"].data)
        self.assertTrue(self.fine_json("info", out)["trained"])
        self.fails("the model has not been trained", "predict", "--model", start, os.path.join(data, "Sequences", "F001", "T1", "0001.png"))

    def test_usage(self):
        path = self.write("usage.pth", self.tensors)
        self.usage("expected one file of weights", "import", "--out", "m")
        self.usage("--out is missing", "import", path)
        for text in ("", "bp5d", "1,,2", "0", "1000", ",".join(map(str, range(1, 66)))):
            self.usage("--au-set takes bp4d, disfa or numbers", "import", path, "--out", "m", "--au-set", text)
        self.fails("AU 12 is twice", "import", path, "--out", "m", "--au-set", "12,12")
        self.usage("--backbone", "import", path, "--out", "m", "--backbone", "resnet9")
        self.fails("cannot be written", "import", path, "--out", "no-such-folder/m.safetensors")


class Info(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("info")

    def path(self, name):
        return os.path.join(self.folder, name)

    def test_weights_of_others(self):
        path = write_pth(self.path("a.pth"), {"state_dict": {"w": Tensor((2, 3), range(6)), "n": Tensor((), [1], "I64")}, "h": Tensor((4,), range(4), "F16")})
        found = self.fine_json("info", path, "--tensors")
        self.assertEqual(found["tensors"], [{"name": "h", "dtype": "F16", "shape": [4], "bytes": 8}, {"name": "state_dict.n", "dtype": "I64", "shape": [], "bytes": 8},
                                            {"name": "state_dict.w", "dtype": "F32", "shape": [2, 3], "bytes": 24}])
        self.assertEqual((found["kind"], found["file_bytes"], found["tensor_bytes"], found["dtypes"]), ("PyTorch", os.path.getsize(path), 40, {"F16": 1, "I64": 1, "F32": 1}))
        self.assertNotIn("tensors", self.fine_json("info", path))
        text = self.fine("info", path, "--tensors").stdout
        self.assertIn(f"a.pth: PyTorch, {os.path.getsize(path)} bytes; 3 tensors of 40 bytes (F16: 1, I64: 1, F32: 1)", text)
        self.assertRegex(text, r"state_dict\.w +F32 +\[2,3\]")
        other = write_safetensors(self.path("a.safetensors"), {"w": Tensor((2,), [1, 2])})
        self.assertEqual(self.fine_json("info", other)["kind"], "safetensors")
        self.fails("is a folder", "info", self.folder)
        self.usage("--options takes no file", "info", "--options", path)

    def test_our_files(self):
        data = cli.draw(self.path("faces"))
        model, checkpoint, pack = (self.path(name) for name in ("m.safetensors", "c.safetensors", "p.safetensors"))
        self.fine("train", "--data", data, "--layout", "bp4d", "--out", model, "--checkpoint", checkpoint, "--quiet", *settings(epochs=1, epochs_stage1=1))
        self.fine("pack", "--data", data, "--layout", "bp4d", "--out", pack, "--set", "image_size=32")
        found = self.fine_json("info", model, "--tensors")
        self.assertEqual((found["kind"], found["backbone"], found["trained"], found["metadata"]["layout"]), ("model", "resnet10", True, "bp4d"))
        self.assertEqual(found["tensor_count"], len(found["tensors"]))
        self.assertIn({"name": "encoder.conv1.weight", "dtype": "F32", "shape": [8, 3, 7, 7], "bytes": 4704}, found["tensors"])
        text = self.fine("info", model).stdout
        for line in ("m.safetensors: model, ", "trained, 12 AUs, embedding 16, crop 32 x 32", "backbone: resnet10", "train_subject_count: 6"):
            self.assertIn(line, text)
        found = self.fine_json("info", checkpoint)
        self.assertEqual((found["kind"], found["metadata"]["stage"]), ("checkpoint", "2"))
        self.assertIn("image_size=32\n", found["metadata"]["options"])
        text = self.fine("info", checkpoint).stdout
        self.assertIn("options:\n", text)
        self.assertIn("\n  image_size=32\n", text)
        self.assertEqual(self.fine_json("info", pack)["kind"], "pack")
        self.assertIn("p.safetensors: pack, ", self.fine("info", pack).stdout)


if __name__ == "__main__":
    unittest.main()
