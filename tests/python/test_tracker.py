"""People in videos. The finder "square" is tests/face/stub.c, which takes the bright part of a picture for a face."""
import os
import resource

import clile
import numpy as np
import pytest

built = pytest.mark.skipif(os.environ.get("CLILE_VIDEO") != "1", reason="the decoder of videos was not built")
RNG = np.random.default_rng(3)
BACKDROP = np.kron(RNG.integers(20, 120, (15, 20), np.uint8), np.ones((8, 8), np.uint8))
FACE = np.kron(RNG.integers(30, 255, (8, 8), np.uint8), np.ones((8, 8), np.uint8))
FACE[[0, -1]] = FACE[:, [0, -1]] = 240


def picture(x, y=30):
    """Grey [120,160] with a face of 64 px at (x, y); x None: without."""
    grey = BACKDROP.copy()
    if x is not None:
        grey[y:y + 64, x:x + 64] = FACE
    return grey


def film(path, pictures, rate=25):
    """Y4M, grey levels as they are."""
    h, w = pictures[0].shape
    frames = b"".join(b"FRAME\n" + grey.tobytes() + b"\x80" * (h * w // 2) for grey in pictures)
    path.write_bytes(f"YUV4MPEG2 W{w} H{h} F{rate}:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL\n".encode() + frames)
    return path


def test_a_person_keeps_the_number_and_the_first_frame_is_a_photograph(trained):
    with clile.Tracker(trained, finder="square", points_model="none", threads=1, find_every=5) as tracker, clile.Reader(trained, finder="square", threads=1, points_model="none") as reader:
        for k in range(20):
            image = picture(10 + 3 * k)
            (face,) = tracker.read(image)
            assert face.person == 1 and face.found == (k % 5 == 0)
            assert np.abs(face.box - [10 + 3 * k, 30, 64, 64]).max() < 4
            if k == 0:
                (photo,) = reader.read(image)
                for name in ("box", "probability", "present", "embedding"):
                    assert np.array_equal(getattr(face, name), getattr(photo, name))
        assert tracker.read(picture(None)) == []
    with pytest.raises(clile.InvalidArgument, match="find_every"):
        clile.Tracker(trained, finder="square", find_every=0)


@built
def test_a_video(trained, tmp_path):
    path = film(tmp_path / "a.y4m", [picture(10 + 2 * k) for k in range(12)] + [picture(None)] * 3)
    frames = list(trained.video(path, finder="square", threads=1))
    assert [frame.index for frame in frames] == list(range(15)) and abs(frames[10].time - 0.4) < 1e-6
    assert [[face.person for face in frame.faces] for frame in frames] == [[1]] * 12 + [[]] * 3
    again = list(trained.video(path, finder="square", threads=1))
    assert all(np.array_equal(a.probability, b.probability) for f, g in zip(frames, again) for a, b in zip(f.faces, g.faces))
    with pytest.raises(clile.FileError):
        trained.video(tmp_path / "none.mp4", finder="square")


def test_memory_is_constant(trained):
    """3000 frames in which somebody comes and goes, elsewhere each time: a hundred numbers."""
    with clile.Tracker(trained, finder="square", points_model="none", threads=1, keep_lost=20) as tracker:
        people = set()
        for k in range(3000):
            faces = tracker.read(picture(None if k % 30 < 12 else (k // 30 * 37) % 90))
            people.update(face.person for face in faces)
            if k == 1000:
                early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(people) > 40
    slack = 64 if "LD_PRELOAD" in os.environ else 1  # the address sanitizer keeps what was freed for a while
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early < 2048 * slack


def test_own_neutral(trained, untrained):
    neutral = clile.Neutral(untrained)  # the median: it does not know how people differ
    frames = np.random.default_rng(5).uniform(0.01, 0.99, (101, 2)).astype(np.float32)
    with pytest.raises(clile.StateError, match="0 frames of person 4"):
        neutral.apply(frames, 4)
    neutral.add(frames, 4)
    centred = neutral.apply(frames, 4)
    assert centred.shape == (101, 2) and np.abs(np.median(centred, 0) - 0.1).max() < 0.012
    assert np.array_equal(neutral.apply(frames[7], 4), centred[7])
    assert (np.diff(centred[np.argsort(frames[:, 0]), 0]) >= 0).all()
    knows = clile.Neutral(trained)
    assert knows.apply(frames, 4).shape == (101, 2)  # of nobody: only the threshold
    knows.add(frames, 4)
    assert (np.diff(knows.apply(frames, 4)[np.argsort(frames[:, 0]), 0]) >= 0).all()
    with pytest.raises(clile.InvalidArgument, match="expected 0 to 1"):
        neutral.add([0.5, 1.5])
    with pytest.raises(ValueError):
        neutral.add([0.5])
