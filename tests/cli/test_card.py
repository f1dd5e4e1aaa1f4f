"""card: every trained model has one in its file; names from data are no markup; figures and a card of one's own change no weight."""
import json
import os
import struct
import unittest

import cli
from cli import CommandTest, settings


def parts(path):
    """(metadata, bytes of the tensors) of a safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack_from("<Q", data)[0]
    return json.loads(data[8:8 + size])["__metadata__"], data[8 + size:]


class Card(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("card")
        cls.data = cli.draw(cls.path("faces"))
        cls.model = cls.path("m.safetensors")
        cls.common = ["--data", cls.data, "--protocol", "kfold:3", "--fold", "1"]
        done = cli.clile("train", *cls.common, "--out", cls.model, "--quiet", *settings(epochs=1, learning_rate=0.003))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def test_what_it_says(self):
        card = self.fine("card", self.model).stdout
        for text in ("# Model card", "| 12 | Lip corner puller |", "| protocol | kfold:3 |", "| fold left out | 1 |", "| people | 4 |", "| images are | drawn |", "learning\\_rate=0.003",
                     "## Limits", "no emotion", "never seen a photograph", "## How to cite", "Nothing that this file knows of"):
            self.assertIn(text, card)
        self.assertNotIn("threads=", card)
        self.assertEqual(parts(self.model)[0]["user.card"], card)

    def test_the_same_where_it_was_resumed(self):
        out, checkpoint = self.path("r.safetensors"), self.path("c")
        self.fine("train", *self.common, "--out", out, "--checkpoint", checkpoint, "--quiet", *settings(epochs=1, learning_rate=0.003))
        again = self.path("again.safetensors")
        self.fine("train", *self.common, "--out", again, "--resume", checkpoint, "--quiet", *settings(epochs=1))
        with open(out, "rb") as one, open(again, "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_figures(self):
        copy, answers = self.path("figures.safetensors"), self.path("answers.csv")
        with open(self.model, "rb") as file, open(copy, "wb") as to:
            to.write(file.read())
        self.fine("eval", "--model", copy, *self.common, "--answers", answers, "--quiet")
        card = self.fine("card", copy, "--evaluation", answers).stdout
        self.assertIn("By `clile eval`, on 32 images", card)
        self.assertIn("AUC", card)
        self.assertNotIn("Nothing that this file knows of", card)
        self.assertEqual(parts(copy)[1], parts(self.model)[1])
        self.assertEqual(self.fine("card", copy).stdout, card)
        self.fine("train", *self.common, "--out", copy, "--quiet", *settings(epochs=1))  # other weights
        self.assertIn("Nothing that this file knows of", self.fine("card", copy).stdout)
        self.fails("nowhere.csv", "card", self.model, "--evaluation", "nowhere.csv")

    def test_of_one_s_own(self):
        copy, text = self.path("own.safetensors"), self.path("own.md")
        with open(self.model, "rb") as file, open(copy, "wb") as to:
            to.write(file.read())
        with open(text, "w", encoding="utf-8") as file:
            file.write("# Mine\n\nAll of it.\n")
        self.assertEqual(self.fine("card", copy, "--set", text).stdout, "# Mine\n\nAll of it.\n")
        self.assertEqual(self.fine("card", copy).stdout, "# Mine\n\nAll of it.\n")
        self.assertEqual(parts(copy)[1], parts(self.model)[1])
        with open(text, "w", encoding="utf-8") as file:
            file.write("Mine")
        self.fails("own.md", "card", copy, "--set", text)
        self.fails("no-such-file", "card", copy, "--set", self.path("no-such-file"))
        self.usage("cannot be combined", "card", copy, "--set", text, "--evaluation", text)
        self.usage("one model at a time", "card", copy, copy)
        self.usage("name the model", "card", "--set", text)

    def test_names_are_no_markup(self):
        subjects = self.path("a|b*<script>x_.txt")
        folds = [fold["test_subjects"] for fold in self.fine_json("data", self.data, "--protocol", "kfold:3")["folds"]]
        with open(subjects, "w", encoding="utf-8") as file:
            file.writelines(f"{k}: {names}\n" for k, names in enumerate(folds, 1))
        out = self.path("names.safetensors")
        done = cli.clile("train", "--data", self.data, "--protocol", f"file:{subjects}", "--fold", "1", "--out", out, "--quiet", *settings(epochs=1))
        self.assertEqual(done.returncode, 0, done.stderr)
        card = self.fine("card", out).stdout
        self.assertIn("a\\|b\\*&lt;script&gt;x\\_.txt", card)
        self.assertNotIn("<script>", card)


if __name__ == "__main__":
    unittest.main()
