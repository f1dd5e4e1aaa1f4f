"""predict on films and cameras. Films are uncompressed ones made by films.py and, where ffmpeg is installed, some that it makes."""
import json
import math
import os
import pty
import random
import resource
import select
import signal
import struct
import subprocess
import time
import unittest
import zlib

import cli
from films import FFMPEG, FilmTest, H, W, built, ffmpeg, grey, y4m


class Film(FilmTest):
    @built
    def test_a_row_a_face_with_time_and_person(self):
        rows, _ = self.rows(self.film)
        self.assertEqual([row["frame"] for row in rows], [str(k + 1) for k in range(15)])
        self.assertEqual([row["person"] for row in rows], ["1"] * 12 + [""] * 3)
        self.assertEqual([row["success"] for row in rows], ["1"] * 12 + ["0"] * 3)
        self.assertEqual([k for k, row in enumerate(rows) if row["found"] == "1"], [0, 10])
        for k, row in enumerate(rows[:12]):
            self.assertAlmostEqual(float(row["time"]), k / 25, places=5)
            self.assertAlmostEqual(float(row["x"]), self.places[k], delta=4)
            self.assertEqual(row["AU12_c"], str(int(float(row["AU12_p"]) > 0.5)))
        lines = [json.loads(line) for line in self.predict("--json", self.film)[0].splitlines()]
        self.assertEqual([f"{line['AU12_p']:.9g}" for line in lines[:12]], [row["AU12_p"] for row in rows[:12]])
        self.assertEqual((lines[3]["person"], lines[12]["message"]), (1, "no face"))
        self.assertIn("person", self.predict(self.film)[0].splitlines()[0])

    @built
    def test_a_pipe_gives_the_same_rows_as_they_come(self):
        whole, _ = self.rows(self.film)
        data = y4m(self.places)
        self.assertEqual(self.rows("--video", "-", data=data)[0], whole)
        with subprocess.Popen(self.command("--csv", "--video", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
            # probing the format takes some frames; the first row comes long before the end
            frame = data[data.index(b"\n") + 1:][:6 + H * W * 3 // 2]
            run.stdin.write(data)
            for _ in range(2000):
                run.stdin.write(frame)
                run.stdin.flush()
                if select.select([run.stdout], [], [], 0.01)[0]:
                    break
            self.assertTrue(select.select([run.stdout], [], [], 60)[0], "no row before the end of the pipe")
            run.stdout.close()  # the reader of the rows is gone
            time.sleep(0.1)
            try:
                for _ in range(2000):
                    run.stdin.write(frame)
                run.stdin.close()
            except BrokenPipeError:
                pass
            self.assertNotEqual(run.wait(timeout=60), 0)

    @built
    def test_what_is_no_film(self):
        text = self.write("text.mp4", b"not a video " * 1000)
        self.assertIn("text.mp4", self.predict(text, code=1)[1])
        self.assertIn("text.mp4", self.predict("--video", text, code=1)[1])
        self.assertIn("standard input", self.predict("--video", "-", code=1)[1])
        nobody = self.write("nobody.y4m", y4m([None] * 4))
        self.assertIn("no face was found in 4 frames", self.predict(nobody, code=1)[1])
        self.assertIn("max_pixels is 1000", self.predict(self.film, "--set", "max_pixels=1000", code=1)[1])

    def test_usage(self):
        for arguments in (["--video", "a", "b"], ["--video"], ["--camera", "0", "a.mp4"], ["--video", "--camera", "0", "a.mp4"], ["--video", "a.mp4", "--fps", "25"],
                          ["--camera", "0", "--raw", "4x4"]):
            done = subprocess.run(self.command(*arguments), capture_output=True, check=False)
            self.assertEqual(done.returncode, 2, arguments)

    @ffmpeg
    def test_damaged_films_end_with_a_message_after_the_good_rows(self):
        film = os.path.join(self.folder, "whole.avi")
        subprocess.run([FFMPEG, "-v", "error", "-y", "-i", self.write("long.y4m", y4m([10 + k % 40 for k in range(100)])), "-c:v", "mpeg4", "-q:v", "2", "-g", "10", film], check=True)
        whole, errors = self.rows(film)
        self.assertEqual((len(whole), errors.count("decoded")), (100, 0))
        with open(film, "rb") as file:
            data = bytearray(file.read())
        rng = random.Random(1)
        for _ in range(300):
            data[rng.randrange(len(data) // 3, 2 * len(data) // 3)] = rng.randrange(256)
        rows, errors = self.rows(self.write("damaged.avi", bytes(data)), code=(0, 1))  # 1 where the rest is not found again
        self.assertTrue(30 < len(rows) < 100, len(rows))
        self.assertIn("could not be decoded", errors)
        self.assertEqual(rows[:20], whole[:20])

    @ffmpeg
    def test_a_truncated_film_ends_with_a_message_after_all_rows(self):
        film = os.path.join(self.folder, "long.mkv")
        subprocess.run([FFMPEG, "-v", "error", "-y", "-i", self.write("long.y4m", y4m([10 + k % 40 for k in range(100)])), "-c:v", "mpeg4", "-q:v", "2", film], check=True)
        whole, _ = self.rows(film)
        with open(film, "rb") as file:
            data = file.read()
        rows, errors = self.rows(self.write("cut.mkv", data[:len(data) // 2]), code=1)
        self.assertTrue(40 < len(rows) < 60, len(rows))
        self.assertEqual(rows[:40], whole[:40])
        self.assertRegex(errors, r"cut.mkv: it ends early: after [12]\.[0-9]+ seconds, its header says 4\.00")

    @ffmpeg
    def test_the_size_may_change(self):
        parts = []
        for k, size in enumerate(("160x120", "320x240")):
            part = os.path.join(self.folder, f"{k}.ts")
            subprocess.run([FFMPEG, "-v", "error", "-y", "-i", self.write("part.y4m", y4m([40] * 25)), "-vf", f"scale={size.replace('x', ':')}", "-c:v", "mpeg2video", "-q:v", "2", part], check=True)
            with open(part, "rb") as file:
                parts.append(file.read())
        rows, _ = self.rows(self.write("both.ts", b"".join(parts)))
        self.assertEqual({row["person"] for row in rows}, {"1"})
        self.assertAlmostEqual(float(rows[-1]["w"]), 2 * float(rows[0]["w"]), delta=10)

    @ffmpeg
    def test_mutated_films_are_rows_or_a_message(self):
        """Films with bytes changed, cut and repeated: never a crash or an endless run, and little memory."""
        kinds = {"mp4": ["-c:v", "mpeg4"], "mkv": ["-c:v", "mpeg4"], "avi": ["-c:v", "mjpeg"], "ts": ["-c:v", "mpeg2video"], "gif": []}
        source, rng, ended = self.write("six.y4m", y4m([20] * 6)), random.Random(2), set()
        for kind, codec in kinds.items():
            film = os.path.join(self.folder, f"small.{kind}")
            subprocess.run([FFMPEG, "-v", "error", "-y", "-i", source, *codec, film], check=True)
            with open(film, "rb") as file:
                data = file.read()
            for _ in range(8):
                bad = bytearray(data)
                for _ in range(rng.choice((1, 10, 100))):
                    bad[rng.randrange(len(bad))] = rng.randrange(256)
                if rng.random() < 0.4:
                    bad = bad[:rng.randrange(len(bad))]
                done = subprocess.run(self.command("--csv", "--video", self.write(f"bad.{kind}", bytes(bad))), capture_output=True, timeout=60, check=False,
                                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30)) if os.environ.get("CLILE_LIMIT") == "1" else None)
                self.assertIn(done.returncode, (0, 1), (kind, done.stderr))
                if done.returncode == 1:
                    self.assertIn(b"clile: ", done.stderr)
                ended.add(done.returncode)
        self.assertEqual(ended, {0, 1})

    @classmethod
    def without_person(cls):
        """The model as one that does not know how people differ: its own neutral is the median."""
        path = os.path.join(cls.folder, "median.safetensors")
        with open(cls.model, "rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            header, data = json.loads(file.read(size)), file.read()
        begin, end = header.pop("person")["data_offsets"]
        for name, tensor in header.items():
            if name != "__metadata__" and tensor["data_offsets"][0] >= end:
                tensor["data_offsets"] = [offset - (end - begin) for offset in tensor["data_offsets"]]
        data = data[:begin] + data[end:]
        header["__metadata__"]["clile_crc32"] = f"{zlib.crc32(data):08x}"
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)
        return path

    @built
    def test_own_neutral(self):
        """Beside the raw columns, at the end of a film; the median is a tenth."""
        model = self.without_person()
        raw, _ = self.rows(self.film, model=model)
        rows, _ = self.rows("--own-neutral", self.film, model=model)
        self.assertEqual([{name: row[name] for name in raw[0]} for row in rows], raw)
        self.assertEqual(self.rows("--own-neutral", "--video", "-", data=y4m(self.places), model=model)[0], rows)

        def logit(p):
            return math.log(p / (1 - p))

        for au in (name[:-3] for name in rows[0] if name.endswith("_np")):
            pairs = [(logit(float(row[f"{au}_p"])), logit(float(row[f"{au}_np"]))) for row in rows[:12]]
            middle = sorted(p for p, _ in pairs)[5:7]
            for p, centred in pairs:
                self.assertAlmostEqual(centred, p - sum(middle) / 2 + logit(0.1), delta=0.13)
            self.assertEqual([row[f"{au}_nc"] for row in rows[:12]], [str(int(float(row[f"{au}_np"]) > 0.5)) for row in rows[:12]])
            self.assertEqual([row[f"{au}_np"] for row in rows[12:]], [""] * 3)
        line = json.loads(self.predict("--json", "--own-neutral", self.film, model=model)[0].splitlines()[4])
        self.assertEqual(f"{line['AU12_np']:.9g}", rows[4]["AU12_np"])

    def test_own_neutral_of_a_folder_of_one_person(self):
        album = os.path.join(self.folder, "album")
        os.makedirs(album)
        for k in range(6):
            pixels = grey(10 + 5 * k if k != 2 else None)
            cli.write_png(os.path.join(album, f"{k}.png"), W, H, [b"".join(bytes((level,)) * 3 for level in pixels[y * W:(y + 1) * W]) for y in range(H)])
        model = self.without_person()
        rows, _ = self.rows("--own-neutral", album, code=1, model=model)
        self.assertEqual([bool(row["AU12_np"]) for row in rows], [k != 2 for k in range(6)])
        for k in (0, 1, 3):
            os.remove(os.path.join(album, f"{k}.png"))
        rows, _ = self.rows("--own-neutral", album, code=1, model=model)  # too few for a median
        self.assertEqual([row["AU12_np"] for row in rows], [""] * 3)
        rows, _ = self.rows("--own-neutral", album, code=1)  # enough for a model that knows how people differ
        self.assertEqual([bool(row["AU12_np"]) for row in rows], [False, True, True])

    def test_own_neutral_of_a_camera_is_of_the_frames_so_far(self):
        for model, first in ((self.without_person(), 4), (self.model, 0)):
            rows, _ = self.rows("--own-neutral", "--camera", "1", code=1, env=self.with_camera, model=model)
            self.assertEqual([bool(row["AU12_np"]) for row in rows], [k >= first for k in range(6)])

    def test_a_camera_that_is_unplugged(self):
        rows, errors = self.rows("--camera", "1", code=1, env=self.with_camera)
        self.assertEqual([row["person"] for row in rows], ["1"] * 6)
        self.assertIn("/dev/video1: the camera was unplugged", errors)
        self.assertIn("/dev/video7: no camera", self.predict("--camera", "7", code=1, env=self.with_camera)[1])

    def test_a_camera_ends_when_it_is_told_to(self):
        with subprocess.Popen(self.command("--csv", "--camera", "0"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.with_camera, text=True) as run:
            rows = [run.stdout.readline() for _ in range(5)]
            run.send_signal(signal.SIGINT)
            rest, errors = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, errors)
        self.assertTrue((rows[-1] + rest).endswith("\n"))

    def test_a_table_on_a_terminal(self):
        master, terminal = pty.openpty()
        with subprocess.Popen(self.command("--camera", "0"), stdout=terminal, stderr=subprocess.PIPE, env=self.with_camera) as run:
            os.close(terminal)
            text, until = b"", time.monotonic() + 60
            while text.count(b"\033[H") < 4 and time.monotonic() < until:
                text += os.read(master, 65536)
            run.send_signal(signal.SIGINT)
            try:
                while os.read(master, 65536):
                    pass
            except OSError:
                pass  # the other end is closed
            errors = run.communicate(timeout=60)[1]
        os.close(master)
        self.assertEqual(run.returncode, 0, errors)
        self.assertGreaterEqual(text.count(b"\033[H"), 4, text)
        for part in (b"1 person", b"person 1", b"AU12  Lip corner puller", b"frames/s", b"#"):
            self.assertIn(part, text)
        self.assertNotIn(b"frame,time", text)


if __name__ == "__main__":
    unittest.main()
