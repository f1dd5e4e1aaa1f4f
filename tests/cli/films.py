"""What the tests of films share: films that are made here, a small model, and a library with a camera. The finder "square" is tests/face/stub.c, the camera
tests/video/camera.c."""
import csv
import io
import os
import shutil
import subprocess
import unittest

import cli
from cli import CommandTest, settings

H, W, SIDE = 120, 160, 64
LIBRARY = os.environ["CLILE_LIBRARY"]
BUILT = os.environ.get("CLILE_VIDEO") == "1"
FFMPEG = shutil.which("ffmpeg")
built = unittest.skipUnless(BUILT, "the decoder of videos was not built")
ffmpeg = unittest.skipUnless(BUILT and FFMPEG, "ffmpeg, or the decoder of videos, was not found")


def grey(x):
    """A face that the finder sees at x; None: nobody."""
    rows = [bytearray(30 + (u // 8 * 37 + v // 8 * 91) % 90 for u in range(W)) for v in range(H)]
    for v in range(SIDE if x is not None else 0):
        for u in range(SIDE):
            edge = min(u, v, SIDE - 1 - u, SIDE - 1 - v) < 8
            rows[30 + v][x + u] = 240 if edge else 60 + (u // 8 * 53 + v // 8 * 29) % 150
    return b"".join(rows)


def y4m(places):
    head = f"YUV4MPEG2 W{W} H{H} F25:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL\n".encode()
    return head + b"".join(b"FRAME\n" + grey(x) + b"\x80" * (H * W // 2) for x in places)


class FilmTest(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch(f"film_{cls.__name__}")
        data = cli.draw(os.path.join(cls.folder, "faces"))
        cls.model = os.path.join(cls.folder, "model.safetensors")
        done = cli.clile("train", "--data", data, "--layout", "bp4d", "--out", cls.model, "--quiet", *settings(elimination="none", epochs=1))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.places = [10 + 2 * k for k in range(12)] + [None] * 3
        cls.film = cls.write("film.mp4", y4m(cls.places))
        # a library beside which the camera is the decoder
        cls.beside = os.path.join(cls.folder, "camera")
        os.makedirs(cls.beside)
        for file in (LIBRARY, os.path.join(os.path.dirname(LIBRARY), "finder_square.so")):
            shutil.copy(file, os.path.join(cls.beside, os.path.basename(file)))
        soname = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout.split("soname: [")[1].split("]")[0]
        shutil.copy(LIBRARY, os.path.join(cls.beside, soname))
        shutil.copy(os.environ["CLILE_TEST_CAMERA"], os.path.join(cls.beside, "video_ffmpeg.so"))
        cls.with_camera = {**os.environ, "LD_LIBRARY_PATH": cls.beside}

    @classmethod
    def write(cls, name, data):
        path = os.path.join(cls.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def command(self, *arguments, model=None):
        return [cli.COMMAND, "predict", "--model", model or self.model, "--set", "points_model=none", "--finder", "square", *arguments]

    def predict(self, *arguments, code=0, env=None, data=b"", model=None):
        done = subprocess.run(self.command(*arguments, model=model), input=data, capture_output=True, timeout=300, env=env, check=False)
        self.assertIn(done.returncode, code if isinstance(code, tuple) else (code,), done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def rows(self, *arguments, **keywords):
        out, errors = self.predict("--csv", *arguments, **keywords)
        return list(csv.DictReader(io.StringIO(out))), errors
