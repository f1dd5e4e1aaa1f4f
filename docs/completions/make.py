"""make.py COMMAND [--check]: writes the completions of the command for bash, zsh and fish beside it, from what the command says of itself.

Commands, options and their meaning come from the help texts, keys and choices of --set from the table of options. --check writes nothing; it fails when a
file is not what the command gives.
"""
import pathlib
import re
import sys
from typing import List, NamedTuple, Tuple

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import command_help  # noqa: E402

MADE = "Made by docs/completions/make.py; do not edit."
DATA = ("safetensors", "csv", "jsonl")  # a folder, or a file with one of these endings
POSITIONAL = {  # how a usage line calls it: endings; () for folders alone
    "OUT": (), "DIR|PACK": DATA, "FILE": ("safetensors", "pth"), "MODEL": ("safetensors",), "SYSTEM": ("safetensors", "csv"), "EVALUATION...": ("csv",), "IMAGE|FOLDER|-...": ("jpg", "jpeg", "png", "bmp")}
ENDINGS = {"safetensors": "safetensors", "model": "safetensors", "pack": "safetensors", "csv": "csv", "png": "png", "onnx": "onnx"}


class Values(NamedTuple):
    """What may follow: kind is "words", "files" (with these endings; none: any), "folders", "settings" (of these keys) or "" (nothing to propose)."""

    kind: str
    items: Tuple[str, ...] = ()


class Flag(NamedTuple):
    name: str
    value: str
    meaning: str
    repeated: bool
    values: Values


class Part(NamedTuple):
    """A command, or a command of `bench`: ("bench", "infer")."""

    name: Tuple[str, ...]
    summary: str
    flags: List[Flag]
    positional: Values


def listed(text):
    """The words of "auto, bp4d, disfa or kfold:K[:SEED]" as far as they are typed as they are: "kfold:" of the last; and "none" of "none: all images"."""
    word = r"(?!or\b)[a-z][\w+-]*(?::[A-Z]+(?:\[:[A-Z]+\])?)?"
    found = re.search(rf"{word}(?:, {word})+(?:,? or {word})?", text)
    words = re.split(r",? or |, ", found[0]) if found else []
    words = [re.sub(r":.*", ":", each) for each in words] + re.findall(r"\b(none): ", text)
    return tuple(dict.fromkeys(words))


def endings(text):
    found = re.findall(r"(?<!\w)\.([a-z]+)\b", text)
    found += [ending for word, ending in ENDINGS.items() if re.search(rf"\b{word}\b", text, re.I)]
    return tuple(dict.fromkeys(found))


def keys_of(meaning, options):
    """Those that --set of this command is for: those it names, those of its group, or all."""
    groups = [row["group"] for row in options if re.search(rf"\b{row['group']}\b|such as {row['name']}=", meaning)]
    found = [row["name"] for row in options if row["group"] in groups or re.search(rf"\b{row['name']}\b", meaning)]
    return tuple(found) or tuple(row["name"] for row in options)


def values_of(row, usage, options):
    choices = {option["name"]: tuple(option["range"].split("|")) for option in options if option["type"] == "choice"}
    stated = re.search(rf"{row.name} ([a-z0-9+]+(?:\|[a-z0-9+]+)+)", usage)
    if not row.value:
        return Values("")
    if row.name == "--set":
        return Values("settings", keys_of(row.meaning, options))
    if stated:
        return Values("words", tuple(stated[1].split("|")))
    if row.name[2:] in choices:
        return Values("words", choices[row.name[2:]])
    if row.name == "--protocol":
        return Values("words", listed(row.meaning))
    if row.value == "N|all":
        return Values("words", ("all",))
    if row.value in ("DIR", "PACK"):
        return Values("files", DATA)
    if row.value.startswith("FILE") or row.value in ("CSV", "MODEL", "PYTHON"):
        return Values("files", () if row.value == "PYTHON" else endings(f"{row.name} {row.value} {row.meaning}"))
    return Values("")


def part(name, summary, said, options):
    usage = said.usage
    rows = list(said.arguments)
    if not rows:  # bench says its options in its usage alone
        rows = [command_help.Argument(flag, value, "") for flag, value in re.findall(r"(--[a-z0-9-]+)(?: ([^\]\s|]+))?", usage)]
        rows.append(command_help.Argument("--help", "", "this text"))
    flags = [Flag(*row, repeated=bool(re.search(r"repeat", row.meaning)), values=values_of(row, usage, options)) for row in rows]
    left = re.sub(r"--\S+( [A-Z]\S*)?", "", usage.split("\n")[0].replace("]", " "))
    words = [word for word in re.findall(r"(?<![\w=])[A-Z][A-Z|.-]*", left) if name[0] != "bench"]
    unknown = [word for word in words if word not in POSITIONAL]
    if unknown:
        raise SystemExit(f"clile {' '.join(name)}: make.py does not know what {unknown[0]} is")
    positional = Values("")
    if words:
        positional = Values("files", POSITIONAL[words[0]]) if POSITIONAL[words[0]] else Values("folders")
    return Part(name, summary, flags, positional)


def parts_of(command, options):
    found = []
    for name, summary in command.names:
        said = command.help(name)
        inner = re.match(rf"clile {name} ([a-z]+(?:\|[a-z]+)*) ", said.usage)  # "clile bench train|forward"
        if not inner:
            found.append(part((name,), summary, said, options))
            continue
        subs = inner[1].split("|")
        found.append(Part((name,), summary, [Flag("--help", "", "this text", False, Values(""))], Values("")))
        found += [part((name, sub), "", said, options) for sub in subs]
        others = re.findall(rf"`clile {name} (\w+) --help`", said.about)
        found += [part((name, sub), "", command.help(name, sub), options) for sub in others if sub not in subs]
    return found


def subcommands(parts, name):
    return [each.name[1] for each in parts if len(each.name) == 2 and each.name[0] == name]


def setting_choices(options):
    return {row["name"]: row["range"].split("|") for row in options if row["type"] == "choice"}


# ---- bash ----

BASH = r'''# @MADE@
# Completion of `clile` for bash. It needs bash 4 and nothing of bash-completion.

_clile_folders() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}

_clile_files() { # ENDINGS...: names with one of them (none: all names), and folders
    local ending
    compopt -o filenames -o default 2>/dev/null
    if (($# == 0)); then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
    fi
    _clile_folders
    for ending; do mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X "!*.$ending" -- "$cur"); done
}

_clile_words() { # WORDS...; one that ends in "=" or ":" goes on
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=:] ]]; then compopt -o nospace 2>/dev/null; fi
}

_clile_settings() { # KEYS...
    local key=${cur%%=*} choices=()
    if [[ $cur != *=* ]]; then
        _clile_words "${@/%/=}"
        return
    fi
    case $key in
@CHOICES@
    esac
    if ((${#choices[@]} > 0)); then _clile_words "${choices[@]/#/$key=}"; fi
}

_clile_value() { # COMMAND FLAG: fails when the flag takes no value
    case "$1 $2" in
@VALUES@
        *) return 1 ;;
    esac
}

_clile() {
    local command cur full i prev reply typed word words=()
    COMPREPLY=()
    # Bash breaks words at "=" and ":", too: put them together.
    for ((i = 0; i <= COMP_CWORD; ++i)); do
        word=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $word == [=:]* || ${COMP_WORDS[i - 1]} == *[=:] ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
    done
    typed=${COMP_WORDS[COMP_CWORD]}
    if [[ $typed == [=:] && $COMP_WORDBREAKS == *"$typed"* ]]; then typed=; fi
    full=${words[${#words[@]} - 1]} cur=$full prev=${words[${#words[@]} - 2]}
    if [[ $cur == --*=* ]]; then prev=${cur%%=*} cur=${cur#*=}; fi
    if ((${#words[@]} == 2)); then
        _clile_words @COMMANDS@ --help --version
        return
    fi
    command=${words[1]}
    case $command in
@SUBCOMMANDS@
    esac
    if ! _clile_value "$command" "$prev"; then
        if [[ $cur == -* ]]; then
            case $command in
@FLAGS@
            esac
        else
            case $command in
@POSITIONAL@
            esac
        fi
    fi
    # What bash replaces is the last piece alone.
    for i in "${!COMPREPLY[@]}"; do
        reply=${full%"$cur"}${COMPREPLY[i]}
        COMPREPLY[i]=${reply:${#full}-${#typed}}
    done
}
complete -F _clile clile
'''


def bash_action(values):
    items = " ".join(values.items)
    return {"words": f"_clile_words {items}", "files": f"_clile_files {items}".rstrip(), "folders": "_clile_folders", "settings": f"_clile_settings {items}", "": ":"}[values.kind]


def cases(pairs, indent):
    """Patterns of one action share a line."""
    together = {}
    for pattern, action in pairs:
        together.setdefault(action, []).append(f'"{pattern}"')
    return "\n".join(f"{' ' * indent}{' | '.join(patterns)}) {action} ;;" for action, patterns in together.items())


def bash(parts, options):
    commands = [each.name[0] for each in parts if len(each.name) == 1]
    inner = []
    for name in commands:
        subs = subcommands(parts, name)
        if subs:
            inner.append(f"        {name})\n            if ((${{#words[@]}} == 3)); then\n                _clile_words {' '.join(subs)} --help\n                return\n            fi\n"
                         f"            command=\"{name} ${{words[2]}}\"\n            ;;")
    filled = {
        "MADE": MADE, "COMMANDS": " ".join(commands), "SUBCOMMANDS": "\n".join(inner),
        "CHOICES": "\n".join(f"        {key}) choices=({' '.join(words)}) ;;" for key, words in setting_choices(options).items()),
        "VALUES": cases([(f"{' '.join(each.name)} {flag.name}", bash_action(flag.values)) for each in parts for flag in each.flags if flag.value], 8),
        "FLAGS": cases([(" ".join(each.name), f"_clile_words {' '.join(flag.name for flag in each.flags)}") for each in parts], 16),
        "POSITIONAL": cases([(" ".join(each.name), bash_action(each.positional)) for each in parts if each.positional.kind], 16),
    }
    return re.sub(r"@([A-Z]+)@", lambda match: filled[match[1]], BASH)


# ---- zsh ----

ZSH = r'''#compdef clile
# @MADE@

_clile_settings() {
    local key=${PREFIX%%=*}
    if [[ $PREFIX != *=* ]]; then
        compadd -S = -- "$@"
        return
    fi
    compset -P 1 '*='
    case $key in
@CHOICES@
    esac
}

_clile() {
    local -a names
    if (( CURRENT == 2 )); then
        names=(
@COMMANDS@
            --help:'this text' --version:'the release'
        )
        _describe -t commands command names
        return
    fi
    local command=$words[2]
    shift words
    (( --CURRENT ))
    case $command in
@SUBCOMMANDS@
    esac
    case $command in
@ARGUMENTS@
    esac
}

_clile "$@"
'''


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_action(values):
    items = " ".join(values.items)
    suffixes = items.replace(" ", "|")
    files = f'_files -g "*.({suffixes})(-.) *(-/)"' if "|" in suffixes else f'_files -g "*.{suffixes}"' if suffixes else "_files"
    open_words = " ".join(item for item in values.items if item.endswith(":"))
    closed = " ".join(item for item in values.items if not item.endswith(":"))
    words = f'{{compadd -- {closed}; compadd -S "" -- {open_words}}}'.replace(":", "\\:") if open_words else f"({items})"
    return {"words": words, "files": files, "folders": "_files -/", "settings": f"{{_clile_settings {items}}}", "": " "}[values.kind]


def zsh_flag(flag):
    meaning = re.sub(r"([\[\]:\\])", r"\\\1", flag.meaning)
    said = f"[{meaning}]" if meaning else ""
    start = "*" if flag.repeated else "(- *)" if flag.name == "--help" else ""
    if not flag.value:
        return quoted(f"{start}{flag.name}{said}")
    return quoted(f"{start}{flag.name}={said}:{flag.value.replace(':', ' ')}:{zsh_action(flag.values)}")


def zsh(parts, options):
    inner, commands, arguments = [], [], []
    for each in parts:
        if len(each.name) == 1:
            commands.append(f"            {each.name[0]}:{quoted(each.summary)}")
        subs = subcommands(parts, each.name[0]) if len(each.name) == 1 else []
        if subs:
            inner.append(f"        {each.name[0]})\n            if (( CURRENT == 2 )); then\n                compadd -- {' '.join(subs)} --help\n                return\n            fi\n"
                         "            command+=\" $words[2]\"\n            shift words\n            (( --CURRENT ))\n            ;;")
            continue
        rows = [zsh_flag(flag) for flag in each.flags]
        if each.positional.kind:
            rows.append(quoted(f"*:{'folder' if each.positional.kind == 'folders' else 'file'}:{zsh_action(each.positional)}"))
        lines = " \\\n                ".join(rows)
        arguments.append(f"        {quoted(' '.join(each.name)) if len(each.name) > 1 else each.name[0]})\n            _arguments \\\n                {lines}\n            ;;")
    filled = {"MADE": MADE, "COMMANDS": "\n".join(commands), "SUBCOMMANDS": "\n".join(inner), "ARGUMENTS": "\n".join(arguments),
              "CHOICES": "\n".join(f"        {key}) compadd -- {' '.join(words)} ;;" for key, words in setting_choices(options).items())}
    return re.sub(r"@([A-Z]+)@", lambda match: filled[match[1]], ZSH)


# ---- fish ----

FISH = r'''# @MADE@
# Completion of `clile` for fish.

function __clile_at # NAMES...: whether these are the commands on the line so far
    set -l words (commandline -opc)
    test (count $words) -gt (count $argv); or return 1
    set -e words[1]
    for word in $argv
        test $words[1] = $word; or return 1
        set -e words[1]
    end
end

function __clile_first # NAMES...: whether the next word is the one after these
    set -l words (commandline -opc)
    test (count $words) -eq (math (count $argv) + 1); or return 1
    test (count $argv) -eq 0; or __clile_at $argv
end

function __clile_settings # KEYS...
    for key in $argv
        switch $key
@SETTINGS@
        end
    end
end

complete -c clile -f
'''


def fish_action(values):
    items = " ".join(values.items)
    suffixes = "; ".join(f"__fish_complete_suffix .{item}" for item in values.items)  # older releases take one ending at a time
    return {"words": f"-x -a '{items}'", "files": f"-r -k -a '({suffixes})'" if suffixes else "-r -F",
            "folders": "-x -a '(__fish_complete_directories)'", "settings": f"-x -a '(__clile_settings {items})'", "": "-x"}[values.kind]


def fish(parts, options):
    choices, lines = setting_choices(options), []
    settings = []
    for row in options:
        words = " ".join(choices.get(row["name"], ["''"]))
        settings.append(f"            case {row['name']}\n                printf \"{row['name']}=%s\\t%s\\n\" (string join \\n {words} | string replace -r '$' \\n{quoted(row['help'])})")
    for each in parts:
        at = " ".join(each.name)
        before = " ".join(each.name[:-1])
        said = f" -d {quoted(each.summary)}" if each.summary else ""
        lines.append(f"complete -c clile -n '__clile_first{' ' + before if before else ''}' -a {each.name[-1]}{said}")
        for flag in each.flags:
            said = f" -d {quoted(flag.meaning)}" if flag.meaning else ""
            lines.append(f"complete -c clile -n '__clile_at {at}' -l {flag.name[2:]}{' ' + fish_action(flag.values) if flag.value else ''}{said}")
        if each.positional.kind:
            action = fish_action(each.positional).replace("-r ", "").replace("-x ", "")
            lines.append(f"complete -c clile -n '__clile_at {at}' {action}")
    lines.append("complete -c clile -n __clile_first -l help -d 'this text'")
    lines.append("complete -c clile -n __clile_first -l version -d 'the release'")
    return FISH.replace("@MADE@", MADE).replace("@SETTINGS@", "\n".join(settings)) + "\n".join(lines) + "\n"


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--check"]):
        raise SystemExit(__doc__)
    command = command_help.Command(sys.argv[1])
    options = command.options()
    parts = parts_of(command, options)
    files = {"clile.bash": bash(parts, options), "_clile": zsh(parts, options), "clile.fish": fish(parts, options)}
    for name, text in files.items():
        path = HERE / name
        if not sys.argv[2:]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{path} is not what the command says; write it anew: python3 docs/completions/make.py COMMAND")
    print(f"{len(files)} files, {len(parts)} commands, {sum(len(each.flags) for each in parts)} options")


if __name__ == "__main__":
    main()
