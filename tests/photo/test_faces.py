"""examples/photo-model/faces.py: what action units do to a face, and a handful of rendered pictures.

test_faces.py FOLDER CLILE SCRATCH; the face model is $CLILE_FACES/ictface/model.npz.
"""
import csv
import json
import os
import shutil
import subprocess
import sys
import unittest

import numpy as np
from PIL import Image

FOLDER, CLILE, SCRATCH = sys.argv[1:4]
HEAD = os.path.join(os.environ.get("CLILE_FACES", ""), "ictface", "model.npz")
if not os.path.exists(HEAD):
    print("LEFT OUT: photo/faces: no face model (ictface/model.npz below CLILE_FACES)")
    sys.exit(77)
sys.path.insert(0, FOLDER)
import actions  # noqa: E402
import faces  # noqa: E402
import head  # noqa: E402
import person  # noqa: E402


def render(out, *more):
    return subprocess.run([sys.executable, os.path.join(FOLDER, "faces.py"), HEAD, out, "--seed", "5", *more],
                          check=True, capture_output=True, text=True).stdout


def content(out):
    found = {}
    for where, _, names in os.walk(out):
        for name in names:
            if not name.endswith(".npz"):                # zip members carry the time
                with open(os.path.join(where, name), "rb") as fh:
                    found[os.path.relpath(os.path.join(where, name), out)] = fh.read()
    return found


class Units(unittest.TestCase):
    """The landmarks of the mean face when one action unit is shown at full strength."""

    @classmethod
    def setUpClass(cls):
        cls.head = head.Model(HEAD, tex_n=32)
        cls.at_rest = cls.points()

    @classmethod
    def points(cls, *units):
        actor = faces.Actor(None, np.random.default_rng(1))
        actor.gain, actor.rig = {a: 1.0 for a in faces.AUS}, actions.RIG
        actor.bias = actor.asym = {a: 0.0 for a in faces.AUS}
        actor.lid_droop = 0.0
        w, _ = actions.weights(cls.head, actor, {a: 1.0 for a in units}, set(units), np.random.default_rng(2), 0, {},
                               person.WRINKLES)
        return cls.head.express(cls.head.mean, w)[cls.head.landmarks]

    def moved(self, index, axis, *units):
        return float((self.points(*units) - self.at_rest)[index, axis].mean())

    @staticmethod
    def lips(p):
        """Gap between the lips, height of the upper and of the lower red, width of the mouth."""
        return (p[[61, 62, 63], 1] - p[[67, 66, 65], 1]).mean(), p[51, 1] - p[62, 1], p[66, 1] - p[57, 1], p[54, 0] - p[48, 0]

    def test_brows(self):
        inner, outer = [21, 22], [18, 25]
        self.assertGreater(self.moved(inner, 1, 1), .5)
        self.assertGreater(self.moved(inner, 1, 1), 2 * self.moved(outer, 1, 1))
        self.assertGreater(self.moved(outer, 1, 2), .6)
        self.assertLess(self.moved(inner, 1, 4), -.3)
        apart = lambda *u: float(np.ptp(self.points(*u)[inner, 0]))
        self.assertLess(apart(4), apart() - .3)
        self.assertLess(apart(1, 4), apart() - .3)        # drawn together, and the inner corner stays up
        self.assertGreater(self.moved(inner, 1, 1, 4), .3)

    def test_eyes(self):
        opening = lambda p: float((p[[37, 38, 43, 44], 1] - p[[41, 40, 47, 46], 1]).mean())
        rest = opening(self.at_rest)
        self.assertGreater(opening(self.points(5)), 1.25 * rest)
        self.assertLess(opening(self.points(7)), .75 * rest)
        self.assertLess(opening(self.points(6)), .9 * rest)

    def test_mouth(self):
        corners = [48, 54]
        self.assertGreater(self.moved(corners, 1, 12), .6)
        self.assertLess(self.moved(corners, 1, 15), -.5)
        rest = self.lips(self.at_rest)
        self.assertGreater(self.lips(self.points(20))[3], 1.15 * rest[3])
        self.assertLess(abs(self.moved(corners, 1, 20)), .35)
        self.assertGreater(self.moved([57], 1, 17), .3)
        self.assertGreater(self.moved([51], 1, 10), .4)
        self.assertGreater(self.moved([31, 35], 1, 9), .15)
        for unit in (23, 24):                              # the red of the lips narrows
            _, upper, lower, _ = self.lips(self.points(unit))
            self.assertLess(upper + lower, .75 * (rest[1] + rest[2]), unit)
        self.assertLess(self.lips(self.points(23))[3], self.lips(self.points(24))[3])
        self.assertLess(self.moved([8], 1, 25, 26), -.8)

    def test_lips_part_with_25_alone(self):
        rest = self.lips(self.at_rest)[0]
        for unit in faces.AUS:
            if unit not in (25, 26):
                self.assertLess(self.lips(self.points(unit))[0], rest + .12, unit)
                self.assertGreater(self.lips(self.points(unit))[0], -.35, unit)
        for units in ((25,), (12, 25), (10, 25), (25, 26)):
            self.assertGreater(self.lips(self.points(*units))[0], .3, units)

    def test_sampler(self):
        rng = np.random.default_rng(3)
        shown = [actions.sample(rng) for _ in range(3000)]
        y = np.array([[a in on for a in faces.AUS] for _, on in shown])
        self.assertTrue(((y.mean(0) > .08) & (y.mean(0) < .45)).all(), y.mean(0))
        r = np.corrcoef(y.T.astype(float)) - np.eye(len(faces.AUS))
        r[faces.AUS.index(25), faces.AUS.index(26)] = r[faces.AUS.index(26), faces.AUS.index(25)] = 0
        self.assertLess(np.abs(r).max(), .5)              # no unit predicts another
        for w, on in shown:
            self.assertTrue(all(w[a] >= .3 for a in on) and all(w[a] <= .13 for a in faces.AUS if a not in on))
        self.assertEqual(actions.sample(rng, neutral=True)[1], set())


class Pictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = os.path.join(SCRATCH, "photo-faces")
        shutil.rmtree(cls.out, ignore_errors=True)
        render(cls.out, "--people", "2", "--images", "4", "--jobs", "2")
        with open(os.path.join(cls.out, "manifest.csv"), newline="") as fh:
            cls.rows = list(csv.DictReader(fh))
        cls.targets = np.load(os.path.join(cls.out, "targets.npz"))

    def test_what_is_written(self):
        self.assertEqual(len(self.rows), 8)
        self.assertEqual({r["subject"] for r in self.rows}, {"p00000", "p00001"})
        for i, r in enumerate(self.rows):
            img = np.asarray(Image.open(os.path.join(self.out, r["image"])))
            self.assertEqual(img.shape, (160, 160, 3))
            self.assertGreater(img.std(), 5)
            lm = np.array([[float(r["x%d" % k]), float(r["y%d" % k])] for k in range(68)])
            self.assertTrue((lm > 0).all() and (lm < 160).all())
            np.testing.assert_allclose(self.targets["points"][i, :68], lm, atol=.01)
            if i % 4 < 2:
                self.assertEqual([r["AU%d" % a] for a in faces.AUS], ["0"] * 17)
        self.assertEqual(self.targets["points"].shape, (8, head.DENSE, 2))
        self.assertEqual(self.targets["blendshapes"].shape, (8, len(self.targets["names"])))

    def test_targets(self):
        """Points and blendshapes row for row, and each one's partner on the other side of the face."""
        with open(os.path.join(self.out, "targets.safetensors"), "rb") as fh:
            raw = fh.read()
        size = int.from_bytes(raw[:8], "little")
        tensors = json.loads(raw[8:8 + size])
        names = tensors.pop("__metadata__")["values"].split(",")
        t = {k: np.frombuffer(raw[8 + size:], {"F32": "<f4", "I32": "<i4"}[v["dtype"]], np.prod(v["shape"]),
                              v["data_offsets"][0]).reshape(v["shape"]) for k, v in tensors.items()}
        np.testing.assert_array_equal(t["points"], self.targets["points"])     # each has a partner
        all_names = list(self.targets["names"])
        np.testing.assert_array_equal(t["values"], self.targets["blendshapes"][:, [all_names.index(n) for n in names]])
        self.assertGreater(len(names), 20)
        for mirror in (t["points_mirror"], t["values_mirror"]):
            np.testing.assert_array_equal(mirror[mirror], np.arange(len(mirror)))
        flip = t["points_mirror"]
        self.assertEqual([int(flip[k]) for k in (0, 17, 27, 36, 31, 48, 51, 60, 62)], [16, 26, 27, 45, 35, 54, 51, 64, 62])
        rest = head.Model(HEAD, tex_n=32)
        place = rest.mean[rest.dense]
        np.testing.assert_allclose(place[flip] * [-1, 1, 1], place, atol=.05)
        for name, other in (("browDown_L", "browDown_R"), ("jawLeft", "jawRight"), ("jawOpen", "jawOpen")):
            if name in names:
                self.assertEqual(names[t["values_mirror"][names.index(name)]], other)
        r = subprocess.run([CLILE, "data", self.out, "--set", "targets=targets.safetensors"], check=True, capture_output=True, text=True)
        self.assertIn("targets: %d points and %d values an image" % (head.DENSE, len(names)), r.stdout)

    def test_the_same_again(self):
        """One process, stopped in the middle: the same files."""
        again = os.path.join(SCRATCH, "photo-faces-again")
        shutil.rmtree(again, ignore_errors=True)
        render(again, "--people", "1", "--images", "4", "--jobs", "1")
        render(again, "--people", "2", "--images", "4", "--jobs", "1")
        self.assertEqual(content(again), content(self.out))
        with np.load(os.path.join(again, "targets.npz")) as t:
            for k in t.files:
                np.testing.assert_array_equal(t[k], self.targets[k])

    def test_clile_reads_it(self):
        r = subprocess.run([CLILE, "data", self.out, "--json"], check=True, capture_output=True, text=True)
        d = json.loads(r.stdout)
        self.assertEqual((d["images"], [v["subject"] for v in d["subjects"]]), (8, ["p00000", "p00001"]))
        self.assertEqual(np.sum([v["present"] for v in d["subjects"]], 0).tolist(),
                         [sum(int(r["AU%d" % a]) for r in self.rows) for a in faces.AUS])
        with open(os.path.join(self.out, "data_kind")) as fh:
            self.assertEqual(fh.read(), "rendered\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
