#!/usr/bin/env python3
"""contracts.py ROOT: each public header opens with a recipe of its use, and the contract of each
function says since which version it exists and which threads may call it. --self-check: finds faults."""
import pathlib
import re
import sys

COMMENT = r"/\*(?:[^*]|\*(?!/))*\*/"
DECLARATION = re.compile(rf"((?:{COMMENT}\n)?)(?:CLILE_NODISCARD\s+)?CLILE_API\s[^;#]*?"
                         r"(clile_\w+)\([^;]*;")
THREADS = re.compile(r"\b(shared|exclusive|locked)\b", re.IGNORECASE)
WITHOUT_RECIPE = {"export.h"}  # has no function


def faults(name, text):
    """One line for each fault of a header."""
    head = text[:text.index("#ifndef")]
    if name not in WITHOUT_RECIPE and "\n *     " not in head:
        yield f"{name}: no recipe at the top"
    said, end, count = "", 0, 0
    for match in DECLARATION.finditer(text):
        alone = "\n\n" in text[end:match.start() + 1]  # a comment covers the functions right below it
        said = match[1] or ("" if alone else said)
        said = said.replace("\n *", "")
        end, count = match.end(), count + 1
        if "Since 0." not in said:
            yield f"{name}: {match[2]} does not say since when it is there"
        if not THREADS.search(said + head) and "Thread class" not in head:
            yield f"{name}: {match[2]} has no thread class"
    if not count and "CLILE_API " in text and name not in WITHOUT_RECIPE:
        yield f"{name}: no declaration was understood"


def self_check():
    good = "/* x.h: x.\n *\n *     clile_f();\n */\n#ifndef X\n/* F. Shared. Since 0.1. */\n" \
           "CLILE_API void clile_f(void);\nCLILE_API void clile_g(void);\n"
    bad = {"no recipe": good.replace(" *     ", " * "), "since when": good.replace("Since", "From"),
           "thread class": good.replace("Shared. ", ""),
           "clile_g does not": good.replace("\nCLILE_API void clile_g", "\n\nCLILE_API void clile_g")}
    assert not list(faults("x.h", good))
    for fault, text in bad.items():
        assert any(fault in line for line in faults("x.h", text)), fault
    print(f"{len(bad)} faults found")


if __name__ == "__main__":
    if sys.argv[1] == "--self-check":
        self_check()
        sys.exit()
    headers = sorted(pathlib.Path(sys.argv[1], "include", "clile").glob("*.h"))
    found = [line for path in headers for line in faults(path.name, path.read_text())]
    print("\n".join(found) or f"{len(headers)} headers")
    sys.exit(bool(found) or len(headers) < 10)
