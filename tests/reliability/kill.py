"""kill.py COMMAND SCRATCH [KILLS]: a training run with checkpoints, history and events is killed (SIGKILL) at random moments, so often (default: 10).

After each kill nothing is half-written: the model is there as a whole or not at all, every line of the history has its end, and the run resumes. Once it
ends, model, history and events are those of an undisturbed run, but for the times.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

os.environ["CLILE_COMMAND"], os.environ["CLILE_SCRATCH"] = sys.argv[1:3]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import cli  # noqa: E402
import test_history  # noqa: E402

KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 10
FILES = ("m.safetensors", "c", "m.history.jsonl", "events/events.out.tfevents.clile")


def command(data, folder):
    return [cli.COMMAND, "train", "--data", data, "--out", folder / FILES[0], "--checkpoint", folder / FILES[1], "--tensorboard", folder / "events", "--quiet",
            *cli.settings(epochs=8, epochs_stage1=4, threads=1, validation=0.3, input_workers=1)]


def result(folder):
    """Model, checkpoint, lines and scalars of a run that has ended."""
    events = {tag: values for tag, values in test_history.scalars_of_events(folder / FILES[3]).items() if "images" not in tag}
    return (folder / FILES[0]).read_bytes(), (folder / FILES[1]).read_bytes(), test_history.lines(folder / FILES[2]), events


def check_lines(folder):
    path = folder / FILES[2]
    if path.exists():
        text = path.read_text(encoding="utf-8")
        assert text == "" or text.endswith("\n"), f"a line without its end: {text[-80:]!r}"
        for line in text.splitlines():
            json.loads(line)


def run(arguments, seconds):
    """Whether it was killed, after so many seconds."""
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        errors = process.stderr.read().decode()
    if process.returncode not in (0, -signal.SIGKILL):
        sys.exit(f"{' '.join(map(str, arguments))}\nended with {process.returncode}: {errors}")
    return process.returncode != 0


def main():
    seed = int(os.environ.get("CLILE_SEED", "1"))
    draw = random.Random(seed)
    folder = pathlib.Path(cli.scratch("kill"))
    data = cli.draw(folder / "faces")
    (folder / "whole").mkdir()
    began = time.monotonic()
    run(command(data, folder / "whole"), None)
    whole, seconds = result(folder / "whole"), time.monotonic() - began
    kills = runs = resumes = 0
    while kills < KILLS:
        place = folder / "run"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        arguments, killed = command(data, place), True
        while killed:
            resume = ["--resume", place / FILES[1]] if (place / FILES[1]).exists() else []
            resumes += bool(resume)
            killed = run(arguments + resume, draw.uniform(0, seconds) if kills < KILLS else None)
            kills += killed
            check_lines(place)
            if killed and (place / FILES[0]).exists():
                assert (place / FILES[0]).read_bytes() == whole[0], "half a model"
        runs += 1
        assert result(place) == whole, f"run {runs} ended otherwise (CLILE_SEED={seed})"
    print(f"{kills} kills, {runs} runs, {resumes} resumes; an undisturbed run takes {seconds:.1f} s")


if __name__ == "__main__":
    main()
