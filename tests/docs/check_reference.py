"""check_reference.py DOXYGEN DOXYFILE SYMBOLS OUTPUT: the API reference is made without a warning, and describes every public function, and clile.hpp.

Then one header after another is broken on purpose: Doxygen must have something to say.
"""
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as tree

DOXYGEN, DOXYFILE, SYMBOLS, OUTPUT = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])


def run(config):
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "Doxyfile").write_text(config, encoding="utf-8")
    return subprocess.run([DOXYGEN, OUTPUT / "Doxyfile"], capture_output=True, text=True, check=False)


def described(output):
    found = {}
    for path in (output / "xml").glob("*.xml"):
        for member in tree.parse(path).iter("memberdef"):
            if member.get("kind") == "function":
                text = "".join("".join(member.find(name).itertext()) for name in ("briefdescription", "detaileddescription"))
                found[member.find("name").text] = " ".join(text.split())
    return found


def main():
    config = re.sub(r"^OUTPUT_DIRECTORY .*$", f'OUTPUT_DIRECTORY = "{OUTPUT}"', DOXYFILE.read_text(encoding="utf-8"), flags=re.M)
    done = run(config)
    if done.returncode != 0 or done.stderr.strip():
        sys.exit(f"doxygen ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    found = described(OUTPUT)
    bare = [name for name in SYMBOLS.read_text(encoding="utf-8").split() if not found.get(name)]
    if bare:
        sys.exit(f"without a word in the reference (a comment before the declaration, or behind it): {' '.join(bare)}")
    html = (OUTPUT / "html/classclile_1_1Predictor.html").read_text(encoding="utf-8")
    if "run_strided" not in html or "similarity to each AU embedding" not in found["clile_predictor_run_scores"]:
        sys.exit("clile.hpp or predictor.h is not in the reference as it is written")

    # the check can fail: a comment with a command unknown to Doxygen
    wrong = OUTPUT / "wrong.h"
    wrong.write_text("/** @file */\n/** Takes @nonsense{a}. */\nint clile_wrong(int a);\n", encoding="utf-8")
    done = run(re.sub(r"^FILTER_PATTERNS .*$", "", re.sub(r"^INPUT .*$", f'INPUT = "{wrong}"', config, flags=re.M), flags=re.M))
    if done.returncode == 0 or "nonsense" not in done.stderr:
        sys.exit(f"doxygen took an unknown command: {done.returncode} {done.stderr}")
    print(f"{len(found)} functions and methods, no warning")


if __name__ == "__main__":
    main()
