"""What the command `clile` says of itself, read for the manual pages and the shell completions."""
import json
import re
import subprocess
from typing import NamedTuple


class Argument(NamedTuple):
    """A row of a help text: ("--out", "FILE", "model to write"); value is "" for a flag."""

    name: str
    value: str
    meaning: str


class Help(NamedTuple):
    """The help text of a command, in its parts."""

    usage: str
    about: str
    arguments: list
    status: str


class Command:
    def __init__(self, path):
        self.path = path
        self.main = self.say("--help")
        self.names = re.findall(r"^  (\w+) +(.*)$", self.main, re.M)  # (name, summary)
        self.version = self.say("--version").split()[1]

    def say(self, *arguments):
        return subprocess.run([self.path, *arguments], check=True, capture_output=True, text=True).stdout

    def options(self):
        """The table of options: a dictionary for each."""
        return json.loads(self.say("info", "--options", "--json"))

    def help(self, *name):
        text = self.say(*name, "--help")
        match = re.fullmatch(r"usage: (.*?)\n\n(.*?)\n\n(.*?)Exit status: (.*)\n", text, re.S)
        if not match:
            raise SystemExit(f"clile {' '.join(name)} --help is not understood:\n{text}")
        usage, about, rows, status = match.groups()
        found = [Argument(*row) for row in re.findall(r"^  (--\S+)(?: (\S+))? +(.*)$", rows, re.M)]
        if len(found) != len([line for line in rows.split("\n") if line.strip()]):
            raise SystemExit(f"clile {' '.join(name)} --help: an option that is not understood:\n{rows}")
        return Help(usage, about, found, status)
