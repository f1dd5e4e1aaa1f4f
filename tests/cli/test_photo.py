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

    # ---- files of points ----

    def points(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def test_points_of_images_and_frames(self):
        path, finder = os.path.join(self.folder, "p.csv"), ("--set", "points_model=none", "--finder", "square")
        (row, _), _ = self.rows("--points", path, self.album, code=1)
        (face, nobody) = self.points(path)
        self.assertEqual((face["image"], face["face"], face["success"], nobody["image"], nobody["success"], nobody["x"]), (self.face, "1", "1", self.nobody, "0", ""))
        for name in "xywh":
            self.assertAlmostEqual(float(face[name]), float(row[name]), delta=0.0051)
        self.assertEqual(len(face), 3 + 4 + 136)
        self.assertEqual(face["x67"], "")  # there is no model of points
        again = list(csv.DictReader(io.StringIO(self.fine("predict", "--model", self.model, "--csv", "--faces", path, self.face).stdout)))[0]
        self.assertAlmostEqual(float(again["AU12_p"]), float(row["AU12_p"]), delta=0.01)
        pixels = b"".join(pixel_rows(160, 120, 60, 20, 64)) + bytes(160 * 120 * 3)
        done = cli.subprocess.run([cli.COMMAND, "predict", "--model", self.model, *finder, "--raw", "160x120", "--points", path], input=pixels, capture_output=True, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual([(line["frame"], line["success"]) for line in self.points(path)], [("1", "1"), ("2", "0")])
        self.assertEqual(self.points(path)[0]["x"], face["x"])
        for more in (["--crop"], ["--box", "1,2,30,40"], ["--faces", path], ["--finder", "none"]):
            self.usage("--points writes the points of faces that a finder finds", "predict", "--model", self.model, "--points", path, *more, self.face)
        self.fails("cannot be written", "predict", "--model", self.model, *finder, "--points", os.path.join(self.folder, "none", "p.csv"), self.face)

    def data_of_pictures(self, name):
        """A manifest of three pictures, one without a face, and one that is named twice."""
        folder = os.path.join(self.folder, name)
        os.makedirs(folder)
        for image, side in (("a", 64), ("b", 0), ("c", 48)):
            picture(os.path.join(folder, image + ".png"), 160, 120, 60, 20, side)
        with open(os.path.join(folder, "manifest.csv"), "w", encoding="utf-8") as file:
            file.write("image,subject,AU1,AU2\na.png,s1,1,0\nb.png,s1,0,1\nc.png,s2,0,1\na.png,s1,1,1\n")
        return folder

    def test_points_of_a_data_set(self):
        folder, path = self.data_of_pictures("set"), os.path.join(self.folder, "set.csv")
        with_square = ("--set", "points_model=none", "--finder", "square", "--points", path)
        done = self.fine("data", folder, *with_square)
        self.assertIn(f"points: {path}, faces in 2 of 3 images", done.stdout)
        self.assertIn("b.png: no face was found", done.stderr)
        self.assertIn(f"warning: {path}: boxes only", done.stderr)
        self.assertEqual([(row["image"], row["success"]) for row in self.points(path)], [("a.png", "1"), ("b.png", "0"), ("c.png", "1")])
        self.assertEqual(json.loads(self.fine("data", folder, *with_square, "--json").stdout)["points"], {"file": path, "images": 3, "faces": 2})
        before, after = self.fine_json("data", folder), self.fine_json("data", folder, "--set", "faces=" + path)
        self.assertEqual((before["images"], before["images_by_box"], before["rows_without_face"]), (4, 0, 0))
        self.assertEqual((after["images"], after["images_by_box"], after["rows_without_face"]), (3, 3, 1))
        self.usage("--finder needs --points", "data", folder, "--finder", "square")
        os.remove(os.path.join(folder, "c.png"))  # a picture that cannot be read has no row, and the others are written
        self.fails("c.png", "data", folder, *with_square)
        self.assertEqual([row["image"] for row in self.points(path)], ["a.png", "b.png"])
        os.remove(os.path.join(folder, "a.png"))
        self.fails("not written, since no image has a face", "data", folder, *with_square)
        self.assertEqual([row["image"] for row in self.points(path)], ["a.png", "b.png"])  # the older file
        pack = os.path.join(self.folder, "set.safetensors")
        self.fine("pack", "--data", cli.draw(os.path.join(self.folder, "drawn")), "--out", pack, "--quiet")
        self.fails("has only its crop", "data", pack, *with_square)

    def test_points_of_data_without_landmarks_let_a_method_train_that_needs_them(self):
        """The finder and the points model that come with the library, on the rendered faces of the set like DISFA's."""
        source = os.path.join(os.environ.get("CLILE_FACES", ""), "disfa-ict")
        if not os.path.isdir(source):
            self.skipTest("CLILE_FACES names no folder with disfa-ict")
        if "finder_dlib.so" in clile("predict", "--model", self.model, "--finder", "dlib", self.face).stderr:
            self.skipTest("the finder was not built")
        folder, path = os.path.join(self.folder, "like-disfa"), os.path.join(self.folder, "like-disfa.csv")
        for subject in ("SN001", "SN002"):
            os.makedirs(os.path.join(folder, "ActionUnit_Labels", subject))
            os.makedirs(os.path.join(folder, "img", subject))
            for frame in range(4):
                os.symlink(os.path.join(source, "img", subject, f"{frame}.png"), os.path.join(folder, "img", subject, f"{frame}.png"))
            for au in (1, 2, 4, 6, 9, 12, 25, 26):
                with open(os.path.join(folder, "ActionUnit_Labels", subject, f"{subject}_au{au}.txt"), "w", encoding="utf-8") as file:
                    file.write("1,0\n2,3\n3,0\n4,3\n")
        train = ("train", "--data", folder, "--out", os.path.join(self.folder, "srerl.safetensors"), "--quiet", "--set", "method=srerl", "--set", "image_size=32",
                 "--set", "width=0.0625", "--set", "epochs=1", "--set", "batch=4")
        self.fails("method=srerl needs the landmarks of every face", *train)
        self.assertNotIn("warning", self.fine("data", folder, "--points", path).stderr)
        self.assertEqual([(row["success"], row["image"]) for row in self.points(path)],
                         [("1", f"img/{subject}/{frame}.png") for subject in ("SN001", "SN002") for frame in range(4)])
        self.assertTrue(all(-16 < float(row[f"{axis}{k}"]) < 144 for row in self.points(path) for axis in "xy" for k in range(68)))
        self.assertEqual(self.fine_json("data", folder, "--set", "faces=" + path)["images_without_landmarks"], 0)
        self.fine(*train, "--set", "faces=" + path)

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
