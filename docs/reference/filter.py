"""filter.py HEADER: the header as Doxygen wants it, on standard output. The headers are written to be read; what Doxygen needs beyond that is put in here.

* a comment before a declaration, and one behind it on its line, become documentation;
* one comment over several declarations without a blank line between them is that of each;
* the comment at the top of a header is that of the file, its indented lines are code.
Inside a comment nothing is markup but what is code by its indentation.
"""
import pathlib
import re
import sys


ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "&lowast;", "#": "\\#", "%": "\\%", "$": "\\$", "\\": "\\\\", "@": "\\@", "~": "\\~", "|": "\\|"}


def plain(text):
    """The words of a comment, safe from Doxygen's commands, HTML and Markdown; `code` stays code."""
    text = re.sub(r"[\\@&$#<>*~|%]", lambda match: ESCAPES[match[0]], text)
    return re.sub(r"`([^`]*)`", r"<tt>\1</tt>", text)


def words(comment):
    """The text between /* and */ without the stars at the left."""
    inside = re.sub(r"^/\*+|\*+/\s*$", "", comment.strip())
    return "\n".join(re.sub(r"^\s*\*( |$)", "", line) if i else line.strip() for i, line in enumerate(inside.split("\n"))).strip("\n")


def of_file(name, comment):
    brief, _, rest = words(comment).partition("\n")
    brief = re.sub(r"^clile/[\w.]+: ", "", brief)
    out, code = [], False
    for line in rest.split("\n"):
        if line.startswith("    ") != code and line.strip():
            code = not code
            out.append("@code{.cpp}" if code else "@endcode\n")
        out.append(line[4:].replace("*/", "* /") if code else plain(line))
    return f"/** @file clile/{name}\n@brief {plain(brief)}\n" + "\n".join(out) + ("\n@endcode" if code else "") + "\n*/"


def shapes(declaration):
    """The declaration, with what stands beside its arguments ("float *weights /*[c]*/") behind it."""
    text = declaration[0]
    said = ", ".join(f"<tt>{argument}</tt> {plain(shape)}" for argument, shape in re.findall(r"(\w+) ?/\*([^* ].*?)\*/", text.partition("/**<")[0]))
    if not said:
        return text
    return f"{text}{said}; " if declaration[1] else f"{text} /**< {said}. */"


def convert(name, text):
    match = re.match(r"/\*.*?\*/", text, re.S)
    if not match:
        raise SystemExit(f"filter.py: {name} does not begin with a comment that says what it is for")
    out, rest = [of_file(name, match[0])], text[match.end():].split("\n")
    doc, fresh, i = None, False, 0  # doc: the comment that holds for the declarations that follow; fresh: it is in the output already
    while i < len(rest):
        line = rest[i]
        stripped = line.strip()
        if not stripped:
            doc, fresh = None, False
        if stripped.startswith("/*"):
            block = line
            while "*/" not in block:
                i += 1
                block += "\n" + rest[i]
            behind = i + 1
            while behind < len(rest) and rest[behind].startswith("#define "):
                behind += 1  # constants of the function that follows them
            follows = rest[behind].strip() if behind < len(rest) else ""
            heading = "----" in block or not follows or follows.startswith(("#", "X(", "/*"))
            doc, fresh = (None, False) if heading else (plain(words(block)), True)
            out.append(block if heading else f"/** {doc} */")
        elif option := re.match(r'#define (CLILE_OPT_\w+) "(\w+)"', stripped):
            out.append(f"/** Key of the option {option[2]}: docs/options.md. */\n{line}")
        else:
            if stripped.startswith(("CLILE_API", "CLILE_NODISCARD CLILE_API")) and doc and not fresh:
                out.append(f"/** {doc} */")
            if stripped.startswith(("typedef", "}", "enum")):
                doc = None  # a structure's comment is not that of the function behind it
            fresh = False
            # a comment that ends the line of a declaration: not one within an argument list, which has no blank behind its slash
            line = re.sub(r"^(?=.*[;,] +/\* )(.*[;,]) +/\* (.*) \*/$", lambda m: f"{m[1]} /**< {plain(m[2])} */", line)
            out.append(line)
        i += 1
    return re.sub(r"^(?:CLILE_NODISCARD )?CLILE_API [^;]*;( /\*\*< )?", shapes, "\n".join(out), flags=re.M)


def main():
    path = pathlib.Path(sys.argv[1])
    sys.stdout.write(convert(path.name, path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
