"""test_walks.py ROOT OBJECTS CC ONEDNN FLAG...: the walks of docs/contributing.md are true.

In a copy of lib/, each file that the page prints is added and each line put into lib/base/tables.h, and nothing else. What includes that table, and the
new files, are compiled with the library's FLAGs; with the other objects of the build (named in the file OBJECTS) they make a library of its own, with
which the command reads a folder in the new layout and trains with the new loss and the new elimination.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import cli  # noqa: E402

ROOT = pathlib.Path(sys.argv[1]).resolve()
OBJECTS, CC, ONEDNN, FLAGS = sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]
TABLE = "base/tables.h"


def fine(done, what):
    if done.returncode != 0:
        sys.exit(f"{what} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(true, what):
    if not true:
        sys.exit(f"not so: {what}")


def walk(page, title):
    """(path of the new file, its text, line of the table) of the section of this title."""
    section = page.split(f"### {title}\n")[1].split("\n### ")[0].split("\n## ")[0]
    blocks = re.findall(r"^```c\n(.*?)^```$", section, re.M | re.S)
    expect(len(blocks) == 2 and blocks[1].count("\n") == 1, f"{title}: two blocks of C, the file and one line")
    path = re.match(r"/\* lib/(\S+\.c): ", blocks[0])
    expect(path, f"{title}: the file begins with its name")
    return path[1], blocks[0], blocks[1]


def add(lib, path, text, line):
    expect(not (lib / path).exists(), f"{path} is new")
    (lib / path).write_text(text, encoding="utf-8")
    table = (lib / TABLE).read_text(encoding="utf-8")
    start = table.index(f"#define CLILE_I_{ {'LAYOUT': 'LAYOUTS', 'LOSS': 'LOSSES', 'ELIMINATION': 'ELIMINATIONS'}[line.split('(')[0].strip()] }(")
    end = table.index("    /* end */\n", start)
    (lib / TABLE).write_text(table[:end] + line + table[end:], encoding="utf-8")


def including(lib, header):
    """The sources of lib that include `header`, directly or through others."""
    includes = {str(path.relative_to(lib)): set(re.findall(r'^#include "(.+)"', path.read_text(encoding="utf-8"), re.M)) for path in lib.rglob("*.[ch]")}
    found, more = set(), {header}
    while more:
        found |= more
        more = {path for path, used in includes.items() if used & more} - found
    return sorted(path for path in found if path.endswith(".c") and not path.startswith("video/ffmpeg"))


def build(folder, lib):
    """The library of the changed copy; its folder."""
    def compiled(source):
        target = folder / "objects" / source.replace("/", "_").replace(".c", ".o")
        fine(subprocess.run([CC, *FLAGS, "-O1", "-fPIC", "-Werror", f"-I{lib}", f"-I{ROOT / 'include'}", "-c", lib / source, "-o", target],
                            capture_output=True, text=True, check=False), source)
        return str(target)

    (folder / "objects").mkdir()
    changed = including(lib, TABLE)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compiled, changed))
    for name in pathlib.Path(OBJECTS).read_text(encoding="utf-8").split():
        if re.search(r"\.dir/(?:\./)?(.+\.c)\.", name)[1] not in changed:
            objects.append(name)
    (folder / "objects.txt").write_text("\n".join(f'"{name}"' for name in objects), encoding="utf-8")
    (folder / "new").mkdir()
    soname = pathlib.Path(fine(subprocess.run(["sh", "-c", f"ldd '{cli.COMMAND}' | sed -n 's/^\\s*\\(libclile\\S*\\).*/\\1/p'"], capture_output=True, text=True, check=False), "ldd").strip())
    fine(subprocess.run([CC, *FLAGS, "-shared", f"-Wl,-soname,{soname}", f"-Wl,--version-script={ROOT / 'lib/clile.map'}", f"@{folder / 'objects.txt'}", ONEDNN, f"-Wl,-rpath,{pathlib.Path(ONEDNN).parent}", "-lz", "-ldl", "-lm",
                         "-o", folder / "new" / soname], capture_output=True, text=True, check=False), "linking")
    print(f"{len(changed)} files compiled")
    return folder / "new"


def draw(folder):
    """32 images of 4 people in the new layout; AU 1 is bright above, AU 12 below."""
    folder.mkdir()
    for i in range(32):
        shown = [au for k, au in enumerate((1, 12)) if i >> 2 + k & 1]
        rows = [bytes([60 + 120 * (12 in shown if y > 24 else 1 in shown) + 5 * (i % 4) + (7 * x * y + i) % 16 for x in range(48) for _ in range(3)]) for y in range(48)]
        cli.write_png(str(folder / f"{'ABCD'[i % 4]}_{''.join(f'au{au}_' for au in shown)}{i}.png"), 48, 48, rows)


def tensors(path):
    data = path.read_bytes()
    return json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])


def main():
    folder = pathlib.Path(cli.scratch("walks"))
    lib, data = folder / "lib", folder / "data"
    page = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
    shutil.copytree(ROOT / "lib", lib)
    for title in ("A label layout", "A loss", "An elimination"):
        add(lib, *walk(page, title))
    environment = {**os.environ, "LD_LIBRARY_PATH": f"{build(folder, lib)}:{os.environ.get('LD_LIBRARY_PATH', '')}"}
    draw(data)

    def clile(*arguments):
        return fine(cli.clile(*arguments, env=environment), f"clile {arguments[0]}")

    expect(cli.clile("data", data).returncode != 0, "the library as it is does not know the layout")
    options = {row["name"]: row for row in json.loads(clile("info", "--options", "--json"))}
    expect(options["lambda_centre"]["default"] in ("0", 0), "the weight of the loss is an option")
    expect("|named" in options["layout"]["range"] and "|product" in options["elimination"]["range"], "layout and elimination are choices")
    expect("named" in clile("train", "--help"), "the help names the layout")

    checkpoint, model = folder / "checkpoint.safetensors", folder / "model.safetensors"
    settings = [word for text in ("lambda_centre=0.5", "elimination=product", "au_set=1,12", *cli.SMALL[1:], "threads=1") for word in ("--set", text)]
    train = ("train", "--data", data, "--out", model, "--checkpoint", checkpoint, "--json", "--quiet", *settings)
    stage = json.loads(clile(*train))["runs"][0]["stage2"]
    rest = stage["loss"] - 0.1 * stage["loss_contra"] - stage["loss_bce"] - stage["loss_elimination"]
    expect(rest > 1e-6, f"the loss is part of the total: {stage}")
    expect(stage["loss_elimination"] > 0, f"so is the elimination: {stage}")
    expect(tensors(checkpoint)["head.centre"]["shape"] == [16], "its head is in the checkpoint")
    expect("layout named" in clile("info", model), "the model says what it was trained on")
    clile(*train, "--resume", checkpoint, "--set", "epochs=3")


main()
