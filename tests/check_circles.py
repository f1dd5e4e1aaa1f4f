"""No circle between the files of lib/: python3 check_circles.py NM LIST | --self-check

A file uses another when it refers to a symbol that the other defines. LIST names the object files, one a line; what
they define and what they leave undefined is exact, whatever the sources include.
"""
import collections
import re
import subprocess
import sys


def uses_of(symbols):
    """file -> file -> names, of nm's lines "object: name type ..." (nm -A -P)."""
    defined, undefined = {}, collections.defaultdict(set)
    for line in symbols.splitlines():
        found = re.match(r"(.+): (\S+) (\S)( |$)", line)
        if not found:
            continue
        file, name, kind = found.group(1), found.group(2), found.group(3)
        if kind in "Uw":
            undefined[file].add(name)
        elif kind.isupper():
            defined[name] = file
    uses = collections.defaultdict(lambda: collections.defaultdict(list))
    for file, names in undefined.items():
        for name in sorted(names):
            if defined.get(name, file) != file:
                uses[file][defined[name]].append(name)
    return uses


def reached(uses, start):
    """The files that start uses, directly or through others."""
    seen, left = set(), [start]
    while left:
        for file in uses.get(left.pop(), ()):
            if file not in seen:
                seen.add(file)
                left.append(file)
    return seen


def circles_of(uses):
    reach = {file: reached(uses, file) for file in list(uses)}
    circles = {frozenset(other for other in reach[file] if file in reach.get(other, ()))
               for file in reach if file in reach[file]}
    return sorted(sorted(circle) for circle in circles)


def short(file):
    return re.sub(r"^.*clile_room_[a-z0-9_]+\.dir/(.*)\.o(bj)?$", r"lib/\1", file)


def check(nm, list_file):
    with open(list_file) as lines:
        objects = lines.read().split()
    nm_run = subprocess.run([nm, "-A", "-P"] + objects, capture_output=True, text=True)
    if nm_run.returncode != 0:
        sys.exit(nm_run.stderr)
    uses = uses_of(nm_run.stdout)
    arrows = sum(len(others) for others in uses.values())
    if arrows < len(objects):
        sys.exit(f"{len(objects)} object files and only {arrows} uses between them: the symbols were not read")
    circles = circles_of(uses)
    for circle in circles:
        print("circle:", " ".join(short(file) for file in circle))
        for file in circle:
            for other in circle:
                if uses[file].get(other):
                    print(f"  {short(file)} -> {short(other)}: {', '.join(uses[file][other])}")
    if circles:
        sys.exit(f"{len(circles)} circles between files: move what closes them into the file where it belongs")


def self_check():
    cases = [
        ("two files", "a.o: f T 0 1\na.o: g U\nb.o: g T 0 1\nb.o: f U\n", [["a.o", "b.o"]]),
        ("three files", "a.o: f T 0\na.o: g U\nb.o: g T 0\nb.o: h U\nc.o: h T 0\nc.o: f U\n", [["a.o", "b.o", "c.o"]]),
        ("two circles", "a.o: f T 0\na.o: g U\nb.o: g T 0\nb.o: f U\nc.o: h T 0\nc.o: i U\nd.o: i D 0\nd.o: h U\nd.o: f U\n",
         [["a.o", "b.o"], ["c.o", "d.o"]]),
        ("data and names of other rooms", "x/a.o: t R 0\nx/a.o: g U\ny/b.o: g T 0\ny/b.o: t U\n", [["x/a.o", "y/b.o"]]),
        ("a chain", "a.o: f T 0\nb.o: g T 0\nb.o: f U\nc.o: g U\nc.o: f U\n", []),
        ("static names", "a.o: f t 0\na.o: g U\nb.o: g T 0\nb.o: f U\n", []),
        ("libc", "a.o: f T 0\na.o: malloc U\nb.o: f U\nb.o: malloc U\n", []),
    ]
    for name, symbols, expected in cases:
        found = circles_of(uses_of(symbols))
        if found != expected:
            sys.exit(f"{name}: found {found}, expected {expected}")


if sys.argv[1:] == ["--self-check"]:
    self_check()
else:
    check(*sys.argv[1:])
