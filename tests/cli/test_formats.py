"""The forms of predict that other programs read: a row an AU, Py-Feat's Fex, OpenFace's columns. Films are made by films.py."""
import csv
import importlib.util
import io
import os
import subprocess
import sys
import unittest

import cli
import films
from cli import clile
from films import FilmTest, built

POINTS = [f"{axis}_{k}" for axis in "xy" for k in range(68)]
# pandas reads it as any table; Fex has its own accessors
READ_FEX = """
import sys, warnings
warnings.simplefilter("ignore")
from feat.utils.io import read_feat
fex = read_feat(sys.argv[1])
print(type(fex).__name__, len(fex), fex.aus.shape[1], fex.faceboxes.dropna().shape[0], fex.landmarks.shape[1], fex.emotions.shape[1], fex.poses.shape[1],
      int(fex.aus["AU12"].notna().sum()), fex["Identity"].dropna().nunique(), fex.inputs.nunique(), fex.time["frame"].iloc[0])
"""


class Formats(FilmTest):
    def table(self, name, *arguments, code=0):
        out, _ = self.predict("--format", name, *arguments, code=code)
        return list(csv.DictReader(io.StringIO(out)))

    def stills(self, count=4):
        """A folder with `count` faces, and one image without a face."""
        folder = os.path.join(self.folder, "stills, of one")
        os.makedirs(folder, exist_ok=True)
        for k in range(count + 1):
            pixels = films.grey(10 + 5 * k if k < count else None)
            cli.write_png(os.path.join(folder, f"{k}.png"), films.W, films.H,
                          [b"".join(bytes((level,)) * 3 for level in pixels[y * films.W:(y + 1) * films.W]) for y in range(films.H)])
        return folder

    def test_names(self):
        for name, form in (("csv", "--csv"), ("json", "--json")):
            folder = self.stills()
            self.assertEqual(self.predict("--format", name, folder, code=1), self.predict(form, folder, code=1))
        for arguments, message in ((["--format", "xml"], 'table, csv, json, tidy, pyfeat or openface, found "xml"'), (["--format", ""], "--format takes"),
                                   (["--format", "CSV"], 'found "CSV"'),
                                   (["--format", "csv", "--json"], "--format cannot be combined"), (["--format", "pyfeat", "--own-neutral"], "pyfeat has no columns for --own-neutral"),
                                   (["--format", "openface", "--own-neutral"], "csv, json and tidy have")):
            done = clile("predict", "--model", self.model, *arguments, "a.png")
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(message, done.stderr)

    def test_a_row_an_au(self):
        folder = self.stills()
        wide, tidy = list(csv.DictReader(io.StringIO(self.predict("--csv", folder, code=1)[0]))), self.table("tidy", folder, code=1)
        aus = [name[2:-2] for name in wide[0] if name.endswith("_p")]
        self.assertEqual(list(tidy[0]), ["frame", "image", "face", "success", "x", "y", "w", "h", "au", "name", "probability", "present"])
        self.assertEqual(len(tidy), len(wide) * len(aus))
        for k, row in enumerate(tidy):
            of, au = wide[k // len(aus)], aus[k % len(aus)]
            self.assertEqual((row["frame"], row["image"], row["success"], row["au"].zfill(2), row["probability"], row["present"], row["x"]),
                             (of["frame"], of["image"], of["success"], au, of[f"AU{au}_p"], of[f"AU{au}_c"], of["x"]))
        self.assertEqual({row["name"] for row in tidy if row["au"] == "12"}, {"Lip corner puller"})
        self.assertEqual([row["probability"] for row in tidy[-len(aus):]], [""] * len(aus))

    @built
    def test_a_row_an_au_of_a_film(self):
        tidy, rows = self.table("tidy", "--own-neutral", self.film), self.rows("--own-neutral", self.film)[0]
        self.assertEqual(list(tidy[0])[:5], ["frame", "time", "person", "success", "found"])
        of12 = [row for row in tidy if row["au"] == "12"]
        self.assertEqual([(row["time"], row["person"], row["found"], row["probability"], row["neutral_probability"], row["neutral_present"]) for row in of12],
                         [(row["time"], row["person"], row["found"], row["AU12_p"], row["AU12_np"], row["AU12_nc"]) for row in rows])

    @built
    def test_openface(self):
        rows, wide = self.table("openface", self.film), self.rows(self.film)[0]
        aus = [name[:-2] for name in wide[0] if name.endswith("_p")]
        self.assertEqual(list(rows[0]), ["frame", "face_id", "timestamp", "confidence", "success", *POINTS, *(f"{au}_r" for au in aus), *(f"{au}_c" for au in aus)])
        self.assertEqual([(row["frame"], row["face_id"], row["timestamp"], row["success"], row["confidence"]) for row in rows],
                         [(of["frame"], "0", of["time"], of["success"], of["success"]) for of in wide])
        for row, of in zip(rows[:12], wide):
            for au in aus:
                self.assertAlmostEqual(float(row[f"{au}_r"]), 5 * float(of[f"{au}_p"]), places=6)
                self.assertEqual(row[f"{au}_c"], of[f"{au}_c"])
                self.assertEqual(row[f"{au}_c"] == "1", float(row[f"{au}_r"]) > 2.5)
        self.assertEqual(rows[12]["AU12_r"], "")

    @built
    def test_libclile_reads_both(self):
        """The layout csv takes them for files of OpenFace and of Py-Feat, and leaves out the frames without a face."""
        for name in ("openface", "pyfeat"):
            folder = os.path.join(self.folder, f"read_{name}")
            os.makedirs(os.path.join(folder, "film"))
            with open(os.path.join(folder, "film.csv"), "w", encoding="utf-8") as file:
                file.write(self.predict("--format", name, self.film)[0])
            for k in range(1, 16):
                cli.write_png(os.path.join(folder, "film", f"{k:05d}.png"), 8, 8, [bytes(24)] * 8)
            told = self.fine_json("data", folder, "--layout", "csv", "--set", "first_image=1")
            self.assertEqual(told["images"], 12, told)

    @built
    def test_pyfeat(self):
        rows, wide = self.table("pyfeat", self.film), self.rows(self.film)[0]
        aus = [name[:-2] for name in wide[0] if name.endswith("_p")]
        self.assertEqual(list(rows[0]), ["frame", "FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore", *POINTS, *aus, "Pitch", "Roll", "Yaw", "X", "Y", "Z",
                                         "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "Identity", "input", "time"])
        self.assertEqual([int(row["frame"]) + 1 for row in rows], [int(of["frame"]) for of in wide])
        for row, of in zip(rows, wide):
            self.assertEqual([row[f"FaceRect{side}"] for side in ("X", "Y", "Width", "Height")], [of[side] for side in "xywh"])
            self.assertEqual([row[au] for au in aus], [of[f"{au}_p"] for au in aus])
            self.assertEqual((row["Identity"], row["input"], row["time"]), (f"Person_{of['person']}" if of["person"] else "", self.film, of["time"]))
        self.assertEqual([bool(row["FaceScore"]) for row in rows], [True] * 12 + [False] * 3)

    def test_pyfeat_of_crops_boxes_and_points(self):
        image = os.path.join(self.stills(), "0.png")
        where = {("--crop",): ["0", "0", str(films.W), str(films.H)], ("--box", "10,30,64,60"): ["10", "30", "64", "60"]}
        points = os.path.join(self.folder, "points.csv")
        with open(points, "w", encoding="utf-8") as file:
            file.write("image,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n0.png,30,50,60,52,45,65,33,80,58,81\n")
        where[("--faces", points)] = ["30", "50", "30", "31"]
        for arguments, box in where.items():
            done = self.fine("predict", "--model", self.model, "--format", "pyfeat", *arguments, image)
            row = next(csv.DictReader(io.StringIO(done.stdout)))
            self.assertEqual([row[f"FaceRect{side}"] for side in ("X", "Y", "Width", "Height")], box)
            self.assertEqual((row["FaceScore"], row["input"], row["frame"]), ("1", image, "0"))

    @built
    def test_fex_reads_it(self):
        if importlib.util.find_spec("feat") is None:
            print("LEFT OUT: Py-Feat's Fex: py-feat is not installed")
            self.skipTest("py-feat is not installed")
        path = os.path.join(self.folder, "fex.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.predict("--format", "pyfeat", self.film)[0])
        done = subprocess.run([sys.executable, "-c", READ_FEX, path], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.split(), ["Fex", "15", "12", "12", "136", "7", "6", "12", "1", "1", "0"])

    def test_a_full_disk_and_a_closed_pipe(self):
        folder = self.stills()
        for name in ("csv", "tidy", "pyfeat", "openface"):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run(self.command("--format", name, folder), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            self.assertNotEqual(done.returncode, 0, name)
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run(self.command("--format", name, folder), stdout=writer, stderr=subprocess.PIPE, check=False)
            os.close(writer)
            self.assertNotEqual(done.returncode, 0, name)


if __name__ == "__main__":
    unittest.main()
