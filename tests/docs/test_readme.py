"""test_readme.py ROOT LIBRARY CC EXAMPLES: the examples of README.md and examples/ run as printed. EXAMPLES is the folder of the built programs.

They run in a folder that holds model.safetensors, face.png and face.csv, as the quick start leaves them.
"""
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import cli  # noqa: E402

ROOT, LIBRARY, CC, EXAMPLES = (pathlib.Path(argument) for argument in sys.argv[1:5])
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


def expect(pattern, text, what):
    found = re.findall(pattern, text, re.M)
    if not found:
        sys.exit(f"{what}: no line {pattern} in\n{text}")
    return found


def narrow():
    """A page for somebody in a hurry: no line of README.md is above 100 columns."""
    for number, line in enumerate((ROOT / "README.md").read_text(encoding="utf-8").split("\n"), 1):
        if len(line) > 100:
            sys.exit(f"README.md, line {number}: {len(line)} columns, at most 100 are expected")


def custom_loop(folder):
    """Both losses fall by half at least, and unseen people are read far better than by always answering no (about 60 %)."""
    text = run(EXAMPLES / "example_custom_loop", folder=folder)
    for pattern in (r"^stage 1, .* loss (\S+)$", r"^stage 2, .* BCE (\S+),"):
        losses = [float(loss) for loss in expect(pattern, text, "custom_loop.c")]
        if not losses[-1] < losses[0] / 2:
            sys.exit(f"custom_loop.c: the loss does not fall:\n{text}")
    if float(expect(r"^people never seen: (\S+) %", text, "custom_loop.c")[0]) < 75:
        sys.exit(f"custom_loop.c: unseen people are not recognised:\n{text}")


def custom_loss(folder):
    """C and Python train alike, and both losses fall."""
    pattern = r"^epoch \d: loss (\S+), BCE (\S+), own (\S+)$"
    in_c = run(EXAMPLES / "example_custom_loss", folder=folder)
    in_python = run(sys.executable, ROOT / "examples/python/custom_loss.py", folder=folder)
    both = [[[float(loss) for loss in row] for row in expect(pattern, text, "custom_loss")] for text in (in_c, in_python)]
    if len(both[0]) != 4 or len(both[1]) != 4 or any(abs(a - b) > 0.002 for c, python in zip(*both) for a, b in zip(c, python)):
        sys.exit(f"custom_loss.c and custom_loss.py differ:\n{in_c}{in_python}")
    if not both[0][-1][0] < both[0][0][0] or not both[0][-1][2] < 0.8 * both[0][0][2]:
        sys.exit(f"custom_loss.c: the loss does not fall:\n{in_c}")


def opencv_webcam(folder):
    """The frames of a video, without a display; its output is a video again. Whole frames are taken as faces here, so the answers are known."""
    program = EXAMPLES / "example_opencv_webcam"
    if not program.exists():
        print("LEFT OUT: opencv_webcam.cpp: it was not built, OpenCV was not found")
        return
    text = run(program, "model.safetensors", "faces/Sequences/F001/T1/%04d.png", "--cascade", "none", "--out", "out.avi", folder=folder)
    frames = len(list((folder / "faces/Sequences/F001/T1").iterdir()))
    expect(rf"^{frames} frames, a face in {frames} of them$", text, "opencv_webcam.cpp")
    first = expect(r"^frame 1:(.*)$", text, "opencv_webcam.cpp")[0]
    same = re.findall(r"AU(\d+) +\d\S*  present", run(EXAMPLES / "example_predict", "model.safetensors", "face.png", folder=folder))
    if re.findall(r"AU(\d+)", first) != same:
        sys.exit(f"opencv_webcam.cpp finds{first} in the first frame, predict.c finds {same}")
    expect(rf"^{frames} frames, ", run(program, "model.safetensors", "out.avi", "--cascade", "none", folder=folder), "opencv_webcam.cpp on its own video")
    failed = subprocess.run([program, "model.safetensors", "none.avi"], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)
    if failed.returncode != 1 or "cannot open the camera or video none.avi" not in failed.stderr:
        sys.exit(f"opencv_webcam.cpp on a video that is not there: {failed.returncode} {failed.stderr}")


def main():
    narrow()
    folder = pathlib.Path(cli.scratch("readme"))
    faces = cli.draw(str(folder / "faces"))
    done = cli.clile("train", "--data", faces, "--layout", "bp4d", "--protocol", "bp4d", "--fold", "1", "--out", folder / "model.safetensors", "--quiet", *cli.settings())
    if done.returncode != 0:
        sys.exit(done.stderr)
    (folder / "face.png").write_bytes((folder / "faces/Sequences/F001/T1/0001.png").read_bytes())
    row = (folder / "faces/landmarks/F001_T1.csv").read_text(encoding="ascii").splitlines()[1]
    (folder / "face.csv").write_text("face.png" + row[row.index(","):] + "\n", encoding="ascii")
    points = row.split(",")[1:]

    (folder / "example.c").write_text(blocks("c"), encoding="utf-8")
    run(CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "include", "example.c", "-o", "example", f"-L{LIBRARY.parent}", "-lclile", folder=folder)
    (folder / "example.py").write_text(blocks("python"), encoding="utf-8")
    if importlib.util.find_spec("numpy") is None:
        sys.exit("the Python example of README.md needs numpy (Debian: python3-numpy), and this Python has none")
    answers = {
        "README.md, C": run(folder / "example", folder=folder),
        "README.md, Python": run(sys.executable, "example.py", folder=folder),
        "examples/predict.c": run(EXAMPLES / "example_predict", "model.safetensors", "face.png", *points, folder=folder),
        "examples/python/predict.py": run(sys.executable, ROOT / "examples/python/predict.py", "model.safetensors", "face.png", *points, folder=folder),
    }
    # all four read the same face with the same model
    numbers = {name: [(au, f"{float(p):.3f}") for au, p in re.findall(r"AU(\d+) +(\d\S*)", text)] for name, text in answers.items()}
    first = numbers["README.md, C"]
    if len(first) != 12:
        sys.exit(f"12 AUs are expected:\n{answers['README.md, C']}")
    for name, found in numbers.items():
        if found != first:
            sys.exit(f"{name} and the C example answer differently:\n{answers[name]}\n{answers['README.md, C']}")
    run(EXAMPLES / "example_train", faces, "trained.safetensors", folder=folder)
    if "12 AUs" not in run(cli.COMMAND, "info", "trained.safetensors", folder=folder):
        sys.exit("examples/train.c wrote no model of 12 AUs")
    expect("^3 threads, 50 images each, the same answer", run(EXAMPLES / "example_threads", "model.safetensors", "face.png", "3", folder=folder), "threads.c")
    custom_loop(folder)
    custom_loss(folder)
    opencv_webcam(folder)
    print("the examples of README.md and examples/ run as printed")


if __name__ == "__main__":
    main()
