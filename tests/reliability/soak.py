"""soak.py COMMAND SCRATCH [FRAMES]: so many raw frames (default: 20,000) go through `clile predict` in constant memory.

The frames come by a pipe and repeat after 64. Every row has its frame's number and the same answer as 64 frames before. The resident memory is read after
each twentieth of the frames: after the first, it may not grow by more than 1 MiB in all. With 1000000: the figures of docs/results.md.
"""
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

COMMAND, SCRATCH = sys.argv[1:3]
FRAMES = int(sys.argv[3]) if len(sys.argv) > 3 else 20000
SIDE, PERIOD, PARTS, GROWTH_KB = 32, 64, 20, 1024


def model(folder):
    """An almost untrained model: the smallest that there is."""
    small = ["backbone=resnet10", "stem=small", "width=0.0625", f"image_size={SIDE}", "embedding=8", "epochs=1", "method=bce", "batch=16", "threads=1"]
    subprocess.run([COMMAND, "synth", folder / "faces", "--quiet", "--subjects", "4", "--tasks", "2", "--frames", "8", "--size", "48"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([COMMAND, "train", "--data", folder / "faces", "--out", folder / "m.safetensors", "--quiet"] + [x for s in small for x in ("--set", s)],
                   check=True, stdout=subprocess.DEVNULL)
    return folder / "m.safetensors"


def feed(pipe):
    """Whole periods at once."""
    draw = random.Random(1)
    frames = [draw.randbytes(SIDE * SIDE * 3) for _ in range(PERIOD)]
    period = b"".join(frames)
    try:
        for _ in range(FRAMES // PERIOD):
            pipe.write(period)
        pipe.write(b"".join(frames[:FRAMES % PERIOD]))
        pipe.close()
    except BrokenPipeError:
        pass  # the exit code says why


def resident_kb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])


def main():
    folder = pathlib.Path(SCRATCH) / "soak"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [COMMAND, "predict", "--model", model(folder), "--raw", f"{SIDE}x{SIDE}", "--crop", "--csv", "--set", "threads=1"]
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        threading.Thread(target=feed, args=(process.stdin,), daemon=True).start()
        next(process.stdout)  # the header
        answers, memory, wrong, rows = [], [], 0, 0
        for row in process.stdout:
            rows += 1
            number, answer = row.split(b",", 1)
            if len(answers) < PERIOD:
                answers.append(answer)
            wrong += int(number) != rows or answer != answers[(rows - 1) % PERIOD]
            if rows % (FRAMES // PARTS) == 0 and rows < FRAMES:
                memory.append(resident_kb(process.pid))
    seconds = time.monotonic() - began
    print(f"{rows} frames in {seconds:.0f} s, {rows / seconds:.0f} frames/s; resident memory in KiB after each twentieth: {' '.join(map(str, memory))}")
    if process.returncode != 0 or rows != FRAMES or wrong:
        sys.exit(f"exit code {process.returncode}, {rows} rows for {FRAMES} frames, {wrong} of them wrong")
    if len(set(answers)) < 2:
        sys.exit("all frames have the same answer: nothing was tested")
    if max(memory) - memory[0] > GROWTH_KB:
        sys.exit(f"memory grew by {max(memory) - memory[0]} KiB, allowed: {GROWTH_KB}")


if __name__ == "__main__":
    main()
