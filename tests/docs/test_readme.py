"""test_readme.py ROOT LIBRARY CC EXAMPLE_TRAIN EXAMPLE_PREDICT: the examples of README.md and examples/ run as printed.

They run in a folder that holds model.safetensors and face.bmp, as the quick start leaves them.
"""
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import cli  # noqa: E402

ROOT, LIBRARY, CC, TRAIN, PREDICT = (pathlib.Path(argument) for argument in sys.argv[1:6])
ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": str(LIBRARY.parent), "CLILE_LIBRARY": str(LIBRARY), "PYTHONPATH": str(ROOT / "examples/python"),
               "PYTHONDONTWRITEBYTECODE": "1"}


def run(*command, folder):
    done = subprocess.run([str(part) for part in command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def blocks(language):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    if len(found) != 1:
        sys.exit(f"README.md has {len(found)} {language} examples, one is expected")
    return found[0]


def main():
    folder = pathlib.Path(cli.scratch("readme"))
    faces = cli.draw(str(folder / "faces"))
    done = cli.clile("train", "--data", faces, "--layout", "bp4d", "--protocol", "bp4d", "--fold", "1", "--out", folder / "model.safetensors", "--quiet", *cli.settings())
    if done.returncode != 0:
        sys.exit(done.stderr)
    (folder / "face.bmp").write_bytes((folder / "faces/Sequences/F001/T1/0001.bmp").read_bytes())

    (folder / "example.c").write_text(blocks("c"), encoding="utf-8")
    run(CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "include", "example.c", "-o", "example", f"-L{LIBRARY.parent}", "-lclile", folder=folder)
    (folder / "example.py").write_text(blocks("python"), encoding="utf-8")
    if importlib.util.find_spec("numpy") is None:
        sys.exit("the Python example of README.md needs numpy (Debian: python3-numpy), and this Python has none")
    answers = {
        "README.md, C": run(folder / "example", folder=folder),
        "README.md, Python": run(sys.executable, "example.py", folder=folder),
        "examples/predict.c": run(PREDICT, "model.safetensors", "face.bmp", folder=folder),
        "examples/python/predict.py": run(sys.executable, ROOT / "examples/python/predict.py", "model.safetensors", "face.bmp", folder=folder),
    }
    # all four read the same face with the same model
    numbers = {name: re.findall(r"AU(\d+) +(\d\.\d+)", text) for name, text in answers.items()}
    first = numbers["README.md, C"]
    if len(first) != 12:
        sys.exit(f"12 AUs are expected:\n{answers['README.md, C']}")
    for name, found in numbers.items():
        if found != first:
            sys.exit(f"{name} answers otherwise than the C example:\n{answers[name]}\n{answers['README.md, C']}")
    run(TRAIN, faces, "trained.safetensors", folder=folder)
    if "12 AUs" not in run(cli.COMMAND, "info", "trained.safetensors", folder=folder):
        sys.exit("examples/train.c wrote no model of 12 AUs")
    print("the examples of README.md and examples/ run as printed")


if __name__ == "__main__":
    main()
