"""The command under mpirun. clile train: two ranks end where one process with twice the batch does; the same bits each time; another number of
ranks resumes; a rank that dies ends the job with its last checkpoint whole. clile predict and clile eval: what ranks print and write together is,
byte for byte, what one process does; if one fails, there is nothing. CLILE_MPIRUN names mpirun."""
import array
import functools
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


def launch(ranks):
    return [MPIRUN, *(["--oversubscribe", "--bind-to", "none"] if is_open_mpi() else []), "-np", str(ranks)] if ranks > 1 else []


def command(ranks, folder, out, *more, batch, settings=SETTINGS):
    sets = [word for setting in [*settings, f"batch={batch}"] for word in ("--set", setting)]
    return [*launch(ranks), cli.COMMAND, "train", "--data", folder, "--out", out, *sets, *more]


@functools.cache
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
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
        end = time.time() + 120
        while not os.path.exists(checkpoint) and time.time() < end and job.poll() is None:
            time.sleep(0.05)
        ranks = subprocess.run(["pgrep", "-f", whole], capture_output=True, text=True).stdout.split()
        ranks = [int(p) for p in ranks if os.path.basename(os.readlink(f"/proc/{p}/exe")) == os.path.basename(os.path.realpath(cli.COMMAND))]
        self.assertEqual(len(ranks), 2)
        os.kill(ranks[1], signal.SIGKILL)
        said = job.communicate(timeout=120)[0]
        self.assertNotEqual(job.returncode, 0)
        self.assertRegex(said, "signal 9|EXIT CODE: 9")  # Open MPI, MPICH
        self.assertFalse(os.path.exists(whole))
        # the checkpoint is whole: one process goes on with the whole batch
        os.replace(checkpoint, self.path("kept.safetensors"))
        info = cli.clile("info", self.path("kept.safetensors"))
        self.assertEqual(info.returncode, 0, info.stderr)
        early = train(2, self.faces, resumed, "--resume", self.path("kept.safetensors"), "--history", "none", batch=7, settings=long)
        self.assertNotEqual(early.returncode, 0)
        self.assertIn("option batch is 16 in the checkpoint, but 14 here", early.stderr)
        self.fine(train(1, self.faces, resumed, "--resume", self.path("kept.safetensors"), "--history", "none", batch=16, settings=long))



def run(ranks, *arguments, folder, stdin=subprocess.DEVNULL):
    """One command on so many ranks, in that folder: (exit code, stdout, what the command says on stderr)."""
    # Each rank's stdout is a file: mpirun of Open MPI 5.0.7 loses bytes that any program prints on a busy machine (docs/scaling.md).
    name = os.path.join(os.path.abspath(folder), "stdout.")
    own = ["sh", "-c", f'exec "$@" >"{name}${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}"', "sh"] if ranks > 1 else []
    done = subprocess.run([*launch(ranks), *own, *map(str, arguments)], capture_output=True, timeout=300, env=environment(), stdin=stdin, cwd=folder)
    error, out = done.stderr.decode(), done.stdout
    for rank in range(ranks if own else 0):
        if os.path.exists(name + str(rank)):
            with open(name + str(rank), "rb") as file:
                out += file.read()
            os.remove(name + str(rank))
    return done.returncode, out, [line for line in error.splitlines() if line.startswith(("clile:", "  "))]


class Shares(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("mpi-shares")
        cls.faces = cli.draw(os.path.join(cls.folder, "faces"))
        with open(os.path.join(cls.folder, "broken.png"), "wb") as file:
            file.write(b"no image")
        cls.model = os.path.join(cls.folder, "m.safetensors")
        done = train(1, cls.faces, cls.model, "--protocol", "kfold:3", "--fold", "1", "--quiet", batch=16)
        assert done.returncode == 0, done.stderr

    def same(self, *arguments, ranks=2, outputs=(), code=0, stdin=None):
        """What these ranks print and write is what one process does; returns it: [stdout, the outputs]."""
        results = []
        for n in (1, ranks):
            with open(stdin or os.devnull, "rb") as file:
                found, out, said = run(n, cli.COMMAND, *arguments, "--set", "threads=1", folder=self.folder, stdin=file)
            self.assertEqual(found, code, said)
            said = [line for line in said if "is the work of one process" not in line and "Process name" not in line and "Exit code" not in line]
            files = []
            for name in outputs:
                with open(os.path.join(self.folder, name), "rb") as file:
                    files.append(file.read())
                os.remove(os.path.join(self.folder, name))
            results.append([out, said, *files])
        self.assertEqual(results[0], results[1])
        self.assertGreater(len(results[0][0]), 0)
        return results[0]

    def test_predict_prints_what_one_process_prints(self):
        some = ["faces/Sequences/F001/T1", "missing.png", "faces/Sequences/F003/T1", "broken.png"]
        found = ["--finder", "square", *some]  # some faces are found, some are not
        for form, inputs in (("table", ["--crop", "faces", *some]), ("csv", found), ("json", found), ("tidy", ["--crop", *some]), ("pyfeat", found),
                             ("openface", found)):
            with self.subTest(form):
                said = self.same("predict", "--model", "m.safetensors", "--format", form, *inputs, code=1, ranks=3 if form == "table" else 2)[1]
                self.assertIn("missing.png: cannot be opened", "\n".join(said))
                self.assertIn("broken.png is not a", "\n".join(said))

    def test_predict_writes_what_one_process_writes(self):
        out = self.same("predict", "--model", "m.safetensors", "--crop", "--csv", "--own-neutral", "--fps", "5", "--events", "e.csv", "--timeline", "t.svg",
                        "--without-faces", "faces", outputs=("e.csv", "t.svg"))
        self.assertIn(b"_np", out[0].splitlines()[0])
        self.same("predict", "--csv", "--finder", "square", "--points", "p.csv", "faces", code=1, outputs=("p.csv",), ranks=3)

    def test_what_one_process_must_do_is_done_by_rank_0(self):
        image = os.path.join(self.faces, "Sequences", "F001", "T1", "0001.png")
        for arguments, text in ((["-"], "standard input"), (["--fps", "5", "--timeline", "t.svg", "faces"], "a timeline with faces")):
            arguments = ["predict", "--model", "m.safetensors", "--crop", "--csv", *arguments]
            self.same(*arguments, outputs=("t.svg",) if "t.svg" in arguments else (), stdin=image)
            with open(image, "rb") as file:
                said = run(2, cli.COMMAND, *arguments, folder=self.folder, stdin=file)[2]
            self.assertEqual(said, [f"clile: {text} is the work of one process: rank 0 of 2 does it, the others wait"])
        # fewer images than ranks
        self.same("predict", "--model", "m.safetensors", "--crop", "--draw", "d.png", image, outputs=("d.png",))

    def test_eval_writes_what_one_process_writes(self):
        report = ["--report", "r.csv", "--answers", "a.csv"]
        self.same("eval", "--model", "m.safetensors", "--data", "faces", *report, outputs=("r.csv", "a.csv"))
        self.same("eval", "--model", "m.safetensors", "--data", "faces", "--protocol", "none", "--centred", *report, outputs=("r.csv", "a.csv"), ranks=3)
        with open(os.path.join(self.folder, "table.csv"), "wb") as file:
            file.write(run(1, cli.COMMAND, "predict", "--model", "m.safetensors", "--csv", "--crop", "faces", folder=self.folder)[1])
        self.same("eval", "--predictions", "table.csv", "--data", "faces")

    def test_a_rank_that_fails_ends_the_job_and_nothing_is_written(self):
        data = cli.draw(os.path.join(self.folder, "damaged"))
        victim = os.path.join(data, "Sequences", sorted(os.listdir(os.path.join(data, "Sequences")))[-1], "T2", "0008.png")  # of the last rank
        with open(victim, "wb") as file:
            file.write(b"no image")
        code, out, said = run(2, cli.COMMAND, "eval", "--model", "m.safetensors", "--data", "damaged", "--protocol", "none", "--answers", "a.csv", "--report",
                              "r.txt", folder=self.folder)
        self.assertNotEqual(code, 0)
        self.assertNotIn(b"F1", out)
        self.assertIn(victim.split("damaged/")[1], "\n".join(said))
        self.assertFalse({"a.csv", "r.txt"} & set(os.listdir(self.folder)))
        # rank 1 alone is killed, at its first row
        shell = f'if [ "${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}" = 1 ]; then ulimit -f 0; fi; exec {cli.COMMAND} predict --model m.safetensors --fps 5 --events p.csv --crop --csv faces'
        code, out, said = run(2, "sh", "-c", shell, folder=self.folder)
        self.assertNotEqual(code, 0)
        self.assertNotIn(b"frame,", out)  # MPICH's mpirun itself prints here
        self.assertFalse(os.path.exists(os.path.join(self.folder, "p.csv")))

    def test_ranks_with_other_arguments_are_refused(self):
        shell = f'exec {cli.COMMAND} predict --model m.safetensors --csv --crop faces/Sequences/F001/T$((1 + ${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}))'
        code, out, said = run(2, "sh", "-c", shell, folder=self.folder)
        self.assertNotEqual(code, 0)
        self.assertNotIn(b"frame,", out)
        self.assertIn("clile: rank 1 of 2 has other arguments than rank 0", "\n".join(said))
        alone = "env -u OMPI_COMM_WORLD_SIZE -u PMI_SIZE -u PMIX_RANK -u SLURM_STEP_NUM_TASKS "
        self.assertIn(alone, "\n".join(said))
        code, out, said = run(2, "sh", "-c", shell.replace("exec ", "exec " + alone), folder=self.folder)
        self.assertEqual((code, said), (0, []))
        self.assertEqual(len(out.splitlines()), 2 * 9)

if __name__ == "__main__":
    unittest.main()
