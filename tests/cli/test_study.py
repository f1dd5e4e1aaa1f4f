"""tests/bench/study.py --methods on drawn faces: what the table says, and that what was run is not run again."""
import json
import os
import subprocess
import sys
import unittest

import cli

STUDY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench", "study.py")


class Study(unittest.TestCase):
    def study(self, *arguments):
        done = subprocess.run([sys.executable, STUDY, *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [[cell.strip() for cell in line[1:-1].split("|")] for line in done.stdout.splitlines()]

    def test_table_of_methods(self):
        folder = cli.scratch("methods_table")
        data = cli.draw(os.path.join(folder, "faces"), subjects=41, tasks=1, frames=4)
        work = os.path.join(folder, "work")
        arguments = ["--methods", "--clile", cli.COMMAND, "--data", data, "--layout", "bp4d", "--protocol", "bp4d", "--work", work, "--jobs", "1", "--draws", "20",
                     "--variants", "bce,srerl", "--seeds", "1", "--set", "epochs=1", "--set", "image_size=32", "--set", "width=0.0625", "--set", "batch=16", "--set", "au_set=1,6,7,12"]
        table = self.study(*arguments)
        head, bce, srerl = dict(enumerate(table[0])), table[2], table[3]
        column = {name: k for k, name in head.items()}
        self.assertEqual((bce[0], srerl[0], len(table)), ("bce", "srerl", 6))  # and both beside each person's own neutral
        with open(os.path.join(work, "srerl", "seed1", "eval.json"), encoding="utf-8") as file:
            report = json.load(file)
        mean = report["report"]["mean_of_folds"]
        self.assertAlmostEqual(float(srerl[column["F1"]]), mean["f1"]["average"], delta=0.00051)  # counted anew from the answers
        self.assertAlmostEqual(float(srerl[column["AUC"]]), mean["auc"]["average"], delta=0.00051)
        self.assertAlmostEqual(float(srerl[column["subject probe"]]), report["report"]["values"]["subject probe"], delta=0.00051)
        paired = column["F1 - bce [95 %]"]
        self.assertEqual(bce[paired], "")
        difference, low, high = (float(text.strip("[],")) for text in srerl[paired].split())
        self.assertAlmostEqual(difference, float(srerl[column["F1"]]) - float(bce[column["F1"]]), delta=0.0016)
        self.assertLessEqual(low, high)
        info = json.loads(cli.clile("info", "--json", os.path.join(work, "srerl", "seed1", "model.fold1.safetensors")).stdout)
        self.assertEqual(int(srerl[column["parameters"]]), info["encoder_parameters"] + info["au_parameters"])
        self.assertEqual((bce[-1], srerl[-1]), ("", "62.9"))
        self.assertIn("published", table[0][-1])
        models = [os.path.join(work, name, "seed1", "model.fold1.safetensors") for name in ("bce", "srerl")]
        times = [os.stat(path).st_mtime_ns for path in models]
        self.assertEqual(self.study(*arguments), table)
        self.assertEqual([os.stat(path).st_mtime_ns for path in models], times)


if __name__ == "__main__":
    unittest.main()
