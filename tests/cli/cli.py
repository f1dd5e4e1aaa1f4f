"""What the tests of the command share: where it is, how it is run, and a small data set of drawn faces.

Environment: CLILE_COMMAND (the command), CLILE_SCRATCH (a folder to write to).
"""
import json
import os
import shutil
import struct
import subprocess
import unittest
import zlib

COMMAND = os.environ["CLILE_COMMAND"]
SCRATCH = os.environ["CLILE_SCRATCH"]
# Small enough to train in a second, with a stage 1.
SMALL = ["elimination=orthogonal", "stem=imagenet", "image_size=32", "width=0.0625", "embedding=16", "epochs_stage1=2", "epochs=2", "batch=16", "threads=2"]


def scratch(name):
    path = os.path.join(SCRATCH, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def draw(folder, subjects=6, tasks=2, frames=8, size=48, seed=1):
    subprocess.run([COMMAND, "synth", folder, "--quiet", "--subjects", str(subjects), "--tasks", str(tasks), "--frames", str(frames), "--size", str(size), "--seed", str(seed)],
                   check=True, stdout=subprocess.DEVNULL)
    return folder


def clile(*arguments, **keywords):
    return subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, **keywords)


def read_png(path):
    """(w, h, rows of RGB) of what clile writes: one IDAT, filter Sub."""
    with open(path, "rb") as file:
        data = file.read()
    w, h = struct.unpack_from(">II", data, 16)
    at, packed = 8, b""
    while at < len(data):
        length = struct.unpack_from(">I", data, at)[0]
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    raw, rows = zlib.decompress(packed), []
    for y in range(h):
        row = bytearray(raw[y * (3 * w + 1) + 1:(y + 1) * (3 * w + 1)])
        for i in range(3, len(row)):
            row[i] = (row[i] + row[i - 3]) & 255
        rows.append(bytes(row))
    return w, h, rows


def write_png(path, w, h, rows, *chunks):
    """Writes rows of RGB, and these (type, data) chunks after the header; returns the path."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) + b"".join(chunk(*more) for more in chunks) +
                   chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b""))
    return path


def settings(**changes):
    """SMALL as --set arguments, with changes."""
    values = dict(item.split("=") for item in SMALL)
    values.update({key: str(value) for key, value in changes.items()})
    return [text for key, value in values.items() for text in ("--set", f"{key}={value}")]


class CommandTest(unittest.TestCase):
    def fine(self, *arguments):
        done = clile(*arguments)
        self.assertEqual(done.returncode, 0, f"clile {arguments}: {done.stderr}")
        return done

    def fine_json(self, *arguments):
        return json.loads(self.fine(*arguments, "--json").stdout)

    def usage(self, expected, *arguments):
        """Wrong usage: 2, nothing on stdout, a message that holds `expected`."""
        done = clile(*arguments)
        self.assertEqual(done.returncode, 2, f"clile {arguments}: {done.stdout}{done.stderr}")
        self.assertEqual(done.stdout, "")
        self.assertIn(expected, done.stderr)

    def fails(self, expected, *arguments):
        """Failure: 1 and a message that holds each of `expected`."""
        done = clile(*arguments)
        self.assertEqual(done.returncode, 1, f"clile {arguments}: {done.stdout}{done.stderr}")
        for text in [expected] if isinstance(expected, str) else expected:
            self.assertIn(text, done.stderr)
        return done
