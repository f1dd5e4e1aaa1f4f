#!/usr/bin/env python3
"""A model on whole frames with several faces each: how accurate, how fast, how much memory (docs/results.md).

    python3 tests/bench/frames.py --clile build/examples/clile --library build/lib/libclile.so --model model.safetensors --frames DIR

DIR has img/ and faces.csv (image, box x,y,w,h, landmarks x0,y0,..., AU1,AU2,... 0/1), as ../shared/data/frames-ict. Measured are
  - F1 (at the model's own decision) and AUC, means over the AUs that both know, by landmarks and by boxes alone;
  - that the same frames, raw on standard input, give exactly the same numbers;
  - frames a second of `clile predict`, start and loading excluded: files, and raw frames with landmarks by frame number and without;
  - the peak of resident memory over 100 and over --raw-frames raw frames.
Everything goes through the command; the library only decodes images to raw frames. Needs numpy."""
import argparse
import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Frames:
    """What faces.csv says, and the images decoded."""

    def __init__(self, folder, library):
        os.environ["CLILE_LIBRARY"] = str(library)
        sys.path.insert(0, str(ROOT / "examples" / "python"))
        import clile  # pylint: disable=import-outside-toplevel
        self.images = pathlib.Path(folder) / "img"
        with open(pathlib.Path(folder) / "faces.csv", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            self.columns, self.faces = reader.fieldnames, list(reader)
        self.names = sorted(path.name for path in self.images.iterdir())
        self.of = {name: [face for face in self.faces if os.path.basename(face["image"]) == name] for name in self.names}
        self.pixels = [np.ascontiguousarray(clile.read_image(self.images / name)) for name in self.names]
        self.h, self.w, _ = self.pixels[0].shape
        if any(image.shape != self.pixels[0].shape for image in self.pixels):
            sys.exit("the frames differ in size: raw frames cannot")

    def write(self, path, columns, frames=None):
        """The faces with these columns; `frames`: by frame number 1..frames instead of by image, the images over and over."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["image" if frames is None else "frame", *columns])
            if frames is None:
                writer.writerows([face["image"], *[face[column] for column in columns]] for face in self.faces)
            else:
                rows = [[[face[column] for column in columns] for face in self.of[name]] for name in self.names]
                writer.writerows([number + 1, *row] for number in range(frames) for row in rows[number % len(rows)])
        return str(path)


class Command:
    def __init__(self, arguments):
        self.start = [arguments.clile, "predict", "--model", arguments.model, "--csv", "--set", f"threads={arguments.threads}"]

    def run(self, *arguments, frames=(), count=0):
        """(rows, seconds, peak KiB); `count` raw frames go to its standard input, `frames` over and over."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
            begin = time.monotonic()
            child = subprocess.Popen([*self.start, *map(str, arguments)], stdin=subprocess.PIPE, stdout=out)
            for number in range(count):
                child.stdin.write(frames[number % len(frames)])
            # not getrusage's, which includes this process before exec
            status = pathlib.Path(f"/proc/{child.pid}/status").read_text(encoding="ascii")
            peak = int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M).group(1))
            child.stdin.close()
            child.wait()
            seconds = time.monotonic() - begin
            if child.returncode != 0:
                sys.exit(f"clile predict ended with {child.returncode}")
            out.seek(0)
            return list(csv.DictReader(out)), seconds, peak


def auc(scores, truth):
    """Area under the ROC curve; ties count half."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = truth.sum()
    return (rank[truth].sum() - positive * (positive + 1) / 2) / (positive * (len(truth) - positive))


def score(frames, rows):
    """{AU: (F1, AUC, share present)} and how many faces."""
    faces = [(frames.of[os.path.basename(row["image"])][int(row["face"]) - 1], row) for row in rows]
    if len(faces) != len(frames.faces) or any(row["success"] != "1" for row in rows):
        sys.exit("some faces have no answer")
    result = {}
    for column in rows[0]:
        if not column.endswith("_p") or f"AU{int(column[2:-2])}" not in frames.columns:
            continue
        truth = np.array([face[f"AU{int(column[2:-2])}"] == "1" for face, _ in faces])
        present = np.array([row[column[:-1] + "c"] == "1" for _, row in faces])
        if truth.all() or not truth.any():
            continue
        f1 = 2 * (truth & present).sum() / (truth.sum() + present.sum())
        result[f"AU{int(column[2:-2])}"] = (f1, auc(np.array([float(row[column]) for _, row in faces]), truth), truth.mean())
    return result, len(faces)


def mean(scores, index):
    return float(np.mean([values[index] for values in scores.values()]))


def rate(command, few, many, *arguments, **keywords):
    """Units a second between a run over `few` and one over `many`: start and loading cancel out; the best of three pairs."""
    def seconds(count):
        if keywords:
            return command.run(*arguments, count=count, **keywords)[1]
        return command.run(*arguments[:-1], *[arguments[-1]] * count)[1]
    return (many - few) / min(seconds(many) - seconds(few) for _ in range(3))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clile", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--frames", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--raw-frames", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    frames, command = Frames(arguments.frames, arguments.library), Command(arguments)
    points = [column for column in frames.columns if column[0] in "xy" and column[1:].isdigit()]
    raw, size, result = [image.tobytes() for image in frames.pixels], f"{frames.w}x{frames.h}", {}

    with tempfile.TemporaryDirectory() as folder:
        by = {"landmarks": frames.write(os.path.join(folder, "landmarks.csv"), points), "boxes": frames.write(os.path.join(folder, "boxes.csv"), ["x", "y", "w", "h"])}
        for name, faces in by.items():
            rows = command.run("--faces", faces, frames.images)[0]
            scores, count = score(frames, rows)
            result[name] = {"faces": count, "f1": mean(scores, 0), "auc": mean(scores, 1), "per_au": scores}
            # the same frames without names, on standard input
            numbered = command.run("--faces", faces, "--raw", size, frames=raw, count=len(raw))[0]
            same = [{key: value for key, value in row.items() if key != "image"} for row in rows] == [{key: value for key, value in row.items() if key != "image"} for row in numbered]
            if not same:
                sys.exit(f"raw frames give other answers than the files ({name})")
            result[name]["raw_frames_equal"] = True
        many = frames.write(os.path.join(folder, "many.csv"), points, arguments.raw_frames)
        result["frames_per_second"] = {
            "files, landmarks": len(raw) * rate(command, 1, 11, "--faces", by["landmarks"], frames.images),
            "raw, landmarks": rate(command, 60, 660, "--faces", many, "--raw", size, frames=raw),
            "raw, one face a frame (the whole frame)": rate(command, 60, 660, "--raw", size, frames=raw),
        }
        result["peak_kib"] = {str(count): command.run("--faces", many, "--raw", size, frames=raw, count=count)[2] for count in (100, arguments.raw_frames)}

    if arguments.json:
        print(json.dumps(result))
        return
    for name in by:
        print(f"{name}: {result[name]['faces']} faces in {len(raw)} frames, F1 {result[name]['f1']:.3f}, AUC {result[name]['auc']:.3f}; raw frames give the same answers")
    print("| AU | present | F1, landmarks | AUC | F1, boxes | AUC |\n|---|---|---|---|---|---|")
    for au, (f1, area, share) in result["landmarks"]["per_au"].items():
        other = result["boxes"]["per_au"][au]
        print(f"| {au} | {share:.2f} | {f1:.3f} | {area:.3f} | {other[0]:.3f} | {other[1]:.3f} |")
    for name, speed in result["frames_per_second"].items():
        print(f"{name}: {speed:.0f} frames/s of {size}, {arguments.threads} thread(s)")
    print("peak memory: " + ", ".join(f"{kib / 1024:.1f} MiB over {count} raw frames" for count, kib in result["peak_kib"].items()))


if __name__ == "__main__":
    main()
