"""clile eval --predictions: tables of other systems, with the protocol and figures of our models."""
import csv
import json
import math
import os
import unittest

import cli


class Predictions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("predictions")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"), subjects=6, tasks=1, frames=6)
        cls.model = os.path.join(cls.folder, "m.safetensors")
        settings = [word for setting in cli.SMALL for word in ("--set", setting)]
        done = cli.clile("train", "--data", cls.data, "--protocol", "bp4d", "--fold", 1, "--out", cls.model, "--quiet", *settings)
        assert done.returncode == 0, done.stderr
        done = cli.clile("eval", "--model", cls.model, "--data", cls.data, "--protocol", "none", "--no-probe", "--quiet", "--answers", cls.path("ours.csv"), "--json")
        assert done.returncode == 0, done.stderr
        cls.report = json.loads(done.stdout)["report"]
        with open(cls.path("ours.csv"), encoding="utf-8", newline="") as file:
            cls.rows = list(csv.DictReader(file))
        cls.aus = [int(key[2:-2]) for key in cls.rows[0] if key.endswith("_y")]

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def table(self, name, columns, change=lambda rows: rows, before=""):
        """columns: name -> function of a row of ours."""
        with open(self.path(name), "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow([(before if k else "") + column for k, column in enumerate(columns)])
            for row in change([[value(row) for value in columns.values()] for row in self.rows]):
                out.writerow([(before if k else "") + str(cell) for k, cell in enumerate(row)])
        return self.path(name)

    def eval(self, table, *more, code=0):
        done = cli.clile("eval", "--predictions", table, "--data", self.data, "--json", *more)
        self.assertEqual(done.returncode, code, done.stderr)
        return (json.loads(done.stdout)["report"] if code == 0 else None), done.stderr

    def pyfeat(self, aus=None):
        return {"frame": lambda row: 0, "FaceScore": lambda row: 0.99, "Pitch": lambda row: 1.0,
                **{f"AU{au:02d}": lambda row, au=au: row[f"AU{au:02d}_p"] for au in aus or self.aus}, "input": lambda row: "/elsewhere/faces/" + row["image"]}

    def test_our_table_gives_our_figures(self):
        report, told = self.eval(self.path("ours.csv"))
        self.assertEqual(told, "")
        for key in ("au", "images", "subjects", "folds", "mean_of_folds", "pooled"):
            self.assertEqual(report[key], self.report[key])

    def test_pyfeat(self):
        report, _ = self.eval(self.table("pyfeat.csv", self.pyfeat()))
        for au, counts in zip(self.aus, report["pooled"]["counts"]):
            present = [(float(row[f"AU{au:02d}_p"]) >= 0.5, row[f"AU{au:02d}_y"]) for row in self.rows]
            self.assertEqual([counts["tp"], counts["fp"], counts["fn"]], [present.count(pair) for pair in ((True, "1"), (True, "0"), (False, "1"))])
        for found, ours in zip(report["pooled"]["auc"]["au"], self.report["pooled"]["auc"]["au"]):
            self.assertAlmostEqual(found or 0, ours or 0, 2)  # the probability ranks as the score, but for ties
        report, told = self.eval(self.table("few.csv", self.pyfeat(self.aus[:3])))
        self.assertEqual(report["au"], self.aus[:3])
        self.assertIn(f"the table has no AU{self.aus[3]}, which the data set has", told)

    def test_openface(self):
        columns = {"frame": lambda row: 1, "face_id": lambda row: 0, "timestamp": lambda row: 0.0, "confidence": lambda row: 0.98, "success": lambda row: 1,
                   **{f"AU{au:02d}_r": lambda row, au=au: f"{5 * float(row[f'AU{au:02d}_p']):.2f}" for au in self.aus[:-1]},
                   **{f"AU{au:02d}_c": lambda row, au=au: f"{int(row[f'AU{au:02d}_c']):.2f}" for au in self.aus}, "input": lambda row: row["image"].replace("/", "\\")}
        report, _ = self.eval(self.table("openface.csv", columns, before=" "))
        self.assertEqual(report["au"], self.aus)
        self.assertEqual(report["pooled"]["f1"], self.report["pooled"]["f1"])
        column = list(columns).index("success")

        def no_face(rows):
            rows[4][column] = 0
            rows[5][column + 1:-1] = ["nan"] * (len(columns) - column - 2)
            return rows

        report, told = self.eval(self.table("openface.csv", columns, no_face, before=" "))
        self.assertIn("rows without a face, counted as no AU present: 2", told)
        hits = [self.report["pooled"]["counts"][0]["tp"] - sum(row[f"AU{self.aus[0]:02d}_c"] == "1" == row[f"AU{self.aus[0]:02d}_y"] for row in self.rows[4:6])]
        self.assertEqual([report["pooled"]["counts"][0]["tp"]], hits)

    def test_libreface_and_folds(self):
        columns = {"path": lambda row: row["image"], "frame_idx": lambda row: 0,
                   **{f"au_{au}": lambda row, au=au: row[f"AU{au:02d}_c"] for au in self.aus},
                   **{f"au_{au}_intensity": lambda row, au=au: 5 * float(row[f"AU{au:02d}_p"]) for au in self.aus[::2]}}
        table = self.table("libreface.csv", columns)
        report, _ = self.eval(table)
        self.assertEqual(report["pooled"]["f1"], self.report["pooled"]["f1"])
        report, _ = self.eval(table, "--protocol", "kfold:3")
        self.assertEqual([fold["fold"] for fold in report["folds"]], [1, 2, 3])
        self.assertEqual(report["pooled"]["counts"], self.report["pooled"]["counts"])
        report, _ = self.eval(table, "--protocol", "kfold:3", "--fold", 2, "--answers", self.path("second.csv"))
        self.assertEqual([fold["fold"] for fold in report["folds"]], [2])
        with open(self.path("second.csv"), encoding="utf-8", newline="") as file:
            self.assertEqual({(row["fold"], row["protocol"], row["seed"], row["model"]) for row in csv.DictReader(file)}, {("2", "kfold:3", "", table)})
        only = {name: value for name, value in columns.items() if not name.startswith("au_") or name.endswith("_intensity")}
        report, _ = self.eval(self.table("intensities.csv", only))
        au = self.aus[0]
        self.assertEqual(report["pooled"]["counts"][0]["tp"], sum(5 * float(row[f"AU{au:02d}_p"]) >= 1 and row[f"AU{au:02d}_y"] == "1" for row in self.rows))

    def test_missing_double_and_surplus_rows(self):
        _, told = self.eval(self.table("t.csv", self.pyfeat(), lambda rows: rows[:2] + rows[3:]), code=1)
        self.assertIn(f"t.csv has no row for the image {self.rows[2]['image']}", told)
        report, told = self.eval(self.path("t.csv"), "--absent")
        self.assertIn("images without a row in the table: 1", told)
        self.assertEqual(report["images"], len(self.rows))
        _, told = self.eval(self.table("t.csv", self.pyfeat(), lambda rows: rows + rows[3:4]), code=1)
        self.assertIn(f"row {len(self.rows) + 2}: image {self.rows[3]['image']} was there before, in row 5", told)
        _, told = self.eval(self.table("t.csv", self.pyfeat(), lambda rows: [rows[0][:-1] + ["else/where.png"]] + rows))
        self.assertIn("rows of images that the data set does not have: 1, the first is row 2", told)
        _, told = self.eval(self.table("t.csv", self.pyfeat(), lambda rows: [rows[0][:-1] + [os.path.basename(rows[0][-1])]]), code=1)
        self.assertIn("may be the image", told)
        _, told = self.eval(self.table("t.csv", {"frame": lambda row: 1, "AU01": lambda row: 0.5}), code=1)
        self.assertIn('"frame 1" may be the image', told)
        for columns, word in (({"AU01": lambda row: 0.5}, 'no column "image"'), ({"input": lambda row: "x"}, "no column of an AU"),
                              ({"input": lambda row: row["image"], "AU99": lambda row: 1}, "no column of an AU that the data set has"),
                              ({"input": lambda row: row["image"], "AU01": lambda row: 1.5}, 'is "1.5", expected a probability (0 to 1) of AU 1'),
                              ({"input": lambda row: row["image"], "AU01_r": lambda row: 7}, 'is "7", expected an intensity'),
                              ({"input": lambda row: row["image"], "AU01_c": lambda row: 0.5}, "a decision of AU 1 is 0.5"),
                              ({"input": lambda row: row["image"], "AU01_s": lambda row: 0.5}, "without a decision")):
            _, told = self.eval(self.table("t.csv", columns), code=1)
            self.assertIn(word, told)

    def test_frames_of_one_video(self):
        one = os.path.join(self.folder, "one")
        os.makedirs(one)
        names = [row["image"] for row in self.rows[:6]]
        with open(os.path.join(one, "m.csv"), "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["image", "subject", "AU12"])
            for k, name in enumerate(names):
                os.link(os.path.join(self.data, name), os.path.join(one, f"frame_{k + 1:04d}.png"))
                out.writerow([f"frame_{k + 1:04d}.png", f"s{k % 3}", k % 2])
        with open(self.path("video.csv"), "w", encoding="utf-8") as file:
            file.write("frame,input,AU12\n" + "".join(f"{k}.0,film.mp4,{k / 10}\n" for k in range(1, 8)))
        done = cli.clile("eval", "--predictions", self.path("video.csv"), "--data", os.path.join(one, "m.csv"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("rows of images that the data set does not have: 1", done.stderr)
        self.assertTrue(math.isclose(json.loads(done.stdout)["report"]["pooled"]["auc"]["au"][0], 6 / 9))

    def test_wrong_usage(self):
        for word, arguments in (("exclude one another", ("--predictions", "x.csv", "--model", "m")), ("--absent is for", ("--absent", "--model", "m")),
                                ("needs --protocol", ("--predictions", "x.csv", "--fold", "1"))):
            done = cli.clile("eval", "--data", self.data, *arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
