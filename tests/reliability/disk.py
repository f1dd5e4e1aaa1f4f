"""disk.py COMMAND SCRATCH: what the command leaves when it cannot write.

Every file that it writes meets a full disk (a limit of file sizes, and a small tmpfs where one can be mounted), a folder that is read-only, and one that is
none; all that it prints meets a closed stream, a pipe that nobody reads, and a full device. Each time it fails with a message that names the file, nothing
half-written is left, and an older file is what it was. Training resumes to the same bits.
"""
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys

os.environ["CLILE_COMMAND"], os.environ["CLILE_SCRATCH"] = sys.argv[1:3]
ROOM = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(ROOM), str(ROOM.parent / "cli")]
import cli  # noqa: E402
import kill  # noqa: E402
import weights  # noqa: E402

OLD = b"older\n"
TMPFS = 32 << 20  # bytes
runs = 0
wrong = []
models = []  # bytes of the model whose card is changed


def go(arguments, words=None, limit=None, **keywords):
    """Exit status and messages; `words`: what the command is run by, `limit`: bytes of a file."""
    global runs

    def child():  # after Python has set its signals back
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    keywords = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **keywords}
    done = subprocess.run([*(words or []), cli.COMMAND, *map(str, arguments)], preexec_fn=None if limit is None else child, timeout=120, check=False, **keywords)
    runs += 1
    return done.returncode, (done.stderr or b"").decode()


def attempt(check, *arguments):
    try:
        check(*arguments)
    except AssertionError as error:
        wrong.append(str(error))


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Case:
    """A command whose `files` are written to a folder: make(folder) gives its arguments.

    many: a folder with several files, each of which is there as a whole or not at all. fresh: no older file. timed: what it writes differs from run to run.
    """
    def __init__(self, name, make, files, many=False, fresh=False, timed=False):
        self.name, self.make, self.files, self.many, self.fresh, self.timed = name, make, files, many, fresh, timed

    def prepare(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in [] if self.fresh else self.files:
            (folder / name).write_bytes(self.older(name))

    def older(self, name):
        return models[0] if self.name == "card" and name == "m.safetensors" else OLD

    def check(self, folder, before, whole, code, said, where):
        where = f"{self.name}, {where}: {code}\n{said}"
        left = tree(folder)
        left.pop("filler", None)
        assert code in (0, 1), where
        if code == 0:
            assert sorted(left) == sorted(whole) and (self.timed or left == whole), where
            return
        assert any(str(folder / name) in said for name in self.files), f"names no file: {where}"
        for name, data in left.items():
            assert name in before or name in whole, f"{name} is left: {where}"
            assert data == before.get(name) or data == whole.get(name) or (self.timed and len(data) == len(whole[name])), f"{name}, {len(data)} bytes: {where}"
        if not self.many and len(self.files) == 1:
            assert left == before, where


def sizes(whole):
    found = {0, 1}
    for data in sorted(whole.values(), key=len)[::max(1, len(whole) // 3)]:
        found.update((len(data) // 2, len(data) - 1))
    return sorted(found)


def try_limits(case, folder, whole):
    failed = 0
    for limit in sizes(whole):
        case.prepare(folder)
        code, said = go(case.make(folder), limit=limit)
        failed += code != 0
        case.check(folder, tree_before(case), whole, code, said, f"files of {limit} bytes at most")
        if limit == 0:
            assert code == 1, f"{case.name}: {code}\n{said}"
    assert failed > 1, case.name


def tree_before(case):
    return {} if case.fresh else {name: case.older(name) for name in case.files}


def mount(*arguments):
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False).returncode == 0


def fill(disk, free):
    (disk / "filler").unlink(missing_ok=True)
    space = os.statvfs(disk)
    with open(disk / "filler", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize - free)


def try_disk(case, disk, whole):
    """A full disk, and then a read-only one."""
    folder, total = disk / "d", sum(map(len, whole.values()))
    for free in (0, 4096, total // 8192 * 4096):
        (disk / "filler").unlink(missing_ok=True)
        case.prepare(folder)
        fill(disk, free)
        code, said = go(case.make(folder))
        if free == 0:
            assert code == 1, f"{case.name}: full disk\n{said}"
        case.check(folder, tree_before(case), whole, code, said, f"{free} bytes free")
    (disk / "filler").unlink()
    case.prepare(folder)
    assert mount("-o", "remount,ro", disk)
    code, said = go(case.make(folder))
    assert mount("-o", "remount,rw", disk)
    assert code == 1, f"{case.name}: read-only\n{said}"
    case.check(folder, tree_before(case), whole, code, said, "read-only")


def try_folders(case, folder):
    """A file where a folder should be; a folder that is not there; a folder without the right to write."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_bytes(OLD)
    code, said = go(case.make(folder))
    if case.name != "card":
        assert code == 1 and str(folder) in said and folder.read_bytes() == OLD, f"{case.name}: in a file: {code}\n{said}"
    folder.unlink()
    if os.geteuid() != 0:
        case.prepare(folder)
        folder.chmod(0o555)
        code, said = go(case.make(folder))
        folder.chmod(0o755)
        assert code == 1, f"{case.name}: without the right to write\n{said}"
        case.check(folder, tree_before(case), {}, code, said, "without the right to write")


def try_case(case, folder, disk):
    place = disk / "d" if disk else folder / "d"
    trees = []
    for _ in range(2):
        case.prepare(place)
        code, said = go(case.make(place))
        assert code == 0, f"{case.name}: {said}"
        trees.append(tree(place))
    whole, case.timed = trees[0], trees[0] != trees[1]
    assert sorted(whole) == sorted(trees[1]), case.name
    try_limits(case, place, whole)
    if disk:
        try_disk(case, disk, whole)
    try_folders(case, folder / "in")


# ---- training ----

def resume(data, place, whole, where):
    again = ["--resume", place / "c"] if (place / "c").exists() else []
    code, said = go(kill.command(data, place)[1:] + again)
    assert code == 0, f"train, {where}, again: {said}"
    assert kill.result(place) == whole, f"train, {where}: other bits"
    assert sorted(tree(place)) == sorted(kill.FILES), f"train, {where}: {sorted(tree(place))}"


def check_training(place, code, said, whole, where):
    assert code == 1 and any(str(place / name) in said for name in kill.FILES), f"train, {where}: {code}\n{said}"
    left = set(tree(place))
    assert left <= set(kill.FILES), f"train, {where}: {sorted(left)}"
    kill.check_lines(place)
    if (place / "m.safetensors").exists():
        assert (place / "m.safetensors").read_bytes() in (OLD, whole[0]), f"train, {where}: half a model"


def try_training(data, folder, disk):
    base = folder / "whole"
    base.mkdir()
    arguments = kill.command(data, base)[1:]
    code, said = go(arguments)
    assert code == 0, said
    whole, place = kill.result(base), folder / "t"
    parts = sorted(len(data) for data in tree(base).values())
    for limit in sorted({0, 100, *(size // 2 for size in parts), *(size - 1 for size in parts)}):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        (place / "m.safetensors").write_bytes(OLD)
        code, said = go(kill.command(data, place)[1:], limit=limit)
        check_training(place, code, said, whole, f"{limit} bytes")
        resume(data, place, whole, f"{limit} bytes")
    for stream in ("stderr", "stdout"):  # that nobody reads: training ends as ever
        shutil.rmtree(place)
        place.mkdir()
        loud = [word for word in kill.command(data, place)[1:] if word != "--quiet"]
        read, write = os.pipe()
        os.close(read)
        code, said = go(loud, **{stream: write})
        os.close(write)
        assert code == (stream == "stdout"), f"train, {stream}: {code}\n{said}"
        assert kill.result(place) == whole, f"train, {stream}: other bits"
    if disk is None:
        return
    place = disk / "t"
    for free in (0, 8192, sum(parts) // 2):
        (disk / "filler").unlink(missing_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        fill(disk, free)
        code, said = go(kill.command(data, place)[1:])
        check_training(place, code, said, whole, f"{free} bytes free")
        (disk / "filler").unlink()
        resume(data, place, whole, f"{free} bytes free")
    shutil.rmtree(place)
    place.mkdir()
    assert mount("-o", "remount,ro", disk)
    code, said = go(kill.command(data, place)[1:])
    assert mount("-o", "remount,rw", disk)
    check_training(place, code, said, whole, "read-only")
    shutil.rmtree(place)


# ---- what is printed ----

def try_streams(name, make, folder):
    """make(folder) gives arguments with which something is printed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    code, said = go(make(folder))
    assert code == 0, f"{name}: {said}"
    whole = tree(folder)

    def check(where, words=None, **keywords):
        shutil.rmtree(folder)
        folder.mkdir()
        code, said = go(make(folder), words, **keywords)
        assert code == 1 and "standard output could not be written" in said, f"{name}, {where}: {code}\n{said}"
        for path, data in tree(folder).items():  # nothing printed into a file; a history holds times
            assert path in whole and (len(data) == len(whole[path]) or path.endswith("l")), f"{name}, {where}: {path}, {len(data)} bytes"

    read, write = os.pipe()
    os.close(read)
    check("a pipe that nobody reads", stdout=write)
    os.close(write)
    with open("/dev/full", "wb") as full:
        check("a full device", stdout=full)
    check("closed before it began", ["sh", "-c", 'exec "$@" >&-', "sh"], stdout=None)
    if not whole:  # otherwise the limit is of other files, too
        with open(folder.parent / "printed", "wb") as file:
            check("a full disk", stdout=file, limit=4)
    shutil.rmtree(folder)


def main():
    folder = pathlib.Path(cli.scratch("disk"))
    disk = folder / "disk"
    disk.mkdir()
    if not os.environ.get("CLILE_OWN_MOUNTS") or not mount("-t", "tmpfs", "-o", f"size={TMPFS}", "none", disk):
        print("no tmpfs can be mounted here: a full disk is a limit of file sizes only, read-only folders are not tried as root")
        disk = None
    data = cli.draw(folder / "faces", size=32)
    model, answers, card = folder / "m.safetensors", folder / "answers.csv", folder / "card.md"
    code, said = go(["train", "--data", data, "--out", model, "--quiet", *cli.settings(epochs=1, epochs_stage1=1, threads=1)])
    assert code == 0, said
    evaluate = ["eval", "--model", model, "--data", data, "--protocol", "none", "--quiet", "--no-probe", "--set", "threads=1"]
    code, said = go([*evaluate, "--answers", answers])
    assert code == 0, said
    models.append(model.read_bytes())
    card.write_text("# A card\n" + 200 * "of words\n", encoding="utf-8")
    frames = next((data / "Sequences").glob("*/T1"))
    image = next(frames.glob("*.png"))
    predict = ["predict", "--model", model, "--crop", "--set", "threads=1"]
    compare = ["compare", answers, answers, "--quiet"]
    weights.write_safetensors(folder / "w.safetensors", weights.resnet10())
    few = ["--subjects", 2, "--tasks", 1, "--frames", 2, "--size", 32, "--quiet"]
    cases = [
        *(Case(f"eval --report {end}", lambda d, end=end: [*evaluate, "--report", d / f"r.{end}"], [f"r.{end}"]) for end in ("txt", "csv", "md", "tex", "json")),
        Case("eval --answers", lambda d: [*evaluate, "--answers", d / "a.csv"], ["a.csv"]),
        *(Case(f"compare --report {end}", lambda d, end=end: [*compare, "--report", d / f"r.{end}"], [f"r.{end}"]) for end in ("txt", "csv", "md", "tex", "html", "json")),
        Case("predict --draw", lambda d: [*predict, image, "--draw", d / "d.png"], ["d.png"]),
        Case("predict --events", lambda d: [*predict, frames, "--fps", 5, "--events", d / "e.csv"], ["e.csv"]),
        Case("predict --timeline svg", lambda d: [*predict, frames, "--fps", 5, "--timeline", d / "t.svg"], ["t.svg"]),
        Case("predict --timeline html", lambda d: [*predict, frames, "--fps", 5, "--timeline", d / "t.html", "--events", d / "e.csv"], ["t.html", "e.csv"]),
        Case("report", lambda d: ["report", answers, "--out", d / "r.html"], ["r.html"]),
        Case("report --figures", lambda d: ["report", answers, "--out", d / "r.html", "--figures", d], ["r.html", "f1.svg"], many=True),
        Case("card", lambda d: ["card", d / "m.safetensors", "--set", card], ["m.safetensors"]),
        Case("pack", lambda d: ["pack", "--data", data, "--out", d / "p.safetensors", "--quiet", "--set", "image_size=32"], ["p.safetensors"]),
        Case("export --onnx", lambda d: ["export", model, "--onnx", d / "m.onnx"], ["m.onnx"]),
        Case("export int8", lambda d: ["export", model, "--int8", "--calibrate", data, "--out", d / "i.safetensors", "--set", "threads=1"], ["i.safetensors"]),
        Case("import", lambda d: ["import", folder / "w.safetensors", "--out", d / "n.safetensors"], ["n.safetensors"]),
        Case("synth pack", lambda d: ["synth", d / "s.safetensors", "--layout", "pack", *few], ["s.safetensors"]),
        Case("synth bp4d", lambda d: ["synth", d / "s", "--layout", "bp4d", *few], ["s"], many=True, fresh=True),
        Case("synth disfa", lambda d: ["synth", d / "s", "--layout", "disfa", *few], ["s"], many=True, fresh=True),
        Case("synth --sheet", lambda d: ["synth", "--sheet", d / "s.png", "--size", 32], ["s.png"]),
        Case("data --sheet", lambda d: ["data", data, "--sheet", d / "s.png"], ["s.png"]),
    ]
    for case in cases:
        attempt(try_case, case, folder, disk)
    print(f"files: {runs} runs")
    attempt(try_training, data, folder, disk)
    print(f"training: {runs} runs")
    printed = [
        ("--version", lambda d: ["--version"]), ("--help", lambda d: ["--help"]), ("eval --help", lambda d: ["eval", "--help"]),
        *((" ".join(("predict", *how)), lambda d, how=how: [*predict, image, *how]) for how in ((), ("--csv",), ("--json",), ("--format", "tidy"), ("--format", "openface"))),
        ("predict, all", lambda d: [*predict, frames, "--fps", 5, "--csv", "--events", d / "e.csv", "--timeline", d / "t.svg"]),
        ("predict --draw", lambda d: [*predict, image, "--csv", "--draw", d / "d.png"]),
        ("eval", lambda d: [*evaluate, "--report", d / "r.tex", "--answers", d / "a.csv"]), ("eval --json", lambda d: [*evaluate, "--json"]),
        ("compare", lambda d: [*compare, "--report", d / "r.html"]), ("compare --json", lambda d: [*compare, "--json"]),
        ("card", lambda d: ["card", model]), ("info", lambda d: ["info", model]), ("info --options", lambda d: ["info", "--options"]),
        ("data", lambda d: ["data", data, "--sheet", d / "s.png"]), ("pack", lambda d: ["pack", "--data", data, "--out", d / "p.safetensors", "--set", "image_size=32"]),
        ("synth", lambda d: ["synth", d / "s", *few]), ("synth --json", lambda d: ["synth", d / "s.safetensors", "--layout", "pack", "--json", *few]),
        ("import", lambda d: ["import", folder / "w.safetensors", "--out", d / "n.safetensors"]),
        ("train --json", lambda d: ["train", "--data", data, "--out", d / "m.safetensors", "--json", "--quiet", *cli.settings(epochs=1, epochs_stage1=1, threads=1)]),
    ]
    for name, make in printed:
        attempt(try_streams, name, make, folder / "s")
    code, said = go([*predict, frames, "--fps", 5, "--own-neutral", "--csv"], limit=0)  # rows wait in a file without a name
    if code != 1 or "the file in which rows are kept: File too large" not in said:
        wrong.append(f"predict --own-neutral: {code}\n{said}")
    print(f"all: {runs} runs, {len(wrong)} wrong")
    sys.exit("\n\n".join(wrong) or 0)


if __name__ == "__main__":
    if "CLILE_OWN_MOUNTS" not in os.environ and shutil.which("unshare"):  # mounts that end with this test
        for words in (["unshare", "-m"], ["unshare", "-rm"]):
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
                os.environ["CLILE_OWN_MOUNTS"] = "1"
                os.execvp("unshare", [*words, sys.executable, *sys.argv])
    main()
