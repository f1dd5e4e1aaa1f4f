"""Measures how well AUs were recognised (clile/metrics.h, docs/evaluation.md). labels [n,c]: 1, 0, -1 not coded; score [n,c]; present [n,c]."""
import ctypes
import json
import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import ArrayLike

from . import _api
from ._arrays import given, pointer
from ._data import Dataset, Path
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


def intensity(value: ArrayLike, coded: ArrayLike) -> Dict[str, np.ndarray]:
    """{"icc", "pcc", "mae", "mse"}: [c] each. value, coded [n,c]: estimates, and intensities 0 to 5, -1 where not coded. icc is ICC(3,1);
    NaN where too little is coded or does not vary."""
    y = given("coded", coded, np.int8, (None, None))
    n, c = y.shape
    out = {name: np.empty(c) for name in ("icc", "pcc", "mae", "mse")}
    lib.clile_metrics_intensity(n, c, pointer(given("value", value, np.float32, (n, c))), pointer(y), *(pointer(one) for one in out.values()))
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

    def add_intensity(self, fold: int, value: ArrayLike, intensity: ArrayLike, probability: Optional[ArrayLike] = None) -> None:
        """Estimated intensities [n,c] of a fold that was added, and the coded ones, 0 to 5, -1 not coded. probability [n,c]: of occurrence, for comparison."""
        coded = given("intensity", intensity, np.int8, (None, self._count))
        estimates = given("value", value, np.float32, coded.shape)
        chance = None if probability is None else given("probability", probability, np.float32, coded.shape)
        lib.clile_report_add_intensity(self._c, fold, len(coded), pointer(estimates), pointer(chance), pointer(coded))

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


class Comparison(NamedTuple):
    """System b beside system a; each [c+1], the average over AUs last. NaN: no value."""

    a: np.ndarray
    b: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    p_holm: np.ndarray


def _compared(count: int) -> Tuple[Comparison, Any]:
    arrays = Comparison(*(np.empty(count + 1) for _ in Comparison._fields))
    out = _api.clile_comparison(**{name: pointer(array) for name, array in zip(Comparison._fields, arrays)})
    out.struct_size = ctypes.sizeof(out)
    return arrays, out


def compare(metric: str, score_a: ArrayLike, present_a: ArrayLike, score_b: ArrayLike, present_b: ArrayLike, labels: ArrayLike, subject: ArrayLike) -> Comparison:
    """Paired bootstrap over subjects of the difference b - a in "f1", "auc" or "auc_within", with p values corrected by Holm."""
    y, n, c = _labels(labels)
    scores = [given(name, value, np.float32, y.shape) for name, value in (("score_a", score_a), ("score_b", score_b))]
    decisions = [given(name, value, np.int8, y.shape) for name, value in (("present_a", present_a), ("present_b", present_b))]
    arrays, out = _compared(c)
    lib.clile_metrics_compare(metric.encode(), n, c, pointer(scores[0]), pointer(decisions[0]), pointer(scores[1]), pointer(decisions[1]), pointer(y),
                              pointer(given("subject", subject, np.int32, (n,))), ctypes.byref(out))
    return arrays


class Part(NamedTuple):
    """Where images first .. first+images-1 of an evaluation come from; seed -1: unknown."""

    model: str
    seed: int
    protocol: str
    fold: int
    first: int
    images: int


class Evaluation(Handle):
    """What models answered for every tested image, beside the labels (clile/evaluation.h): made of arrays, or loaded from the file of
    clile eval --answers. Images are numbered over all parts; subject [n] are places in subject_names."""

    _kind = "clile_evaluation"

    def __init__(self, au_ids: ArrayLike):
        """Without parts: add_part."""
        ids = given("au_ids", au_ids, np.int32, (None,))
        self._make(lib.clile_evaluation_create, len(ids), pointer(ids))

    @classmethod
    def load(cls, path: Path) -> "Evaluation":
        """The columns of the file: docs/evaluation.md."""
        self = cls.__new__(cls)
        self._make(lib.clile_evaluation_load, os.fsencode(path))
        return self

    @classmethod
    def load_predictions(cls, path: Path, data: Dataset, protocol: str = "none", fold: int = 0, absent: bool = False) -> "Evaluation":
        """Another system's table for the images of a data set (docs/evaluation.md): OpenFace, Py-Feat, LibreFace, clile predict. fold 0: all of the
        protocol. absent: an image without a row counts as one without any AU."""
        self = cls.__new__(cls)
        expect("data", data, Dataset)

        def load(name: bytes, owner: Any, of: bytes, out: Any) -> None:
            lib.clile_evaluation_load_predictions(name, owner, of, fold, int(absent), out, None)

        self._make(load, os.fsencode(path), data._c, protocol.encode())
        return self

    def _describe(self) -> str:
        return f"{name_aus(self.au_ids)}; {len(self)} images of {len(self.subject_names)} people, {len(self.parts)} part{'' if len(self.parts) == 1 else 's'}"

    def __len__(self) -> int:
        return int(lib.clile_evaluation_size(self._c))

    @property
    def au_ids(self) -> np.ndarray:
        """[c] int32: the numbers of the AUs, in the order of the columns."""
        ids = np.empty(lib.clile_evaluation_au_count(self._c), np.int32)
        lib.clile_evaluation_copy_au_ids(self._c, pointer(ids))
        return ids

    @property
    def parts(self) -> List[Part]:
        """The models' parts of the images, in order."""
        found, one = [], _api.clile_evaluation_part()
        for index in range(lib.clile_evaluation_part_count(self._c)):
            one.struct_size = ctypes.sizeof(one)
            lib.clile_evaluation_get_part(self._c, index, ctypes.byref(one))
            found.append(Part(os.fsdecode(one.model), one.seed, os.fsdecode(one.protocol), one.fold, one.first, one.count))
        return found

    @property
    def subject_names(self) -> List[str]:
        """The people's names."""
        return [os.fsdecode(lib.clile_evaluation_get_subject_name(self._c, k)) for k in range(lib.clile_evaluation_subject_count(self._c))]

    @property
    def image_names(self) -> List[str]:
        """[n] the images' names."""
        return [os.fsdecode(lib.clile_evaluation_get_image_name(self._c, k)) for k in range(len(self))]

    def _rows(self, name: str, dtype: type, *more: int) -> np.ndarray:
        to = _api.clile_evaluation_rows()
        array: np.ndarray = np.empty((len(self), *more), dtype)
        to.struct_size = ctypes.sizeof(to)
        setattr(to, name, pointer(array))
        lib.clile_evaluation_copy_rows(self._c, 0, len(self), ctypes.byref(to))
        return array

    @property
    def score(self) -> np.ndarray:
        """[n,c] float32: larger is more likely present."""
        return self._rows("score", np.float32, len(self.au_ids))

    @property
    def probability(self) -> np.ndarray:
        """[n,c] float32; NaN where there is none."""
        return self._rows("probability", np.float32, len(self.au_ids))

    @property
    def present(self) -> np.ndarray:
        """[n,c] int8: the decision."""
        return self._rows("present", np.int8, len(self.au_ids))

    @property
    def labels(self) -> np.ndarray:
        """[n,c] int8: 1, 0, -1 not coded."""
        return self._rows("labels", np.int8, len(self.au_ids))

    @property
    def estimated(self) -> np.ndarray:
        """[n,c] float32: estimated intensity, 0 to 5; NaN where there is none."""
        return self._rows("estimated", np.float32, len(self.au_ids))

    @property
    def coded(self) -> np.ndarray:
        """[n,c] int8: coded intensity, 0 to 5; -1 not coded."""
        return self._rows("coded", np.int8, len(self.au_ids))

    @property
    def subject(self) -> np.ndarray:
        """[n] int32: places in subject_names."""
        return self._rows("subject", np.int32)

    def add_part(self, fold: int, score: ArrayLike, present: ArrayLike, labels: ArrayLike, subject: ArrayLike, subject_names: Sequence[str], image_names: Sequence[str],
                 probability: Optional[ArrayLike] = None, model: str = "", seed: int = -1, protocol: str = "", estimated: Optional[ArrayLike] = None,
                 coded: Optional[ArrayLike] = None) -> None:
        """The images of one fold, 0: the whole data set. subject [n]: places in subject_names. estimated, coded [n,c]: intensities, both or neither."""
        y = given("labels", labels, np.int8, (None, len(self.au_ids)))
        n = len(y)
        s, p = given("score", score, np.float32, y.shape), None if probability is None else given("probability", probability, np.float32, y.shape)
        person = given("subject", subject, np.int32, (n,))
        if len(image_names) != n:
            raise ValueError(f"there are {len(image_names)} image_names, expected {n}")
        if n and not 0 <= person.min() <= person.max() < len(subject_names):
            raise ValueError(f"subject has numbers from {person.min()} to {person.max()}, but there are {len(subject_names)} names")
        people, images = ((ctypes.c_char_p * len(names))(*map(os.fsencode, names)) for names in (subject_names, image_names))
        part = _api.clile_evaluation_part(fold=fold, seed=seed, model=os.fsencode(model), protocol=os.fsencode(protocol))
        part.struct_size = ctypes.sizeof(part)
        r = None if estimated is None else given("estimated", estimated, np.float32, y.shape)  # the names keep the arrays during the call
        i = None if coded is None else given("coded", coded, np.int8, y.shape)
        part.estimated, part.coded = pointer(r), pointer(i)
        lib.clile_evaluation_add_part(self._c, ctypes.byref(part), n, pointer(s), pointer(p), pointer(given("present", present, np.int8, y.shape)), pointer(y),
                                      pointer(person), people, images)

    def save(self, path: Path) -> None:
        """Writes a file that load reads, completely or not at all."""
        text, beside = ctypes.c_char_p(), os.fsdecode(path) + f".{os.getpid()}.tmp"
        lib.clile_evaluation_copy_csv(self._c, ctypes.byref(text))
        try:
            with open(beside, "wb") as file:
                file.write(text.value or b"")
            os.replace(beside, path)
        finally:
            lib.clile_free(text)
            if os.path.exists(beside):
                os.remove(beside)

    def compare(self, other: "Evaluation", metric: str = "f1", au_ids: Optional[ArrayLike] = None) -> Comparison:
        """This evaluation (a) beside another (b) of the same images, in all AUs of this one unless others are given."""
        ids = self.au_ids if au_ids is None else given("au_ids", au_ids, np.int32, (None,))
        arrays, out = _compared(len(ids))
        lib.clile_evaluation_compare(self._c, expect("other", other, Evaluation)._c, metric.encode(), len(ids), pointer(ids), ctypes.byref(out))
        return arrays

    def report(self, published: Optional[str] = None) -> Report:
        """Each part is a fold of the report."""
        made = Report.__new__(Report)
        made._au_ids, made._count, made._folds = self.au_ids, len(self.au_ids), len(self.parts)
        made._make(lib.clile_evaluation_copy_report, self._c, None if published is None else published.encode())
        return made


def evaluate(model: Model, data: Dataset, published: Optional[str] = None, progress: Optional[Count] = None, options: Optional[Options] = None,
             **settings: Setting) -> Report:
    """The report of a model on all images of a data set, which must be of people that it was not trained on. Options: those of Predictor
    (predict_batch is 32 unless given). For the models of several folds: Report.add_predictor for each."""
    if options is None:
        settings.setdefault("predict_batch", 32)
    report = Report(expect("model", model, Model).au_ids, published)
    report.add_predictor(1, Predictor(model, options, **settings), data, progress)
    return report
