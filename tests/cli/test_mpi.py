"""clile train under mpirun: two ranks end where one process with twice the batch does; the same bits each time; another number of ranks resumes;
a rank that dies ends the job with its last checkpoint whole. CLILE_MPIRUN names mpirun."""
import array
import json
import os
import signal
import subprocess
import time
import unittest

import cli

MPIRUN = os.environ["CLILE_MPIRUN"]
SETTINGS = ["elimination=orthogonal", "image_size=32", "width=0.0625", "embedding=16", "epochs_stage1=1", "epochs=2", "threads=1", "optimizer=sgd",
            "learning_rate=0.02", "warmup=0", "sync_batch_norm=1", "stem=imagenet"]


def environment():
    return {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def command(ranks, folder, out, *more, batch, settings=SETTINGS):
    sets = [word for setting in [*settings, f"batch={batch}"] for word in ("--set", setting)]
    start = [MPIRUN, "-np", str(ranks)] + (["--oversubscribe", "--bind-to", "none"] if is_open_mpi() else []) if ranks > 1 else []
    return [*start, cli.COMMAND, "train", "--data", folder, "--out", out, *sets, *more]


def is_open_mpi():
    return "Open MPI" in subprocess.run([MPIRUN, "--version"], capture_output=True, text=True).stdout or \
        "OpenRTE" in subprocess.run([MPIRUN, "--version"], capture_output=True, text=True).stdout


def train(*arguments, **keywords):
    done = subprocess.run(command(*arguments, **keywords), capture_output=True, text=True, timeout=300, env=environment(), stdin=subprocess.DEVNULL)
    return done


def tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    return {name: array.array("f", data[8 + size:][slice(*t["data_offsets"])]) for name, t in header.items()
            if name != "__metadata__" and t["dtype"] == "F32"}


class Mpi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("mpi")
        cls.faces = cli.draw(os.path.join(cls.folder, "faces"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def near(self, a, b):
        a, b = tensors(a), tensors(b)
        self.assertEqual(set(a), set(b))
        pairs = [pair for k in a if k.startswith("encoder.") for pair in zip(a[k], b[k])]
        difference, norm = sum((x - y) ** 2 for x, y in pairs), sum(x * x for x, y in pairs)
        self.assertLess((difference / norm) ** 0.5, 5e-3)

    def fine(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_two_ranks_are_one_process_with_twice_the_batch(self):
        one, two, again = (self.path(name + ".safetensors") for name in ("one", "two", "again"))
        self.fine(train(1, self.faces, one, batch=16))
        for out in (two, again):
            done = train(2, self.faces, out, "--json", batch=8)
            self.fine(done)
            self.assertEqual(len(json.loads(done.stdout)["runs"]), 1)  # rank 0 alone prints
        with open(two, "rb") as a, open(again, "rb") as b:
            self.assertEqual(a.read(), b.read())
        self.near(one, two)
        with open(self.path("two.history.jsonl"), encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 3)

    def test_a_dead_rank_ends_the_job_and_another_number_resumes(self):
        checkpoint, whole, resumed = (self.path(name + ".safetensors") for name in ("c", "whole", "resumed"))
        long = [s for s in SETTINGS if not s.startswith("epochs=")] + ["epochs=80"]
        job = subprocess.Popen(command(2, self.faces, whole, "--checkpoint", checkpoint, batch=8, settings=long), env=environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        end = time.time() + 120
        while not os.path.exists(checkpoint) and time.time() < end and job.poll() is None:
            time.sleep(0.05)
        ranks = subprocess.run(["pgrep", "-f", whole], capture_output=True, text=True).stdout.split()
        ranks = [int(p) for p in ranks if os.path.basename(os.readlink(f"/proc/{p}/exe")) == os.path.basename(os.path.realpath(cli.COMMAND))]
        self.assertEqual(len(ranks), 2)
        os.kill(ranks[1], signal.SIGKILL)
        error = job.communicate(timeout=120)[1]
        self.assertNotEqual(job.returncode, 0)
        self.assertIn("signal 9", error)
        self.assertFalse(os.path.exists(whole))
        # the checkpoint is whole: one process goes on with the whole batch
        os.replace(checkpoint, self.path("kept.safetensors"))
        info = cli.clile("info", self.path("kept.safetensors"))
        self.assertEqual(info.returncode, 0, info.stderr)
        early = train(2, self.faces, resumed, "--resume", self.path("kept.safetensors"), "--history", "none", batch=7, settings=long)
        self.assertNotEqual(early.returncode, 0)
        self.assertIn("option batch is 16 in the checkpoint, but 14 here", early.stderr)
        self.fine(train(1, self.faces, resumed, "--resume", self.path("kept.safetensors"), "--history", "none", batch=16, settings=long))


if __name__ == "__main__":
    unittest.main()
