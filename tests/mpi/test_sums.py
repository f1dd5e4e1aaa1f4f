"""mpirun of 1, 2 and 3 ranks of a program that checks sums (tests/mpi/sums.c). CLILE_MPIRUN names mpirun."""
import os
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1)


class Sums(unittest.TestCase):
    def test_every_rank_finds_the_sums_of_all(self):
        mpirun = os.environ["CLILE_MPIRUN"]
        version = subprocess.run([mpirun, "--version"], capture_output=True, text=True, check=False).stdout
        more = [] if "HYDRA" in version else ["--oversubscribe", "--bind-to", "none"]
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        for ranks in (1, 2, 3):
            done = subprocess.run([mpirun, *more, "-np", str(ranks), PROGRAM], capture_output=True, text=True, check=False, timeout=120,
                                  env=environment, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"sums: fine on {ranks} ranks", done.stdout)


if __name__ == "__main__":
    unittest.main()
