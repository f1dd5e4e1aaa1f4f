"""synth: the three layouts, the contact sheet, wrong usage."""
import csv
import filecmp
import json
import os
import struct
import subprocess
import time
import unittest

import cli
from cli import CommandTest

AUS = [1, 2, 4, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26]
SMALL = ["--subjects", "4", "--tasks", "2", "--frames", "3", "--size", "64"]


def tree(folder):
    return sorted(os.path.relpath(os.path.join(path, name), folder) for path, _, names in os.walk(folder) for name in names)


class Synth(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("synth")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def rows(self, *names):
        with open(self.path(*names), encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    def found(self, data, count):
        """What `data` says about it; nothing may be left out, every image has its landmarks."""
        summary = self.fine_json("data", self.path(data))
        self.assertEqual(summary["images"], count)
        for key, value in summary.items():
            if key.startswith(("labels_without", "images_without")):
                self.assertEqual(value, 0, key)
        return summary

    def test_bp4d(self):
        done = self.fine_json("synth", self.path("bp4d"), *SMALL)
        self.assertEqual((done["images"], done["subjects"], done["layout"], done["aus"], done["size"]), (24, 4, "bp4d", 16, 64))
        self.assertGreater(done["images_per_second"], 0)
        self.assertGreater(done["drawn_images_per_cpu_second"], done["images_per_second"] / 4)
        self.found("bp4d", 24)
        self.assertEqual(len(tree(self.path("bp4d"))), 24 + 8 + 8 + 1)  # data_kind
        labels = self.rows("bp4d", "AUCoding", "AU_OCC", "F001_T2.csv")
        self.assertEqual([row[0] for row in labels], ["0", "1", "2", "3"])
        for row in labels[1:]:
            for au, code in zip(labels[0][1:], row[1:]):
                self.assertIn(code, "01" if int(au) in AUS else "9")
        points = self.rows("bp4d", "landmarks", "F001_T2.csv")
        self.assertEqual([len(row) for row in points], [137] * 4)
        for row in points[1:]:
            self.assertTrue(all(0 < float(value) < 64 * 1.03 for value in row[1:]))
        self.assertIn("fold 3", self.fine("data", self.path("bp4d"), "--protocol", "bp4d").stdout)

    def test_the_seed_is_the_data_set(self):
        for name, seed in (("one", 7), ("same", 7), ("other", 8)):
            self.fine("synth", self.path(name), *SMALL, "--seed", seed)
        names = tree(self.path("one"))
        self.assertEqual(names, tree(self.path("same")))
        self.assertEqual(filecmp.cmpfiles(self.path("one"), self.path("same"), names, shallow=False), (names, [], []))
        images = [name for name in names if name.endswith(".png")]
        self.assertEqual(filecmp.cmpfiles(self.path("one"), self.path("other"), images, shallow=False)[0], [])

    def test_disfa(self):
        self.fine("synth", self.path("disfa"), "--layout", "disfa", *SMALL)
        self.assertEqual([row["au"] for row in self.found("disfa", 24)["aus"]], [1, 2, 4, 6, 9, 12, 25, 26])
        self.assertEqual(len(tree(self.path("disfa"))), 24 + 4 * len(AUS) + 4 + 1)
        levels = set()
        for au in AUS:
            rows = self.rows("disfa", "ActionUnit_Labels", "SN002", f"SN002_au{au}.txt")
            self.assertEqual([row[0] for row in rows], [str(frame) for frame in range(1, 7)])
            levels.update(row[1] for row in rows)
        self.assertLessEqual(levels, set("012345"))
        self.assertTrue(os.path.exists(self.path("disfa", "img", "SN002", "0.png")))
        self.assertEqual([row[0] for row in self.rows("disfa", "landmarks", "SN002.csv")], ["frame", "0", "1", "2", "3", "4", "5"])
        self.assertIn("fold 3", self.fine("data", self.path("disfa"), "--protocol", "disfa").stdout)

    def test_disfa_levels_are_the_labels_of_bp4d(self):
        self.fine("synth", self.path("levels"), "--layout", "disfa", *SMALL)
        self.fine("synth", self.path("codes"), *SMALL)
        # subject 0 is F001 and SN002; DISFA's frame 4 is frame 1 of task 2
        header, row = self.rows("codes", "AUCoding", "AU_OCC", "F001_T2.csv")[:2]
        for au in AUS:
            level = int(self.rows("levels", "ActionUnit_Labels", "SN002", f"SN002_au{au}.txt")[3][1])
            self.assertEqual(int(row[header.index(str(au))]), int(level >= 2), f"AU {au}")
        self.assertTrue(filecmp.cmp(self.path("levels", "img", "SN002", "3.png"), self.path("codes", "Sequences", "F001", "T2", "0001.png"), shallow=False))

    def test_pack(self):
        done = self.fine_json("synth", self.path("p.safetensors"), "--layout", "pack", *SMALL)
        self.assertEqual((done["images"], done["subjects"], done["layout"]), (24, 4, "pack"))
        self.found("p.safetensors", 24)
        self.fine("data", self.path("p.safetensors"), "--verify")
        with open(self.path("p.safetensors"), "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        self.assertEqual(header["images"]["shape"], [24, 72, 72, 3])
        self.assertEqual(header["__metadata__"]["au_ids"], ",".join(map(str, AUS)))
        self.assertEqual(header["__metadata__"]["image_names"].split("\n")[:2], ["F001/T1/0001.png", "F001/T1/0002.png"])
        self.assertEqual(header["__metadata__"]["made_from"], "layout=synth seed=1 subjects=4 tasks=2 frames=3 size=64")

    def test_any_number_of_subjects(self):
        self.fine("synth", self.path("many.safetensors"), "--layout", "pack", "--subjects", "50", "--tasks", "1", "--frames", "1", "--size", "32")
        self.assertEqual(len(self.found("many.safetensors", 50)["subjects"]), 50)

    def test_sheet(self):
        done = self.fine_json("synth", "--sheet", self.path("sheet.png"), "--size", "32")
        self.assertEqual((done["out"], done["images"]), (None, 0))
        with open(self.path("sheet.png"), "rb") as file:
            self.assertEqual(struct.unpack_from(">II", file.read(32), 16), (64 + 9 * 32, 24 + 16 * 32))

    def test_a_folder_that_holds_something_is_left_alone(self):
        os.makedirs(self.path("full"))
        with open(self.path("full", "mine.txt"), "w", encoding="utf-8") as file:
            file.write("mine")
        self.fails("is not empty", "synth", self.path("full"), *SMALL)
        self.assertEqual(os.listdir(self.path("full")), ["mine.txt"])
        self.fails("No such file or directory", "synth", self.path("none", "faces"), *SMALL)
        self.fails("cannot be written", "synth", self.path("none", "p.safetensors"), "--layout", "pack", *SMALL)

    def test_it_can_be_stopped(self):
        child = subprocess.Popen([cli.COMMAND, "synth", self.path("stopped"), "--frames", "1000", "--size", "32"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        while not os.path.exists(self.path("stopped", "Sequences", "F001", "T1", "0001.png")):
            time.sleep(0.01)
        child.terminate()
        self.assertIn("clile: stopped after ", child.communicate(timeout=60)[1])
        self.assertEqual(child.returncode, 1)

    def test_usage(self):
        out = self.path("never")
        self.usage("OUT is missing", "synth")
        self.usage("one OUT", "synth", out, out)
        self.usage('--layout is "list", expected bp4d, disfa or pack', "synth", out, "--layout", "list")
        self.usage("--size: 31, expected 32 to 1024", "synth", out, "--size", "31")
        self.usage("--subjects: 0, expected 1 to", "synth", out, "--subjects", "0")
        self.usage("--frames: 0", "synth", out, "--frames", "0")
        self.usage("images: 1000000000", "synth", out, "--subjects", "100000", "--tasks", "100", "--frames", "100")
        self.assertFalse(os.path.exists(out))


if __name__ == "__main__":
    unittest.main()
