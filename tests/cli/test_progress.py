"""Long work shows progress with the time left: on a terminal one line in place, elsewhere a line a minute, with --quiet nothing."""
import os
import pty
import re
import subprocess
import unittest

import cli
from cli import CommandTest, settings

CLOCK = os.environ["CLILE_FAST_CLOCK"]
LINE = r"^[^\r\n]*\d+/\d+  [^\r\n]* left$"


class Progress(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("progress")
        cls.data = cli.draw(cls.path("faces"), subjects=6, tasks=4, frames=20)
        done = cli.clile("train", "--data", cls.data, "--out", cls.path("m.safetensors"), "--quiet", *settings(epochs=1))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def works(self):
        """What may take long, each with as many images as takes more than a minute of the fast clock."""
        return {"synth": ["synth", self.path(self.id().rsplit(".", 1)[1]), "--subjects", 20, "--tasks", 4, "--frames", 20, "--size", 48],
                "pack": ["pack", "--data", self.data, "--out", self.path("p.safetensors"), "--set", "image_size=112", "--set", "threads=1"],
                "eval": ["eval", "--model", self.path("m.safetensors"), "--data", self.data, "--set", "threads=1"],
                "predict": ["predict", "--model", self.path("m.safetensors"), "--crop", "--csv", "--set", "threads=1", self.data],
                "predict a list": ["predict", "--model", self.path("m.safetensors"), "--crop", *self.images()],
                "export": ["export", self.path("m.safetensors"), "--int8", "--calibrate", self.data, "--images", 480, "--out", self.path("q.safetensors")],
                "train": ["train", "--data", self.data, "--out", self.path("t.safetensors"), *settings(epochs=1, epochs_stage1=1, batch=8, threads=1)]}

    def images(self):
        return sorted(os.path.join(folder, name) for folder, _, names in os.walk(self.data) for name in names if name.endswith(".png"))

    def errors(self, arguments):
        done = subprocess.run([cli.COMMAND, *map(str, arguments)], env=dict(os.environ, LD_PRELOAD=CLOCK), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def test_a_line_a_minute(self):
        for name, arguments in self.works().items():
            with self.subTest(name):
                found = self.errors(arguments)
                self.assertTrue(re.search(LINE, found, re.M), found)
                self.assertNotIn("\r", found)
                self.assertNotIn("\033", found)

    def test_nothing_when_quiet(self):
        for name, arguments in self.works().items():
            with self.subTest(name):
                self.assertFalse(re.search(LINE, self.errors([*arguments, "--quiet"]), re.M))

    def test_in_place_on_a_terminal(self):
        for name, arguments in self.works().items():
            with self.subTest(name):
                ours, theirs = pty.openpty()
                process = subprocess.Popen([cli.COMMAND, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
                os.close(theirs)
                said = b""
                while True:
                    try:
                        part = os.read(ours, 65536)
                    except OSError:
                        break
                    if not part:
                        break
                    said += part
                os.close(ours)
                self.assertEqual(process.wait(60), 0, said)
                self.assertIn(b"\r", said)
                self.assertRegex(said.decode(), r"left\x1b\[K")

    def test_one_image_needs_none(self):
        self.assertEqual(self.errors(["predict", "--model", self.path("m.safetensors"), "--crop", self.images()[0]]), "")

    def test_all_of_files_and_folders_are_counted(self):
        one = self.images()[0]
        said = self.errors(["predict", "--model", self.path("m.safetensors"), "--crop", one, self.data, one])
        self.assertRegex(said, rf"predicting  \d+/{len(self.images()) + 2}  ")


if __name__ == "__main__":
    unittest.main()
