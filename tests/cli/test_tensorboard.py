"""train --tensorboard: TensorBoard's own reader and tbparse find what the history says. Run by a Python that has both."""
import os
import time
import unittest

import cli
import test_history
from cli import CommandTest, settings
from tbparse import SummaryReader
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


class TensorBoard(CommandTest):
    @classmethod
    def setUpClass(cls):
        folder = cli.scratch("tensorboard")
        data = cli.draw(os.path.join(folder, "faces"))
        cls.runs = os.path.join(folder, "runs")
        out = os.path.join(folder, "m.safetensors")
        done = cli.clile("train", "--data", data, "--out", out, "--tensorboard", cls.runs, "--quiet", *settings(epochs=4, threads=1, validation=0.3))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.expected = test_history.scalars_of_lines(test_history.lines(os.path.join(folder, "m.history.jsonl")))

    def test_tensorboard(self):
        reader = EventAccumulator(self.runs)
        reader.Reload()
        found = {tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"] if "images" not in tag}
        self.assertEqual(found, self.expected)
        self.assertIn("stage2/images_per_second", reader.Tags()["scalars"])
        self.assertLess(abs(reader.FirstEventTimestamp() - time.time()), 600)

    def test_tbparse(self):
        table = SummaryReader(self.runs).scalars
        for tag, values in self.expected.items():
            rows = table[table["tag"] == tag]
            self.assertEqual(list(zip(rows["step"], rows["value"])), values)


if __name__ == "__main__":
    unittest.main()
