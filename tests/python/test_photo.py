"""Faces that are found: the finder "square" is tests/face/stub.c, which takes the bright part of a picture for a face."""
import os
import pathlib
import shutil
import subprocess
import sys
import warnings

import clile
import numpy as np
import pytest


@pytest.fixture
def photo():
    picture = np.full((120, 160, 3), 30, np.uint8)
    picture[20:84, 60:124] = 240
    return picture


def test_faces_of_a_photograph(trained, photo):
    with clile.Reader(trained, finder="square", threads=1, points_model="none") as reader:
        (face,) = reader.read(photo)
        assert np.abs(face.box - [60, 20, 64, 64]).max() < 3
        assert face.landmarks is None and face.score == 1 and face.au_names == ["Inner brow raiser", "Lip corner puller"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a model that was trained on crops
            by_hand = trained.predict(photo, box=face.box)
        for name in ("probability", "present", "embedding"):
            assert np.array_equal(getattr(face, name), getattr(by_hand, name))
        assert reader.read(np.zeros((1, 1), np.uint8)) == []
        (grey,) = reader.read(np.ascontiguousarray(photo[:, :, 0]))
        assert np.array_equal(grey.box, face.box)
    (again,) = trained.read(photo, finder="square", threads=1, points_model="none")
    assert np.array_equal(again.probability, face.probability)
    assert again.present.dtype == bool and (again.present == (again.probability > 0.5)).all()


def test_a_model_of_points_that_has_none(trained, photo):
    with clile.Reader(trained, finder="square", threads=1, points_model="none") as reader:
        with pytest.raises(clile.Unsupported, match="0 points"):
            reader.set_points_model(trained)
        reader.set_points_model(None)
        assert len(reader.read(photo)) == 1
        with pytest.raises(TypeError):
            reader.set_points_model("points.safetensors")


def test_what_cannot_be_read(trained, photo, tmp_path):
    with pytest.raises(clile.Unsupported, match="finder_missing.so"):
        clile.Reader(trained, finder="missing")
    with pytest.raises(clile.InvalidArgument, match="a name of 1 to 32"):
        clile.Reader(trained, finder="../square")
    with pytest.raises(clile.FileError):
        trained.read(tmp_path / "none.jpg", finder="square")
    reader = clile.Reader(trained, finder="square")
    reader.close()
    with pytest.raises(ValueError):
        reader.read(photo)


DEFAULT = """
import sys, numpy as np, clile
photo = np.full((120, 160, 3), 30, np.uint8)
photo[20:84, 60:124] = 240
model, named = clile.Model.default(), clile.Model.load(sys.argv[1])
assert model.to_bytes() == named.to_bytes()
(face,) = clile.read(photo)
for faces in (clile.read(photo), clile.Reader().read(photo), model.read(photo), named.read(photo, finder="dlib")):
    assert len(faces) == 1 and all(np.array_equal(getattr(faces[0], name), getattr(face, name)) for name in ("box", "probability", "embedding"))
assert face.au_names == ["Inner brow raiser", "Lip corner puller"]
"""


def run_default(tree, code, *arguments):
    library = next(path for path in (tree / "lib").glob("libclile.so*"))
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env={**os.environ, "CLILE_LIBRARY": str(library)}, capture_output=True, text=True,
                          check=False)


def test_the_model_that_comes_with_the_library(trained, tmp_path):
    """Found relative to the library, in a tree that was moved; then damaged, then missing."""
    library = pathlib.Path(os.environ["CLILE_LIBRARY"])
    (tmp_path / "first/lib").mkdir(parents=True)
    (tmp_path / "first/share/clile").mkdir(parents=True)
    shutil.copy(library, tmp_path / "first/lib")
    shutil.copy(library.parent / "finder_square.so", tmp_path / "first/lib/finder_dlib.so")
    trained.save(tmp_path / "first/share/clile/photo.safetensors")
    tree = (tmp_path / "first").rename(tmp_path / "moved")
    trained.save(tmp_path / "named.safetensors")
    done = run_default(tree, DEFAULT, tmp_path / "named.safetensors")
    assert done.returncode == 0, done.stderr
    model = tree / "share/clile/photo.safetensors"
    model.write_bytes(model.read_bytes()[:-100])
    done = run_default(tree, "import clile; clile.Model.default()")
    assert str(model) in done.stderr and ("CorruptError" in done.stderr or "FormatError" in done.stderr), done.stderr
    model.unlink()
    done = run_default(tree, "import clile; clile.read('photo.jpg')")
    if done.returncode == 0 or "photo.safetensors" not in done.stderr:
        pytest.skip("another model is installed where this build goes to")
    for text in ("FileError", f"{tree}/share/clile/", "Debian: clile-model"):
        assert text in done.stderr, done.stderr
