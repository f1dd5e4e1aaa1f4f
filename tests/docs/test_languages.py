"""test_languages.py ROOT LIBRARY CXX EXAMPLES: the command, C, C++ and Python give the same bits for the same image and face.

Each program prints nine digits, which name a float exactly; they are compared as floats. EXAMPLES is the folder of the built programs.
"""
import csv
import io
import os
import pathlib
import re
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import cli  # noqa: E402

ROOT, LIBRARY, CXX, EXAMPLES = (pathlib.Path(argument) for argument in sys.argv[1:5])
ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": str(LIBRARY.parent), "CLILE_LIBRARY": str(LIBRARY), "PYTHONPATH": str(ROOT / "examples/python"), "PYTHONDONTWRITEBYTECODE": "1"}
PACKAGE = """
import sys, clile
model = clile.Model.load(sys.argv[1])
at = [float(number) for number in sys.argv[3:]]
face = {"box": at} if len(at) == 4 else {"landmarks": [at[k : k + 2] for k in range(0, len(at), 2)]} if at else {"crop": True}
answer = model.predict(sys.argv[2], **face)
again = model.predict([sys.argv[2]] * 9, **({"crop": True} if not at else {key: [value] * 9 for key, value in face.items()}))
for au, p, here, many in zip(answer.au_ids, answer.probability, answer.present, again.probability.T):
    if any(many != p):
        sys.exit(f"AU{au}: {p} alone, {many} among others")
    print(f"AU{au:<3} {p:.9g}{'  present' if here else ''}")
"""


def run(*command, folder):
    done = subprocess.run([str(part) for part in command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def bits(texts):
    return [struct.pack("<f", float(text)) for text in texts]


def printed(text):
    """Of a program: bits of the probabilities, and what is present."""
    rows = re.findall(r"^AU(\d+) +(\S+)(  present)?$", text, re.M)
    return [int(au) for au, _, _ in rows], bits(p for _, p, _ in rows), [bool(here) for _, _, here in rows]


def commanded(text):
    row = next(csv.DictReader(io.StringIO(text)))
    names = [name[:-2] for name in row if name.startswith("AU") and name.endswith("_p")]
    return [int(name[2:]) for name in names], bits(row[f"{name}_p"] for name in names), [row[f"{name}_c"] == "1" for name in names]


def main():
    folder = pathlib.Path(cli.scratch("languages"))
    faces = cli.draw(str(folder / "faces"), size=96)
    run(cli.COMMAND, "train", "--data", faces, "--out", "model.safetensors", "--quiet", *cli.settings(), folder=folder)
    run(cli.COMMAND, "export", "model.safetensors", "--int8", "--calibrate", faces, "--out", "int8.safetensors", folder=folder)
    run(CXX, "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "include", ROOT / "examples/predict.cpp", "-o", "predict-cpp", f"-L{LIBRARY.parent}", "-lclile", folder=folder)
    image = pathlib.Path(faces) / "Sequences/F001/T1/0003.png"
    landmarks = (pathlib.Path(faces) / "landmarks/F001_T1.csv").read_text(encoding="ascii").splitlines()[3].split(",")[1:]
    five = ["33.25", "38.5", "62.75", "40.1", "47.3", "55.9", "36.2", "71", "60.4", "72.8"]
    compared = set()
    for model in ("model.safetensors", "int8.safetensors"):
        for numbers in (landmarks, five, ["20.5", "11", "51", "63.25"], []):
            given = ["--crop"]
            if numbers:
                (folder / "face.csv").write_text(",".join(["0003.png", *numbers]) + "\n", encoding="ascii")
                given = ["--faces", "face.csv"]
            answers = {
                "the command": commanded(run(cli.COMMAND, "predict", "--model", model, "--csv", *given, image, folder=folder)),
                "C": printed(run(EXAMPLES / "example_predict", model, image, *numbers, folder=folder)),
                "C++": printed(run(folder / "predict-cpp", model, image, *numbers, folder=folder)),
                "Python, the package": printed(run(sys.executable, "-c", PACKAGE, model, image, *numbers, folder=folder)),
                "Python, ctypes alone": printed(run(sys.executable, ROOT / "examples/python/predict.py", model, image, *numbers, folder=folder)),
            }
            first = answers["C"]
            if len(first[0]) != 12:
                sys.exit(f"12 AUs are expected, found {first[0]}")
            for name, found in answers.items():
                if found != first:
                    sys.exit(f"{model}, {len(numbers)} numbers: {name} and C answer differently:\n{found}\n{first}")
            compared.add(tuple(first[1]))
    if len(compared) != 8:
        sys.exit("faces that are placed otherwise, and the int8 model, ought to have other answers")
    print("the command, C, C++ and Python give the same bits by 68 and 5 landmarks, by a box and of a crop, in float32 and int8")


if __name__ == "__main__":
    main()
