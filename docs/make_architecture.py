#!/usr/bin/env python3
"""Draws docs/pictures/architecture.svg from cmake/ClileRooms.cmake: python3 docs/make_architecture.py

--check         fails when the picture, or a table of docs/architecture.md, is not what that file says
--self-check    fails when --check misses a fault that is made on purpose
"""
import pathlib
import re
import sys
from html import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOMS, PICTURE, TEXT = ROOT / "cmake/ClileRooms.cmake", ROOT / "docs/pictures/architecture.svg", ROOT / "docs/architecture.md"
# Where a room is from left to right; its height follows from what it uses. Chosen so that no arrow crosses a box.
COLUMN = {"base": 2.5, "store": 0.8, "mpi": -0.1, "image": 1.75, "eval": 2.75, "dnn": 4.25, "layout": 0, "synth": 1, "net": 3.5, "method": 3.0, "loss": 5, "data": 0.5, "model": 3.4, "face": 4.6, "video": -0.9, "run": 2,
          "train": 3}
STEP, ROW, WIDTH, HEIGHT, MARGIN = 150, 92, 130, 46, 20


class Rooms:
    """The rooms in order, what each uses, and its public headers."""

    def __init__(self, text):
        self.names = re.search(r"set\(CLILE_ROOMS ([^)]*)\)", text)[1].split()
        self.uses = {name: re.search(rf"set\(CLILE_ROOM_USES_{name} ([^)]*)\)", text)[1].replace('"', "").split() for name in self.names}
        pairs = [pair.split("=") for pair in re.search(r"set\(CLILE_HEADER_ROOMS ([^)]*)\)", text)[1].split()]
        self.headers = {name: [f"{header}.h" for header, room in pairs if room == name] for name in self.names}

    def closure(self, room):
        return {inner for used in self.uses[room] for inner in {used} | self.closure(used)}

    def direct(self, room):
        """What is used and does not follow from something else that is."""
        return [used for used in self.uses[room] if not any(used in self.closure(other) for other in self.uses[room])]

    def level(self, room):
        return 1 + max((self.level(used) for used in self.uses[room]), default=-1)


def draw(rooms):
    top = max(map(rooms.level, rooms.names))
    first, last = min(COLUMN.values()), max(COLUMN.values())
    width, height = int(2 * MARGIN + (last - first) * STEP + WIDTH), 2 * MARGIN + top * ROW + HEIGHT + 30

    def middle(room):
        return MARGIN + WIDTH / 2 + (COLUMN[room] - first) * STEP

    def upper(room):
        return MARGIN + (top - rooms.level(room)) * ROW

    deployed = rooms.closure("face") | {"face"}
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif">',
           "<title>The rooms of libclile and what each may use</title>",
           '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 10 5 0 10z" '
           'fill="#57606a"/></marker></defs>',
           f'<rect width="{width}" height="{height}" rx="6" fill="#ffffff"/>']
    for room in rooms.names:
        for used in rooms.direct(room):
            to = middle(room) if used == "base" else middle(used)
            out.append(f'<line x1="{middle(room):g}" y1="{upper(room) + HEIGHT:g}" x2="{to:g}" y2="{upper(used) - 1:g}" stroke="#57606a" marker-end="url(#tip)"/>')
    for room in rooms.names:
        headers = " ".join(rooms.headers[room])
        wide = width - 2 * MARGIN if room == "base" else max(WIDTH, 6 * len(headers) + 16)
        text = width / 2 if room == "base" else middle(room)
        left, fill = text - wide / 2, "#dafbe1" if room in deployed else "#ddf4ff"
        out.append(f'<rect x="{left:g}" y="{upper(room):g}" width="{wide:g}" height="{HEIGHT}" rx="5" fill="{fill}" stroke="#57606a"/>')
        out.append(f'<text x="{text:g}" y="{upper(room) + (20 if headers else 28):g}" font-size="15" font-weight="bold" text-anchor="middle" fill="#1f2328">{escape(room)}</text>')
        if headers:
            out.append(f'<text x="{text:g}" y="{upper(room) + 37:g}" font-size="11" text-anchor="middle" fill="#57606a">{escape(headers)}</text>')
    foot = height - 14
    out.append(f'<rect x="{MARGIN}" y="{foot - 11}" width="14" height="14" rx="3" fill="#dafbe1" stroke="#57606a"/>')
    out.append(f'<text x="{MARGIN + 20}" y="{foot}" font-size="12" fill="#1f2328">what a prediction needs</text>')
    out.append(f'<text x="{width - MARGIN}" y="{foot}" font-size="12" text-anchor="end" fill="#1f2328">'
               "an arrow: may use, and all that the other may use; below a name: its public headers</text>")
    return "\n".join(out + ["</svg>", ""])


def faults(rooms, picture, text):
    """What is wrong with the picture and with the two tables of architecture.md."""
    found = []
    if picture != draw(rooms):
        found.append("docs/pictures/architecture.svg is not current: python3 docs/make_architecture.py")
    rows = dict(re.findall(r"^\| `lib/(\w+)` \|.*\| ([^|]*) \|$", text, re.M))
    if list(rows) != rooms.names:
        found.append(f"docs/architecture.md lists the rooms {list(rows)}, expected {rooms.names}")
    for name in rooms.names:
        said = rows.get(name, "")
        used = set(rooms.names[:rooms.names.index(name)]) if said == "all above" else set(re.findall(r"\w+", said)) - {"libc", "zlib"}
        if {room for use in used & set(rooms.names) for room in {use} | rooms.closure(use)} != rooms.closure(name):
            found.append(f'docs/architecture.md: {name} may use "{said}", expected {rooms.uses[name]}')
    said = {room: re.findall(r"`(\w+\.h)`", headers) for headers, room in re.findall(r"^\| ((?:`\w+\.h`(?:, )?)+) \| (\w+) \|$", text, re.M)}
    for name in rooms.names:
        if sorted(said.get(name, [])) != sorted(rooms.headers[name]):
            found.append(f"docs/architecture.md: the headers of {name} are {said.get(name, [])}, expected {rooms.headers[name]}")
    return found


def self_check(source, text):
    """Each of these changes must be seen."""
    rooms = Rooms(source)
    picture = draw(rooms)
    wrong = [
        (source.replace("CLILE_ROOM_USES_eval base", "CLILE_ROOM_USES_eval store"), picture, text, 2),
        (source.replace("metrics=eval", "metrics=run"), picture, text, 3),
        (source, picture.replace("image", "images"), text, 1),
        (source, picture, text.replace("| store, image |", "| image |", 1), 1),
        (source, picture, text.replace("| `evaluate.h`, `evaluation.h` | run |\n", ""), 1),
    ]
    missed = [k for k, (rooms_text, drawn, tables, count) in enumerate(wrong) if len(faults(Rooms(rooms_text), drawn, tables)) != count]
    if missed or faults(rooms, picture, text):
        sys.exit(f"the check missed the faults {missed}, or found one where there is none: {faults(rooms, picture, text)}")


def main():
    source, text = ROOMS.read_text(), TEXT.read_text()
    rooms = Rooms(source)
    homeless = [name for name in rooms.names if name not in COLUMN]
    if homeless:
        sys.exit(f"give {homeless} a column in docs/make_architecture.py")
    if sys.argv[1:] == ["--self-check"]:
        self_check(source, text)
    elif sys.argv[1:] == ["--check"]:
        found = faults(rooms, PICTURE.read_text() if PICTURE.exists() else "", text)
        if found:
            sys.exit("\n".join(found))
    else:
        PICTURE.write_text(draw(rooms))


if __name__ == "__main__":
    main()
