"""Answers as rows and, where pandas is installed, as data frames."""
import csv
import importlib
import io
import os
from typing import Any, Dict, Iterable, Iterator, Union

from ._events import Event
from ._library import au_name
from ._model import FoundFace
from ._video import Frame, Path, TrackedFace
from .metrics import Evaluation, Report

Row = Dict[str, Any]
Tabular = Union[Report, Evaluation, Iterable[Union[FoundFace, Frame, Event]]]
WHOLE = ("frame", "person", "success", "found", "face", "au", "onset_frame", "apex_frame", "last_frame", "frames", "present", "neutral_present")


def _answers(face: Union[FoundFace, TrackedFace]) -> Row:
    row: Row = {}
    for au, p, present in zip(face.au_ids, face.probability, face.present):
        row[f"AU{au:02d}_p"], row[f"AU{au:02d}_c"] = float(p), int(present)
    return row


def _box(face: Union[FoundFace, TrackedFace]) -> Row:
    return dict(zip("xywh", map(float, face.box)))


def _tested(source: Evaluation) -> Iterator[Row]:
    """A row for each image, with the columns of its file (docs/evaluation.md)."""
    score, probability, present, labels = source.score, source.probability, source.present, source.labels
    estimated, coded = source.estimated, source.coded
    graded = any(value == value for value in estimated.flat)
    aus, subject, people, images = source.au_ids, source.subject, source.subject_names, source.image_names
    for part in source.parts:
        for k in range(part.first, part.first + part.images):
            row: Row = {"model": part.model, "seed": part.seed, "protocol": part.protocol, "fold": part.fold, "subject": people[subject[k]], "image": images[k]}
            for c, au in enumerate(aus):
                p = float(probability[k, c])
                row.update({f"AU{au:02d}_s": float(score[k, c]), f"AU{au:02d}_p": None if p != p else p, f"AU{au:02d}_c": int(present[k, c]),
                            f"AU{au:02d}_y": int(labels[k, c])})
                if graded:
                    r = float(estimated[k, c])
                    row.update({f"AU{au:02d}_r": None if r != r else r, f"AU{au:02d}_i": None if r != r else int(coded[k, c])})
            yield row


def as_rows(source: Tabular) -> Iterator[Row]:
    """Dictionaries with the columns of `clile predict --csv` (docs/formats.md), one for each face: of clile.read or Model.read, or of the frames of
    Model.video, as they come; None is not known. Of clile.events: one for each event. Of a Report: one for each AU, as Report.table("csv"). Of an Evaluation:
    one for each image, as in its file."""
    if isinstance(source, Report):
        yield from csv.DictReader(io.StringIO(source.table("csv")))
        return
    if isinstance(source, Evaluation):
        yield from _tested(source)
        return
    for number, one in enumerate(source, 1):
        if isinstance(one, Frame):
            start: Row = {"frame": one.index + 1, "time": one.time}
            if not one.faces:
                yield {**start, "person": None, "success": 0}
            for tracked in one.faces:
                yield {**start, "person": tracked.person, "success": 1, **_answers(tracked), "found": int(tracked.found), **_box(tracked)}
        elif isinstance(one, FoundFace):
            yield {"face": number, "success": 1, **_answers(one), **_box(one)}
        elif isinstance(one, Event):
            yield {"person": one.person, "au": one.au, "name": au_name(one.au), "onset": one.onset, "apex": one.apex, "offset": one.offset,
                   "duration": one.duration, "onset_frame": one.onset_frame, "apex_frame": one.apex_frame, "last_frame": one.last_frame,
                   "peak": one.peak, "mean": one.mean}
        else:
            raise TypeError(f"expected faces of read, frames of Model.video, events, a Report or an Evaluation, found {type(one).__name__}")


def _pandas() -> Any:
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise ImportError("this needs pandas (pip install pandas); clile.as_rows works without it") from error


def _typed(frame: Any) -> Any:
    """Whole numbers stay whole where some are not known."""
    for name in frame.columns:
        if name in WHOLE or (name.startswith("AU") and name.endswith(("_c", "_nc", "_y", "_i"))):
            frame[name] = frame[name].astype("Int64")
        elif name.startswith("AU") and name.endswith(("_p", "_np", "_r", "_s")):
            frame[name] = frame[name].astype("float64")
    return frame


def to_pandas(source: Tabular) -> Any:
    """A pandas.DataFrame of as_rows. ImportError without pandas. For Parquet: clile.to_pandas(...).to_parquet("aus.parquet")."""
    pandas = _pandas()
    if isinstance(source, Report):
        return pandas.read_csv(io.StringIO(source.table("csv")))
    return _typed(pandas.DataFrame.from_records(list(as_rows(source))))


def read_table(path: Path) -> Any:
    """A pandas.DataFrame of a file that `clile predict` has written: --csv or any --format, --json (a name that ends in .json or .jsonl), --events; of `clile eval --answers`; of
    Parquet (.parquet). Names stay text, whatever they look like. ImportError without pandas."""
    pandas, name = _pandas(), os.fsdecode(path)
    if name.endswith(".parquet"):
        return _typed(pandas.read_parquet(name))
    if name.endswith((".json", ".jsonl")):
        return _typed(pandas.read_json(name, lines=True, dtype={"image": str}))
    text = {"image": str, "input": str, "name": str, "Identity": str, "subject": str, "model": str, "protocol": str}
    return _typed(pandas.read_csv(name, dtype=text, keep_default_na=False, na_values=[""]))
