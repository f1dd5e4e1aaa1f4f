"""study.py on drawn faces, two variants, two folds, one seed: its table and figure, what a second run keeps, and what it refuses."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree

COMMAND, SCRATCH = os.environ["CLILE_COMMAND"], os.path.join(os.environ["CLILE_SCRATCH"], "study")
STUDY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "study.py")
SETTINGS = ["stem=imagenet", "width=0.0625", "embedding=8", "epochs=1", "epochs_stage1=1", "batch=16"]
try:
    import matplotlib
except ImportError:
    matplotlib = None


class Study(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(SCRATCH, ignore_errors=True)
        os.makedirs(SCRATCH)
        cls.data = os.path.join(SCRATCH, "faces")
        subprocess.run([COMMAND, "synth", cls.data, "--quiet", "--subjects", "6", "--tasks", "2", "--frames", "8", "--size", "48"],
                       check=True, stdout=subprocess.DEVNULL)

    def study(self, *more, work="work", code=0, settings=(), folds=("--protocol", "kfold:2", "--folds", "2")):
        command = [sys.executable, STUDY, "--clile", COMMAND, "--data", self.data, "--layout", "bp4d", *folds, "--seeds", "1", "--sizes", "32,40", "--variants", "bce,default", "--jobs", "1", "--draws", "20",
                   "--work", os.path.join(SCRATCH, work), *more]
        for pair in [*SETTINGS, *settings]:
            command += ["--set", pair]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode == 0, code == 0, done.stderr)
        return done

    def test_table_figure_and_resume(self):
        table, figure = os.path.join(SCRATCH, "table.md"), os.path.join(SCRATCH, "figure.svg")
        drawn = ["--figure", figure] if matplotlib else []
        if not matplotlib:
            print("LEFT OUT: the figure of study.py: matplotlib was not found")
        text = self.study("--table", table, *drawn).stdout
        with open(table) as file:
            self.assertEqual(file.read(), text)
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
        self.assertEqual(rows[0][:4], ["px", "variant", "F1", "AUC"])
        neutral = ", beside own neutral"
        self.assertEqual([row[:2] for row in rows[2:]],
                         [[size, name + kind] for size in ("32", "40") for kind in ("", neutral) for name in ("bce", "default")])
        for row in rows[2:]:
            self.assertTrue(all(0 <= float(value) <= 1 for value in row[2:6]), row)
            self.assertEqual(bool(re.match(r"[+-]0\.\d{3} \[", row[6])), row[1].startswith("default"), row)
            self.assertEqual(row[8] == "", row[1].endswith(neutral), row)
        self.assertNotEqual(rows[2][2:4], rows[4][2:4])  # centred answers are others
        folder = os.path.join(SCRATCH, "work", "32px", "default", "seed1")
        with open(os.path.join(folder, "train.json")) as file:
            self.assertGreater(json.load(file)["seconds"], 0)
        with open(os.path.join(folder, "eval.json")) as file:
            found = json.load(file)["report"]["mean_of_folds"]["f1"]["average"]
        self.assertAlmostEqual(found, float(rows[3][2]), delta=0.0006)
        if matplotlib:
            words = "".join(xml.etree.ElementTree.parse(figure).getroot().itertext())
            for word in ("F1", "AUC", "bce, 32 px", "default" + neutral + ", 40 px"):
                self.assertIn(word, words)

        # nothing is trained twice
        models = glob.glob(os.path.join(SCRATCH, "work", "*", "*", "*", "*.safetensors"))
        self.assertEqual(len(models), 8)
        before = {path: os.stat(path).st_mtime_ns for path in models}
        self.assertEqual(self.study().stdout, text)
        self.assertEqual({path: os.stat(path).st_mtime_ns for path in models}, before)

        # an interrupted training goes on, to the same numbers
        base = ["train", "--data", self.data, "--layout", "bp4d", "--protocol", "kfold:2", "--fold", "1", "--quiet"]
        for pair in ["threads=1", "seed=1", "image_size=32", *SETTINGS]:
            base += ["--set", pair]
        for name in glob.glob(os.path.join(folder, "*")):
            if not name.endswith("settings.json"):
                os.remove(name)
        subprocess.run([COMMAND, *base, "--out", os.path.join(folder, "model.fold1.safetensors"), "--checkpoint",
                        os.path.join(folder, "checkpoint.fold1")], check=True, stdout=subprocess.DEVNULL)
        again = self.study().stdout
        self.assertIn("interrupted", again)
        self.assertEqual(re.sub(r"[^|]*\|\n", "\n", again), re.sub(r"[^|]*\|\n", "\n", text))
        self.assertEqual(glob.glob(os.path.join(folder, "checkpoint*")), [])

        # another study may not use these results
        self.assertIn("choose another --work", self.study(settings=["learning_rate=0.01"], code=1).stderr)

    def test_people_of_another_set(self):
        others, of_others = os.path.join(SCRATCH, "others"), ["--people", os.path.join(SCRATCH, "others"), "--sizes", "32"]
        subprocess.run([COMMAND, "synth", others, "--quiet", "--subjects", "3", "--tasks", "2", "--frames", "8", "--size", "48",
                        "--seed", "9"], check=True, stdout=subprocess.DEVNULL)
        text = self.study(*of_others, work="people", folds=()).stdout
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
        self.assertEqual(rows[0][-1], "processor seconds")
        self.assertEqual([row[1] for row in rows[2:4]], ["bce", "default"])
        folder = os.path.join(SCRATCH, "people", "32px", "default", "seed1")
        with open(os.path.join(folder, "eval.json")) as file:
            report = json.load(file)
        self.assertEqual((report["data"], report["report"]["subjects"]), (others, 3))
        self.assertAlmostEqual(report["report"]["mean_of_folds"]["f1"]["average"], float(rows[3][2]), delta=0.0006)
        self.assertEqual(glob.glob(os.path.join(folder, "checkpoint*")), [])
        self.assertEqual(self.study(*of_others, work="people", folds=()).stdout, text)  # nothing is trained twice
        self.assertIn("have no meaning beside it", self.study(*of_others, work="people", code=1).stderr)
        self.assertIn("which is not given", self.study("--people-layout", "bp4d", code=1).stderr)

        # an interrupted training goes on, to the same numbers
        for name in glob.glob(os.path.join(folder, "*")):
            if not name.endswith("settings.json"):
                os.remove(name)
        command = [COMMAND, "train", "--data", self.data, "--layout", "bp4d", "--quiet", "--checkpoint", os.path.join(folder, "checkpoint"),
                   "--out", os.path.join(SCRATCH, "another.safetensors")]
        for pair in ["threads=1", "seed=1", "image_size=32", *SETTINGS]:
            command += ["--set", pair]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        again = self.study(*of_others, work="people", folds=()).stdout
        self.assertIn("interrupted", again)
        self.assertEqual(re.sub(r"[^|]*\|\n", "\n", again), re.sub(r"[^|]*\|\n", "\n", text))
        self.assertIn("choose another --work", self.study("--sizes", "32", work="people", code=1).stderr)


if __name__ == "__main__":
    unittest.main()
