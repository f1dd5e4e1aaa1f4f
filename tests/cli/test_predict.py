"""predict and export: images, folders, raw frames, faces of a CSV, pictures and bad input."""
import csv
import io
import json
import os
import pty
import shutil
import struct
import subprocess
import unittest

import cli
from cli import CommandTest, clile, read_png, settings

BP4D = [1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24]
NO_FINDER = ["--finder", "none"]  # the images here are crops: test_photo.py has those in which faces are looked for
COLUMNS = [f"AU{au:02d}_{kind}" for au in BP4D for kind in "pc"]


def no_finder(arguments):
    """The arguments, and NO_FINDER where they do not say where the face is."""
    return [*arguments, *([] if {"--faces", "--landmarks", "--box", "--crop"} & set(arguments) else NO_FINDER)]


class Predict(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("predict")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"))
        cls.model = os.path.join(cls.folder, "model.safetensors")
        done = clile("train", "--data", cls.data, "--layout", "bp4d", "--out", cls.model, "--quiet", *settings(elimination="none", epochs=1))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.images = os.path.join(cls.data, "Sequences", "F001", "T1")
        cls.landmarks = os.path.join(cls.data, "landmarks", "F001_T1.csv")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def image(self, frame=1):
        return os.path.join(self.images, f"{frame:04d}.png")

    def rows(self, *arguments, code=0):
        """Rows of the CSV as dictionaries; what is on stderr."""
        done = clile("predict", "--model", self.model, "--csv", *no_finder(arguments))
        self.assertEqual(done.returncode, code, done.stderr)
        return list(csv.DictReader(io.StringIO(done.stdout))), done.stderr

    def raw(self, size, data, *arguments):
        return subprocess.run([cli.COMMAND, "predict", "--model", self.model, "--raw", size, *no_finder(arguments)], input=data, capture_output=True, timeout=300, check=False)

    def test_a_model_that_reads_points_refuses_faces_without(self):
        """Plain crops, boxes, data without landmarks and packs: in predict, eval and train, by the name of the method."""
        bare, pack = self.path("bare"), self.path("pack.safetensors")
        shutil.copytree(self.data, bare, ignore=shutil.ignore_patterns("landmarks"))
        self.fine("pack", "--data", self.data, "--out", pack, "--quiet", "--set", "image_size=32")
        for method in ("augcn", "srerl"):
            model = self.path(method + ".safetensors")
            train = ("train", "--out", model, "--quiet", *settings(method=method, elimination="none", epochs=1, embedding=4))
            self.fine(*train, "--data", self.data)
            reads = f"method={method} reads the points of a face: "
            for more in (["--crop"], ["--box", "2,2,40,40"], ["--finder", "none"]):
                self.fails(reads + "kind is ", "predict", "--model", model, *more, self.image())
            self.fine("predict", "--model", model, "--faces", self.write("points.csv", self.points_of_an_image()), self.image())
            self.fails(reads + "image Sequences/F001/T1/0001.png has no landmarks", "eval", "--model", model, "--data", bare)
            self.fails(reads + "image Sequences/F001/T1/0001.png: a pack does not keep where a face was placed", "eval", "--model", model, "--data", pack)
            self.fine("eval", "--model", model, "--data", self.data)
        for method in ("lpnet", "augcn", "srerl"):
            train = ("train", "--out", self.path("none.safetensors"), "--quiet", *settings(method=method, elimination="none", epochs=1))
            self.fails(f"method={method} needs the landmarks of every face: image Sequences/F001/T1/0001.png has no landmarks", *train, "--data", bare)
            self.fails(f"method={method} needs the landmarks of every face: image Sequences/F001/T1/0001.png: a pack does not keep where a face was placed", *train, "--data", pack)

    def points_of_an_image(self):
        """A file of faces with the landmarks of the first image."""
        with open(self.landmarks, encoding="utf-8") as file:
            rows = [line.rstrip("\n") for line in file]
        first = next(row for row in rows if row.split(",")[0] == "1")
        return "image," + ",".join(f"x{k},y{k}" for k in range((first.count(",")) // 2)) + "\n0001.png," + first.split(",", 1)[1] + "\n"

    def test_columns(self):
        done = self.fine("predict", "--model", self.model, *NO_FINDER, "--csv", self.image())
        self.assertEqual(done.stdout.splitlines()[0].split(","), ["frame", "image", "success", *COLUMNS])
        row = self.rows(self.image())[0][0]
        self.assertEqual((row["frame"], row["image"], row["success"]), ("1", self.image(), "1"))
        for au in BP4D:
            self.assertEqual(row[f"AU{au:02d}_c"], str(int(float(row[f"AU{au:02d}_p"]) > 0.5)))

    def test_json_lines_and_table_say_the_same(self):
        rows = self.rows(self.image(1), self.image(2))[0]
        lines = [json.loads(line) for line in self.fine("predict", "--model", self.model, *NO_FINDER, "--json", self.image(1), self.image(2)).stdout.splitlines()]
        self.assertEqual([list(line) for line in lines], [["frame", "image", "success", *COLUMNS]] * 2)
        table = self.fine("predict", "--model", self.model, *NO_FINDER, self.image(1), self.image(2)).stdout.splitlines()
        self.assertIn("AU24 ", table[0])
        for row, line, text in zip(rows, lines, table[1:]):
            self.assertEqual({key: str(value) for key, value in line.items() if key[-1] != "p"}, {key: value for key, value in row.items() if key[-1] != "p"})
            cells = text.split()[1:]
            for au, cell in zip(BP4D, cells, strict=True):
                self.assertAlmostEqual(line[f"AU{au:02d}_p"], float(row[f"AU{au:02d}_p"]), places=8)
                self.assertAlmostEqual(float(cell.rstrip("*")), line[f"AU{au:02d}_p"], delta=0.00501)
                self.assertEqual(cell.endswith("*"), line[f"AU{au:02d}_c"] == 1)

    def test_a_turned_photograph_is_answered_as_the_upright_one(self):
        w, h, rows = read_png(self.image())
        stored = [b"".join(rows[y][3 * x:3 * x + 3] for y in range(h)) for x in reversed(range(w))]  # its first row was on the right
        exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
        turned = cli.write_png(self.path("turned.png"), h, w, stored, (b"eXIf", exif))
        box = self.write("turned.csv", "image,x,y,w,h\nturned.png,8,10,22,24\n0001.png,8,10,22,24\n")
        for more in ((), ("--faces", box)):
            upright, answer = self.rows(self.image(), turned, *more)[0]
            self.assertEqual([answer[column] for column in COLUMNS], [upright[column] for column in COLUMNS])

    def test_numbers_in_names_are_numbers(self):
        frames = self.path("frames")
        os.makedirs(frames)
        for frame in (1, 2, 9, 10, 11):
            shutil.copy(self.image(1), os.path.join(frames, f"frame_{frame}.png"))
        rows = self.rows(frames)[0]
        self.assertEqual([(row["frame"], os.path.basename(row["image"])) for row in rows], [(str(k + 1), f"frame_{frame}.png") for k, frame in enumerate((1, 2, 9, 10, 11))])

    def test_every_image_of_a_folder_has_a_row(self):
        photos = self.path("photos")
        os.makedirs(photos)
        jpeg = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "image", "baseline.jpg")
        for name in ("1.jfif", "2.jpe", "3.JIF", "4.webp"):  # the last is named as another format
            shutil.copy(jpeg, os.path.join(photos, name))
        self.write("photos/5.gif", "GIF89a......")
        self.write("photos/6.tif", "no image")
        self.write("photos/notes.txt", "no image")
        rows, err = self.rows(photos, code=1)
        self.assertEqual([(os.path.basename(row["image"]), row["success"]) for row in rows],
                         [("1.jfif", "1"), ("2.jpe", "1"), ("3.JIF", "1"), ("4.webp", "1"), ("5.gif", "0"), ("6.tif", "0")])
        self.assertIn("5.gif is a GIF file, not a JPEG, PNG, BMP, WebP or HEIF file", err)

    def test_no_name_is_a_formula(self):
        folder = self.path("formulas")
        os.makedirs(folder)
        names = ["+cmd.png", "=1+1.png", "@x, \"y\".png"]
        for name in names:
            shutil.copy(self.image(1), os.path.join(folder, name))
        for form in ("csv", "tidy", "pyfeat"):
            done = subprocess.run([cli.COMMAND, "predict", "--model", self.model, "--format", form, *no_finder(()), *names], cwd=folder, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            column = "input" if form == "pyfeat" else "image"
            self.assertEqual({row[column] for row in csv.DictReader(io.StringIO(done.stdout))}, {"'" + name for name in names})

    def test_a_linked_folder_is_visited_once(self):
        loop = self.path("loop")
        os.makedirs(loop)
        shutil.copy(self.image(1), os.path.join(loop, "a.png"))
        os.symlink(".", os.path.join(loop, "loop"))
        rows = self.rows(loop)[0]
        self.assertEqual([row["image"] for row in rows], [f"{loop}/a.png"])

    def test_json_of_a_name_that_is_not_utf8(self):
        folder = os.fsencode(self.path("latin"))
        os.makedirs(folder)
        names = (b"caf\xe9.png", b"\xed\xa0\x80\xf5.png", b"tab\there\x01.png", "é€😀.png".encode())
        for name in names:
            shutil.copy(self.image(1), os.path.join(folder, name))
        for more in ((), ("--faces", self.write("latin.csv", "image,x,y,w,h\nno.png,1,2,3,4\n"))):  # answers, and messages
            done = subprocess.run([cli.COMMAND, "predict", "--model", self.model, "--json", *no_finder(more), *(os.path.join(folder, name) for name in names)], capture_output=True, check=False)
            rows = [json.loads(line.decode("utf-8")) for line in done.stdout.splitlines()]
            self.assertEqual([os.path.basename(row["image"]) for row in rows], ["caf\ufffd.png", "\ufffd\ufffd\ufffd\ufffd.png", "tab\there\x01.png", "é€😀.png"])
            self.assertEqual([row["success"] for row in rows], [0 if more else 1] * 4)

    def test_folders(self):
        tree = self.path("tree")
        os.makedirs(os.path.join(tree, "inner"))
        for name, frame in (("b.png", 1), ("inner/c.PNG", 2), ("a.png", 3)):
            shutil.copy(self.image(frame), os.path.join(tree, name))
        self.write("tree/notes.txt", "no image")
        rows = self.rows(tree, self.image(1))[0]
        self.assertEqual([row["image"] for row in rows], [f"{tree}/a.png", f"{tree}/b.png", f"{tree}/inner/c.PNG", self.image(1)])
        self.assertEqual([row["frame"] for row in rows], ["1", "2", "3", "4"])
        self.assertEqual(rows[1]["AU12_p"], rows[3]["AU12_p"])
        os.makedirs(self.path("empty"))
        self.fails("no image in these folders", "predict", "--model", self.model, *NO_FINDER, self.path("empty"))

    def test_raw_frames_are_the_images(self):
        w, h, _ = read_png(self.image(1))
        frames = [b"".join(read_png(self.image(frame))[2]) for frame in (1, 2, 3)]
        done = self.raw(f"{w}x{h}", b"".join(frames), "--csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
        files = self.rows(*[self.image(frame) for frame in (1, 2, 3)])[0]
        self.assertEqual([(row["frame"], row["image"]) for row in rows], [("1", ""), ("2", ""), ("3", "")])
        self.assertEqual([[row[key] for key in COLUMNS] for row in rows], [[row[key] for key in COLUMNS] for row in files])
        # landmarks by the number of the frame
        done = self.raw(f"{w}x{h}", frames[0], "--csv", "--faces", self.landmarks)
        aligned = list(csv.DictReader(io.StringIO(done.stdout.decode())))
        self.assertEqual(aligned[0]["AU12_p"], self.rows("--faces", self.landmarks, self.image(1))[0][0]["AU12_p"])
        self.assertNotEqual(aligned[0]["AU12_p"], rows[0]["AU12_p"])

        named = self.write("named.csv", "image,x,y,w,h\nimg/0001.png,8,8,30,30\n")
        done = self.raw(f"{w}x{h}", frames[0], "--csv", "--faces", named)
        boxed = list(csv.DictReader(io.StringIO(done.stdout.decode())))
        self.assertEqual(boxed[0]["AU12_p"], self.rows("--faces", self.write("box.csv", "1,8,8,30,30\n"), self.image(1))[0][0]["AU12_p"])

    def test_raw_files_must_hold_whole_frames(self):
        w, h, rows = read_png(self.image(1))
        frame = b"".join(rows)
        for data, code, answers in ((frame * 2, 0, 2), (frame * 2 + b"x", 1, 0), (frame[:-1], 1, 0), (b"", 1, 0)):
            with open(self.path("video.rgb"), "wb") as file:
                file.write(data)
            with open(self.path("video.rgb"), "rb") as file:
                done = subprocess.run([cli.COMMAND, "predict", "--model", self.model, *NO_FINDER, "--csv", "--raw", f"{w}x{h}"], stdin=file, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, len(done.stdout.splitlines())), (code, 1 + answers), done.stderr)
            if code:
                self.assertIn(f"standard input has {len(data)} bytes, not a whole number of frames of {w}x{h}" if data else "found no frame on standard input", done.stderr)

    def test_frames_have_a_time(self):
        w, h, rows = read_png(self.image(1))
        frames = b"".join(rows) * 3
        for more, times in (((), ["", "", ""]), (("--fps", "25"), ["0.000000", "0.040000", "0.080000"]), (("--fps", "30000/1001"), ["0.000000", "0.033367", "0.066733"])):
            answers = list(csv.DictReader(io.StringIO(self.raw(f"{w}x{h}", frames, "--csv", *more).stdout.decode())))
            self.assertEqual([(row["frame"], row["time"]) for row in answers], list(zip("123", times)))
            lines = [json.loads(line) for line in self.raw(f"{w}x{h}", frames, "--json", *more).stdout.splitlines()]
            self.assertEqual([(line["frame"], line["time"] if line["time"] is None else f"{line['time']:.6f}") for line in lines], [(k + 1, time or None) for k, time in enumerate(times)])
        self.assertEqual([row["time"] for row in self.rows("--fps", "2", self.image(1), self.image(2))[0]], ["0.000000", "0.500000"])
        for fps in ("0", "-1", "x", "25x", "25/0", "nan", "1e9", "25/", ""):
            self.usage("--fps takes frames per second", "predict", "--model", self.model, *NO_FINDER, "--fps", fps, self.image(1))

    def test_an_image_on_standard_input(self):
        expected = self.rows(self.image(1))[0][0]
        with open(self.image(1), "rb") as file:
            data = file.read()
        for sent, success in ((data, "1"), (data[:-20], "0"), (b"", "0"), (b"hello", "0")):
            done = subprocess.run([cli.COMMAND, "predict", "--model", self.model, *NO_FINDER, "--csv", "-"], input=sent, capture_output=True, check=False)
            row = list(csv.DictReader(io.StringIO(done.stdout.decode())))
            self.assertEqual([(r["image"], r["success"]) for r in row], [("-", success)], done.stderr)
            self.assertEqual(done.returncode, int(success == "0"))
            if success == "1":
                self.assertEqual([row[0][column] for column in COLUMNS], [expected[column] for column in COLUMNS])
        self.usage("is one image, but was given 2 times", "predict", "--model", self.model, *NO_FINDER, "-", "-")

    def test_boxes_on_the_command_line(self):
        faces = self.write("two.csv", "image,x,y,w,h\n0001.png,8,10,22,24\n0001.png,4.5,6,30,30\n0002.png,8,10,22,24\n0002.png,4.5,6,30,30\n")
        images = (self.image(1), self.image(2))
        self.assertEqual(self.rows("--box", "8,10,22,24", "--box=4.5,6,30,30", *images)[0], self.rows("--faces", faces, *images)[0])
        rows, err = self.rows("--box", "800,10,22,24", self.image(1), code=1)
        self.assertEqual([row["success"] for row in rows], ["0"])
        for box in ("1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,3,-4", "a,2,3,4", "1,2,3,4x", "nan,1,2,3", "1 2 3 4", "", "inf,1,2,3"):
            self.usage("--box takes x,y,w,h in pixels", "predict", "--model", self.model, "--box", box, self.image(1))
        self.usage("--box and --faces cannot be combined", "predict", "--model", self.model, "--box", "1,2,3,4", "--faces", faces, self.image(1))

    def test_raw_frames_that_break_off(self):
        w, h, rows = read_png(self.image(1))
        frame = b"".join(rows)
        done = self.raw(f"{w}x{h}", frame + frame[:100], "--csv")
        self.assertEqual(done.returncode, 1)
        rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
        self.assertEqual([row["success"] for row in rows], ["1", "0"])
        self.assertEqual({rows[1][key] for key in COLUMNS}, {""})
        self.assertIn(f"frame 2 is incomplete: expected {w * h * 3} bytes ({w} x {h} x 3), found 100", done.stderr.decode())
        closed = subprocess.run(["sh", "-c", f"'{cli.COMMAND}' predict --model '{self.model}' --finder none --raw 8x8 <&-"], capture_output=True, text=True, check=False)
        self.assertEqual((closed.returncode, closed.stderr), (1, "clile: standard input could not be read: Bad file descriptor\n"))
        terminal, other = pty.openpty()
        asked = subprocess.run([cli.COMMAND, "predict", "--model", self.model, *NO_FINDER, "--raw", "8x8"], stdin=other, capture_output=True, text=True, check=False)
        os.close(other)
        os.close(terminal)
        self.assertEqual(asked.returncode, 2)
        self.assertIn("--raw reads frames from standard input, but that is a terminal", asked.stderr)
        done = self.raw("64x64", b"")
        self.assertEqual((done.returncode, done.stderr), (1, b"clile: found no frame on standard input\n"))

    def test_memory_does_not_grow_with_the_frames(self):
        script = ("import resource, subprocess, sys\n"
                  "child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)\n"
                  "for _ in range(int(sys.argv[1])): child.stdin.write(bytes(96 * 96 * 3))\n"
                  "child.stdin.close()\n"
                  "assert child.wait() == 0\n"
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n")
        # the address sanitizer holds freed memory for a while; that does not count
        environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}
        peaks = [int(subprocess.run(["python3", "-c", script, str(frames), cli.COMMAND, "predict", "--model", self.model, *NO_FINDER, "--csv", "--raw", "96x96", "--set",
                                     "threads=1"], check=True, capture_output=True, text=True, env=environment).stdout) for frames in (100, 5000)]
        # KiB: 4900 frames that are kept are 132,000, a hundred objects for each frame some 20,000; the address sanitizer's own records 4,000
        self.assertLess(peaks[1] - peaks[0], 8000)

    def test_faces_by_header(self):
        with open(self.landmarks, encoding="ascii") as file:
            line = [line for line in file if line.startswith("1,")][0].strip().split(",")[1:]
        points = [f"{axis}{i}" for i in range(len(line) // 2) for axis in "xy"]
        faces = self.write("faces.csv", "\n".join([
            ",".join(["image", "x", "y", "w", "h", *points, "AU1"]),
            ",".join(["0001.png", "8", "8", "32", "30", *line, "1"]),
            ",".join(["0002.png", "8", "8", "32", "30", *[""] * len(line), "0"]),
            ",".join(['"0001.png"', "9", "8", "32", "30", *[""] * len(line), "0"]), ""]))
        rows = self.rows("--faces", faces, self.image(1), self.image(2))[0]
        self.assertEqual([(row["frame"], row["face"], row["success"]) for row in rows], [("1", "1", "1"), ("1", "2", "1"), ("2", "1", "1")])
        self.assertEqual(rows[0]["AU12_p"], self.rows("--landmarks", self.landmarks, self.image(1))[0][0]["AU12_p"])
        # a box is the square around its middle
        boxes = self.write("boxes.csv", "1,8,8,32,30\n2,8,7,32,32\n")
        plain = self.rows("--faces", boxes, self.image(1), self.image(2))[0]
        self.assertEqual(rows[2]["AU12_p"], plain[1]["AU12_p"])
        wide = self.rows("--faces", boxes, "--margin", "60", self.image(1))[0]
        self.assertNotEqual(plain[0]["AU12_p"], wide[0]["AU12_p"])

    def test_columns_that_are_missing(self):
        points = [f"{axis}{i}" for i in range(68) for axis in "xy"]
        for count in (8, 22, 135):
            header = self.write("part.csv", ",".join(["image", *points[:count]]) + "\n0001.png" + ",9" * count + "\n")
            self.fails(f"part.csv, row 1: {count // 2} landmarks in columns from x0,y0 on, expected 5 or 68" if count % 2 == 0 else "an x without its y", "predict", "--model", self.model, "--faces", header, self.image())
        box = self.write("box.csv", "image,x,y,w\n0001.png,1,2,3\n")
        self.fails('box.csv, row 1: 3 of the columns x, y, w, h; expected all four or none', "predict", "--model", self.model, "--faces", box, self.image())
        nameless = self.write("nameless.csv", "x,y,w,h\n1,2,3,4\n")
        self.fails("nameless.csv, row 1: the header has no column for the image", "predict", "--model", self.model, "--faces", nameless, self.image(2))

    def test_output_that_ends(self):
        """When the reader stops, predict stops, too, and says so; a full disk is reported."""
        done = subprocess.run(["bash", "-c", f"head -c 60000000 /dev/zero | '{cli.COMMAND}' predict --model '{self.model}' --crop --raw 32x32 --csv | head -n 1; echo ${{PIPESTATUS[1]}}"],
                              capture_output=True, text=True, check=True)
        self.assertEqual((done.stdout.split(",")[0], done.stdout.splitlines()[1], done.stderr), ("frame", "1", "clile: standard output could not be written\n"))
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([cli.COMMAND, "predict", "--model", self.model, "--crop", "--csv", self.image()], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, "clile: standard output could not be written\n"))

    def test_bad_faces(self):
        points = self.write("points.csv", "1,2,3\n2,1,1,-5,7\n4,1,2,3,nan\n5,900,900,10,10\n")
        rows, message = self.rows("--faces", points, *[self.image(frame) for frame in (1, 2, 3, 4, 5)], code=1)
        self.assertEqual([row["success"] for row in rows], ["0"] * 5)
        for text in ('row 1: 3 columns and no header', "row 2: a box of -5 x 7", "has no row for", 'row 3: column 5 is not a coordinate', "lies outside the image", "no answer for 5 of 5"):
            self.assertIn(text, message)
        self.fails("no-such.csv", "predict", "--model", self.model, "--faces", "no-such.csv", self.image())
        self.fails("has no rows of faces", "predict", "--model", self.model, "--faces", self.write("none.csv", ""), self.image())
        self.fails("is a folder", "predict", "--model", self.model, "--faces", self.folder, self.image())

    def test_columns_by_their_names(self):
        """Each spelling of one box, and of its face's points, gives the same bits; an unknown one is refused, never read by position."""
        box = self.rows("--faces", self.write("f.csv", "image,x,y,w,h\n0001.png,8,6,32,36\n"), self.image(1))[0][0]
        for header, values in (("left,top,width,height", "8,6,32,36"), ("x,y,width,height", "8,6,32,36"), ("xmin,ymin,xmax,ymax", "8,6,40,42"),
                               ("x1,y1,x2,y2", "8,6,40,42"), ("x0,y0,x1,y1", "8,6,40,42"), ("left,top,right,bottom", "8,6,40,42"), ("face_x,face_y,face_w,face_h", "8,6,32,36"),
                               ("FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight", "8,6,32,36"), ("X Min,Y-Min,X.Max,y_max", "8,6,40,42"), ("w,h,x,y", "32,36,8,6"),
                               ("cx,cy,w,h", "24,24,32,36"), ('"x","y","w","h"', "8,6,32,36"), ("other,x,y,w,h,score", "7,8,6,32,36,.9")):
            faces = self.write("f.csv", f"\ufeffImage,{header}\n0001.png,{values}\n")
            self.assertEqual(self.rows("--faces", faces, self.image(1))[0][0], box, header)
        xy = ["20", "24", "36", "24", "28", "33", "21", "42", "35", "42"]
        point = self.rows("--faces", self.write("f.csv", "0001.png," + ",".join(xy) + "\n"), self.image(1))[0][0]
        for names in ([f"{a}{i}" for i in range(5) for a in "xy"], [f"{a}{i}" for i in range(1, 6) for a in "xy"], [f"{a}_{i}" for i in range(5) for a in "xy"],
                      [f"{p}_{a}" for p in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right") for a in "xy"],
                      [f"{p}_{a}" for p in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for a in "xy"]):
            faces = self.write("f.csv", "frame," + ",".join(names) + "\n1," + ",".join(xy) + "\n")
            self.assertEqual(self.rows("--faces", faces, self.image(1))[0][0], point, names)
        for header in ("a,b,c,d", "bx,by,bw,bh", "width,height,foo,bar"):
            faces = self.write("f.csv", f"image,{header}\n0001.png,8,6,32,36\n")
            self.fails("no columns of a box or landmarks are known in the header", "predict", "--model", self.model, "--faces", faces, self.image(1))
        for text, message in (("image;x;y;w;h\n0001.png;8;6;32;36\n", "separated by semicolons, expected commas"),
                              ("image,x,y,w,h,x\n0001.png,8,6,32,36,7\n", 'two columns "x"')):
            self.fails(message, "predict", "--model", self.model, "--faces", self.write("f.csv", text), self.image(1))
        for text, message in (('image,x,y,w,h\n0001.png,"8,5",6,32,36\n', "decimal comma"), ("image,x,y,w,h\n0001.png,8,5,6,32,36\n", "6 columns, header has 5"),
                              ("image,x,y,w,h,success\n0001.png,8,6,32,36,0\n", "success is 0"), ("image,x,y,w,h\n0001.png,8,6,0,36\n", "0 x 36"),
                              ("image,x,y,w,h\n0001.png,8,6,inf,36\n", "not a coordinate"), ("image,x,y,w,h\n0001.png,,,,\n", "neither a box nor landmarks"),
                              ("image,xmin,ymin,xmax,ymax\n0001.png,40,42,8,6\n", "-32 x -36"), ("image,x,y,w,h\n0001.png,.1,.1,.5,.6\n", "not fractions"),
                              ("image,x,y,w,h\n0001.png,9000,6,32,36\n", "lies outside the image"),
                              ("0001.png,36,24,20,24,28,33,35,42,21,42\n", "left and right are swapped")):
            self.assertIn(message, self.rows("--faces", self.write("f.csv", text), self.image(1), code=1)[1], text)

    def test_rows_of_other_images(self):
        """A row that fits several images belongs to none of them; the longest name wins."""
        images = []
        for folder in ("p/A", "p/B"):
            os.makedirs(self.path(folder), exist_ok=True)
            images.append(self.path(folder + "/0001.png"))
            shutil.copyfile(self.image(1), images[-1])
        both = self.path("p")
        for name in ("0001.png", "0001", "1"):
            faces = self.write("f.csv", f"image,x,y,w,h\n{name},8,6,32,36\n")
            rows, message = self.rows("--faces", faces, both, code=1)
            self.assertEqual([row["success"] for row in rows], ["0", "0"], name)
            self.assertIn(f'f.csv, row 2: "{name}" also fits other images than {images[0]}; expected more of the path', message)
            self.assertEqual(self.rows("--faces", faces, images[0])[0][0]["success"], "1")
            self.assertEqual([row["success"] for row in self.rows("--faces", faces, images[1], images[1])[0]], ["1", "1"])
        faces = self.write("f.csv", "image,x,y,w,h\nA/0001.png,8,6,32,36\nB/0001,9,9,20,20\n0001.png,1,1,30,30\n")
        rows = self.rows("--faces", faces, both)[0]
        self.assertEqual([row["success"] for row in rows], ["1", "1"])
        self.assertNotEqual(rows[0]["AU12_p"], rows[1]["AU12_p"])
        w, h, pixels = read_png(self.image(1))
        done = self.raw(f"{w}x{h}", b"".join(pixels), "--csv", "--faces", faces)
        self.assertEqual(done.returncode, 1)
        self.assertIn("earlier rows of another folder fit frame 1", done.stderr.decode())

    def test_unreadable_images_are_rows(self):
        broken = self.path("broken.png")
        with open(self.image(1), "rb") as source, open(broken, "wb") as target:
            target.write(source.read()[:1000])
        rows, message = self.rows(broken, self.image(1), self.path("none.png"), code=1)
        self.assertEqual([row["success"] for row in rows], ["0", "1", "0"])
        self.assertEqual({rows[0][key] for key in COLUMNS}, {""})
        for text in ("no answer for 2 of 3", "broken.png", "none.png"):
            self.assertIn(text, message)
        done = self.fails("broken.png", "predict", "--model", self.model, *NO_FINDER, "--json", broken)
        self.assertEqual(json.loads(done.stdout)["success"], 0)
        self.assertIn("damaged", json.loads(done.stdout)["message"])
        many = self.fails("and 2 more", "predict", "--model", self.model, *NO_FINDER, *[broken] * 12)
        self.assertEqual(many.stdout.count("no answer"), 12)

    def test_models_that_cannot_predict(self):
        with open(self.model, "rb") as file:
            whole = file.read()
        self.assertIn(b'"trained":"1"', whole)
        for name, changed, text in (("untrained", whole.replace(b'"trained":"1"', b'"trained":"0"'), "the model has not been trained"),
                                    ("cut", whole[:-1], "truncated"),
                                    ("header-of-10-GB", struct.pack("<Q", 10_000_000_000) + whole[8:], "a header of 10000000000 bytes"),
                                    ("text", b"not a model", "not a safetensors file")):
            path = self.path(name + ".safetensors")
            with open(path, "wb") as file:
                file.write(changed)
            done = clile("predict", "--model", path, self.image())
            self.assertEqual((done.returncode, done.stdout), (1, ""), name)
            self.assertIn(path, done.stderr)
            self.assertIn(text, done.stderr)

    def test_draw(self):
        picture = self.path("out.png")
        row = self.rows("--faces", self.landmarks, "--draw", picture, self.image(1))[0][0]
        w, h, rows = read_png(picture)
        size = read_png(self.image(1))[0]
        zoom = -(-240 // size)
        self.assertEqual((w, h), (zoom * size + 292, 414))
        for index, au in enumerate(BP4D):  # the coloured part of each bar
            left = zoom * size + 78
            bar = rows[42 + 30 * index + 7][3 * left:3 * (left + 150)]
            colour = (226, 106, 44) if row[f"AU{au:02d}_c"] == "1" else (150, 160, 175)
            length = sum(tuple(bar[3 * i:3 * i + 3]) == colour for i in range(150))
            self.assertAlmostEqual(length, 150 * float(row[f"AU{au:02d}_p"]), delta=2)
        self.fails("no-such-folder/o.png: cannot be written", "predict", "--model", self.model, *NO_FINDER, "--draw", "no-such-folder/o.png", self.image(1))

    def test_usage(self):
        model = ["predict", "--model", self.model]
        self.usage("no image was given", *model)
        self.usage("cannot be combined", *model, "--json", "--csv", self.image(1))
        self.usage("--draw takes one image", *model, "--draw", "o.png", self.image(1), self.image(2))
        self.usage("--draw takes one image", *model, "--draw", "o.png", self.images)
        self.usage("--raw reads standard input", *model, "--raw", "8x8", self.image(1))
        for size in ("8", "8x", "0x8", "8x70000", "8x8x3", "x8"):
            self.usage("--raw takes WxH", *model, "--raw", size)
        self.usage("--margin takes 0 to 400", *model, "--margin", "401", self.image(1))

    def test_export(self):
        path = self.path("model.onnx")
        self.fine("export", self.model, "--onnx", path)
        with open(path, "rb") as file:
            data = file.read()
        for text in (b"libclile", b"probability", b"decision_slope", b"user.protocol"):
            self.assertIn(text, data)
        self.fails("no-such-folder/m.onnx: cannot be written", "export", self.model, "--onnx", "no-such-folder/m.onnx")
        self.fails("no-such-model", "export", "no-such-model", "--onnx", path)


if __name__ == "__main__":
    unittest.main()
