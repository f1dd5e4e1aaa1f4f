"""predict on photographs: faces are found, each has a row, pictures without a face are reported. The finder "square" is
tests/face/stub.c, which takes the bright part of a picture for a face."""
import csv
import io
import json
import os
import unittest

import cli
from cli import CommandTest, clile, read_png, settings, write_png

DARK, BRIGHT = b"\x20\x20\x20", b"\xf0\xf0\xf0"


def picture(path, w, h, left, top, side):
    """Dark, with a bright square; side 0: none."""
    return write_png(path, w, h, pixel_rows(w, h, left, top, side))


def pixel_rows(w, h, left, top, side):
    return [b"".join(BRIGHT if left <= x < left + side and top <= y < top + side else DARK for x in range(w)) for y in range(h)]


class Photo(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("photo")
        data = cli.draw(os.path.join(cls.folder, "faces"))
        cls.model = os.path.join(cls.folder, "model.safetensors")
        done = clile("train", "--data", data, "--layout", "bp4d", "--out", cls.model, "--quiet", *settings(elimination="none", epochs=1))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.album = os.path.join(cls.folder, "album")
        os.makedirs(cls.album)
        cls.face = picture(os.path.join(cls.album, "1.png"), 160, 120, 60, 20, 64)
        cls.nobody = picture(os.path.join(cls.album, "2.png"), 160, 120, 0, 0, 0)

    def rows(self, *arguments, code=0):
        done = clile("predict", "--model", self.model, "--csv", "--set", "points_model=none", "--finder", "square", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return list(csv.DictReader(io.StringIO(done.stdout))), done.stderr

    def test_a_face_has_a_row_with_its_box(self):
        (row,), errors = self.rows(self.face)
        self.assertEqual((row["image"], row["face"], row["success"]), (self.face, "1", "1"))
        for name, value in zip("xywh", (60, 20, 64, 64)):
            self.assertAlmostEqual(float(row[name]), value, delta=3)
        self.assertEqual(errors.count("warning"), 1, errors)  # the model wants landmarks
        line = json.loads(self.fine("predict", "--model", self.model, "--json", "--set", "points_model=none", "--finder", "square", self.face).stdout)
        self.assertEqual([str(line[name])[:5] for name in "xywh"], [row[name][:5] for name in "xywh"])

    def test_the_box_by_hand_gives_the_same_bits(self):
        (found,), _ = self.rows(self.face)
        box = ",".join(found[name] for name in "xywh")
        given = list(csv.DictReader(io.StringIO(self.fine("predict", "--model", self.model, "--csv", "--box", box, self.face).stdout)))[0]
        for name, value in given.items():
            self.assertEqual(value, found[name], name)

    def test_pictures_of_any_size(self):
        """One pixel, one row, one column, and 100 megapixels, which are too many unless max_pixels allows them; half faces at the edges."""
        sizes = {"one": (1, 1), "row": (5000, 1), "column": (1, 5000)}
        for name, (w, h) in sizes.items():
            (row,), errors = self.rows(picture(os.path.join(self.folder, name + ".png"), w, h, 0, 0, 0), code=1)
            self.assertEqual(row["success"], "0")
            self.assertIn(name + ".png: no face was found", errors)
        huge = write_png(os.path.join(self.folder, "huge.png"), 10000, 10000, [b""])  # the header alone
        (row,), errors = self.rows(huge, code=1)
        self.assertIn("huge.png has 10000 x 10000 pixels, max_pixels allows 50000000", errors)
        half = picture(os.path.join(self.folder, "half.png"), 160, 120, -30, 20, 64)
        (row,), _ = self.rows(half)
        self.assertLess(float(row["x"]), 5)

    def test_no_face_is_a_row_without_success(self):
        (row,), errors = self.rows(self.nobody, code=1)
        self.assertEqual((row["success"], row["x"], row["face"]), ("0", "", "1"))
        self.assertIn("2.png: no face was found", errors)
        rows, errors = self.rows(self.album, code=1)
        self.assertEqual([row["success"] for row in rows], ["1", "0"])
        self.assertIn("no answer for 1 of 2", errors)
        tiny = picture(os.path.join(self.folder, "tiny.png"), 1, 1, 0, 0, 0)
        self.assertIn("tiny.png: no face was found", self.rows(tiny, code=1)[1])
        wide = picture(os.path.join(self.folder, "wide.png"), 1280, 100, 0, 0, 0)
        self.assertIn("wide.png: no face of 80 pixels or more was found; for smaller ones give --set smallest_face=N", self.rows(wide, code=1)[1])
        self.assertIn("wide.png: no face was found", self.rows("--set", "smallest_face=30", wide, code=1)[1])

    def test_frames(self):
        pixels = pixel_rows(160, 120, 60, 20, 64)
        done = cli.subprocess.run([cli.COMMAND, "predict", "--model", self.model, "--csv", "--set", "points_model=none", "--finder", "square", "--raw", "160x120"],
                                  input=b"".join(pixels) + bytes(160 * 120 * 3), capture_output=True, check=False)
        rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
        self.assertEqual([(row["frame"], row["success"]) for row in rows], [("1", "1"), ("2", "0")])
        self.assertEqual(rows[0]["AU12_p"], self.rows(self.face)[0][0]["AU12_p"])
        self.assertIn("frame 2: no face was found", done.stderr.decode())

    def test_draw(self):
        out = os.path.join(self.folder, "drawn.png")
        self.fine("predict", "--model", self.model, "--set", "points_model=none", "--finder", "square", self.face, "--draw", out)
        w, _, rows = read_png(out)
        self.assertGreater(w, 2 * 160)
        zoom = 2
        frame = {rows[zoom * 20 + k][3 * zoom * 80:3 * zoom * 80 + 3] for k in range(-6, 7)}
        self.assertIn(bytes((226, 106, 44)), frame)  # the upper edge of the box

    def test_usage(self):
        self.usage("--finder cannot be combined with --faces, --box or --crop", "predict", "--model", self.model, "--set", "points_model=none", "--finder", "square", "--crop", self.face)
        self.usage("--finder cannot be combined with --faces, --box or --crop", "predict", "--model", self.model, "--finder", "none", "--box", "1,2,30,40", self.face)
        self.fails("missing.safetensors", "predict", "--model", self.model, "--set", "points_model=missing.safetensors", "--finder", "square", self.face)
        self.fails("the model of the points has 0 points", "predict", "--model", self.model, "--set", "points_model=" + self.model, "--finder", "square", self.face)
        self.fails("finder_missing.so", "predict", "--model", self.model, "--finder", "missing", self.face)
        self.fails("a name of 1 to 32", "predict", "--model", self.model, "--finder", "../square", self.face)

    def test_rendered_faces_are_found_by_the_installed_finder(self):
        frames = os.path.join(os.environ.get("CLILE_FACES", ""), "frames-ict")
        if not os.path.isdir(frames):
            self.skipTest("CLILE_FACES names no folder with frames-ict")
        if "finder_dlib.so" in clile("predict", "--model", self.model, "--finder", "dlib", self.face).stderr:
            self.skipTest("the finder was not built")
        truth = {}
        with open(os.path.join(frames, "faces.csv"), encoding="utf-8") as file:
            for row in csv.DictReader(file):
                truth.setdefault(os.path.basename(row["image"]), []).append([float(row[name]) for name in "xywh"])
        done = clile("predict", "--model", self.model, "--csv", os.path.join(frames, "img"))
        found = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual((done.returncode, len(found)), (0, sum(map(len, truth.values()))), done.stderr)
        for row in found:
            x, y, w, h = (float(row[name]) for name in "xywh")
            x, y = x + w / 2, y + h / 2
            near = [box for box in truth[os.path.basename(row["image"])]
                    if abs(box[0] + box[2] / 2 - x) < 0.2 * w and abs(box[1] + box[3] / 2 - y) < 0.2 * h and 0.7 < max(box[2:]) / w < 1.4]
            self.assertEqual(len(near), 1, row)


if __name__ == "__main__":
    unittest.main()
