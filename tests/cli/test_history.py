"""train --history: which file, what is in it, and that an interrupted run ends with the same lines."""
import json
import os
import signal
import struct
import subprocess
import unittest

import cli
from cli import CommandTest, settings

TIMES = ("images_per_second", "seconds", "time")


def lines(path, times=False):
    with open(path, encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    return found if times else [{key: value for key, value in line.items() if key not in TIMES} for line in found]


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def scalars_of_lines(found):
    """{"stage1/loss": [(epoch, value), ...]}"""
    scalars = {}
    for line in found:
        for key, value in line.items():
            if (key.startswith(("loss", "validation")) or key == "learning_rate") and value is not None:
                scalars.setdefault(f"stage{line['stage']}/{key}", []).append((line["epoch"], single(value)))
    return scalars


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def fields(data):
    """[(number, value)] of a message of protocol buffers."""
    found, at = [], 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            found.append((tag >> 3, varint()))
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        value, at = data[at:at + size], at + size
        found.append((tag >> 3, struct.unpack({1: "<d", 5: "<f"}[kind], value)[0] if kind in (1, 5) else value))
    return found


def scalars_of_events(path):
    """As scalars_of_lines; checks every checksum."""
    with open(path, "rb") as file:
        data = file.read()
    scalars, at, number = {}, 0, 0
    while at < len(data):
        size, crc = struct.unpack_from("<QI", data, at)
        event = data[at + 12:at + 12 + size]
        assert crc == masked(data[at:at + 8]) and struct.unpack_from("<I", data, at + 12 + size)[0] == masked(event)
        at, number = at + 16 + size, number + 1
        told = dict(fields(event))
        if number == 1:
            assert told[3] == b"brain.Event:2"
        for _, value in fields(told.get(5, b"")):
            value = dict(fields(value))
            scalars.setdefault(value[1].decode(), []).append((told[2], value[2]))
    return scalars


class History(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("history")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"))
        cls.common = ["train", "--data", cls.data, *settings(epochs=4, threads=1, validation=0.3)]
        done = cli.clile(*cls.common, "--out", cls.path("whole.safetensors"), "--json")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.said = json.loads(done.stdout)

    @classmethod
    def path(cls, *name):
        return os.path.join(cls.folder, *name)

    def test_beside_the_model(self):
        whole = lines(self.path("whole.history.jsonl"), times=True)
        self.assertEqual([(line["stage"], line["epoch"]) for line in whole], [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (2, 4)])
        with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "history.md"), encoding="utf-8") as page:
            shown = json.loads(page.read().split("```json\n")[1].split("```")[0])
        for line in whole:
            self.assertEqual(list(line), list(shown))
        last, said = whole[-1], self.said["runs"][0]["stage2"]
        for key in ("loss", "loss_bce", "loss_contra", "loss_elimination", "validation_f1", "validation_auc"):
            self.assertAlmostEqual(last[key], said[key], 5, key)
        self.assertIsNone(whole[0]["loss_elimination"])
        self.assertIsNone(last["loss_points"])
        self.assertTrue(all(line["seconds"] > 0 and line["images_per_second"] > 0 for line in whole))
        self.assertEqual(len({line["run"] for line in whole}), 1)

    def test_quiet_runs_validate_too(self):
        self.fine(*self.common, "--out", self.path("quiet"), "--quiet")  # not named .safetensors
        self.assertEqual(lines(self.path("quiet.history.jsonl")), lines(self.path("whole.history.jsonl")))

    def test_named_or_none(self):
        os.makedirs(self.path("named"))
        os.makedirs(self.path("out"))
        self.fine(*self.common, "--out", self.path("out", "m.safetensors"), "--history", self.path("named", "h.jsonl"), "--quiet")
        self.assertEqual(lines(self.path("named", "h.jsonl")), lines(self.path("whole.history.jsonl")))
        self.fine(*self.common, "--out", self.path("out", "m.safetensors"), "--history", "none", "--quiet")
        self.assertEqual(os.listdir(self.path("out")), ["m.safetensors"])
        self.usage("is also the model", *self.common, "--out", self.path("a"), "--history", self.path("a"))
        self.usage("is also the checkpoint", *self.common, "--out", self.path("a"), "--checkpoint", self.path("b"), "--history", self.path("b"))
        self.fails("no-such-folder", *self.common, "--out", self.path("a"), "--history", self.path("no-such-folder", "h"))
        model = self.path("out", "m.safetensors")
        with open(model, "rb") as file:
            before = file.read()
        self.fails(f"{model}: line 1 is not a line of a history", *self.common, "--out", self.path("a"), "--history", model)
        with open(model, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_a_fold_has_its_own(self):
        self.fine("train", "--data", self.data, "--protocol", "bp4d", "--fold", "all", "--out", self.path("folds.safetensors"), "--quiet", *settings(epochs=1, epochs_stage1=1))
        for fold in (1, 2, 3):
            found = lines(self.path(f"folds.fold{fold}.history.jsonl"))
            self.assertEqual([(line["protocol"], line["fold"], line["stage"]) for line in found], [("bp4d", fold, 1), ("bp4d", fold, 2)])

    def test_interrupted_or_killed(self):
        for how in (signal.SIGINT, signal.SIGKILL):
            for line in ("stage 1  epoch 1/", "stage 2  epoch 2/"):
                with self.subTest(how=how, line=line):
                    folder = self.path(f"{how} {line[6]}")
                    os.makedirs(folder)
                    command = [*self.common, "--out", os.path.join(folder, "m.safetensors"), "--checkpoint", os.path.join(folder, "c")]
                    process = subprocess.Popen([cli.COMMAND, *command], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
                    for text in process.stderr:
                        if text.startswith(line):
                            process.send_signal(how)
                            break
                    process.stderr.close()
                    self.assertNotEqual(process.wait(60), 0)
                    resume = ["--resume", os.path.join(folder, "c")] if os.path.exists(os.path.join(folder, "c")) else []
                    self.fine(*command, *resume, "--quiet")
                    self.assertEqual(lines(os.path.join(folder, "m.history.jsonl")), lines(self.path("whole.history.jsonl")))

    def test_of_another_run(self):
        checkpoint, out = self.path("c"), self.path("other.safetensors")
        self.fine(*self.common, "--out", out, "--checkpoint", checkpoint, "--quiet")
        self.fine("train", "--data", self.data, "--out", out, "--quiet", *settings(seed=2, epochs=1))  # replaces the history
        longer = ["train", "--data", self.data, *settings(epochs=5, threads=1, validation=0.3), "--out", out, "--resume", checkpoint, "--quiet"]
        self.fails("but the checkpoint is of run", *longer)
        self.fine(*longer, "--history", self.path("named.jsonl"))
        self.assertEqual([line["epoch"] for line in lines(self.path("named.jsonl"))], [5])

    def test_tensorboard(self):
        out, folder = self.path("tb.safetensors"), self.path("runs", "first")
        self.fine(*self.common, "--out", out, "--tensorboard", folder, "--history", "none", "--quiet")
        self.assertFalse(os.path.exists(self.path("tb.history.jsonl")))
        expected = scalars_of_lines(lines(self.path("whole.history.jsonl")))
        found = scalars_of_events(os.path.join(folder, "events.out.tfevents.clile"))
        self.assertEqual({tag: values for tag, values in found.items() if "images" not in tag}, expected)
        self.fine("train", "--data", self.data, "--protocol", "bp4d", "--fold", "all", "--out", out, "--tensorboard", self.path("folds"), "--quiet",
                  *settings(epochs=1, epochs_stage1=1))
        self.assertEqual(sorted(os.listdir(self.path("folds"))), ["fold1", "fold2", "fold3"])
        for fold in (1, 2, 3):
            found = scalars_of_events(self.path("folds", f"fold{fold}", "events.out.tfevents.clile"))
            self.assertEqual(found["stage1/loss"][0][0], 1)
        self.fails("whole.safetensors", *self.common, "--out", out, "--tensorboard", self.path("whole.safetensors", "x"))


if __name__ == "__main__":
    unittest.main()
