"""Faces that are found: the finder "square" is tests/face/stub.c, which takes the bright part of a picture for a face."""
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
    with clile.Reader(trained, finder="square", threads=1) as reader:
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
    (again,) = trained.read(photo, finder="square", threads=1)
    assert np.array_equal(again.probability, face.probability)
    assert again.present.dtype == bool and (again.present == (again.probability > 0.5)).all()


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
