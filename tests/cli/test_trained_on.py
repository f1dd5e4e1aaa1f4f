"""A model knows what it was trained on: what train writes, info says, export keeps, and predict warns of."""
import os
import shutil
import unittest

import cli
from cli import CommandTest, clile, settings


class TrainedOn(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("trained_on")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"), subjects=4, tasks=1, frames=32)

    def path(self, name):
        return os.path.join(self.folder, name)

    def train(self, name, *arguments, data=None, **changes):
        """The metadata of a model that was just trained."""
        self.fine("train", "--data", data or self.data, "--out", self.path(name), "--quiet", *settings(**{"method": "bce", "epochs": 1, "au_set": "1,4,6,12", **changes}), *arguments)
        return self.fine_json("info", self.path(name))["metadata"]

    def bytes(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def variant(self, name, **changes):
        """A copy of the data with other `landmarks`, `boxes`, `data_kind`: text, or None for no such thing."""
        folder = shutil.copytree(self.data, self.path(name), dirs_exist_ok=True)
        if "landmarks" in changes:
            shutil.rmtree(os.path.join(folder, "landmarks"))
        for subject in changes.get("boxes", ()):
            os.makedirs(os.path.join(folder, "boxes"), exist_ok=True)
            with open(os.path.join(folder, "boxes", f"{subject}_T1.csv"), "w", encoding="ascii") as file:
                file.write("frame,x,y,w,h\n" + "".join(f"{frame},8,8,32,32\n" for frame in range(1, 33)))
        if "kind" in changes:
            os.remove(os.path.join(folder, "data_kind"))
        if changes.get("kind"):
            with open(os.path.join(folder, "data_kind"), "w", encoding="ascii") as file:
                file.write(changes["kind"])
        return folder

    def test_what_a_model_says(self):
        found = self.train("landmarks.safetensors", "--protocol", "kfold:2", "--fold", "2")
        self.assertEqual({key: found[key] for key in ("alignment", "data_kind", "photographs", "layout", "protocol", "fold", "train_images_by_landmarks")},
                         {"alignment": "landmarks", "data_kind": "drawn", "photographs": "never", "layout": "bp4d", "protocol": "kfold:2", "fold": "2", "train_images_by_landmarks": "64"})
        text = self.fine("info", self.path("landmarks.safetensors")).stdout
        for words in ("trained on: drawn faces; 64 aligned by landmarks\n", "layout bp4d, protocol kfold:2, all but fold 2\n", "it has never seen a photograph\n"):
            self.assertIn(words, text)
        self.fine("export", self.path("landmarks.safetensors"), "--int8", "--calibrate", self.data, "--out", self.path("int8.safetensors"))
        small = self.fine_json("info", self.path("int8.safetensors"))
        self.assertEqual((small["weights"], small["trained_on"]["photographs"], small["metadata"]["alignment"]), ("int8", "never", "landmarks"))
        self.fine("export", self.path("landmarks.safetensors"), "--onnx", self.path("model.onnx"))
        onnx = self.bytes("model.onnx")
        for key in (b"user.alignment", b"user.photographs", b"user.train_images_by_landmarks"):
            self.assertIn(key, onnx)

    def test_boxes_crops_and_kinds(self):
        names = sorted(name[:4] for name in os.listdir(os.path.join(self.data, "landmarks")))
        found = self.train("boxes.safetensors", data=self.variant("boxed", landmarks=None, boxes=names, kind="photographs\n"))
        self.assertEqual((found["alignment"], found["train_images_by_boxes"], found["photographs"]), ("boxes", "128", "yes"))
        found = self.train("mixed.safetensors", data=self.variant("mixed", landmarks=None, boxes=names[:1], kind=None))
        self.assertEqual((found["alignment"], found["train_images_by_boxes"], found["train_images_as_crops"], found["data_kind"], found["photographs"]),
                         ("mixed", "32", "96", "unknown", "unknown"))
        text = self.fine("info", self.path("mixed.safetensors")).stdout
        self.assertIn("may or may not be photographs; 32 cropped by boxes, 96 taken as crops\n", text)
        found = self.train("stated.safetensors", data=self.path("mixed"), data_kind="rendered")
        self.assertEqual((found["data_kind"], found["photographs"]), ("rendered", "never"))
        self.fails("data_kind \"painted\", expected drawn, rendered, photographs, mixed or unknown", "train", "--data", self.variant("bad", kind="painted\n"),
                   "--out", self.path("never.safetensors"))
        # a pack carries it on, part by part
        for source, boxes in (("mixed", "32"), ("boxed", "128")):
            pack = self.path(f"{source}.pack.safetensors")
            self.fine("pack", "--data", self.path(source), "--out", pack, "--quiet", "--set", "image_size=32")
            apart = [self.train(f"{name}.part.safetensors", "--protocol", "kfold:2", "--fold", "1", data=data) for name, data in (("folder", self.path(source)), ("pack", pack))]
            self.assertEqual(apart[0], apart[1])
            self.assertEqual(self.bytes("folder.part.safetensors"), self.bytes("pack.part.safetensors"))
            self.assertEqual(self.train("whole.safetensors", data=pack)["train_images_by_boxes"], boxes)

    def test_an_option_at_its_resolved_value_changes_no_byte(self):
        self.train("default.safetensors", au_set="auto")
        ids = ",".join(str(au["au"]) for au in self.fine_json("info", self.path("default.safetensors"))["aus"])
        for arguments in (["--layout", "bp4d"], ["--layout", "auto"], ["--set", "layout=bp4d"], ["--set", f"au_set={ids}"], ["--set", "au_set=bp4d"],
                          ["--set", "unknown=mask"], ["--set", "data_kind=drawn"], ["--set", "first_image=auto"], ["--protocol", "none"],
                          ["--set", "seed=1"], ["--set", "box_margin=0.22"], ["--set", "predict_batch=7"]):
            self.train("other.safetensors", *arguments, au_set="auto")
            self.assertEqual(self.bytes("default.safetensors"), self.bytes("other.safetensors"), arguments)
        disfa = self.path("disfa")
        self.fine("synth", disfa, "--layout", "disfa", "--quiet", "--subjects", 3, "--tasks", 1, "--frames", 6, "--size", 48)
        packs = []
        for changes in ({}, {"layout": "disfa"}, {"au_set": "disfa"}, {"present_from": "2"}, {"first_image": "auto"}):
            self.fine("pack", "--data", disfa, "--out", self.path("disfa.safetensors"), "--quiet", "--set", "image_size=32", *(text for key, value in changes.items() for text in ("--set", f"{key}={value}")))
            packs.append(self.bytes("disfa.safetensors"))
            self.assertEqual(packs[0], packs[-1], changes)

    def test_predict_warns_once(self):
        images = [os.path.join(self.data, "Sequences", "F001", "T1", f"{frame:04d}.png") for frame in (1, 2)]
        names = sorted(name[:4] for name in os.listdir(os.path.join(self.data, "landmarks")))
        self.train("landmarks.safetensors")
        self.train("boxes.safetensors", data=self.variant("boxed", landmarks=None, boxes=names))
        self.train("crops.safetensors", data=self.variant("cropped", landmarks=None))
        boxes, points = os.path.join(self.path("boxed"), "boxes", "F001_T1.csv"), os.path.join(self.data, "landmarks", "F001_T1.csv")
        for model, given, said in (
                ("landmarks", ["--finder", "none"], "trained on faces aligned by landmarks, but the whole image is used as such a crop"), ("landmarks", ["--crop"], None), ("landmarks", ["--faces", points], None),
                ("landmarks", ["--faces", boxes], "this face is cropped by its box: give its landmarks"),
                ("boxes", ["--finder", "none"], "trained on faces cropped by boxes"), ("boxes", ["--faces", points], "aligned by its landmarks"), ("boxes", ["--faces", boxes], None),
                ("crops", [], None), ("crops", ["--crop"], None), ("crops", ["--faces", points], "images that were already crops of faces"), ("crops", ["--faces", boxes], "cropped by its box")):
            for form in ([], ["--csv"], ["--json"]):
                done = self.fine("predict", "--model", self.path(f"{model}.safetensors"), *form, *given, *images)
                lines = [line for line in done.stderr.splitlines() if "warning: " in line]
                self.assertEqual(len(lines), 0 if said is None else 1, (model, given, done.stderr))
                self.assertIn(said or "", done.stderr)
        self.usage("--crop says that each image is one face", "predict", "--model", self.path("crops.safetensors"), "--crop", "--faces", boxes, images[0])

    def test_older_models_say_nothing(self):
        old = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "models", "model-0.1.0.safetensors")
        self.assertIn("trained on: unknown", self.fine("info", old).stdout)
        self.assertEqual(self.fine_json("info", old)["trained_on"]["alignment"], "unknown")
        done = self.fine("predict", "--model", old, os.path.join(self.data, "Sequences", "F001", "T1", "0001.png"))
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
