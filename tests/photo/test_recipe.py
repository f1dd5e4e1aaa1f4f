"""The programs of examples/photo-model that finish and judge models, on a handful of pictures.

test_recipe.py ROOT SCRATCH; CLILE_LIBRARY names the library; MODULE says whether the finder is built."""
import csv
import os
import re
import shutil
import subprocess
import sys
import unittest

import numpy as np
from PIL import Image

ROOT, SCRATCH = sys.argv[1:3]
RECIPE, MODELS = os.path.join(ROOT, "examples/photo-model"), os.path.join(ROOT, "examples/photo-model/model")
sys.path[:0] = [os.path.join(ROOT, "examples/python"), RECIPE]
import clile  # noqa: E402
import score  # noqa: E402

FIVE = np.array([[0.35, 0.40], [0.65, 0.40], [0.50, 0.571], [0.376, 0.747], [0.624, 0.747]])


def run(program, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.path.join(ROOT, "examples/python")}
    done = subprocess.run([sys.executable, os.path.join(RECIPE, program), *arguments], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


def write_rows(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


class Recipe(unittest.TestCase):
    def setUp(self):
        self.out = os.path.join(SCRATCH, "photo-recipe")
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)

    def path(self, name):
        return os.path.join(self.out, name)

    def test_programs_can_be_run(self):
        for name in sorted(os.listdir(RECIPE)):
            path = os.path.join(RECIPE, name)
            if name.endswith(".py") and open(path).read(2) == "#!":
                self.assertTrue(os.access(path, os.X_OK), f"{name}: make.sh and README.md run it by its name")

    def test_auc_is_the_share_of_pairs(self):
        rng = np.random.default_rng(1)
        value, positive = rng.integers(0, 9, 60).astype(float), rng.random(60) < 0.3
        gaps = value[positive][:, None] - value[~positive][None, :]
        self.assertAlmostEqual(score.auc(value, positive), ((gaps > 0) + (gaps == 0) / 2).mean(), 12)
        self.assertTrue(np.isnan(score.auc(value, positive & False)))

    def test_the_model_that_comes_with_it_has_these_thresholds(self):
        model = clile.Model.load(os.path.join(MODELS, "photo.safetensors"))
        with open(os.path.join(RECIPE, "thresholds.csv"), newline="") as file:
            offset = {int(row["AU"]): float(row["offset"]) for row in csv.DictReader(file)}
        self.assertEqual(sorted(offset), sorted(model.au_ids))
        np.testing.assert_allclose(model.decision.offset, [offset[au] for au in model.au_ids], atol=1e-6)
        self.assertEqual((model.get_metadata("mirror"), model.is_quantized), ("1", True))
        points = clile.Model.load(os.path.join(MODELS, "points.safetensors"))
        self.assertGreaterEqual(points.point_count, 68)
        self.assertLess(sum(os.path.getsize(os.path.join(MODELS, name)) for name in os.listdir(MODELS)), 2 << 20)

    def test_finish(self):
        before = clile.Model.load(os.path.join(MODELS, "photo.safetensors"))
        write_rows(self.path("t.csv"), [["AU", "offset"]] + [[au, -0.25 * k] for k, au in enumerate(before.au_ids)])
        run("finish.py", os.path.join(MODELS, "photo.safetensors"), self.path("m.safetensors"), os.path.join(RECIPE, "card.md"), "--thresholds", self.path("t.csv"))
        after = clile.Model.load(self.path("m.safetensors"))
        np.testing.assert_allclose(after.decision.offset, [-0.25 * k for k in range(len(before.au_ids))])
        np.testing.assert_array_equal(after.decision.slope, before.decision.slope)
        with open(os.path.join(RECIPE, "card.md"), encoding="utf-8") as file:
            self.assertEqual(after.card(), file.read())

    def test_the_models_that_come_with_it_have_their_cards(self):
        for name, card in (("photo", "card.md"), ("points", "card-points.md")):
            with open(os.path.join(RECIPE, card), encoding="utf-8") as file:
                self.assertEqual(clile.Model.load(os.path.join(MODELS, f"{name}.safetensors")).card(), file.read(),
                                 f"clile card examples/photo-model/model/{name}.safetensors --set examples/photo-model/{card}")

    def test_cards_and_page_have_the_same_figures(self):
        with open(os.path.join(ROOT, "docs/photo-model.md"), encoding="utf-8") as file:
            page = file.read()
        with open(os.path.join(RECIPE, "card.md"), encoding="utf-8") as file:
            card = file.read()
        rows = [line for line in card.splitlines() if line.startswith("|")]
        self.assertEqual(len(rows), 20 + 7)  # 17 AUs and their mean; groups of people; heads
        for row in rows:
            self.assertIn(row + "\n", page)
        with open(os.path.join(RECIPE, "card-points.md"), encoding="utf-8") as file:
            card += file.read()
        for figure in re.findall(r"[\d,.]*\d %|\.\d+|\d,\d{3}", card):
            self.assertIn(figure, page)

    def test_groups(self):
        aus = clile.Model.load(os.path.join(MODELS, "photo.safetensors")).au_ids
        rng = np.random.default_rng(2)
        rows = [["image", "subject", *(f"AU{au}" for au in aus), *(f"{axis}{k}" for k in range(5) for axis in "xy")]]
        for k in range(12):
            Image.fromarray(rng.integers(0, 255, (96, 96, 3), np.uint8)).save(self.path(f"{k}.png"))
            rows.append([f"{k}.png", f"p{k % 3}", *rng.integers(0, 2, len(aus)), *(FIVE * 96).reshape(-1)])
        write_rows(self.path("manifest.csv"), rows)
        write_rows(self.path("people.csv"), [["subject", "sex", "tone", "age", "glasses"], ["p0", "F", 0.1, 0.9, 0], ["p1", "M", 0.5, 0.5, 1],
                                             ["p2", "F", 0.9, 0.1, 0]])
        told = dict((line.rsplit(None, 2)[0], line.split()[-2]) for line in run("groups.py", self.out).splitlines()[1:])
        self.assertEqual([told[name] for name in ("all", "light skin", "dark skin", "old", "women", "men", "glasses")], ["12", "4", "4", "4", "8", "4", "4"])

    def test_rows_without_an_image_are_not_shifted(self):
        self.test_groups()
        with open(self.path("manifest.csv"), "a", newline="") as file:
            file.write(open(self.path("manifest.csv")).read().splitlines()[1].replace("0.png", "absent.png") + "\n")
        with self.assertRaisesRegex(AssertionError, "absent.png|13 rows"):
            run("groups.py", self.out)

    def test_score(self):
        if os.environ.get("MODULE") != "1":
            print("LEFT OUT: photo/recipe, test_score: dlib was not found when CMake ran")
            return
        shutil.copy(os.path.join(ROOT, "docs/pictures/face.jpg"), self.path("a.jpg"))
        Image.open(self.path("a.jpg")).resize((200, 200)).save(self.path("b.png"))
        Image.new("RGB", (64, 64)).save(self.path("nobody.png"))
        write_rows(self.path("l.csv"), [["image", "emotion"], ["a.jpg", "happiness"], ["b.png", "neutral"], ["nobody.png", "fear"], ["x.png", "contempt"]])
        told = run("score.py", self.path("l.csv"), self.out, "--thresholds", self.path("t.csv"))
        self.assertIn("3 photographs, no face in 1", told)
        self.assertIn("1 rows of ", told)
        with open(self.path("t.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 17)
        # the neutral face is at most at the threshold of those that it was above
        run("finish.py", os.path.join(MODELS, "photo.safetensors"), self.path("m.safetensors"), os.path.join(RECIPE, "card.md"), "--thresholds", self.path("t.csv"))
        again = run("score.py", self.path("l.csv"), self.out, "--model", self.path("m.safetensors"))
        self.assertEqual(again.splitlines()[-1].split()[-1], "0.0%")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
