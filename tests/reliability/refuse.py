"""refuse.py SHIM TRAIN PREDICT IMAGES SCRATCH: the system refuses memory to the process, whichever library asks.

When libclile, zlib or libc is refused, the call must end in an answer or in CLILE_E_OUT_OF_MEMORY. For some of their own allocations oneDNN and the C++ library
end the process (std::bad_alloc, or a NULL that is used): these are counted and shown; docs/errors.md has the figures.
"""
import collections
import os
import pathlib
import subprocess
import sys

RUNS = 60
FOREIGN = ("libdnnl", "libstdc++", "libgomp", "libgcc")


def run(command, **environment):
    process = subprocess.run(command, env=dict(os.environ, OMP_WAIT_POLICY="passive", **environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
    return process.returncode, process.stderr.splitlines()


def main():
    shim, train, predict, images, scratch = sys.argv[1:]
    folder = pathlib.Path(scratch)
    folder.mkdir(parents=True, exist_ok=True)
    rows = [("rgb.png", "F001", 1, 0), ("rgb16.png", "F002", 0, 1), ("rgba.png", "F003", 1, 1), ("palette.png", "F004", 1, 1)]
    lines = ["image,subject,AU4,AU12"] + [f"{images}/{name},{subject},{a},{b}" for name, subject, a, b in rows]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = str(folder / "model.safetensors")
    code, errors = run([train, str(folder), model])
    assert code == 0, errors

    command = [predict, model, f"{images}/rgb.png"]
    code, errors = run(command, LD_PRELOAD=shim, REFUSE_AT="0")
    assert code == 0 and errors[-1].startswith("allocations "), errors
    count = int(errors[-1].split()[1])
    ends, wrong, ours = collections.Counter(), [], 0
    for at in range(1, count, max(1, count // RUNS)):
        code, errors = run(command, LD_PRELOAD=shim, REFUSE_AT=str(at))
        asked = next((line.split()[1] for line in errors if line.startswith("refused ")), "nobody")
        ends[(asked.split(".so")[0], code)] += 1
        if asked == "nobody" or asked.startswith(FOREIGN):
            continue
        ours += 1
        if code != 0 and not (code == 1 and any("CLILE_E_OUT_OF_MEMORY" in line for line in errors)):
            wrong.append(f"allocation {at}, refused to {asked}: exit code {code}, {errors}")
    print(f"{count} allocations; of those refused in turn:")
    for (asked, code), times in ends.most_common():
        print(f"  {times} to {asked}: " + ("ended by signal %d" % -code if code < 0 else "exit code %d" % code))
    if ours == 0:
        wrong.append("none of the refused allocations was libclile's")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
