"""test_blocks.py ROOT LIBRARY CC PYTHON: every code block of README.md, docs/ and examples/python/README.md is run as printed.

Blocks of a page run in order, in a folder of their own that holds what the pages mention: the data sets BP4D and DISFA (drawn), models, images.
The command `clile` is a stand-in that adds options to make `train` and `synth` quick unless the page sets them, ffmpeg one that prints frames, and SMALLER
shrinks some numbers; all else is as printed. A block that is not run is listed in NOT_HERE with the reason; an entry that matches no block is a failure, as is a block without a language.
"""
import ast
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import cli  # noqa: E402
import weights  # noqa: E402

ROOT, LIBRARY, CC = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
PYTHON = sys.argv[4]  # runs the Python blocks: the one with most of what they import
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/python/README.md"]

# (page, how the block begins): why it is not run here.
NOT_HERE = {
    ("README.md", "sh examples/quickstart.sh"): "the two commands themselves; the second one runs this test",
    ("README.md", "apt-get install"): "installs into the system; tests/run.sh and tests/consumer/readme.sh do the same elsewhere",
    ("README.md", "cmake --install build --prefix"): "tests/consumer/readme.sh runs it",
    ("README.md", "cc example.c"): "tests/consumer/readme.sh runs it, where libclile is installed",
    ("docs/contributing.md", "sh tests/run.sh"): "runs this test",
    ("docs/contributing.md", "cmake -S . -B build"): "tests/run.sh does the same",
    ("docs/contributing.md", "/* lib/layout/named.c"): "docs/walks builds it into the library",
    ("docs/contributing.md", "/* lib/loss/centre.c"): "docs/walks builds it into the library",
    ("docs/contributing.md", "/* lib/loss/product.c"): "docs/walks builds it into the library",
    ("docs/contributing.md", "    LAYOUT(named"): "docs/walks builds it into the library",
    ("docs/contributing.md", "    LOSS(X, centre"): "docs/walks builds it into the library",
    ("docs/contributing.md", "    ELIMINATION(product"): "docs/walks builds it into the library",
    ("docs/dependencies.md", "python3 -m venv onednn3"): "tests/run.sh does the same for its second build",
    ("docs/getting-started.md", "apt-get install"): "as in README.md",
    ("docs/import.md", "weights = torch.load("): "a file that no test has; tests/parity imports what PyTorch saved",
    ("docs/packaging.md", "cmake -S . -B build -G"): "tests/consumer/run.sh does the same",
    ("docs/packaging.md", "cmake -S . -B build-deb"): "tests/packages.sh does the same",
    ("docs/packaging.md", "pip wheel"): "tests/python/wheel.sh does the same",
    ("docs/python.md", "python3 -m venv env"): "tests/python/wheel.sh does the same",
    ("docs/photo-model.md", "sh examples/photo-model/make.sh"): "renders and trains for an hour; photo/recipe runs its programs",
    ("docs/results.md", "examples/photo-model/score.py"): "photographs that are not in the repository; photo/recipe runs its programs",
    ("docs/results.md", "python3 tests/bench/study.py"): "takes hours",
    ("docs/results.md", "for s in F001"): "a rendered set that is not in the repository",
    ("docs/results.md", "clile bench infer"): "takes half an hour; tests/cli/test_usage.py runs a small one",
}
# What a page says, and what is run.
SMALLER = {
    "--subjects 1000": "--subjects 10",
    "epochs=20,": "epochs=1, epochs_stage1=1, width=0.0625, image_size=32, embedding=8, threads=1,",
}


def blocks(page):
    """(line, language, text) of each fenced block."""
    found, start, language, lines = [], 0, "", []
    for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
        if not line.startswith("```"):
            lines.append(line)
        elif start:
            found.append((start, language, "\n".join(lines) + "\n"))
            start = 0
        else:
            start, language, lines = number, line[3:].strip(), []
    if start:
        sys.exit(f"{page}:{start}: a code block that does not end")
    return found


def script(path, text):
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def fine(done, what):
    if done.returncode != 0:
        sys.exit(f"{what} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def resnet18(path):
    """Weights of torchvision's ResNet-18 by their names and shapes, zeros with ones where batch norm scales."""
    def tensor(*shape, one=False):
        made = weights.Tensor(shape, [])
        made.elements = math.prod(shape)
        made.data = b"\0\0\x80?" * made.elements if one else bytes(4 * made.elements)
        return made

    def norm(name, c):
        return {f"{name}.weight": tensor(c, one=True), f"{name}.bias": tensor(c), f"{name}.running_mean": tensor(c), f"{name}.running_var": tensor(c, one=True)}

    state = {"conv1.weight": tensor(64, 3, 7, 7), **norm("bn1", 64)}
    before = 64
    for layer, c in enumerate((64, 128, 256, 512), 1):
        for block in (0, 1):
            name = f"layer{layer}.{block}"
            state |= {f"{name}.conv1.weight": tensor(c, before, 3, 3), **norm(f"{name}.bn1", c), f"{name}.conv2.weight": tensor(c, c, 3, 3), **norm(f"{name}.bn2", c)}
            if before != c:
                state |= {f"{name}.downsample.0.weight": tensor(c, before, 1, 1), **norm(f"{name}.downsample.1", c)}
            before = c
    state |= {"fc.weight": tensor(1000, 512), "fc.bias": tensor(1000)}
    weights.write_pth(str(path), state)


def film(path, face):
    """A face of the size of a close-up that moves to the right, as YUV4MPEG2, which FFmpeg recognises under any name."""
    import numpy as np
    w, _, rows = cli.read_png(str(face))
    grey = np.kron(np.frombuffer(b"".join(rows), np.uint8).reshape(-1, w, 3).astype(int).mean(2).astype(np.uint8), np.ones((3, 3), np.uint8))
    with open(path, "wb") as file:
        file.write(b"YUV4MPEG2 W320 H240 F25:1 Ip A1:1 C420jpeg\n")
        for k in range(12):
            frame = np.full((240, 320), 120, np.uint8)
            frame[20:20 + len(grey), 40 + 2 * k:40 + 2 * k + len(grey)] = grey
            file.write(b"FRAME\n" + frame.tobytes() + b"\x80" * (320 * 240 // 2))


def needs_modules(code):
    """The modules that a block with a film needs and this build lacks."""
    return [name for name in ("video_ffmpeg.so", "finder_dlib.so") if "film.mp4" in code and not (LIBRARY.parent / name).exists()]


def prepare(folder):
    """The folder that each page gets a copy of, and its environment."""
    programs = folder / "bin"
    programs.mkdir()
    script(programs / "clile", f'''#!/bin/sh
if [ "$1" = train ]; then
    case "$*" in *width=*) ;; *) set -- "$@" --set width=0.0625 --set embedding=16 ;; esac
    set -- "$@" --quiet --set epochs=1 --set epochs_stage1=1 --set threads=1
elif [ "$1" = synth ]; then
    case "$*" in *--size*) ;; *) set -- "$@" --size 48 ;; esac
    case "$*" in *--frames*) ;; *) set -- "$@" --frames 4 ;; esac
elif [ "$1" = predict ] && [ ! -e "{LIBRARY.parent.parent}/share/clile/photo.safetensors" ]; then # no model comes with this build
    case "$*" in *--model*) ;; *) shift; set -- predict --model model.safetensors "$@" ;; esac
fi
exec "{cli.COMMAND}" "$@"
''')
    script(programs / "ffmpeg", "#!/bin/sh\nhead -c 2764800 /dev/zero # three frames of 640x480 RGB\n")
    script(programs / "python3", f'#!/bin/sh\nexec "{PYTHON}" "$@"\n')
    world = folder / "world"
    world.mkdir()
    for name, subjects in (("BP4D", 41), ("DISFA", 27)):
        fine(cli.clile("synth", world / name, "--layout", name.lower(), "--subjects", subjects, "--tasks", 1, "--frames", 4, "--size", 64), name)
    fine(cli.clile("train", "--data", world / "BP4D", "--protocol", "bp4d", "--fold", "all", "--out", world / "model.safetensors", "--quiet",
                   *cli.settings()), "training")
    shutil.copy(world / "model.fold1.safetensors", world / "model.safetensors")
    resnet18(world / "resnet18-f37072fd.pth")
    face = sorted((world / "BP4D").rglob("F001/T1/*"))[0]
    for name in ("crop.png", "photo.jpg", "face.png"):
        shutil.copy(face, world / name)
    shutil.copytree(face.parent, world / "photos")
    film(world / "film.mp4", face)
    row = (world / "BP4D/landmarks/F001_T1.csv").read_text(encoding="ascii").splitlines()[1]
    (world / "face.csv").write_text("face.png" + row[row.index(","):] + "\n", encoding="ascii")
    (world / "faces.csv").write_text("frame,x,y,w,h\n" + "".join(f"{frame},8,8,48,48\n" for frame in (1, 2, 3, 4)) + "photo,8,8,48,48\n", encoding="utf-8")
    import numpy as np
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, (48, 3)).astype(np.int8)
    images = rng.integers(0, 256, (48, 32, 32, 3)).astype(np.uint8)
    np.savez(world / "faces.npz", images=images, labels=labels, subject=np.arange(48, dtype=np.int32) % 6, au_ids=np.array([1, 4, 12], np.int32))
    return world, {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "LD_LIBRARY_PATH": str(LIBRARY.parent), "CLILE_LIBRARY": str(LIBRARY),
                   "LIBRARY_PATH": str(LIBRARY.parent), "CPATH": str(ROOT / "include"), "PYTHONPATH": str(ROOT / "examples/python"),
                   "PYTHONDONTWRITEBYTECODE": "1", "GOMP_SPINCOUNT": "1000"}


def imported(code):
    """Names of the packages that Python code imports."""
    names = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module)
    return sorted({name.split(".")[0] for name in names})


def has(module):
    return subprocess.run([PYTHON, "-c", f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"], check=False).returncode == 0


def run_python(codes, folder, environment, what):
    """All blocks of a page in one program, with `faces` as a detector would have cut them out."""
    text = "import numpy\nfaces = numpy.zeros((2, 32, 32, 3), numpy.uint8)\n"
    for line, code in codes:
        text += "\n" * max(0, line - text.count("\n")) + code  # so that a traceback gives the line of the page
    (folder / "blocks.py").write_text(text, encoding="utf-8")
    fine(subprocess.run([PYTHON, "blocks.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False), what)


def run_c(code, folder, environment, what):
    (folder / "block.c").write_text(code, encoding="utf-8")
    for command in ([CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "block.c", "-o", "block", "-lclile"], ["./block"]):
        fine(subprocess.run([str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False), what)


def run_r(code, folder, environment, what):
    """A block of R writes one or more figures, which must be SVG with a line in them."""
    (folder / "block.R").write_text(code, encoding="utf-8")
    fine(subprocess.run(["Rscript", "--vanilla", "block.R"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False), what)
    figures = sorted(folder.glob("*.svg"))
    if not figures or not all("<path" in figure.read_text(encoding="utf-8") for figure in figures):
        sys.exit(f"{what}: no figure, or one without a line: {figures}")


def run_page(page, world, folder, environment, unused):
    """Runs the blocks of one page; returns how many were run and what was left out."""
    name, counts, left_out, codes = str(page.relative_to(ROOT)), 0, [], []
    shutil.copytree(world, folder)
    for line, language, code in blocks(page):
        what = f"{name}, line {line}"
        reason = [key for key in NOT_HERE if key[0] == name and code.startswith(key[1])]
        if reason:
            unused.discard(reason[0])
            left_out.append(f"{what}: {NOT_HERE[reason[0]]}")
            continue
        for printed, run in SMALLER.items():
            code = code.replace(printed, run)
        counts += 1
        if language in ("sh", "python") and needs_modules(code):
            counts -= 1
            print(f"LEFT OUT: {what}: there is no {', '.join(needs_modules(code))}")
        elif language == "sh":
            fine(subprocess.run(["sh", "-eu", "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False), what)
        elif language == "python":
            missing = [module for module in imported(code) if module != "clile" and not has(module)]
            if missing:
                counts -= 1
                print(f"LEFT OUT: {what}: {PYTHON} has no {', '.join(missing)}")
            else:
                codes.append((line, code))
        elif language == "r":
            if shutil.which("Rscript"):
                run_r(code, folder, environment, what)
            else:
                counts -= 1
                print(f"LEFT OUT: {what}: Rscript was not found")
        elif language == "c":
            run_c(code, folder, environment, what)
        elif language == "json":
            json.loads(code)
        elif language == "text":
            counts -= 1  # a layout or a message: nothing to run
        else:
            sys.exit(f"{what}: a block of language {language!r}; sh, python, c, r, json or text are expected")
    if codes:
        run_python(codes, folder, environment, name)
    return counts, left_out


def main():
    folder = pathlib.Path(cli.scratch("blocks"))
    world, environment = prepare(folder)
    counts, left_out, unused = 0, [], set(NOT_HERE)
    for number, page in enumerate(PAGES):
        run, without = run_page(page, world, folder / f"page{number}", environment, unused)
        counts += run
        left_out += without
    if unused:
        sys.exit(f"NOT_HERE names blocks that are in no page: {sorted(unused)}")
    print(f"{counts} code blocks run as printed; never run here:", *left_out, sep="\n  ")


if __name__ == "__main__":
    main()
