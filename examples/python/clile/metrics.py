"""Measures how well AUs were recognised (clile/metrics.h, docs/evaluation.md). labels [n,c]: 1, 0, -1 not coded; score [n,c]; present [n,c]."""
import ctypes
import json
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import given, pointer
from ._data import Dataset
from ._library import Count, Handle, copy_text, count_callback, expect, lib, name_aus
from ._model import Model, Predictor
from ._options import Options, Setting


def _labels(labels: ArrayLike) -> Tuple[np.ndarray, int, int]:
    array = given("labels", labels, np.int8, (None, None))
    return (array, *array.shape)


class F1(NamedTuple):
    """f1 [c]; counts [c,3]: true positives, false positives, false negatives."""

    f1: np.ndarray
    counts: np.ndarray


def f1(present: ArrayLike, labels: ArrayLike) -> F1:
    """F1 [c], 0 where there is nothing to count, and what it counts."""
    y, n, c = _labels(labels)
    out = F1(np.empty(c), np.empty((c, 3), np.int64))
    lib.clile_metrics_f1(n, c, pointer(given("present", present, np.int8, (n, c))), pointer(y), pointer(out.f1), pointer(out.counts))
    return out


def auc(score: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """[c]; NaN where one class is missing."""
    y, n, c = _labels(labels)
    out = np.empty(c)
    lib.clile_metrics_auc(n, c, pointer(given("score", score, np.float32, (n, c))), pointer(y), pointer(out))
    return out


def auc_within(score: ArrayLike, labels: ArrayLike, subject: ArrayLike) -> np.ndarray:
    """[c]: over pairs of one person only."""
    y, n, c = _labels(labels)
    out = np.empty(c)
    lib.clile_metrics_auc_within(n, c, pointer(given("score", score, np.float32, (n, c))), pointer(y), pointer(given("subject", subject, np.int32, (n,))),
                                 pointer(out))
    return out


def thresholds(score: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """[c]: the threshold that maximises F1 of score > threshold; for training subjects."""
    y, n, c = _labels(labels)
    out = np.empty(c, np.float32)
    lib.clile_metrics_thresholds(n, c, pointer(given("score", score, np.float32, (n, c))), pointer(y), pointer(out))
    return out


def calibrate(score: ArrayLike, labels: ArrayLike) -> Tuple[np.ndarray, np.ndarray]:
    """slope and offset [c] of p = s(slope * score + offset)."""
    y, n, c = _labels(labels)
    slope, offset = np.empty(c, np.float32), np.empty(c, np.float32)
    lib.clile_metrics_calibrate(n, c, pointer(given("score", score, np.float32, (n, c))), pointer(y), pointer(slope), pointer(offset))
    return slope, offset


def label_correlation(labels: ArrayLike) -> np.ndarray:
    """[c,c]: phi coefficients."""
    y, n, c = _labels(labels)
    out = np.empty((c, c))
    lib.clile_metrics_label_correlation(n, c, pointer(y), pointer(out))
    return out


def cosine_matrix(vectors: ArrayLike) -> np.ndarray:
    """[c,c] of vectors [c,d]."""
    v = given("vectors", vectors, np.float32, (None, None))
    out = np.empty((len(v), len(v)))
    lib.clile_metrics_cosine_matrix(*v.shape, pointer(v), pointer(out))
    return out


def agreement(a: ArrayLike, b: ArrayLike) -> float:
    """Pearson correlation of the upper triangles of two [c,c] matrices."""
    c = len(given("a", a, np.float64, (None, None)))
    first, second = given("a", a, np.float64, (c, c)), given("b", b, np.float64, (c, c))
    out = ctypes.c_double()
    lib.clile_metrics_agreement(c, pointer(first), pointer(second), ctypes.byref(out))
    return out.value


def subject_probe(embedding: ArrayLike, subject: ArrayLike) -> float:
    """Accuracy of a linear classifier that reads the subject from the embedding [n,d]."""
    e = given("embedding", embedding, np.float32, (None, None))
    out = ctypes.c_double()
    lib.clile_metrics_subject_probe(*e.shape, pointer(e), pointer(given("subject", subject, np.int32, (len(e),))), ctypes.byref(out))
    return out.value


class Summary(NamedTuple):
    """Averages over AUs, 0..1, NaN where there is none; low and high: 95 % interval over subjects."""

    mean_of_folds: float
    pooled: float
    low: float
    high: float


class Report(Handle):
    """Test frames of one or several folds, and what is computed from them; str(report) is the table for people."""

    _kind = "clile_report"

    def __init__(self, au_ids: ArrayLike, published: Optional[str] = None):
        """published: "bp4d" or "disfa" prints the published results next to the figures."""
        self._au_ids, self._folds = given("au_ids", au_ids, np.int32, (None,)), 0
        self._count = len(self._au_ids)
        self._make(lib.clile_report_create, self._count, pointer(self._au_ids), None if published is None else published.encode())

    def _describe(self) -> str:
        return f"{name_aus(self._au_ids)}; {self._folds} fold{'' if self._folds == 1 else 's'}"

    def add_fold(self, fold: int, score: ArrayLike, present: ArrayLike, labels: ArrayLike, subject: ArrayLike, subject_names: Optional[Sequence[str]] = None) -> None:
        """subject [n]: places in subject_names; without names the number itself is the person."""
        y = given("labels", labels, np.int8, (None, self._count))
        n = len(y)
        answers = given("score", score, np.float32, y.shape), given("present", present, np.int8, y.shape)
        person, names = given("subject", subject, np.int32, (n,)), None
        if subject_names is not None:
            if n and not 0 <= person.min() <= person.max() < len(subject_names):
                raise ValueError(f"subject has numbers from {person.min()} to {person.max()}, but there are {len(subject_names)} names")
            names = (ctypes.c_char_p * len(subject_names))(*(name.encode() for name in subject_names))
        lib.clile_report_add_fold(self._c, fold, n, *map(pointer, answers), pointer(y), pointer(person), names)
        self._folds += 1

    def add_predictor(self, fold: int, predictor: Predictor, data: Dataset, progress: Optional[Count] = None) -> None:
        """Runs all images of a data set (a test part) through a predictor and adds them as one fold; AUs are found by number. progress: as of
        Predictor.run_dataset."""
        owner = self._c
        expect("data", data, Dataset)
        with expect("predictor", predictor, Predictor)._lock:
            lib.clile_report_add_predictor(owner, fold, predictor._c, data._c, None, count_callback(progress), None)
        self._folds += 1

    def add_value(self, name: str, value: float) -> None:
        """A figure of your own, shown at the end."""
        lib.clile_report_add_value(self._c, name.encode(), value)

    def set_correlation(self, model: ArrayLike, labels: ArrayLike) -> None:
        """cosine_matrix(model.au_embedding) beside label_correlation(labels)."""
        shape = (self._count, self._count)
        lib.clile_report_set_correlation(self._c, pointer(given("model", model, np.float64, shape)), pointer(given("labels", labels, np.float64, shape)))

    def summary(self, metric: str) -> Summary:
        """metric: "f1", "auc" or "auc_within"."""
        values = [ctypes.c_double() for _ in range(4)]
        lib.clile_report_get_summary(self._c, metric.encode(), *map(ctypes.byref, values))
        return Summary(*(value.value for value in values))

    def as_dict(self) -> Dict[str, Any]:
        """All figures (docs/evaluation.md); None where there is none."""
        return json.loads(copy_text(lib.clile_report_copy_json, self._c))

    def table(self, format: str) -> str:
        """The figures as "csv", "md" (Markdown) or "tex" (LaTeX)."""
        return copy_text(lib.clile_report_copy_table, self._c, format.encode())

    def __str__(self) -> str:
        return copy_text(lib.clile_report_copy_text, self._c)


def evaluate(model: Model, data: Dataset, published: Optional[str] = None, progress: Optional[Count] = None, options: Optional[Options] = None,
             **settings: Setting) -> Report:
    """The report of a model on all images of a data set, which must be of people that it was not trained on. Options: those of Predictor
    (predict_batch is 32 unless given). For the models of several folds: Report.add_predictor for each."""
    if options is None:
        settings.setdefault("predict_batch", 32)
    report = Report(expect("model", model, Model).au_ids, published)
    report.add_predictor(1, Predictor(model, options, **settings), data, progress)
    return report
