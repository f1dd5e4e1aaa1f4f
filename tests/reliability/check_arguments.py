"""check_arguments.py PROGRAM: the cases of tests/reliability pass every pointer argument that the headers declare, by its name there.

PROGRAM --list prints a function and the pointer arguments of its case on each line; a function may have several cases, which must agree.
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "python"))
import generate  # noqa: E402


def is_pointer(kind, headers):
    return kind.startswith("POINTER(") or kind in ("c_char_p", "c_void_p") or kind in headers.callbacks


def main():
    headers = generate.read_headers(generate.INCLUDE)
    lines = subprocess.run([sys.argv[1], "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    wrong, seen = [], set()
    for line in lines:
        if not line.startswith("clile_"):
            continue
        name, *passed = line.split()
        seen.add(name)
        if name not in headers.functions:
            wrong.append(f"{name} is in no header")
            continue
        declared = {argument for argument, kind in headers.functions[name][1] if is_pointer(kind, headers)}
        if set(passed) != declared:
            wrong.append(f"{name}: the header has {sorted(declared)}, its case passes {sorted(passed)}")
    wrong += [f"{name} has no case" for name in sorted(set(headers.functions) - seen)]
    if wrong:
        sys.exit("tests/reliability: " + "\n".join(wrong))
    print(f"{len(seen)} functions, every pointer argument")


if __name__ == "__main__":
    main()
