"""Options, images, data sets, losses and metrics."""
import gc
import inspect
import math
import warnings

import clile
import numpy as np
import pytest
from clile import _arrays
from conftest import AUS, N, SIDE


def test_options_come_from_the_table():
    options = clile.Options(epochs=7, learning_rate=0.25, elimination="none", null_anchor=True, threads="auto", clip_norm=1)
    assert (options["epochs"], options["learning_rate"], options["elimination"], options["null_anchor"]) == (7, 0.25, "none", 1)
    assert options.is_set("epochs") and not options.is_set("batch") and "epochs=7" in repr(options)
    copy = clile.Options(options, epochs=9)
    assert options["epochs"] == 7 and copy["epochs"] == 9 and copy["elimination"] == "none"
    rows = clile.describe_options()
    assert next(row for row in rows if row.name == "batch").default == str(options["batch"])
    assert [row.name for row in rows] == options.keys() and len(rows) > 30
    assert set(inspect.signature(clile.Options).parameters) == {"options", "log", *options.keys()}
    assert dict(options)["elimination"] == "none"


@pytest.mark.parametrize("setting, error, text", [
    ({"epoch": 3}, clile.InvalidArgument, "epochs"), ({"epochs": 0}, clile.InvalidArgument, "epochs"), ({"elimination": "nix"}, clile.InvalidArgument, "mixed"),
    ({"epochs": 1.5}, TypeError, "float"), ({"elimination": 3}, TypeError, "elimination"), ({"epochs": "x"}, clile.InvalidArgument, "epochs")])
def test_options_refuse(setting, error, text):
    options, defaults = clile.Options(), dict(clile.Options())
    with pytest.raises(error, match=text):
        for key, value in setting.items():
            options[key] = value
    assert dict(options) == defaults
    with pytest.raises(clile.InvalidArgument):
        options["epoch"]


def test_warnings_of_a_data_set_are_raised(tmp_path):
    (tmp_path / "anna").mkdir()
    for k in range(1, 9):
        (tmp_path / "anna" / f"{k}.png").write_bytes(b"")
    (tmp_path / "anna.csv").write_text("frame,success,AU01_c\n" + "".join(f"{k},1,{k % 2}\n" for k in range(2, 8)))
    with pytest.warns(UserWarning, match="both numberings fit equally well") as caught:
        data = clile.Dataset.open(tmp_path)
    assert len(data) == 6 and caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(clile.Dataset.open(tmp_path, first_image="1")) == 6


def test_selected_and_joined(arrays, data):
    mask = data.labels[:, 0] == 1
    chosen = data[mask]
    assert len(chosen) == mask.sum() and (chosen.labels[:, 0] == 1).all() and data.select(mask).labels.tolist() == chosen.labels.tolist()
    assert data[2:5].image_name(0) == data.image_name(2) and data[[-1, 0, 0]].image_name(0) == data.image_name(N - 1)
    assert (data[[3, 1]].crop(0, SIDE) == data.crop(3, SIDE)).all() and data[[3, 3]].image_name(1) == data.image_name(3)
    for wrong in (mask[:-1], [N], [], [0.5], [[1]], [-N - 1], "x", None, True):
        with pytest.raises((ValueError, TypeError)):
            data[wrong]
    with pytest.raises(clile.InvalidArgument, match=r"indices\[1\] is -1"):
        data.select([0, -1])

    other = clile.Dataset.from_arrays(255 - arrays["images"], arrays["labels"], arrays["subject"], AUS)
    joined = clile.concat([data, other])
    assert len(joined) == 2 * N and joined.subject_names == ["0#1", "0#2", "1#1", "1#2", "2#1", "2#2"]
    assert clile.concat(iter([data, other]), same_people=True).subject_names == data.subject_names
    assert clile.concat([data[:4], data[4:]]).subject_names == data.subject_names
    assert (joined.crop(N + 3, SIDE) == other.crop(3, SIDE)).all() and joined.kind == "unknown"
    train, test = joined.fold("kfold:2", 1)
    assert len(train) + len(test) == 2 * N and not set(train.subject_names) & set(test.subject_names)
    with pytest.raises(clile.InvalidArgument, match="n is 0"):
        clile.concat([])
    with pytest.raises(clile.InvalidArgument, match="AUs"):
        clile.concat([data, clile.Dataset.synth(2, 1, 1, 32)])
    data.close()
    other.close()
    gc.collect()
    assert joined.crop(3, SIDE).shape == (SIDE, SIDE, 3) and chosen.crop(0, SIDE).shape == (SIDE, SIDE, 3)


def test_samples(arrays, data):
    """One image is a Sample; iterating gives all of them, in order, and twice the same."""
    samples = list(data)
    assert [s.index for s in samples] == list(range(N)) and [s.name for s in data] == [data.image_name(k) for k in range(N)]
    for k, sample in enumerate(samples):
        assert (sample.labels == arrays["labels"][k]).all() and sample.subject == arrays["subject"][k] and sample.subject_name == str(k % 3)
        assert sample.present == [au for au, label in zip(AUS, arrays["labels"][k]) if label == 1]
    for index in (3, -1, np.int64(5), -N):
        assert data[index].name == samples[index].name and isinstance(data[index], clile.Sample)
    assert (data[3].crop(SIDE) == arrays["images"][3]).all() and data[3].crop().shape == (112, 112, 3) and data.crops([1, 2]).shape == (2, 112, 112, 3)
    for wrong in (N, -N - 1, 2**70):
        with pytest.raises(IndexError, match=f"of {N}"):
            data[wrong]
    part = data[2:5]
    assert [s.name for s in part] == [s.name for s in samples[2:5]] and len(part) == 3 and samples[0] is not data[0]
    held = iter(data)
    next(held)
    data.close()
    assert repr(samples[0]).endswith("its Dataset is closed)")
    for use in (lambda: list(data), lambda: list(held), lambda: data[0], lambda: samples[0].crop()):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_a_person_can_read_a_repr(data, tmp_path):
    assert repr(data) == "Dataset(12 images of 3 subjects; 2 AUs: 1 12; unknown)" and repr(data[:1]) == "Dataset(1 images of 1 subject; 2 AUs: 1 12; unknown)"
    assert repr(clile.Dataset.synth(2, 1, 3, 32)).endswith("; drawn)") and repr(data.fold("loso", 1)).startswith("Fold(train=Dataset(8 images")
    assert repr(data[0]) == f"Sample({data.image_name(0)!r} of '0'; AUs present: 1 12)" and "AUs present: none" in repr(data[3])
    assert repr(clile.Options(epochs=3, method="bce")) == "Options(method='bce', epochs=3)" and repr(clile.Options()) == "Options()"
    report = clile.metrics.Report([12])
    assert repr(report) == "Report(1 AU: 12; 0 folds)"
    report.add_fold(1, [[0.5]], [[1]], [[1]], [0])
    assert repr(report) == "Report(1 AU: 12; 1 fold)"
    (tmp_path / "faces.csv").write_text("a.png,1,2,30,40\n")
    assert repr(clile.FaceFile(tmp_path / "faces.csv")) == f"FaceFile({str(tmp_path / 'faces.csv')!r})"
    for handle in (data, report):
        handle.close()
        assert repr(handle) == f"{type(handle).__name__}(closed)"


def test_dataset(arrays, data):
    assert len(data) == N and data.au_ids.tolist() == AUS and data.subject_names == ["0", "1", "2"] and data.au_weights.shape == (2,)
    assert np.array_equal(data.labels, arrays["labels"]) and np.array_equal(data.subjects, arrays["subject"])
    assert (data.image(3) == arrays["images"][3]).all() and data[:2].image(1).shape == arrays["images"][1].shape
    assert (data.crops([3, 0], SIDE) == [data.crop(3, SIDE), data.crop(0, SIDE)]).all() and data.crops([], SIDE).shape == (0, SIDE, SIDE, 3)
    assert data.crop(3, SIDE).shape == (SIDE, SIDE, 3) and data.counts == (0, 0, 0, 0, 0, 0)
    assert data.notes == [] and data.fold_count("loso") == len(data.subject_names)
    with pytest.raises(clile.Error, match="\"thirds\" is unknown"):
        data.fold_count("thirds")
    assert data.crop_size == 0 and data.left_out("labels") == [] and data.left_out("images") == []
    train, test = data.fold("loso", 2)
    assert set(test.subject_names) == {"1"} and len(train) + len(test) == N
    data.close()
    data.close()
    assert len(train) == 8 and train.crop(0, SIDE).any()  # the part keeps what it needs
    with pytest.raises(ValueError, match="this Dataset is closed"):
        len(data)
    with pytest.raises(ValueError, match="closed"), data:
        pass


def test_dataset_refuses(arrays, data):
    def make(**changes):
        return clile.Dataset.from_arrays(**{**arrays, **changes})

    with pytest.raises(TypeError, match="images is an array of float64, expected uint8"):
        make(images=arrays["images"] / 255)
    with pytest.raises(ValueError, match=r"images has shape \(12, 32, 32\), expected"):
        make(images=arrays["images"][..., 0])
    with pytest.raises(ValueError, match="labels has shape"):
        make(labels=arrays["labels"][:-1])
    with pytest.raises(ValueError, match="labels has a value that does not fit int8"):
        make(labels=arrays["labels"].astype(int) + 256)
    with pytest.raises(clile.InvalidArgument, match="label"):
        make(labels=arrays["labels"] + 5)
    with pytest.raises(clile.InvalidArgument, match="bp5d"):
        data.fold("bp5d")
    with pytest.raises(clile.FileError, match="no-such-folder"):
        clile.Dataset.open("no-such-folder", layout="bp4d")
    for index, size in ((N, SIDE), (0, 0), (0, 1 << 30)):
        with pytest.raises(clile.InvalidArgument):
            data.crop(index, size)
    with pytest.raises(IndexError):
        data.image_name(N)
    with pytest.raises(TypeError):
        clile.Dataset()


def test_drawn_faces():
    faces = clile.Dataset.synth(subjects=3, tasks=2, frames=2, size=64, seed=5)
    assert len(faces) == 12 and faces.subject_names == ["F001", "F007", "M011"] and faces.labels.shape == (12, 16)
    assert faces.au_ids.tolist() == [1, 2, 4, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26]
    assert faces.crop(0, 48).std() > 10 and (faces.crop(0, 48) != clile.Dataset.synth(subjects=3, size=64, seed=6).crop(0, 48)).any()
    with pytest.raises(clile.InvalidArgument, match="size is 16"):
        clile.Dataset.synth(size=16)


def test_arrays_that_fit_are_not_copied(arrays):
    images = arrays["images"]
    assert _arrays.given("images", images, np.uint8, (N, None, None, 3)) is images
    assert _arrays.pointer(images).contents.value == images[0, 0, 0, 0]
    part = images[2:5]
    assert np.shares_memory(_arrays.given("images", part, np.uint8, (3, SIDE, SIDE, 3)), images)
    assert np.array_equal(clile.Dataset.from_arrays(**{**arrays, "images": images[:, :, ::-1], "labels": arrays["labels"].astype(bool)}).labels, arrays["labels"])


def test_read_image(tmp_path):
    bmp = b"BM" + np.array([58 + 8, 0, 54, 40, 2, 2, 1 | 24 << 16, 0, 16, 0, 0, 0, 0], "<u4").tobytes() + bytes(range(16))
    (tmp_path / "a.bmp").write_bytes(bmp)
    pixels = clile.read_image(tmp_path / "a.bmp")
    gc.collect()
    assert pixels.shape == (2, 2, 3) and pixels.dtype == np.uint8
    assert pixels.tolist() == [[[10, 9, 8], [13, 12, 11]], [[2, 1, 0], [5, 4, 3]]]  # from the bottom up, blue first
    for source in (bmp, bytearray(bmp), memoryview(bmp)):  # the file's content
        assert np.array_equal(clile.read_image(source), pixels)
    with pytest.raises(clile.FormatError, match="empty"):
        clile.read_image(b"")
    view = pixels[1]
    del pixels
    gc.collect()
    assert view.tolist() == [[2, 1, 0], [5, 4, 3]]
    with pytest.raises(clile.InvalidArgument, match="pixels"):
        clile.read_image(tmp_path / "a.bmp", max_pixels=3)


def numeric(function, array, *index, step=1e-2):
    values = []
    for sign in (1, -1):
        moved = array.copy()
        moved[index] += sign * step
        values.append(function(moved)[0])
    return (values[0] - values[1]) / (2 * step)


def test_losses_and_their_gradients():
    random = np.random.default_rng(3)
    n, d, c, s = 4, 5, 3, 2

    def draw(*shape):
        return random.normal(size=shape).astype(np.float32)

    f, g, a, ile, bias = draw(n, d), draw(n, d), draw(c, d), draw(s, c, d), draw(c)
    labels, subject = random.integers(-1, 2, (n, c)).astype(np.int8), np.array([0, 1, 1, 0], np.int32)
    losses = clile.losses
    for function, gradient in (
        (lambda x: losses.stage1(x, ile, subject, labels, [1, 2, 0.5]), "diff_id_embedding"),
        (lambda x: losses.stage2(x, a, labels, 0.5), "diff_embedding"),
        (lambda x: losses.stage2_null(x, a, bias[:1].repeat(d), labels, 0.5), "diff_embedding"),
        (lambda x: losses.bce(x, a, labels, 2.0, bias, similarity="dot"), "diff_embedding"),
        (lambda x: losses.mixed(x, a, labels, subject, ile, draw(s, c) * 0, 2.0, bias, 0.1, 0.1), "diff_embedding"),
        (lambda x: losses.orthogonal(x, g), "diff_embedding"),
        (lambda x: losses.decorrelate(x, g), "diff_embedding"),
    ):
        loss, gradients = function(f)
        assert math.isfinite(loss) and gradients[gradient].shape == f.shape
        for k in range(n):
            assert gradients[gradient][k, 1] == pytest.approx(numeric(function, f, k, 1), abs=2e-3)
    loss, gradients = losses.adversarial(f, draw(s, d), draw(s), subject)
    assert loss > 0 and gradients["diff_weight"].shape == (s, d) and gradients["diff_bias"].sum() == pytest.approx(0, abs=1e-6)
    assert isinstance(float(losses.bce(f, a, labels, 2.0, bias)[1]["diff_scale"]), float)
    assert losses.stage1([[1]], [[[2]]], [0], [[1]])[0] == pytest.approx(math.log1p(math.exp(-2)))
    with pytest.raises(clile.InvalidArgument, match="temperature"):
        losses.stage2(f, a, labels, 0)
    with pytest.raises(ValueError, match="similarity"):
        losses.bce(f, a, labels, 1, bias, similarity="x")


def test_metrics():
    labels, score = np.array([[1], [0], [0], [-1]]), np.array([[0.9], [0.1], [0.4], [0.2]])
    metrics = clile.metrics
    result = metrics.f1(score > 0.3, labels)
    assert result.f1[0] == pytest.approx(2 / 3) and result.counts.tolist() == [[1, 1, 0]]
    assert metrics.auc(score, labels).tolist() == [1.0]
    assert metrics.auc_within(score, labels, [0, 0, 1, 1]).tolist() == [1.0]
    assert metrics.thresholds(score, labels)[0] == pytest.approx(0.65)
    found = metrics.intensity([[0.0], [2.0], [4.0], [5.0]], [[1], [3], [5], [-1]])
    assert [found[name][0] for name in ("icc", "pcc", "mae", "mse")] == pytest.approx([1, 1, 1, 1])
    with pytest.raises(clile.InvalidArgument, match="intensity.0,0. is 6"):
        metrics.intensity([[0.0]], [[6]])
    slope, offset = metrics.calibrate(score, labels)
    assert slope[0] > 0 and np.isfinite(offset[0])
    both = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.int8)
    assert metrics.label_correlation(both)[0, 1] == pytest.approx(-1)
    assert metrics.cosine_matrix([[1, 0], [1, 1]])[0, 1] == pytest.approx(math.sqrt(0.5))
    matrix = np.array([[1, 0.1, 0.5], [0.1, 1, -0.3], [0.5, -0.3, 1]])
    assert metrics.agreement(matrix, 2 * matrix) == pytest.approx(1)
    person = np.arange(16) % 2
    assert metrics.subject_probe(np.stack([person * 2 - 1, person * 0 + 0.1], 1), person) == 1.0

    report = metrics.Report([12], "bp4d")
    with pytest.raises(clile.StateError):
        str(report)
    with pytest.raises(ValueError, match="2 names"):
        report.add_fold(1, score, score > 0.3, labels, [0, 0, 1, 2], ["a", "b"])
    report.add_fold(1, score, score > 0.3, labels, [0, 0, 1, 1], ["a", "b"])
    report.add_value("subject probe", 0.5)
    report.set_correlation([[1]], [[1]])
    assert report.summary("f1").pooled == pytest.approx(2 / 3) and "subject probe" in str(report) and isinstance(report.as_dict(), dict)
    with pytest.raises(clile.InvalidArgument):
        report.summary("f2")


def test_intensities_of_arrays(arrays):
    coded = np.arange(N * 2).reshape(N, 2) % 7 - 1
    graded = clile.Dataset.from_arrays(arrays["images"], None, arrays["subject"], AUS, intensity=coded)
    assert np.array_equal(graded.intensities, coded) and np.array_equal(graded.labels, np.where(coded < 0, -1, coded >= 2))
    both = clile.Dataset.from_arrays(arrays["images"], arrays["labels"], arrays["subject"], AUS, coded)
    assert np.array_equal(both.labels, arrays["labels"]) and np.array_equal(both[[2, 0]].intensities, coded[[2, 0]])
    for wrong, text in ((coded + 2, r"intensity\[\d+,\d+\] is [67]"), (coded - 1, r"intensity\[0,0\] is -2")):
        with pytest.raises(clile.InvalidArgument, match=text):
            clile.Dataset.from_arrays(arrays["images"], None, arrays["subject"], AUS, intensity=wrong)
    with pytest.raises(ValueError, match="labels is None"):
        clile.Dataset.from_arrays(arrays["images"], None, arrays["subject"], AUS)
    with pytest.raises((ValueError, TypeError)):
        clile.Dataset.from_arrays(arrays["images"], None, arrays["subject"], AUS, intensity=coded + 0.5)


def test_intensities(tmp_path, data):
    path = tmp_path / "ActionUnit_Labels" / "SN001" / "SN001_au12.txt"
    path.parent.mkdir(parents=True)
    path.write_text("1,0\n2,4\n3,9\n")
    (tmp_path / "img" / "SN001").mkdir(parents=True)
    for k in range(3):
        (tmp_path / "img" / "SN001" / f"{k}.png").write_bytes(b"")  # nothing looks at it
    found = clile.Dataset.open(tmp_path, layout="disfa", au_set="12")
    assert found.intensities.tolist() == [[0], [4], [-1]] and found.labels.tolist() == [[0], [1], [-1]]
    with pytest.raises(clile.Unsupported, match="present or absent"):
        data.intensities
