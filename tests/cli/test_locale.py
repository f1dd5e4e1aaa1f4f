"""The command in a locale with a decimal comma: every byte that it writes is the same."""
import os
import re
import subprocess
import unittest

import cli
from cli import CommandTest, clile, settings


def comma_environment(folder):
    """An environment with a locale that has a decimal comma, made for the test; None where that is not possible."""
    made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", os.path.join(folder, "de_DE.UTF-8")], capture_output=True, check=False)
    return dict(os.environ, LOCPATH=folder, LC_ALL="de_DE.UTF-8") if made.returncode == 0 else None


class Locale(CommandTest):
    def everything(self, folder, environment):
        """Output and files of the commands, in order."""
        def run(*arguments):
            done = clile(*arguments, env=environment, cwd=folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout
        run("synth", "faces", "--quiet", "--subjects", "6", "--tasks", "2", "--frames", "8", "--size", "48")
        out = []
        run("train", "--data", "faces", "--layout", "bp4d", "--out", "model.safetensors", "--quiet", *settings(width="0.1875", learning_rate="1.5e-3"))
        image = sorted(os.path.join(at, name) for at, _, names in os.walk(os.path.join(folder, "faces")) for name in names if name.endswith(".png"))[0]
        image = os.path.relpath(image, folder)
        out.append(run("predict", "--model", "model.safetensors", image, "--csv"))
        out.append(run("predict", "--model", "model.safetensors", image, "--json"))
        out.append(run("info", "model.safetensors"))
        out.append(run("info", "model.safetensors", "--json"))
        out.append(run("info", "--options"))
        out.append(run("data", "faces", "--layout", "bp4d"))
        run("eval", "--model", "model.safetensors", "--data", "faces", "--layout", "bp4d", "--answers", "answers.csv", "--report", "report.json")
        run("export", "model.safetensors", "--onnx", "model.onnx")
        for name in ("model.safetensors", "model.onnx", "answers.csv", "report.json"):
            with open(os.path.join(folder, name), "rb") as file:
                out.append(re.sub(rb'"[a-z_]*seconds[a-z_]*": ?[0-9.e+-]+', b"", file.read()))
        return out

    def test_every_byte(self):
        folder = cli.scratch("locale")
        environment = comma_environment(folder)
        if environment is None:
            self.skipTest("localedef makes no de_DE.UTF-8 (package locales)")
        for name in ("point", "comma"):
            os.makedirs(os.path.join(folder, name))
        point = self.everything(os.path.join(folder, "point"), dict(os.environ, LC_ALL="C"))
        comma = self.everything(os.path.join(folder, "comma"), environment)
        self.assertEqual(len(point), len(comma))
        for i, (a, b) in enumerate(zip(point, comma)):
            self.assertEqual(a, b, f"output {i}")


if __name__ == "__main__":
    unittest.main()
