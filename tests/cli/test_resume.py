"""train --checkpoint and --resume: stopped anywhere, by Ctrl-C or killed, training continues with the printed command line, to the same bits."""
import filecmp
import os
import re
import signal
import subprocess
import unittest

import cli
from cli import CommandTest, settings

FOLDS = (1, 2, 3)


class Resume(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("resume")
        cls.data = cli.draw(os.path.join(cls.folder, "faces of six"))
        cls.common = ["train", "--data", cls.data, "--protocol", "bp4d", "--fold", "all", *settings(epochs=6, threads=1)]
        whole = cli.clile(*cls.common, "--out", os.path.join(cls.folder, "whole.safetensors"), "--quiet")
        if whole.returncode != 0:
            raise RuntimeError(whole.stderr)

    def path(self, name):
        return os.path.join(self.folder, name)

    def place(self, name):
        """A folder for the models and checkpoints of one test, whose name needs quotes."""
        path = self.path(f"it's {name}")
        os.makedirs(path)
        return path

    def stop(self, command, line, number, how):
        """Runs until the number-th line of progress that matches; (exit code, stderr)."""
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True, shell=isinstance(command, str))
        said = []
        for text in process.stderr:
            said.append(text)
            if re.match(line, text):
                number -= 1
                if number == 0:
                    process.send_signal(how)
        process.stderr.close()
        return process.wait(60), "".join(said)

    def next_command(self, said):
        lines = said.splitlines()
        self.assertEqual(lines[-2], "clile: continue with", said)
        return lines[-1].strip()

    def same_models(self, folder):
        for fold in FOLDS:
            self.assertTrue(filecmp.cmp(self.path(f"whole.fold{fold}.safetensors"), os.path.join(folder, f"model.fold{fold}.safetensors"), shallow=False), f"{folder}, fold {fold}")

    PLACES = (("stage 1  epoch 1/", 1), ("stage 1  epoch 2/", 1), ("stage 2  epoch 3/", 1), ("stage 2  epoch 6/", 1), ("bp4d fold 2", 1), ("stage 1  epoch 2/", 2),
              ("stage 2  epoch 1/", 3), ("stage 2  epoch 6/", 3))

    def test_interrupted_anywhere(self):
        for k, (line, number) in enumerate(self.PLACES):
            with self.subTest(line=line, number=number):
                folder = self.place(f"place {k}")
                code, said = self.stop([cli.COMMAND, *self.common, "--out", os.path.join(folder, "model.safetensors"), "--checkpoint", os.path.join(folder, "c")], line, number, signal.SIGINT)
                if number < 3 or "6/" not in line:  # after the very last step there is nothing left to stop
                    self.assertEqual(code, 1, said)
                if code != 0:
                    done = subprocess.run(self.next_command(said), shell=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    before = {"stage 1  epoch 1/": 0, "bp4d fold 2": 1}.get(line, number - 1)
                    self.assertGreaterEqual(done.stderr.count("finished before"), before)
                self.same_models(folder)

    def test_killed_anywhere(self):
        for k, (line, number) in enumerate(self.PLACES[1::2]):
            with self.subTest(line=line, number=number):
                folder = self.place(f"killed {k}")
                command = [cli.COMMAND, *self.common, "--out", os.path.join(folder, "model.safetensors"), "--checkpoint", os.path.join(folder, "c")]
                code, said = self.stop(command, line, number, signal.SIGKILL)
                self.assertIn(code, (-signal.SIGKILL, 0), said)
                self.fine(*command[1:], "--resume", os.path.join(folder, "c"))
                self.same_models(folder)

    def test_interrupted_again_and_again(self):
        folder = self.place("again")
        command = [cli.COMMAND, *self.common, "--out", os.path.join(folder, "model.safetensors"), "--checkpoint", os.path.join(folder, "c")]
        code, stops = 1, 0
        while code != 0:
            self.assertLess(stops, 60)
            code, said = self.stop(command, "stage .  epoch [13]/", 1, signal.SIGINT)
            if code != 0:
                command = "exec " + self.next_command(said)
                stops += 1
        self.assertGreater(stops, 3)
        self.same_models(folder)

    def test_finished_runs(self):
        """A finished run is recognised, written to the new --out, and continued if there are more epochs."""
        folder = self.place("finished")
        out, checkpoint = os.path.join(folder, "model.safetensors"), os.path.join(folder, "c")
        self.fine(*self.common, "--out", out, "--checkpoint", checkpoint)
        os.remove(os.path.join(folder, "model.fold2.safetensors"))
        again = self.fine(*self.common, "--out", out, "--checkpoint", checkpoint, "--resume", checkpoint)
        self.assertEqual(again.stderr.count("finished before"), 3)
        self.assertNotIn("stage", again.stderr)
        self.same_models(folder)
        os.remove(checkpoint + ".fold3")  # as if it had not been started
        again = self.fine(*self.common, "--out", out, "--resume", checkpoint)
        self.assertEqual(again.stderr.count("finished before"), 2)
        self.same_models(folder)
        longer = self.fine_json("train", "--data", self.data, "--protocol", "bp4d", "--fold", 1, "--out", out, "--resume", checkpoint + ".fold1", "--quiet", *settings(epochs=7, threads=1))
        self.assertEqual(longer["runs"][0]["stage2"]["steps"], 7 * 4)
        self.assertNotIn("stage1", longer["runs"][0])

    def test_a_new_run_ends_the_checkpoints_of_an_earlier_one(self):
        folder = self.place("stale")
        out, checkpoint = os.path.join(folder, "model.safetensors"), os.path.join(folder, "c")
        other = ["train", "--data", self.data, "--protocol", "bp4d", "--fold", "all", "--out", out, "--checkpoint", checkpoint, "--quiet", *settings(epochs=6, threads=1, learning_rate=0.01)]
        self.fine(*other)
        code, said = self.stop([cli.COMMAND, *self.common, "--out", out, "--checkpoint", checkpoint], "stage 1  epoch 1/", 1, signal.SIGINT)
        self.assertEqual(code, 1, said)
        subprocess.run(self.next_command(said), shell=True, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        self.same_models(folder)

    def test_what_was_said_is_compared(self):
        folder = self.place("said")
        out, checkpoint = os.path.join(folder, "model.safetensors"), os.path.join(folder, "c")
        run = ["train", "--data", self.data, "--out", out, "--quiet"]
        fold = ["--protocol", "kfold:3", "--fold", 1]
        self.fine(*run, *fold, "--checkpoint", checkpoint, *settings(method="bce"))
        os.remove(out)

        def resume(*arguments, **changes):
            return [*run, "--resume", checkpoint, *arguments, *settings(method="bce", **changes)]

        self.fails("option image_size is 32 in the checkpoint, but 64 here", *resume(*fold, image_size=64))
        self.fails("option learning_rate is 0.002 in the checkpoint, but 0.5 here", *resume(*fold, learning_rate=0.5))
        self.fails("option box_margin is 0.22 in the checkpoint, but 0.5 here", *resume(*fold, box_margin=0.5))
        self.fails("made on crops with a margin of 2 pixels, but the data set here keeps 10: set crop_margin as it was", *resume(*fold, crop_margin=0.3))
        self.fails("option epochs is 1 here, but step 8 of 8 is done", *resume(*fold, epochs=1))
        self.fails("made on protocol kfold:3, fold 1, but the data set here is of protocol file:", *resume("--protocol", f"file:{self.subjects()}", "--fold", 1))
        self.fails("fold 1, but the data set here is of protocol kfold:3, fold 2", *resume("--protocol", "kfold:3", "--fold", 2))
        self.fails("fold 1, but the data set here is of protocol none, fold 0", *resume())
        other = cli.draw(self.path("others"), seed=2)
        self.fails("labels and targets CRC", *resume("--data", other, *fold))
        self.fails("--import is not given in the checkpoint, but weights.pth here", *resume(*fold, "--import", "elsewhere/weights.pth"))
        self.fails("nowhere", *run, *fold, "--resume", "nowhere")
        self.fails("no fold has a checkpoint (nowhere.fold1", *run, "--protocol", "kfold:3", "--fold", "all", "--resume", "nowhere")
        self.usage("must be the same file", *run, "--protocol", "kfold:3", "--fold", "all", "--resume", "a", "--checkpoint", "b")
        self.assertFalse(os.path.exists(out))
        self.fine(*resume(*fold, "--layout", "bp4d", cache_mb=1, threads=1))
        self.assertTrue(os.path.exists(out))

    def subjects(self):
        """The test part of kfold:3, fold 1, as a file of subjects."""
        parts = [fold["test_subjects"] for fold in self.fine_json("data", self.data, "--protocol", "kfold:3")["folds"]]
        path = self.path("subjects.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{k}: {part}\n" for k, part in enumerate(parts, 1))
        return path

    def test_without_a_checkpoint(self):
        code, said = self.stop([cli.COMMAND, *self.common, "--out", self.path("never.safetensors")], "stage 1  epoch 1/", 1, signal.SIGINT)
        self.assertEqual(code, 1)
        self.assertTrue(said.endswith("clile: without --checkpoint, the work since then is lost\n"), said)


if __name__ == "__main__":
    unittest.main()
