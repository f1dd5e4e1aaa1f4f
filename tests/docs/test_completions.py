"""test_completions.py SHELL ROOT: the completions of `clile` in a shell of that name, as somebody types them.

In bash and zsh a line is typed at a terminal, <TAB> included, and entered; `clile` is a function that shows what it was given. fish tells itself what it would
propose. In bash the function is called besides, and COMPREPLY looked at.
"""
import os
import pathlib
import pty
import re
import select
import shlex
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import cli  # noqa: E402

SHELL, ROOT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
FILES = ROOT / "docs/completions"
TYPED = [  # typed, with <TAB> as \t; what `clile` is given
    ("clile tra\t--lay\tdisfa+", "train --layout disfa+"),
    ("clile train --layout js\t", "train --layout jsonl"),
    ("clile train --layout=js\t", "train --layout=jsonl"),
    ("clile train --set backb\tresnet5\t", "train --set backbone=resnet50"),
    ("clile train --set epochs_s\t7", "train --set epochs_stage1=7"),
    ("clile train --set=optim\tsg\t", "train --set=optimizer=sgd"),
    ("clile train --quiet --protocol kf\t3", "train --quiet --protocol kfold:3"),
    ("clile predict --set predict\t5", "predict --set predict_batch=5"),
    ("clile eval --model mod\t", "eval --model model.safetensors"),
    ("clile eval --data fol\t", "eval --data folder/"),
    ("clile synth fol\t", "synth folder/"),
    ("clile predict --model mod\t--cr\tpho\t", "predict --model model.safetensors --crop photo.png"),
    ("clile data --nothing fol\t", "data --nothing folder/"),  # an unknown option
    ("clile export --on\tmodel.on\t", "export --onnx model.onnx"),
    ("clile bench inf\t--cpu\t", "bench infer --cpu-time"),
]
PROPOSED = [  # words so far; what is proposed, of what there is in the folder
    (["clile", ""], {"synth", "train", "eval", "predict", "data", "pack", "info", "import", "export", "bench", "compare", "report", "card"}),
    (["clile", "synth", "--layout", ""], {"bp4d", "disfa", "pack"}),
    (["clile", "train", "--layout", "d"], {"disfa", "disfa+"}),
    (["clile", "train", "--set", "backbone", "=", "resnet1"], {"resnet10", "resnet18"}),
    (["clile", "train", "--set", "augment_blur_"], {"augment_blur_least=", "augment_blur_most="}),
    (["clile", "export", "--protocol", ""], {"bp4d", "disfa", "kfold:", "loso", "none"}),
    (["clile", "eval", "--report", ""], {"answers.csv", "folder"}),
    (["clile", "import", ""], {"weights.pth", "model.safetensors", "folder"}),
    (["clile", "predict", ""], {"photo.png", "a photo.jpg", "folder"}),
    (["clile", "synth", "--size", ""], set()),
    (["clile", "bench", ""], {"train", "forward", "infer"}),
    (["clile", "nothing", "--"], set()),
]


def fail(text):
    sys.exit(f"{SHELL.name}: {text}")


class Terminal:
    """An interactive shell at a terminal of its own."""

    def __init__(self, command, environment, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(command[0], command, environment)
        self.seen = ""

    def wait_for(self, pattern, seconds=30):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            if time.monotonic() > end or not select.select([self.fd], [], [], seconds)[0]:
                fail(f"no {pattern!r} within {seconds} s in {self.seen!r}")
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        found = re.search(pattern, self.seen)
        self.seen = self.seen[found.end():]
        return found

    def type(self, text):
        for key in text:  # one by one, as from a keyboard: a shell may treat a burst as a paste
            os.write(self.fd, key.encode())
            if key == "\t":
                time.sleep(0.3)  # until it is done; its output does not tell

    def close(self):
        os.write(self.fd, b"\x15exit\n")
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        os.waitpid(self.pid, 0)


def plain(text):
    """As the command reads it: "--layout=bp4d" is "--layout bp4d"; zsh writes the former, and takes the slash of a folder away."""
    return re.sub(r"(--[a-z-]+)=", r"\1 ", text).rstrip(" /")


def typed(folder):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb", "LANG": "C.UTF-8"}
    if SHELL.name == "bash":
        command = [str(SHELL), "--norc", "--noprofile", "-i"]
        prepare = f"bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; source {FILES}/clile.bash; PS1='ready''> '\n"
    else:
        command = [str(SHELL), "-f", "-i"]
        prepare = f"fpath=({FILES} $fpath); autoload -U compinit; compinit -u -D; unsetopt beep prompt_cr prompt_sp; PS1='ready''> '\n"
    terminal = Terminal(command, environment, folder)
    terminal.type(prepare)
    terminal.wait_for("ready> ")
    terminal.type("clile() { echo \"GIV\"\"EN <$*>\"; }\n")
    terminal.wait_for("ready> ")
    for text, given in TYPED:
        terminal.type(text + "\n")
        found = terminal.wait_for(r"GIVEN <([^>]*)>\s")[1]
        if plain(found) != plain(given):
            fail(f"typed {text!r}: clile was given {found!r}, expected {given!r}")
        terminal.wait_for("ready> ")
    terminal.close()
    return len(TYPED)


def called(folder):
    """bash's COMPREPLY for words as bash splits them."""
    for words, expected in PROPOSED:
        script = f"source {FILES}/clile.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _clile; ((${{#COMPREPLY[@]}} == 0)) || printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run([str(SHELL), "--norc", "-c", script, "bash", *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        found = set(done.stdout.splitlines())
        if words == ["clile", ""]:
            found -= {"--help", "--version"}
        found.discard("--help")
        if found != expected or done.stderr:
            fail(f"{words}: {sorted(found)} {done.stderr}, expected {sorted(expected)}")
    return len(PROPOSED)


def told(folder):
    """fish: `complete -C LINE` lists what would be proposed."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    for words, expected in PROPOSED:
        line = " ".join(words).replace(" = ", "=")
        done = subprocess.run([str(SHELL), "--no-config", "-c", f"source {FILES}/clile.fish; complete -C {shlex.quote(line)}"], cwd=folder, env=environment, capture_output=True,
                              text=True, timeout=60, check=False)
        found = {row.split("\t")[0].rstrip("/").replace("backbone=", "") for row in done.stdout.splitlines()}
        # fish proposes other files, too, after those with the ending
        if not expected <= found or (found - expected and not any("." in name for name in expected)) or done.stderr:
            fail(f"{line!r}: {sorted(found)} {done.stderr}, expected {sorted(expected)}")
    return len(PROPOSED)


def main():
    folder = pathlib.Path(cli.scratch(f"completions-{SHELL.name}"))
    (folder / "folder").mkdir()
    for name in ("model.safetensors", "model.onnx", "weights.pth", "answers.csv", "photo.png", "a photo.jpg", "else.xyz"):
        (folder / name).write_text("", encoding="utf-8")
    counts = {"bash": lambda: called(folder) + typed(folder), "zsh": lambda: typed(folder), "fish": lambda: told(folder)}
    print(f"{SHELL.name}: {counts[SHELL.name]()} lines completed as expected")


if __name__ == "__main__":
    main()
