"""test_pictures.py ROOT: the pictures of README.md show the figures kept beside them, are small, and agree with README.md."""
import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(sys.argv[1])
FOLDER = ROOT / "docs/pictures"


def fail(text):
    sys.exit(f"docs/pictures: {text}")


def words(name):
    """The texts of an SVG in their order, and the widths of its bars by class."""
    tree = xml.etree.ElementTree.parse(FOLDER / name).getroot()
    space = "{http://www.w3.org/2000/svg}"
    return [each.text for each in tree.iter(f"{space}text")], [(each.get("class"), float(each.get("width"))) for each in tree.iter(f"{space}rect")]


def main():
    done = subprocess.run([sys.executable, FOLDER / "make.py", "--check"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(done.stderr)
    said, report = json.loads((FOLDER / "face.json").read_text()), json.loads((FOLDER / "report.json").read_text())["report"]
    texts, bars = words("face.svg")
    for au, name in zip(said["au"], said["au_name"]):
        at = texts.index(f"AU{au}")
        if texts[at + 1 : at + 3] != [name, f"{said['answer'][f'AU{au:02}_p']:.2f}"]:
            fail(f"face.svg says {texts[at : at + 3]}")
    here = sum(said["answer"][f"AU{au:02}_c"] for au in said["au"])
    if [kind for kind, _ in bars].count("yes") != here + 1 or not 0 < here < len(said["au"]):  # one more in the legend
        fail("face.svg shows other AUs present")
    texts, bars = words("f1.svg")
    f1 = report["pooled"]["f1"]
    if [text for text in texts if re.fullmatch(r"0\.\d\d", text)] != [f"{value:.2f}" for value in [*f1["au"], f1["average"]]]:
        fail(f"f1.svg says {texts}")
    widths = [width for kind, width in bars if kind in ("yes", "no")]
    if any(abs(width / widths[0] - value / f1["au"][0]) > 0.01 for width, value in zip(widths, f1["au"])):
        fail(f"bars of f1.svg are {widths}")
    if any(not low <= value <= high for value, (low, high) in zip(f1["au"], f1["au_interval"])):
        fail("an interval of report.json does not hold its value")
    data = json.loads((FOLDER / "report.json").read_text())
    if "/" in data["data"] or any("/" in model["model"] for model in data["models"]):
        fail("report.json names folders of a machine")
    for path in FOLDER.iterdir():
        if path.stat().st_size > 150000:
            fail(f"{path.name} has {path.stat().st_size} bytes, at most 150000 are expected")
    print("the pictures show the figures beside them")


if __name__ == "__main__":
    main()
