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
