"""Pictures of the formats that modules decode, in the command: predict, data, pack, train; and what is said where a module is missing.

Environment: CLILE_LIBRARY, the library; CLILE_CODECS, the modules that were built ("/webp/heif"). The pictures are those of tests/data/image."""
import csv
import io
import os
import shutil
import subprocess
import unittest

import cli
from cli import CommandTest, settings

LIBRARY = os.environ["CLILE_LIBRARY"]
CODECS = os.environ["CLILE_CODECS"].split("/")[1:]
PICTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "image")
FILES = {"webp": ("turned.webp", "lossless.webp"), "heif": ("lossless.heic", "turned.heic", "lossless.avif")}
built = unittest.skipUnless(CODECS, "no codec of pictures was built (libwebp-dev, libheif-dev)")


def picture(name):
    return os.path.join(PICTURES, name)


class Codecs(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("codecs")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"))
        cls.model = os.path.join(cls.folder, "model.safetensors")
        done = cli.clile("train", "--data", cls.data, "--layout", "bp4d", "--out", cls.model, "--quiet", *settings(method="bce", epochs=1))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.files = [name for codec in CODECS for name in FILES[codec]]
        missing = [codec for codec in FILES if codec not in CODECS]
        if missing:
            print("not tested, because they were not built:", *missing)

    def rows(self, *arguments, code=0):
        done = cli.clile("predict", "--model", self.model, "--csv", "--crop", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return list(csv.DictReader(io.StringIO(done.stdout))), done.stderr

    @built
    def test_a_folder_of_pictures(self):
        photos = os.path.join(self.folder, "photos")
        os.makedirs(photos)
        for name in self.files:
            shutil.copy(picture(name), photos)
        with open(os.path.join(photos, "zz_" + self.files[0]), "wb") as file:
            with open(picture(self.files[0]), "rb") as whole:
                file.write(whole.read()[:-10])
        rows, err = self.rows(photos, code=1)
        self.assertEqual([(os.path.basename(row["image"]), row["success"]) for row in rows],
                         [(name, "1") for name in sorted(self.files)] + [("zz_" + self.files[0], "0")])
        self.assertIn("zz_" + self.files[0], err)
        self.assertIn("is damaged: it ends", err)

    @unittest.skipUnless("webp" in CODECS, "the codec webp was not built")
    def test_it_is_the_same_picture(self):
        names = [column for column in self.rows(picture("rgb.png"))[0][0] if column.startswith("AU")]
        same = [[row[column] for column in names] for name in ("rgb.png", "lossless.webp", "turned.webp") for row in self.rows(picture(name))[0]]
        self.assertEqual(same, [same[0]] * 3)

    @built
    def test_a_data_set(self):
        """The frames of BP4D as these pictures, packed and trained on."""
        root = os.path.join(self.folder, "bp4d")
        for subject in ("F001", "F002"):
            os.makedirs(os.path.join(root, subject, "T1"))
            os.makedirs(os.path.join(root, "AU_OCC"), exist_ok=True)
            with open(os.path.join(root, "AU_OCC", f"{subject}_T1.csv"), "w") as file:
                file.write("0,1,2\n" + "".join(f"{k},{k % 2},{(k + 1) % 2}\n" for k in range(1, 9)))
            for k in range(1, 9):
                name = self.files[k % len(self.files)]
                shutil.copy(picture(name), os.path.join(root, subject, "T1", f"{k}.{name.split('.')[1]}"))
        pack = os.path.join(self.folder, "p.safetensors")
        done = self.fine_json("pack", "--data", root, "--layout", "bp4d", "--out", pack, "--set", "image_size=32", "--set", "au_set=1,2")
        self.assertEqual((done["images"], done["subjects"]), (16, 2))
        self.fine("train", "--data", root, "--layout", "bp4d", "--out", os.path.join(self.folder, "m.safetensors"), "--quiet",
                  *settings(method="bce", epochs=1, au_set="1,2", batch=8))

    def test_a_missing_module_is_told(self):
        bare = os.path.join(self.folder, "bare")
        os.makedirs(bare)
        soname = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout.split("soname: [")[1].split("]")[0]
        shutil.copy(LIBRARY, os.path.join(bare, soname))
        for name, module in (("lossless.webp", "webp"), ("lossless.heic", "heif"), ("lossless.avif", "heif")):
            done = cli.clile("predict", "--model", self.model, "--crop", picture(name), env={**os.environ, "LD_LIBRARY_PATH": bare})
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f'codec "{module}" is not installed (no codec_{module}.so in {os.path.realpath(bare)}', done.stderr)
            self.assertIn(f"Debian: clile-{module};", done.stderr)


if __name__ == "__main__":
    unittest.main()
