"""Warnings that a data set carries, and the count of what was left out, are on stderr of each command that uses it."""
import json
import os
import struct
import unittest
import zlib

import cli
from cli import CommandTest, settings

WARNING = "clile: warning: both numberings fit equally well"


def write_png(path, grey, side=24):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = (b"\0" + bytes([grey]) * side) * side
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_sequences(folder):
    """Two videos of eight images with labels for six of them: images numbered from 0 fit as well as from 1."""
    for name in ("anna", "ben"):
        os.makedirs(os.path.join(folder, name))
        for k in range(1, 9):
            write_png(os.path.join(folder, name, f"{k:04}.png"), 20 * k)
        with open(os.path.join(folder, name + ".csv"), "w") as file:
            file.write("frame,success,AU01_c\n" + "".join(f"{k},{int(k != 6)},{k % 2}\n" for k in range(2, 8)))


class Warnings(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("warnings")
        cls.data = os.path.join(cls.folder, "data")
        write_sequences(cls.data)

    def path(self, name):
        return os.path.join(self.folder, name)

    def warned(self, *arguments, counts=True):
        done = self.fine(*arguments)
        self.assertEqual(done.stderr.count(WARNING), 1, done.stderr)
        self.assertNotIn("warning:", done.stdout)
        if counts:
            self.assertRegex(done.stderr, r"clile: left out: \d+ images without label row")
            self.assertIn("clile: left out: 2 label rows that say that no face was found", done.stderr)
        return done

    def test_every_command(self):
        model, pack = self.path("m.safetensors"), self.path("p.safetensors")
        self.warned("train", "--data", self.data, "--out", model, "--quiet", *settings(batch=4))
        done = self.warned("train", "--data", self.data, "--out", model, "--json", "--quiet", *settings(batch=4))
        json.loads(done.stdout)
        self.warned("pack", "--data", self.data, "--out", pack, "--quiet", "--set", "image_size=32")
        self.warned("eval", "--model", model, "--data", self.data, "--quiet", "--no-probe")
        self.warned("export", model, "--int8", "--calibrate", self.data, "--out", self.path("i.safetensors"))
        # a pack carries its folder's warnings
        self.warned("train", "--data", pack, "--out", self.path("q.safetensors"), "--quiet", *settings(batch=4))
        self.warned("eval", "--model", model, "--data", pack, "--quiet", "--no-probe")
        self.warned("pack", "--data", pack, "--out", self.path("r.safetensors"), "--quiet", "--set", "image_size=32")
        self.warned("eval", "--model", model, "--data", self.path("r.safetensors"), "--quiet", "--no-probe")

    def test_data(self):
        done = self.fine("data", self.data)
        self.assertIn("warning: both numberings fit equally well", done.stdout)
        self.assertEqual(done.stderr, "")
        done = self.fine("data", self.data, "--json")
        self.assertIn(WARNING, done.stderr)
        self.assertIn("warning: both numberings fit equally well", json.loads(done.stdout)["notes"])

    def test_nothing_to_warn_of(self):
        data = cli.draw(self.path("faces"), subjects=2, tasks=1, frames=4)
        done = self.fine("pack", "--data", data, "--out", self.path("s.safetensors"), "--quiet", "--set", "image_size=32")
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
