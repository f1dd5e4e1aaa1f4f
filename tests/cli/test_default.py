"""The model that comes with the library: `default`, and the one used when no model is named. It is found relative to the library, wherever that was moved;
missing and damaged files are reported. The finder is tests/face/stub.c, which takes the bright part of a picture for a face.

Environment: CLILE_LIBRARY_FILE, the library; CLILE_PREFIX_DATA, the data folder of the prefix that it was configured for."""
import csv
import io
import json
import os
import shutil
import subprocess
import unittest

import cli
from cli import CommandTest, clile, settings, write_png

LIBRARY = os.environ["CLILE_LIBRARY_FILE"]
SHARED = ".so" in os.path.basename(LIBRARY)
ELSEWHERE = os.path.join(os.environ["CLILE_PREFIX_DATA"], "clile", "photo.safetensors")


def picture(path, w, h, left, top, side):
    return write_png(path, w, h, [b"".join(b"\xf0\xf0\xf0" if left <= x < left + side and top <= y < top + side else b"\x20\x20\x20" for x in range(w))
                                  for y in range(h)])


class Tree:
    """An installation of the command with the library, without models."""

    def __init__(self, path, libdir="lib", finder=True):
        self.path, self.libdir = path, libdir
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(self.at("bin"))
        os.makedirs(self.at(libdir, "clile-1"))
        shutil.copy(cli.COMMAND, self.at("bin", "clile"))
        if SHARED:
            shutil.copy(LIBRARY, self.at(libdir, "libclile.so.1"))
        if finder:
            square = os.path.join(os.path.dirname(LIBRARY), "finder_square.so")
            for folder in (self.at(libdir, "clile-1"), self.at("bin")):  # a static library is in the program
                shutil.copy(square, os.path.join(folder, "finder_dlib.so"))

    def at(self, *parts):
        return os.path.join(self.path, *parts)

    def give(self, model):
        os.makedirs(self.at("share", "clile"), exist_ok=True)
        return shutil.copy(model, self.at("share", "clile", "photo.safetensors"))

    def run(self, *arguments, program=None, **keywords):
        environment = dict(os.environ, LD_LIBRARY_PATH=self.at(self.libdir), PATH=self.at("bin") + ":" + os.environ["PATH"])
        return subprocess.run([program or self.at("bin", "clile"), *map(str, arguments)], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
                              env=environment, check=False, **keywords)


class Default(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("default")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"))
        cls.model = os.path.join(cls.folder, "model.safetensors")
        done = clile("train", "--data", cls.data, "--layout", "bp4d", "--out", cls.model, "--quiet", *settings(method="bce", epochs=1))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.photo = picture(os.path.join(cls.folder, "photo.png"), 160, 120, 60, 20, 64)

    def tree(self, name, **keywords):
        return Tree(os.path.join(self.folder, name), **keywords)

    def rows(self, tree, *arguments, **keywords):
        done = tree.run("predict", "--csv", *arguments, self.photo, **keywords)
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def test_it_is_found_wherever_the_tree_is(self):
        tree = self.tree("here")
        tree.give(self.model)
        expected = self.rows(tree, "--model", self.model, "--finder", "dlib")
        self.assertEqual((expected[0]["success"], expected[0]["face"]), ("1", "1"))
        self.assertAlmostEqual(float(expected[0]["x"]), 60, delta=3)
        self.assertEqual(self.rows(tree), expected)
        self.assertEqual(self.rows(tree, "--model", "default"), expected)
        self.assertEqual(self.rows(tree, program="clile", cwd="/"), expected)  # found in PATH
        os.rename(tree.path, tree.path + "-moved")
        tree.path += "-moved"
        self.assertEqual(self.rows(tree), expected)
        link = os.path.join(self.folder, "link")
        if os.path.lexists(link):
            os.remove(link)
        os.symlink(tree.path, link)
        self.assertEqual(self.rows(tree, program=os.path.join(link, "bin", "clile")), expected)

    def test_it_is_found_in_debians_folders_and_beside_the_library(self):
        tree = self.tree("debian", libdir="lib/x86_64-linux-gnu")
        path = tree.give(self.model)
        expected = self.rows(tree)
        beside = tree.at("lib", "x86_64-linux-gnu") if SHARED else tree.at("bin")
        os.rename(path, os.path.join(beside, "photo.safetensors"))  # as in a wheel
        self.assertEqual(self.rows(tree), expected)

    def test_other_commands_take_it(self):
        tree = self.tree("commands")
        path = tree.give(self.model)
        told = json.loads(tree.run("info", "default", "--json").stdout)
        self.assertEqual(told, self.fine_json("info", self.model) | {"path": path, "file": path} if "path" in told else told)
        self.assertIn(path, tree.run("info", "default").stdout)
        out = tree.at("model.onnx")
        self.assertEqual(tree.run("export", "default", "--onnx", out).returncode, 0)
        self.assertTrue(os.path.getsize(out) > 1000)
        done = tree.run("eval", "--model", "default", "--data", self.data, "--layout", "bp4d")
        self.assertIn(path, done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_file_of_that_name(self):
        tree = self.tree("named")
        shutil.copy(self.model, tree.at("default"))
        self.assertEqual(len(self.rows(tree, "--model", "./default", "--finder", "dlib", cwd=tree.path)), 1)

    def test_missing(self):
        if os.path.exists(ELSEWHERE):
            self.skipTest(f"{ELSEWHERE} is installed")
        tree = self.tree("missing")
        where = os.path.realpath(tree.path)
        for arguments in (["predict", self.photo], ["predict", "--model", "default", "--csv", self.photo], ["info", "default"],
                          ["export", "default", "--onnx", tree.at("x.onnx")], ["eval", "--model", "default", "--data", self.data],
                          ["bench", "infer", "--model", "default"]):
            done = tree.run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (1, ""), (arguments, done.stderr))
            for text in ("not installed", "no photo.safetensors in", f"{where}/share/clile/", os.path.dirname(ELSEWHERE), "Debian: clile-model",
                         "or name a model"):
                self.assertIn(text, done.stderr, arguments)

    def test_damaged(self):
        tree = self.tree("damaged")
        path = tree.give(self.model)
        with open(path, "rb") as file:
            whole = file.read()
        middle = len(whole) * 3 // 4
        for name, content in (("empty", b""), ("cut", whole[:middle]), ("changed", whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:]),
                              ("another", b"\x89PNG" * 100)):
            with open(path, "wb") as file:
                file.write(content)
            done = tree.run("predict", self.photo)
            self.assertEqual((done.returncode, done.stdout), (1, ""), (name, done.stderr))
            self.assertIn(path, done.stderr, name)
        os.remove(path)
        os.makedirs(path)
        done = tree.run("predict", self.photo)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn(path, done.stderr)

    def test_without_a_finder(self):
        tree = self.tree("blind", finder=False)
        tree.give(self.model)
        done = tree.run("predict", self.photo)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        for text in ('finder "dlib" is not installed', "clile-finder", "say where the faces are"):
            self.assertIn(text, done.stderr)
        self.assertEqual(len(self.rows(tree, "--box", "60,20,64,64")), 1)
        self.assertEqual(len(self.rows(tree, "--crop")), 1)


if __name__ == "__main__":
    unittest.main()
