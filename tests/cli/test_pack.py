"""pack, and data and train on packs."""
import filecmp
import json
import os
import struct
import unittest

import cli
from cli import CommandTest, settings


class Pack(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("pack")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def pack(self, name):
        return self.fine_json("pack", "--data", self.data, "--out", self.path(name), "--set", "image_size=32", "--set", "threads=1")

    def test_a_pack_trains_the_same_model(self):
        done = self.pack("p.safetensors")
        self.assertEqual((done["images"], done["subjects"], done["aus"], done["image_size"]), (96, 6, 12, 32))
        self.assertEqual(done["bytes"], os.path.getsize(self.path("p.safetensors")))
        for data, out in ((self.data, "a.safetensors"), (self.path("p.safetensors"), "b.safetensors")):
            self.fine("train", "--data", data, "--protocol", "bp4d", "--fold", "1", "--out", self.path(out), *settings(threads=1))
        self.assertTrue(filecmp.cmp(self.path("a.safetensors"), self.path("b.safetensors"), shallow=False))
        self.fails("p.safetensors holds crops of 32 pixels, 48 were asked for",
                   "train", "--data", self.path("p.safetensors"), "--out", self.path("c.safetensors"), *settings(image_size=48))
        same = [self.fine_json("data", data, "--protocol", "bp4d") for data in (self.data, self.path("p.safetensors"))]
        for summary in same:
            del summary["data"]
        self.assertEqual(*same)

    def test_the_file(self):
        self.pack("f.safetensors")
        with open(self.path("f.safetensors"), "rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            header = json.loads(file.read(length))
        self.assertEqual(header["images"]["shape"], [96, 36, 36, 3])
        self.assertEqual(header["labels"]["shape"], [96, 12])
        self.assertEqual(header["__metadata__"]["format"], "clile-pack")
        self.assertEqual(len(header["__metadata__"]["image_names"].split("\n")), 96)

    def test_verify(self):
        path = self.path("v.safetensors")
        self.pack("v.safetensors")
        self.fine("data", path, "--verify")
        with open(path, "r+b") as file:
            file.seek(-2000, os.SEEK_END)  # a pixel of the last block: after it come 96 x 12 labels
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        self.fine("data", path)
        self.fails("v.safetensors is damaged: block 1 (images 64 to 95)", "data", path, "--verify")
        self.fails("is not a pack", "data", self.data, "--verify")

    def test_usage(self):
        self.usage("--data is missing", "pack", "--out", "p")
        self.usage("--out is missing", "pack", "--data", "d")
        self.usage("image_size", "pack", "--data", "d", "--out", "p", "--set", "image_size=8")
        self.fails("no-such-folder", "pack", "--data", "no-such-folder", "--out", "p")
        self.fails("no-such-folder", "pack", "--data", self.data, "--out", "no-such-folder/p")


if __name__ == "__main__":
    unittest.main()
