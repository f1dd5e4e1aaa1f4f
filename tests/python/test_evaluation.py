"""Saved evaluations: arrays to a file and back."""
import csv
import os

import clile
import numpy as np
import pytest

AUS = [1, 12]
NAMES = ["=1+1.png", "b,\"c\".png", "two\nlines", os.fsdecode(b"latin-\xe9.png")]


def made():
    rng = np.random.default_rng(1)
    evaluation = clile.Evaluation(AUS)
    for fold in (1, 2):
        score = rng.normal(size=(4, 2)).astype(np.float32)
        evaluation.add_part(fold, score, score > 0, [[1, 0], [0, 1], [-1, 1], [1, 0]], [0, 0, 1, 1], ["anna", "@ben"], NAMES, probability=1 / (1 + np.exp(-score)),
                            model=f"m{fold}.safetensors", seed=fold, protocol="kfold:2")
    return evaluation


def test_a_file_gives_the_same_arrays(tmp_path):
    evaluation, path = made(), tmp_path / "e.csv"
    evaluation.save(path)
    with clile.Evaluation.load(path) as back:
        assert len(back) == 8 and back.image_names == 2 * NAMES and back.subject_names == ["anna", "@ben"]
        assert back.parts == evaluation.parts == [clile.Part("m1.safetensors", 1, "kfold:2", 1, 0, 4), clile.Part("m2.safetensors", 2, "kfold:2", 2, 4, 4)]
        for name in ("au_ids", "score", "probability", "present", "labels", "subject"):
            np.testing.assert_array_equal(getattr(back, name), getattr(evaluation, name))
        np.testing.assert_array_equal(back.labels[:4], [[1, 0], [0, 1], [-1, 1], [1, 0]])
        np.testing.assert_array_equal(back.subject, [0, 0, 1, 1] * 2)
        assert repr(back) == "Evaluation(2 AUs: 1 12; 8 images of 2 people, 2 parts)"
        f1 = clile.metrics.f1(back.present, back.labels).f1
        assert back.report().as_dict()["pooled"]["f1"]["au"] == pytest.approx(f1)
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows[:4]] == ["'=1+1.png", *NAMES[1:]]
    assert {row["subject"] for row in rows} == {"anna", "'@ben"}
    np.testing.assert_array_equal(np.array([row["AU12_s"] for row in rows], np.float32), evaluation.score[:, 1])


def test_intensities_are_kept(tmp_path):
    evaluation, path = made(), tmp_path / "e.csv"
    assert np.isnan(evaluation.estimated).all() and (evaluation.coded == -1).all()
    estimated, coded = [[0.5, 2.25], [3, 0], [1, 4.5], [0, 1]], [[0, 2], [5, -1], [1, 4], [0, 0]]
    rest = ([[1, 2]] * 4, [[1, 0]] * 4, [[1, 0]] * 4, [0] * 4, ["anna"], NAMES)
    evaluation.add_part(3, *rest, estimated=estimated, coded=coded)
    evaluation.save(path)
    with clile.Evaluation.load(path) as back:
        for one in (evaluation, back):
            assert np.isnan(one.estimated[:8]).all() and (one.coded[:8] == -1).all()
            np.testing.assert_array_equal(one.estimated[8:], estimated)
            np.testing.assert_array_equal(one.coded[8:], coded)
        rows = list(clile.as_rows(back))
        assert list(rows[0])[6:12] == [f"AU01_{kind}" for kind in "spcyri"] and (rows[0]["AU01_r"], rows[0]["AU01_i"]) == (None, None)
        assert (rows[8]["AU12_r"], rows[8]["AU12_i"], rows[9]["AU12_i"]) == (2.25, 2, -1)
        found = back.report().as_dict()["intensity"]
        assert found["mae"]["pooled"]["au"][0] == pytest.approx(2.5 / 4) and found["mae"]["probability"] is None
    with pytest.raises(clile.InvalidArgument, match="part->coded is NULL"):
        evaluation.add_part(4, *rest, estimated=estimated)
    with pytest.raises(clile.InvalidArgument, match=r"part->coded\[0,1\] is 6"):
        evaluation.add_part(4, *rest, estimated=estimated, coded=[[0, 6]] * 4)
    with pytest.raises(ValueError, match="coded"):
        evaluation.add_part(4, *rest, estimated=estimated, coded=coded[:3])


def test_what_does_not_fit_is_refused(tmp_path):
    evaluation, path = made(), tmp_path / "e.csv"
    path.write_text("fold,subject,image,AU01_s,AU01_c,AU01_y\n1,a,b,0.5,1,7\n")
    with pytest.raises(clile.FormatError, match='e.csv, row 2: code "7" for AU 1'):
        clile.Evaluation.load(path)
    with pytest.raises(clile.InvalidArgument, match="fold 2 was already added"):
        evaluation.add_part(2, [[1, 2]], [[1, 0]], [[1, 0]], [0], ["a"], ["b"])
    with pytest.raises(ValueError, match="2 image_names, expected 1"):
        evaluation.add_part(3, [[1, 2]], [[1, 0]], [[1, 0]], [0], ["a"], ["b", "c"])
    with pytest.raises(ValueError, match="there are 1 names"):
        evaluation.add_part(3, [[1, 2]], [[1, 0]], [[1, 0]], [1], ["a"], ["b"])
    assert len(evaluation) == 8


# ---- comparison, computed again with NumPy: other code, other random draws ----


def f1_of(_score, present, labels, weight):
    tp, fp, fn = (np.sum(weight * w) for w in (present * (labels == 1), present * (labels == 0), (1 - present) * (labels == 1)))
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0


def auc_of(score, _present, labels, weight):
    positive, negative = labels == 1, labels == 0
    order = np.sign(score[positive][:, None] - score[negative][None, :]) / 2 + 0.5
    pairs = weight[positive][:, None] * weight[negative][None, :]
    return np.sum(order * pairs) / np.sum(pairs) if np.sum(pairs) else np.nan


def systems(people=12, frames=9, seed=3):
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(people) * 7 - 3, frames)
    labels = rng.integers(-1, 2, (len(subject), 3)).astype(np.int8)
    bias = rng.normal(size=people)[(subject + 3) // 7][:, None]
    score_a = (labels + bias + rng.normal(size=labels.shape)).round(1).astype(np.float32)
    score_b = (labels * [0.2, 1.0, 2.5] + bias + rng.normal(size=labels.shape)).round(1).astype(np.float32)
    return score_a, score_a > 0.2, score_b, score_b > 0, labels, subject


@pytest.mark.parametrize("metric, function", [("f1", f1_of), ("auc", auc_of)])
def test_a_comparison_is_that_of_numpy(metric, function):
    score_a, present_a, score_b, present_b, labels, subject = systems()
    found = clile.metrics.compare(metric, score_a, present_a, score_b, present_b, labels, subject)
    people, of = np.unique(subject, return_inverse=True)

    def values(score, present, weight):
        of_aus = [function(score[:, k], present[:, k], labels[:, k], weight) for k in range(3)]
        return np.array([*of_aus, np.mean(of_aus)])

    ones = np.ones(len(subject))
    np.testing.assert_allclose(found.a, values(score_a, present_a, ones), rtol=1e-12)
    np.testing.assert_allclose(found.b, values(score_b, present_b, ones), rtol=1e-12)
    rng, draws = np.random.default_rng(99), []
    for _ in range(4000):
        weight = np.bincount(rng.integers(0, len(people), len(people)), minlength=len(people))[of].astype(float)
        draws.append(values(score_b, present_b, weight) - values(score_a, present_a, weight))
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    np.testing.assert_allclose(found.low, low, atol=0.015)
    np.testing.assert_allclose(found.high, high, atol=0.015)
    p = np.minimum(1, 2 * np.minimum(np.mean(np.array(draws) <= 0, axis=0), np.mean(np.array(draws) >= 0, axis=0)))
    np.testing.assert_allclose(found.p, p, atol=0.04)
    order, holm = np.argsort(found.p[:3], kind="stable"), np.empty(3)
    holm[order] = np.minimum(1, np.maximum.accumulate(found.p[order] * [3, 2, 1]))
    np.testing.assert_allclose(found.p_holm, [*holm, found.p[3]], rtol=1e-12)
    if metric == "auc":  # no draw is on the other side
        assert found.p[2] == pytest.approx(2 / 2001) and found.p_holm[2] == pytest.approx(6 / 2001)
    for again, once in zip(clile.metrics.compare(metric, score_a, present_a, score_b, present_b, labels, subject), found):
        assert again.tobytes() == once.tobytes()


def test_equal_systems_do_not_differ():
    score, present, _, _, labels, subject = systems()
    found = clile.metrics.compare("auc_within", score, present, score, present, labels, subject)
    assert (found.low == 0).all() and (found.high == 0).all() and (found.p == 1).all() and (found.p_holm == 1).all()
    alone = clile.metrics.compare("f1", score, present, score, present, labels, np.zeros_like(subject))
    assert np.isnan([alone.low, alone.high, alone.p, alone.p_holm]).all() and not np.isnan(alone.a).any()
    labels[:, 1] = 0  # no AUC, and no part in the correction
    found = clile.metrics.compare("auc", score, present, -score, present, labels, subject)
    assert np.isnan([found.a[1], found.low[1], found.p[1], found.p_holm[1]]).all()
    assert found.p_holm[0] == pytest.approx(min(1, 2 * min(found.p[0], found.p[2]), 1) if found.p[0] <= found.p[2] else max(2 * found.p[2], found.p[0]))
    with pytest.raises(clile.InvalidArgument, match="no metric"):
        clile.metrics.compare("f2", score, present, score, present, labels, subject)


def of_systems(which, change=lambda arrays: None, aus=(1, 2, 4), images=None):
    score_a, present_a, score_b, present_b, labels, subject = systems()
    arrays = {"score": score_b if which else score_a, "present": present_b if which else present_a, "labels": labels, "subject": (subject + 3) // 7,
              "subject_names": [f"s{k}" for k in range(12)], "image_names": images or [f"{k}.png" for k in range(len(subject))]}
    change(arrays)
    evaluation = clile.Evaluation(aus)
    evaluation.add_part(1, **arrays)
    return evaluation


def test_evaluations_of_the_same_images_are_compared():
    expected = clile.metrics.compare("f1", *systems())
    for again, once in zip(of_systems(0).compare(of_systems(1)), expected):
        np.testing.assert_array_equal(again, once)

    def backwards(arrays):  # rows and AUs in another order
        for name in ("score", "present", "labels"):
            arrays[name] = arrays[name][::-1, ::-1]
        arrays["subject"], arrays["image_names"] = arrays["subject"][::-1], arrays["image_names"][::-1]

    for again, once in zip(of_systems(0).compare(of_systems(1, backwards, (4, 2, 1))), expected):
        np.testing.assert_array_equal(again, once)
    two = of_systems(0).compare(of_systems(1), "auc", [4, 1])
    np.testing.assert_array_equal(two.b[:2], clile.metrics.compare("auc", *systems()).b[[2, 0]])


@pytest.mark.parametrize("change, told", [
    (lambda a: a["image_names"].__setitem__(3, "other.png"), 'image "3.png" of fold 1 is in the first evaluation, but not in the second'),
    (lambda a: [a.__setitem__(k, a[k][:-1]) for k in ("score", "present", "labels", "subject", "image_names")], 'image "107.png" of fold 1 is in the first'),
    (lambda a: a["labels"].__setitem__((5, 1), 1 - abs(a["labels"][5, 1])), 'image "5.png", AU2: the label is '),
    (lambda a: a["subject_names"].__setitem__(2, "eve"), 'image "18.png" is of "s2" in the first evaluation and of "eve" in the second'),
])
def test_the_first_difference_is_named(change, told):
    with pytest.raises(clile.InvalidArgument, match=told):
        of_systems(0).compare(of_systems(1, change))
    if "107" in told:
        with pytest.raises(clile.InvalidArgument, match=told.replace("first", "second")):
            of_systems(0, change).compare(of_systems(1))
    with pytest.raises(clile.InvalidArgument, match="the second evaluation has no AU4"):
        of_systems(0).compare(of_systems(1, aus=(1, 2, 5)))


def test_the_table_of_another_system(tmp_path):
    images = np.zeros((4, 32, 32, 3), np.uint8)
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], np.int8)
    data = clile.Dataset.from_arrays(images, labels, [1, 1, 2, 2], AUS)
    names = [data.image_name(k) for k in range(4)]
    path = tmp_path / "t.csv"
    path.write_text("image, AU12_r, AU12_c\n" + "".join(f"{name}, {k}, {k % 2}\n" for k, name in enumerate(names)))
    table = clile.Evaluation.load_predictions(path, data, "kfold:2")
    assert [part.fold for part in table.parts] == [1, 2] and list(table.au_ids) == [12] and sorted(table.image_names) == sorted(names)
    assert sorted(table.score.ravel()) == [0, 1, 2, 3] and np.isnan(table.probability).all()
    with pytest.raises(TypeError, match="data is a list"):
        clile.Evaluation.load_predictions(path, [])
    path.write_text("image,AU12\n")
    with pytest.raises(clile.FormatError, match="has no row for the image"):
        clile.Evaluation.load_predictions(path, data)
