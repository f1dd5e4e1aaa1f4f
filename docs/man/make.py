"""make.py COMMAND [--check]: writes the manual pages beside it from what the command says of itself (--help and `info --options --json`).

What no help text says, examples above all, stands in this file. --check writes nothing; it fails when a page is not what the command gives, or when
an option of a help text is in no page.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import command_help  # noqa: E402

EXAMPLES = {
    "": [("Train on the first fold of BP4D, test on the subjects that were left out, and read a face:",
          "clile train --data BP4D --layout bp4d --protocol bp4d --fold 1 --out model.safetensors\n"
          "clile eval --model model.safetensors --data BP4D\n"
          "clile predict --model model.safetensors face.jpg")],
    "train": [("Every fold of DISFA in turn; the models are disfa.fold1.safetensors, ...:",
               "clile train --data DISFA --layout disfa --protocol disfa --fold all --out disfa.safetensors"),
              ("Start from ImageNet, with torchvision's ResNet-18 as safetensors:",
               "clile train --data BP4D --out model.safetensors --import resnet18.safetensors --set backbone=resnet18 --set width=1"),
              ("Plain weighted cross entropy, for comparison:", "clile train --data BP4D --out bce.safetensors --set method=bce")],
    "eval": [("Three folds together, as they are published, and the report as JSON:",
              "clile eval --model bp4d.fold1.safetensors --model bp4d.fold2.safetensors --model bp4d.fold3.safetensors --data BP4D --report report.json")],
    "predict": [("A folder of crops to CSV:", "clile predict --model model.safetensors --csv crops/ > answers.csv"),
                ("The people in a video:", "clile predict --model model.safetensors --csv film.mp4 > answers.csv"),
                ("Raw frames:", "ffmpeg -i video.mp4 -f rawvideo -pix_fmt rgb24 - | clile predict --model model.safetensors --raw 640x480 --json")],
    "data": [("Subjects and rates of BP4D, and its three folds:", "clile data BP4D --layout bp4d --protocol bp4d")],
    "pack": [("Align and resize once; train from the file:",
              "clile pack --data BP4D --layout bp4d --out bp4d.safetensors --set image_size=112\nclile train --data bp4d.safetensors --protocol bp4d --fold 1 --out model.safetensors")],
    "import": [("What PyTorch's own file of ResNet-18 holds, as a model to start from:", "clile import resnet18.pth --out start.safetensors")],
    "info": [("The table of options as JSON:", "clile info --options --json")],
    "export": [("A model for ONNX Runtime:", "clile export model.safetensors --onnx model.onnx"),
               ("An int8 model, measured on the people that fold 1 trains on:",
                "clile export bp4d.fold1.safetensors --int8 --calibrate BP4D --protocol bp4d --fold 1 --out int8.safetensors")],
    "bench": [("A training step of ResNet-18 at 112 pixels, with a busy neighbour:", "clile bench train --backbone resnet18 --width 1 --size 112 --batch 16 --busy 1"),
              ("Answers of ResNet-18 at 224 pixels in float32 and int8, beside ONNX Runtime:",
               "clile bench infer --backbone resnet18 --width 1 --size 224 --threads 1 --onnxruntime python3")],
}
ENVIRONMENT = [("GOMP_SPINCOUNT, OMP_WAIT_POLICY",
                "How long threads of OpenMP spin before they sleep. When neither is set the command sets the former to 10000, since longer spinning makes it slow where something "
                "else runs. The library itself reads no environment variable.")]


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq").replace("~", "\\(ti").replace("^", "\\(ha")
    return re.sub(r"^\.", r"\\&.", text, flags=re.M)


def title(name, section):
    changelog = (HERE.parents[1] / "cmake/debian/changelog").read_text(encoding="utf-8")
    version = re.match(r"clile \(([\d.]+)", changelog)[1]
    day, month, year = re.search(r"^ -- .*>  \w+, (\d+) (\w+) (\d+)", changelog, re.M).groups()
    number = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split().index(month) + 1
    kind = {1: "User Commands", 7: "Miscellaneous"}[section]
    return ['.\\" Made by docs/man/make.py; do not edit.', f'.TH {escape(name).upper()} {section} "{year}-{number:02}-{int(day):02}" "clile {version}" "{kind}"']


def examples(name):
    out = [".SH EXAMPLES"] if name in EXAMPLES else []
    for i, (what, code) in enumerate(EXAMPLES.get(name, [])):
        out += ([".PP"] if i else []) + [escape(what), ".PP", ".EX", escape(code), ".EE"]
    return out


def marked(usage):
    """A usage line: the command bold, words in capitals in italics."""
    text = escape(usage.strip())
    text = re.sub(r"\bclile(( [a-z]+)?)(?= |$)", r"\\fBclile\1\\fR", text, count=1) if "ffmpeg" not in text else text
    return re.sub(r"(?<![\w\\])([A-Z][A-Z0-9]*|WxH)\b", r"\\fI\1\\fR", text)


class Pages:
    def __init__(self, command):
        self.command = command_help.Command(command)
        self.commands = self.command.names

    def page_of_clile(self):
        about = self.command.main.split("\n\n")[1]
        out = title("clile", 1) + [".SH NAME", "clile \\- facial action units of people the model never saw", ".SH SYNOPSIS", ".B clile", "\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]", ".PP",
                                   ".B clile", "\\fICOMMAND\\fR \\fB\\-\\-help\\fR", ".PP", ".B clile \\-\\-version", ".SH DESCRIPTION", escape(about), ".PP",
                                   "It trains, evaluates and runs models that recognise facial action units (AUs), by CL\\-ILE: supervised contrastive learning with",
                                   "identity\\-label embeddings. Each command has a page of its own, and \\fB\\-\\-help\\fR.", ".SH COMMANDS"]
        for name, summary in self.commands:
            out += [".TP", f".BR clile\\-{name} (1)", escape(summary)]
        out += [".SH FILES", "Models, checkpoints and packed data sets are safetensors files; every safetensors reader opens them.", ".SH ENVIRONMENT"]
        for name, text in ENVIRONMENT:
            out += [".TP", f".B {escape(name)}", escape(text)]
        out += [".SH EXIT STATUS", "0 fine, 1 failed (the reason is on stderr), 2 wrong usage."] + examples("")
        return out + [".SH SEE ALSO"] + [f".BR clile\\-{name} (1)," for name, _ in self.commands] + [".BR clile\\-options (7)"]

    def page_of_command(self, name, summary):
        usage, about, rows, status = self.command.help(name)
        out = title(f"clile-{name}", 1) + [".SH NAME", f"clile\\-{name} \\- {escape(summary)}", ".SH SYNOPSIS"]
        lines = []
        for line in usage.split("\n"):
            if lines and line.lstrip().startswith("["):
                lines[-1] += " " + line.strip()  # a line that goes on
            else:
                lines += [part for part in line.strip().split(" | ") if part] if "ffmpeg" not in line else [line.strip()]
        for i, line in enumerate(lines):
            out += ([".PP"] if i else []) + [marked(line)]
        out += [".SH DESCRIPTION"] + escape(about).replace("\n\n", "\n.PP\n").split("\n")
        out += [".SH OPTIONS"] if rows else []
        for option, value, meaning in rows:
            out += [".TP", f"\\fB{escape(option)}\\fR" + (f" \\fI{escape(value)}\\fR" if value else ""), escape(meaning)]
        more = ".BR clile\\-options (7)" if any(row.name == "--set" for row in rows) else None
        return out + [".SH EXIT STATUS", escape(status)] + examples(name) + [".SH SEE ALSO", ".BR clile (1)" + ("," if more else "")] + ([more] if more else [])

    def page_of_options(self):
        out = title("clile-options", 7) + [".SH NAME", "clile\\-options \\- settings of data sets, models and training", ".SH DESCRIPTION",
                                           "Each is set by \\fB\\-\\-set\\fR \\fIname\\fR=\\fIvalue\\fR on the command line, by \\fBclile_options_set\\fR() in C, by a keyword in Python.",
                                           "An unknown name and a value out of range are refused."]
        group = None
        for row in self.command.options():
            if row["group"] != group:
                group = row["group"]
                out.append(f".SH {group.upper()}")
            kind = {"choice": row["range"].replace("|", " | "), "text": "text"}.get(row["type"]) or f"{row['type']}, {row['range']}"
            default = f"; default: {row['default']}" if row["default"] else ""
            out += [".TP", f"\\fB{escape(row['name'])}\\fR ({escape(kind + default)})", escape(row["help"])]
        return out + [".SH SEE ALSO", ".BR clile (1)"]

    def all(self):
        pages = {"clile.1": self.page_of_clile(), "clile-options.7": self.page_of_options()}
        pages.update({f"clile-{name}.1": self.page_of_command(name, summary) for name, summary in self.commands})
        return {name: "\n".join(lines) + "\n" for name, lines in pages.items()}

    def missing(self, pages):
        """Options of the help texts that are not in the page of their command: read without the code above."""
        for name, _ in self.commands:
            page = pages[f"clile-{name}.1"].replace("\\-", "-")
            for option in sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", self.command.say(name, "--help")))):
                if not re.search(re.escape(option) + r"(?![a-z-])", page):
                    yield f"clile-{name}.1 lacks {option}"


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--check"]):
        raise SystemExit(__doc__)
    made = Pages(sys.argv[1])
    pages = made.all()
    if made.command.version != re.search(r'"clile ([\d.]+)"', pages["clile.1"])[1]:
        raise SystemExit(f"clile --version says {made.command.version}, cmake/debian/changelog does not")
    there = {path.name: path.read_text(encoding="utf-8") for path in HERE.glob("*.[17]")}
    if sys.argv[2:]:
        faults = [f"{name} is not what the command says" for name in sorted(pages.keys() | there.keys()) if pages.get(name) != there.get(name)]
        faults += made.missing(there) if not faults else []
        if faults:
            raise SystemExit("\n".join(faults) + "\nwrite them anew: python3 docs/man/make.py COMMAND")
        print(f"{len(pages)} pages")
        return
    for name in there.keys() - pages.keys():
        (HERE / name).unlink()
    for name, text in pages.items():
        (HERE / name).write_text(text, encoding="utf-8")
    print(f"{len(pages)} pages written")


if __name__ == "__main__":
    main()
