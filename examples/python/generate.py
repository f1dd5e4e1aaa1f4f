"""generate.py [--check]: writes clile/_api.py, the ctypes view of every public function, structure and constant, from include/clile/*.h.

A declaration that it does not understand is an error, never left out. --check writes nothing, and fails if the committed file differs.
"""
import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "include" / "clile"
OUTPUT = HERE / "clile" / "_api.py"
SCALARS = {
    "int8_t": "c_int8", "uint8_t": "c_uint8", "int32_t": "c_int32", "uint32_t": "c_uint32", "int64_t": "c_int64", "uint64_t": "c_uint64",
    "float": "c_float", "double": "c_double", "size_t": "c_size_t", "clile_status": "c_int32",
}
HEAD = '''"""Made by generate.py from include/clile/*.h; do not edit. What is declared there, for ctypes."""
from ctypes import {names}
from typing import Any, Dict, List, Tuple
'''


class Headers:
    """What the headers declare, in the order of the text."""

    def __init__(self, text):
        self.constants, self.statuses, self.opaque, self.structures, self.callbacks, self.functions = {}, [], [], {}, {}, {}
        self.order = []  # of structures and callbacks
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        text = re.sub(r"\\\n", " ", text)
        self._directives(re.findall(r"^[ \t]*#[ \t]*define[ \t]+(.*)$", text, re.M))
        text = re.sub(r"^[ \t]*#.*$", "", text, flags=re.M)
        text = re.sub(r"\bCLILE_(BEGIN|END|NODISCARD)\b", "", text)
        text = " ".join(re.sub(r"enum \{\s*CLILE_STATUS_TABLE\(CLILE_STATUS_ENUM\)\s*\};", "", text).split())
        while text:
            text = self._declaration(text)

    def _directives(self, defines):
        for define in defines:
            if match := re.fullmatch(r'(CLILE_\w+)\s+("[^"]*"|-?\d+)\s*', define):
                self.constants[match[1]] = match[2]
            elif define.startswith("CLILE_STATUS_TABLE(X)"):
                self.statuses = [(int(n), f"CLILE_{name}", t) for n, name, t in re.findall(r'X\((-?\d+), (\w+), "([^"]*)"\)', define)]

    def _declaration(self, text):
        for pattern, take in (
            (r"typedef struct (\w+) (\w+);", self._take_opaque),
            (r"typedef struct (\w+) \{(.*?)\} (\w+);", self._take_structure),
            (r"typedef (\w+) \(\*(\w+)\)\((.*?)\);", self._take_callback),
            (r"typedef int32_t clile_status;", lambda: None),
            (r"enum \{(.*?)\};", self._take_enum),
            (r"CLILE_API (.*?)(clile_\w+)\((.*?)\);", self._take_function),
        ):
            if match := re.match(pattern + r"\s*", text):
                take(*match.groups())
                return text[match.end():]
        raise SystemExit(f"generate.py: a declaration that it does not understand: {text[:120]}")

    def _take_opaque(self, tag, name):
        if tag != name:
            raise SystemExit(f"generate.py: struct {tag} is called {name}")
        self.opaque.append(name)

    def _take_structure(self, tag, body, name):
        if tag != name:
            raise SystemExit(f"generate.py: struct {tag} is called {name}")
        fields = []
        for line in filter(None, (part.strip() for part in body.split(";"))):
            first, *more = line.split(",")
            array = re.fullmatch(r"(.*)\[(\d+)\]", first)
            kind, field = self._split(array[1] if array else first)
            fields.append((field, self._type(kind) + (f" * {array[2]}" if array else "")))
            fields += [(other.strip(), self._type(kind)) for other in more]
        self.structures[name] = fields
        self.order.append(name)

    def _take_callback(self, result, name, parameters):
        self.callbacks[name] = [self._type(result)] + [kind for _, kind in self._parameters(parameters)]
        self.order.append(name)

    def _take_enum(self, body):
        for item in body.split(","):
            name, value = item.split("=")
            self.constants[name.strip()] = str(int(value))

    def _take_function(self, result, name, parameters):
        result = "clile_status" if result.strip() == "clile_status" else self._type(result)
        self.functions[name] = (result, self._parameters(parameters))

    def _parameters(self, text):
        if text.strip() == "void":
            return []
        return [(name, self._type(kind)) for kind, name in map(self._split, text.split(","))]

    @staticmethod
    def _split(declaration):
        match = re.fullmatch(r"\s*(.*?[\s*])(\w+)\s*", declaration)
        if not match:
            raise SystemExit(f"generate.py: not a type and a name: {declaration}")
        return match[1], match[2]

    def _type(self, kind):
        words = re.sub(r"\bconst\b", " ", kind).replace("*", " * ").split()
        base, stars = words[0], len(words) - 1
        if words[1:] != ["*"] * stars:
            raise SystemExit(f"generate.py: a type that it does not understand: {kind}")
        if base == "char" and stars >= 1:
            result, stars = "c_char_p", stars - 1
        elif base == "void" and stars == 1:
            return "c_void_p"
        elif base == "void" and stars == 0:
            return "None"
        elif base in SCALARS:
            result = SCALARS[base]
        elif base in self.opaque or base in self.structures or base in self.callbacks:
            result = base
        else:
            raise SystemExit(f"generate.py: an unknown type: {kind}")
        for _ in range(stars):
            result = f"POINTER({result})"
        return result


def read_headers(folder):
    # in the order in which they include each other
    paths, order = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.h"))}, []

    def visit(name):
        for included in re.findall(r"#include <clile/(\w+\.h)>", paths[name]):
            visit(included)
        if name not in order:
            order.append(name)

    for name in paths:
        visit(name)
    return Headers("\n".join(paths[name] for name in order))


def as_python(headers):
    out = [f"{name} = {value}" for name, value in headers.constants.items()]
    out += [f"{name} = {number}" for number, name, _ in headers.statuses]
    out += ["", "# number: name, text", "STATUSES: Dict[int, Tuple[str, str]] = {"]
    out += [f'    {number}: ("{name}", "{text}"),' for number, name, text in headers.statuses] + ["}", ""]
    out += ["", "class clile_status(c_int32):", '    """What a function that can fail returns."""', ""]
    for name in headers.opaque:
        out += ["", f"class {name}(Structure):", '    """Opaque."""', ""]
    for name in headers.order:  # a structure may have pointers to functions, which may have pointers to structures
        if name in headers.structures:
            out += ["", f"class {name}(Structure):", "    _fields_ = ["]
            out += [f'        ("{field}", {kind}),' for field, kind in headers.structures[name]] + ["    ]", ""]
        else:
            out += ["", f"{name} = CFUNCTYPE({', '.join(headers.callbacks[name])})"]
    out += ["", "", "# name: (result, [arguments]), with the names of the arguments below", "FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {"]
    out += [f'    "{name}": ({result}, [{", ".join(kind for _, kind in parameters)}]),'
            for name, (result, parameters) in sorted(headers.functions.items())] + ["}", ""]
    out += ["ARGUMENTS: Dict[str, Tuple[str, ...]] = {"]
    for name, (_, parameters) in sorted(headers.functions.items()):
        names = ", ".join(f'"{parameter}"' for parameter, _ in parameters) + ("," if len(parameters) == 1 else "")
        out.append(f'    "{name}": ({names}),')
    text = "\n".join(out + ["}"]) + "\n"
    names = sorted(set(re.findall(r"\b(?:CFUNCTYPE|POINTER|Structure|c_\w+)\b", text)))
    return HEAD.format(names=", ".join(names)) + "\n" + text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is not what the headers give")
    parser.add_argument("--symbols", type=pathlib.Path, help="a file of function names, one a line, that must be exactly those declared")
    arguments = parser.parse_args()
    headers = read_headers(INCLUDE)
    text = as_python(headers)
    if arguments.symbols:
        listed = set(arguments.symbols.read_text(encoding="utf-8").split())
        if listed != set(headers.functions):
            sys.exit(f"{arguments.symbols} and the headers differ in {sorted(listed ^ set(headers.functions))}")
    if not arguments.check:
        OUTPUT.write_text(text, encoding="utf-8")
    elif not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != text:
        sys.exit(f"{OUTPUT} is not what the headers give; write it anew: python3 examples/python/generate.py")
    print(f"{len(headers.functions)} functions, {len(headers.structures)} structures, {len(headers.constants)} constants")


if __name__ == "__main__":
    main()
