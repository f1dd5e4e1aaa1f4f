"""Intensities through the commands: a model trained on graded data says how strong an AU is, in every form that has room for it."""
import csv
import io
import json
import os
import unittest

import cli


class Intensity(cli.CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("intensity")
        cls.data, cls.model, cls.plain = (os.path.join(cls.folder, name) for name in ("disfa", "m.safetensors", "plain.safetensors"))
        draw = cli.clile("synth", cls.data, "--layout", "disfa", "--quiet", "--subjects", 4, "--tasks", 1, "--frames", 12, "--size", 48)
        assert draw.returncode == 0, draw.stderr
        ungraded = cli.draw(os.path.join(cls.folder, "ungraded"), subjects=4, tasks=1, frames=12)
        for model, data in ((cls.model, cls.data), (cls.plain, ungraded)):
            done = cli.clile("train", "--data", data, "--out", model, "--quiet", *cli.settings(method="bce"), "--set", "au_set=4,12,25")
            assert done.returncode == 0, done.stderr
        cls.images = [os.path.join(root, name) for root, _, names in sorted(os.walk(cls.data)) for name in sorted(names) if name.endswith(".png")][:3]

    def rows(self, *arguments):
        return list(csv.DictReader(io.StringIO(self.fine("predict", "--model", self.model, "--crop", *arguments, *self.images).stdout)))

    def test_predict(self):
        rows = self.rows("--csv")
        self.assertEqual(list(rows[0])[:6], ["frame", "image", "success", "AU04_p", "AU04_c", "AU04_r"])
        wanted = [[float(row[f"AU{au:02d}_r"]) for au in (4, 12, 25)] for row in rows]
        self.assertTrue(all(0 < value < 5 for row in wanted for value in row))
        lines = self.fine("predict", "--model", self.model, "--crop", "--json", *self.images).stdout.splitlines()
        self.assertEqual([[json.loads(line)[f"AU{au:02d}_r"] for au in (4, 12, 25)] for line in lines], wanted)
        tidy = self.rows("--format", "tidy")
        self.assertEqual([float(row["intensity"]) for row in tidy], [value for row in wanted for value in row])
        openface = self.rows("--format", "openface")
        self.assertEqual([[float(row[f"AU{au:02d}_r"]) for au in (4, 12, 25)] for row in openface], wanted)
        self.assertNotIn("AU04_r", self.rows("--format", "pyfeat")[0])
        kept = self.rows("--csv", "--own-neutral")
        self.assertEqual([[float(row[f"AU{au:02d}_r"]) for au in (4, 12, 25)] for row in kept], wanted)

    def test_a_face_that_cannot_be_read(self):
        broken = os.path.join(self.folder, "broken.png")
        with open(broken, "wb") as file:
            file.write(b"no image")
        done = cli.clile("predict", "--model", self.model, "--crop", "--csv", broken, self.images[0])
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual((done.returncode, rows[0]["AU12_r"], rows[0]["AU25_p"]), (1, "", ""))
        self.assertTrue(float(rows[1]["AU12_r"]) > 0)

    def test_without_intensities_there_is_no_column(self):
        done = self.fine("predict", "--model", self.plain, "--crop", "--csv", self.images[0])
        self.assertNotIn("_r", done.stdout)
        tidy = self.fine("predict", "--model", self.plain, "--crop", "--format", "tidy", self.images[0]).stdout
        self.assertNotIn("intensity", tidy.splitlines()[0])
        rows = list(csv.DictReader(io.StringIO(self.fine("predict", "--model", self.plain, "--crop", "--format", "openface", self.images[0]).stdout)))
        chance = json.loads(self.fine("predict", "--model", self.plain, "--crop", "--json", self.images[0]).stdout)
        self.assertAlmostEqual(float(rows[0]["AU12_r"]), 5 * chance["AU12_p"], places=6)
        self.assertIsNone(self.fine_json("eval", "--model", self.plain, "--data", self.data, "--no-probe", "--quiet")["report"]["intensity"])

    def test_eval(self):
        report = self.fine_json("eval", "--model", self.model, "--data", self.data, "--no-probe", "--quiet")["report"]["intensity"]
        for metric in ("icc", "pcc", "mae"):
            self.assertEqual(set(report[metric]), {"folds", "mean_of_folds", "pooled", "probability", "always_0"})
            self.assertEqual(len(report[metric]["pooled"]["au"]), 3)
        self.assertEqual(report["icc"]["always_0"]["au"], [0, 0, 0])
        table = os.path.join(self.folder, "report.csv")
        told = self.fine("eval", "--model", self.model, "--data", self.data, "--no-probe", "--quiet", "--report", table).stdout
        for title in ("Intensity, ICC(3,1)", "Intensity, PCC", "Intensity, MAE", "5 x probability", "always 0"):
            self.assertIn(title, told)
        with open(table, encoding="utf-8") as file:
            rows = {(row["metric"], row["part"]): row["average"] for row in csv.DictReader(file) if row["metric"].startswith("intensity")}
        self.assertAlmostEqual(float(rows["intensity_mae", "pooled"]), report["mae"]["pooled"]["average"])
        centred = self.fine_json("eval", "--model", self.model, "--data", self.data, "--no-probe", "--quiet", "--centred")["report"]["intensity"]
        self.assertEqual((centred["icc"]["pooled"], centred["icc"]["probability"]), (report["icc"]["pooled"], None))
        # a table of clile predict ranks by probability, and other data have no intensities
        other = cli.draw(os.path.join(self.folder, "bp4d"), subjects=2, tasks=1, frames=3)
        done = self.fine_json("eval", "--model", self.model, "--data", other, "--no-probe", "--quiet")
        self.assertIsNone(done["report"]["intensity"])

    def test_saved_evaluations_keep_them(self):
        answers = os.path.join(self.folder, "answers.csv")
        report = self.fine_json("eval", "--model", self.model, "--data", self.data, "--no-probe", "--quiet", "--answers", answers)["report"]
        with open(answers, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0])[6:13], [f"AU04_{kind}" for kind in "spcyri"] + ["AU12_s"])
        errors = [abs(float(row["AU12_r"]) - int(row["AU12_i"])) for row in rows]
        self.assertGreater(len({row["AU12_i"] for row in rows}), 2)
        self.assertAlmostEqual(sum(errors) / len(errors), report["intensity"]["mae"]["pooled"]["au"][1], places=6)
        centred = os.path.join(self.folder, "centred.csv")
        self.fine("eval", "--model", self.model, "--data", self.data, "--no-probe", "--quiet", "--centred", "--answers", centred)
        with open(centred, encoding="utf-8") as file:
            beside = list(csv.DictReader(file))
        self.assertEqual([row["AU12_r"] for row in beside], [row["AU12_r"] for row in rows])
        self.assertNotEqual([row["AU12_s"] for row in beside], [row["AU12_s"] for row in rows])
        plain = os.path.join(self.folder, "plain.csv")
        self.fine("eval", "--model", self.plain, "--data", self.data, "--no-probe", "--quiet", "--answers", plain)
        with open(plain, encoding="utf-8") as file:
            self.assertNotIn("_r", file.readline())

    def test_the_model_says_so(self):
        self.assertTrue(self.fine_json("info", self.model)["intensity"])
        self.assertFalse(self.fine_json("info", self.plain)["intensity"])
        self.assertIn("| intensity |", self.fine("card", self.model).stdout)
        int8 = os.path.join(self.folder, "int8.safetensors")
        self.fine("export", self.model, "--int8", "--calibrate", self.data, "--out", int8)
        self.assertTrue(self.fine_json("info", int8)["intensity"])


if __name__ == "__main__":
    unittest.main()
