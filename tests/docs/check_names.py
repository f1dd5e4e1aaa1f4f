"""check_names.py ROOT: what headers and pages name exists: functions, types and constants of the interface, the header that is
said to declare one, and files of the tree. With --self-check, sentences with one fault each must be found."""
import pathlib
import re
import sys

ALLOWED = re.compile(r"^(clile_i_\w+|CLILE_I_\w+|clile_\w*_|CLILE_\w*_)$")  # ..._: the beginning of several
WORD = re.compile(r"(?<![\w./-])((?:clile_|CLILE_)[A-Za-z0-9_]+)\b(?!\.(?:py|c|h|json|csv|so|cmake)\b)")
DECLARED_IN = re.compile(r"`?\b(clile_\w+)`? \(`?(?:clile/)?(\w+\.h)`?\)")
PATH = re.compile(r"`((?:lib|include|tests|examples|cmake|docs|pkgconfig)/[\w./+-]*\w)`|\]\(((?:\.\./)*[\w./-]+)(?:#[\w-]*)?\)")


# Numbers of docs/security.md: a sentence of it, and where the code has the number.
LIMITS = [
    (r"CSV, lists \| (\d+) columns", "lib/store/rows.h", r"CLILE_I_ROWS_MOST = (\d+)"),
    (r"paths of (\d+) bytes", "lib/layout/layout.h", r"CLILE_I_PATH_SIZE = (\d+)"),
    (r"columns \((\d+) AUs\)", "lib/model/model.h", r"CLILE_I_MAX_AUS = (\d+)"),
    (r"model \| (\d+) AUs", "lib/model/model.h", r"CLILE_I_MAX_AUS = (\d+)"),
    (r"at most (\d+) keys of metadata", "lib/model/model.h", r"CLILE_I_MAX_METADATA = (\d+)"),
    (r"(\d+) dimensions", "lib/store/safetensors.h", r"CLILE_I_ST_MAX_DIMS = (\d+)"),
    (r"header at most (\d+) MB", "lib/store/safetensors_types.h", r"CLILE_I_ST_MAX_HEADER = (\d+)000000\b"),
    (r"(\d+) dictionaries deep", "lib/store/torch_file.c", r"DEEPEST = (\d+)"),
    (r"([\d,]+) tensors", "lib/store/torch_file.c", r"MOST_TENSORS = (\d+)"),
    (r"pack \| (\d+) AUs", "lib/layout/pack.c", r"MOST_AUS = (\d+)"),
    (r"crops to (\d+) pixels", "lib/image/image.h", r"CLILE_I_CROP_LARGEST = (\d+)"),
    (r"(\d+) scans in a JPEG", "lib/image/decode.c", r"MOST_SCANS = (\d+)"),
    (r"JPEG, (\d+) in a progressive one", "lib/image/decode.c", r"MOST_SCANS_PROGRESSIVE = (\d+)"),
]


def wrong_limits(root):
    page, out = (root / "docs/security.md").read_text(), []
    for sentence, file, constant in LIMITS:
        said, is_so = re.search(sentence, page), re.search(constant, (root / file).read_text())
        if said is None or is_so is None:
            out.append(f"docs/security.md: {sentence} or {file}: {constant}: one of them is not there")
            continue
        there = int(is_so[1]) - ("PATH_SIZE" in constant)  # with its NUL
        if int(said[1].replace(",", "")) != there:
            out.append(f"docs/security.md: {said[0]}, but {file} has {there}")
    return out


def known_names(root):
    text = "\n".join(path.read_text() for path in sorted((root / "include/clile").glob("*.h*")))
    code = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)  # a name in a comment proves nothing
    names = set(re.findall(r"\b(?:clile_|CLILE_)\w+", code))
    names |= {"CLILE_" + name for name in re.findall(r"X?\(-?\d+, *(E_\w+|OK)\b", code)}
    for path in [root / "CMakeLists.txt", *(root / "cmake").glob("*.cmake"), *(root / "tests").rglob("CMakeLists.txt"), root / "lib/CMakeLists.txt",
                 root / "tests/run.sh", *(root / "tests").rglob("*.py"), *(root / "examples").rglob("*.py"), *(root / "examples").rglob("*.sh"),
                 *(root / "cmake").rglob("*.in"), *(root / "pkgconfig").glob("*"), *(root / "tests").rglob("*.sh")]:
        if path.is_file() and path.name != "check_names.py":
            names |= set(re.findall(r"\b(?:clile_|CLILE_)\w+", path.read_text()))
    return names


def declared_in(root, name):
    """Headers in whose code (not comments) the name is followed by ( or ends a typedef."""
    found = set()
    for path in (root / "include/clile").glob("*.h"):
        code = re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.S)
        if re.search(r"CLILE_API[^;]*\b" + name + r"\(|typedef[^;]*\b" + name + r"\b", code):
            found.add(path.name)
    return found


def faults(root, names, path, text):
    out = []
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}:{number}"
        out += [f"{where}: {word} does not exist" for word in WORD.findall(line) if word not in names and not ALLOWED.match(word)]
        for name, header in DECLARED_IN.findall(line):
            if name in names and header not in declared_in(root, name):
                out.append(f"{where}: {name} is not declared in {header}")
        if str(path).endswith(".md"):
            for inside, link in PATH.findall(line):
                target = root / inside if inside else (root / path).parent / link
                if not target.exists() and not re.search("ROOM|NAME|[*]", str(target)) and not link.startswith("http"):
                    out.append(f"{where}: there is no {inside or link}")
    return out


def lost(pages, readme):
    """Pages of docs/ that README does not link to."""
    return [f"README.md: no link to docs/{page}" for page in pages if f"](docs/{page})" not in readme]


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    names = known_names(root)
    if "--self-check" in sys.argv:
        for text in ("clile_no_such_call", "`CLILE_E_NO_SUCH`", "clile_free (metrics.h)", "`lib/data/no_such.c`", "[x](no_such.md)"):
            assert len(faults(root, names, pathlib.Path("docs/x.md"), text)) == 1, text
        for text in ("clile_free (status.h)", "`CLILE_E_STATE`", "`lib/base/number.c`", "[x](threading.md#fork)", "clile_progress (trainer.h)"):
            assert faults(root, names, pathlib.Path("docs/x.md"), text) == [], text
        assert lost(["a.md", "b.md"], "[a](docs/a.md), docs/b.md") == ["README.md: no link to docs/b.md"]
        return
    wrong = wrong_limits(root) + lost(sorted(path.name for path in (root / "docs").glob("*.md")), (root / "README.md").read_text())
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md")), *sorted((root / "include/clile").glob("*.h*"))]
    for page in pages:
        wrong += faults(root, names, page.relative_to(root), page.read_text())
    print(f"{len(pages)} pages and headers")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
