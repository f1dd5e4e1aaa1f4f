"""What the command makes of a launcher's environment without MPI: one task is one process, and needs no module; several that cannot work together are
refused, since each would write the same files."""
import glob
import os
import shutil
import subprocess
import unittest

import cli

LAUNCHERS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "SLURM_STEP_NUM_TASKS")


class Ranks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """The command and its library, without the modules beside it."""
        cls.folder = cli.scratch("ranks")
        cls.command = shutil.copy(cli.COMMAND, cls.folder)
        linked = subprocess.run(["ldd", cli.COMMAND], capture_output=True, text=True, check=True).stdout
        library = [line.split()[2] for line in linked.splitlines() if "libclile.so" in line][0]
        for name in glob.glob(os.path.join(os.path.dirname(library), "libclile.so*")):
            shutil.copy(name, cls.folder)
        cls.faces = cli.draw(os.path.join(cls.folder, "faces"))
        cls.out = os.path.join(cls.folder, "m.safetensors")

    def train(self, **launcher):
        variables = {name: value for name, value in os.environ.items() if name not in LAUNCHERS}
        sets = [word for text in ["elimination=orthogonal", "image_size=32", "width=0.0625", "embedding=16", "epochs_stage1=1", "epochs=1", "batch=32",
                                  "threads=1"] for word in ("--set", text)]
        if os.path.exists(self.out):
            os.remove(self.out)
        return subprocess.run([self.command, "train", "--quiet", "--data", self.faces, "--out", self.out, *sets], capture_output=True, text=True, timeout=300,
                              env={**variables, **launcher, "LD_LIBRARY_PATH": self.folder}, stdin=subprocess.DEVNULL)

    def test_one_task_is_one_process(self):
        for launcher in ({"OMPI_COMM_WORLD_SIZE": "1", "PMIX_RANK": "0"}, {"PMI_SIZE": "1"}, {"SLURM_STEP_NUM_TASKS": "1", "PMIX_RANK": "0"},
                         {"SLURM_NTASKS": "4"}):  # of a batch script, which is one process
            with self.subTest(launcher):
                done = self.train(**launcher)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(os.path.exists(self.out))

    def test_several_that_cannot_work_together_are_refused(self):
        for launcher, texts in (({"OMPI_COMM_WORLD_SIZE": "2", "PMIX_RANK": "0"}, ["2 processes (OMPI_COMM_WORLD_SIZE)", "communicator_mpi.so", "clile-mpi"]),
                                ({"PMI_SIZE": "3"}, ["3 processes (PMI_SIZE)", "clile-mpi"]),
                                ({"PMIX_RANK": "0"}, ["several processes (PMIX_RANK)", "clile-mpi"]),
                                ({"SLURM_STEP_NUM_TASKS": "4", "PMIX_RANK": "1"}, ["4 processes (SLURM_STEP_NUM_TASKS)", "clile-mpi"]),
                                ({"SLURM_STEP_NUM_TASKS": "4"}, ["4 processes (SLURM_STEP_NUM_TASKS)", "srun --mpi=pmix"])):
            with self.subTest(launcher):
                done = self.train(**launcher)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertFalse(os.path.exists(self.out))
                for text in (*texts, "which cannot work together", "env -u OMPI_COMM_WORLD_SIZE"):
                    self.assertIn(text, done.stderr)

    def test_predict_and_eval_too(self):
        variables = {**os.environ, "SLURM_STEP_NUM_TASKS": "2", "LD_LIBRARY_PATH": self.folder}
        for arguments in (["predict", "--crop", self.faces], ["eval", "--model", "default", "--data", self.faces]):
            done = subprocess.run([self.command, *arguments], capture_output=True, text=True, timeout=300, env=variables, stdin=subprocess.DEVNULL)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("which cannot work together", done.stderr)


if __name__ == "__main__":
    unittest.main()
