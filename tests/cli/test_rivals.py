"""tests/bench/rivals.py, without the rivals."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest


class Rivals(unittest.TestCase):
    def test_rivals_take_turns(self):
        """tests/bench/rivals.py with this Python as the virtual environment, and our engines alone."""
        script = pathlib.Path(__file__).resolve().parents[1] / "bench" / "rivals.py"
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "bin").mkdir()
            (pathlib.Path(folder) / "bin" / "python3").symlink_to(sys.executable)
            build = pathlib.Path(os.environ["CLILE_COMMAND"]).resolve().parents[1]
            done = subprocess.run([sys.executable, str(script), "infer", folder, "--build", str(build), "--only", "resnet10", "--size", "32",
                                   "--batch", "1,2", "--threads", "1", "--rounds", "2", "--engines", "clile fp32,clile int8"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| resnet10")]
            self.assertEqual([row[1:4] for row in rows], [["32", "1", "1"], ["32", "2", "1"]])
            for row in rows:
                self.assertGreater(float(row[4]), 0)
                self.assertGreater(float(row[5]), 0)


if __name__ == "__main__":
    unittest.main()
