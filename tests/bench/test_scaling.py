"""tests/bench/scaling.py: the fit finds what made the numbers, the table and the picture follow, and a tiny network is measured."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import scaling

MESSAGES = [("blocking", 16), ("behind", 4_000_000), ("behind", 8_000_000), ("blocking", 4096)]


def made(compute, hidden):
    """Numbers as `measure` writes them, of a machine that keeps to the formula."""
    links = [None, *scaling.LINKS]
    seconds = [compute, *(scaling.cost(compute, hidden, MESSAGES, *link) for link in scaling.LINKS)]
    net = {"image_size": 64, "batch": 8}
    return {"processor": "made up", "sizes": [8], "sums": [1e-5],
            "networks": {"made": {"net": net, "pairs": [[0.1, 0.125], [0.2, 0.25], [0.1, 0.1]], "links": links, "seconds": seconds, "messages": MESSAGES,
                                  "alone": 3.2}}}


class Scaling(unittest.TestCase):
    def show(self, found):
        with tempfile.TemporaryDirectory() as folder:
            file, picture = pathlib.Path(folder) / "s.json", pathlib.Path(folder) / "s.svg"
            file.write_text(json.dumps(found), encoding="ascii")
            done = subprocess.run([sys.executable, scaling.__file__, "show", str(file), "--picture", str(picture)], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            xml.etree.ElementTree.parse(picture)
            return [line.split(" | ") for line in done.stdout.splitlines()]

    def test_the_fit_finds_what_made_the_numbers(self):
        hidden, own, others = scaling.judge(made(0.2, 0.05)["networks"]["made"])
        self.assertAlmostEqual(hidden, 0.05, delta=0.001)
        self.assertLess(max(map(abs, own + others)), 0.01)
        self.assertGreater(abs(scaling.cost(0.2, 0.0, MESSAGES, *scaling.LINKS[0]) / scaling.cost(0.2, 0.05, MESSAGES, *scaling.LINKS[0]) - 1), 0.05)

    def test_messages_cost_what_the_formula_says(self):
        self.assertEqual(scaling.message_seconds(1000, 1, 1.0, 1.0), 0.0)
        self.assertAlmostEqual(scaling.message_seconds(1_000_000, 2, 1e-3, 8), 2 * 0.5 * 1e-3 + 2 * 1e-3)
        self.assertAlmostEqual(scaling.message_seconds(1_000_000, 1000, 1e-3, 8), 2 * 0.999 * 1e-3 + 20 * 1e-3)

    def test_show_prints_medians_and_efficiency(self):
        rows = self.show(made(0.2, 0.05))
        pair = [row for row in rows if row[0] == "| made"][0]
        self.assertEqual(pair[3:], ["100", "125", "0.80 |"])
        costs = [row for row in rows if row[:2] == ["| made", "10"]][0]
        self.assertEqual(costs[2], "200, 100 %")
        self.assertEqual(len(costs), 2 + len(scaling.SHOWN_RANKS))
        shares = [int(cell.split(", ")[1].split(" %")[0]) for cell in costs[2:]]
        self.assertEqual(shares, sorted(shares, reverse=True))

    @unittest.skipUnless(os.environ.get("CLILE_MPIRUN"), "mpirun was not found")
    def test_a_tiny_network_is_measured(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "s.json")
            build = pathlib.Path(os.environ["CLILE_COMMAND"]).resolve().parents[1]
            done = subprocess.run([sys.executable, scaling.__file__, "measure", file, "--tiny", "--rounds", "1", "--build", str(build), "--mpirun",
                                   os.environ["CLILE_MPIRUN"]], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(file, encoding="ascii") as text:
                found = json.load(text)
        tiny = found["networks"]["tiny"]
        self.assertEqual(len(tiny["seconds"]), len(tiny["links"]))
        kinds = {kind: sum(size for k, size in tiny["messages"] if k == kind) for kind in ("blocking", "behind")}
        self.assertGreater(kinds["behind"], 1e5)  # the gradients
        self.assertGreater(kinds["blocking"], 1e3)  # embeddings
        for link, seconds in zip(tiny["links"][1:], tiny["seconds"][1:]):  # no step is faster than its network
            self.assertGreater(seconds, scaling.cost(0.0, 0.0, tiny["messages"], *link))
        self.assertEqual(len(found["sums"]), len(found["sizes"]))
        self.show(found)


if __name__ == "__main__":
    unittest.main()
