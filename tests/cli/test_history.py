"""train --history: which file, what is in it, and that an interrupted run ends with the same lines."""
import json
import os
import signal
import subprocess
import unittest

import cli
from cli import CommandTest, settings

TIMES = ("images_per_second", "seconds", "time")


def lines(path, times=False):
    with open(path, encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    return found if times else [{key: value for key, value in line.items() if key not in TIMES} for line in found]


class History(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("history")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"))
        cls.common = ["train", "--data", cls.data, *settings(epochs=4, threads=1, validation=0.3)]
        done = cli.clile(*cls.common, "--out", cls.path("whole.safetensors"), "--json")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.said = json.loads(done.stdout)

    @classmethod
    def path(cls, *name):
        return os.path.join(cls.folder, *name)

    def test_beside_the_model(self):
        whole = lines(self.path("whole.history.jsonl"), times=True)
        self.assertEqual([(line["stage"], line["epoch"]) for line in whole], [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (2, 4)])
        with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "history.md"), encoding="utf-8") as page:
            shown = json.loads(page.read().split("```json\n")[1].split("```")[0])
        for line in whole:
            self.assertEqual(list(line), list(shown))
        last, said = whole[-1], self.said["runs"][0]["stage2"]
        for key in ("loss", "loss_bce", "loss_contra", "loss_elimination", "validation_f1", "validation_auc"):
            self.assertAlmostEqual(last[key], said[key], 5, key)
        self.assertIsNone(whole[0]["loss_elimination"])
        self.assertIsNone(last["loss_points"])
        self.assertTrue(all(line["seconds"] > 0 and line["images_per_second"] > 0 for line in whole))
        self.assertEqual(len({line["run"] for line in whole}), 1)

    def test_quiet_runs_validate_too(self):
        self.fine(*self.common, "--out", self.path("quiet"), "--quiet")  # not named .safetensors
        self.assertEqual(lines(self.path("quiet.history.jsonl")), lines(self.path("whole.history.jsonl")))

    def test_named_or_none(self):
        os.makedirs(self.path("named"))
        os.makedirs(self.path("out"))
        self.fine(*self.common, "--out", self.path("out", "m.safetensors"), "--history", self.path("named", "h.jsonl"), "--quiet")
        self.assertEqual(lines(self.path("named", "h.jsonl")), lines(self.path("whole.history.jsonl")))
        self.fine(*self.common, "--out", self.path("out", "m.safetensors"), "--history", "none", "--quiet")
        self.assertEqual(os.listdir(self.path("out")), ["m.safetensors"])
        self.usage("is also the model", *self.common, "--out", self.path("a"), "--history", self.path("a"))
        self.usage("is also the checkpoint", *self.common, "--out", self.path("a"), "--checkpoint", self.path("b"), "--history", self.path("b"))
        self.fails("no-such-folder", *self.common, "--out", self.path("a"), "--history", self.path("no-such-folder", "h"))
        model = self.path("out", "m.safetensors")
        with open(model, "rb") as file:
            before = file.read()
        self.fails(f"{model}: line 1 is not a line of a history", *self.common, "--out", self.path("a"), "--history", model)
        with open(model, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_a_fold_has_its_own(self):
        self.fine("train", "--data", self.data, "--protocol", "bp4d", "--fold", "all", "--out", self.path("folds.safetensors"), "--quiet", *settings(epochs=1, epochs_stage1=1))
        for fold in (1, 2, 3):
            found = lines(self.path(f"folds.fold{fold}.history.jsonl"))
            self.assertEqual([(line["protocol"], line["fold"], line["stage"]) for line in found], [("bp4d", fold, 1), ("bp4d", fold, 2)])

    def test_interrupted_or_killed(self):
        for how in (signal.SIGINT, signal.SIGKILL):
            for line in ("stage 1  epoch 1/", "stage 2  epoch 2/"):
                with self.subTest(how=how, line=line):
                    folder = self.path(f"{how} {line[6]}")
                    os.makedirs(folder)
                    command = [*self.common, "--out", os.path.join(folder, "m.safetensors"), "--checkpoint", os.path.join(folder, "c")]
                    process = subprocess.Popen([cli.COMMAND, *command], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
                    for text in process.stderr:
                        if text.startswith(line):
                            process.send_signal(how)
                            break
                    process.stderr.close()
                    self.assertNotEqual(process.wait(60), 0)
                    resume = ["--resume", os.path.join(folder, "c")] if os.path.exists(os.path.join(folder, "c")) else []
                    self.fine(*command, *resume, "--quiet")
                    self.assertEqual(lines(os.path.join(folder, "m.history.jsonl")), lines(self.path("whole.history.jsonl")))

    def test_of_another_run(self):
        checkpoint, out = self.path("c"), self.path("other.safetensors")
        self.fine(*self.common, "--out", out, "--checkpoint", checkpoint, "--quiet")
        self.fine("train", "--data", self.data, "--out", out, "--quiet", *settings(seed=2, epochs=1))  # replaces the history
        longer = ["train", "--data", self.data, *settings(epochs=5, threads=1, validation=0.3), "--out", out, "--resume", checkpoint, "--quiet"]
        self.fails("but the checkpoint is of run", *longer)
        self.fine(*longer, "--history", self.path("named.jsonl"))
        self.assertEqual([line["epoch"] for line in lines(self.path("named.jsonl"))], [5])


if __name__ == "__main__":
    unittest.main()
