"""clile: facial action units of people that the model never saw; the Python side of libclile.

    import clile

    model = clile.Model.load("model.safetensors")
    answer = model.predict("face.jpg")                  # or a uint8 array [h,w,3], or [n,h,w,3]
    print(answer.au_ids[answer.present])
    faces = model.read("photo.jpg")                     # every face that the finder finds
    faces = clile.read("photo.jpg")                     # by the model that comes with the library
    for frame in model.video("film.mp4"):               # people keep their numbers
        print(frame.time, [face.person for face in frame.faces])
    table = clile.to_pandas(model.video("film.mp4"))    # where pandas is installed

    data = clile.Dataset.from_arrays(images, labels, subject, au_ids)
    train, test = data.fold("kfold:3", 1)               # split by subject
    model = clile.train(train, epochs=20, progress=print)
    model.save("model.safetensors")

NumPy arrays of the right type and layout are passed as they are. Failures are exceptions below clile.Error, with the library's message.
Functions of the library run without the interpreter's lock. Handles close themselves, in any order, and work with `with`.
"""
from . import experimental, losses, metrics
from ._data import Counts, Dataset, Fold, Sample, concat, read_image
from ._events import Event, Events, events, find_events
from ._library import (BackendError, Cancelled, CorruptError, Error, FileError, FormatError, InternalError, InvalidArgument, NotFinite, OutOfMemory,
                       StateError, Unsupported, au_name, lib)
from ._model import Answers, Decision, FaceFile, FoundFace, ImportedTensor, Model, Prediction, Predictor, Reader, read
from ._options import OptionInfo, Options, describe_options
from ._tables import as_rows, read_table, to_pandas
from ._train import Progress, Trainer, TrainerState, train
from ._video import Frame, Neutral, TrackedFace, Tracker, Video
from .metrics import Comparison, Evaluation, Part, evaluate

__version__: str = lib.clile_version().decode()

__all__ = [
    "Answers", "BackendError", "Cancelled", "Comparison", "CorruptError", "Counts", "Dataset", "Decision", "Error", "Evaluation", "Event", "Events", "FaceFile",
    "FileError", "Fold", "FormatError", "FoundFace", "Frame", "ImportedTensor", "InternalError", "InvalidArgument", "Model", "Neutral", "NotFinite",
    "OptionInfo", "Options", "OutOfMemory", "Part", "Prediction", "Predictor", "Progress", "Reader", "Sample", "StateError", "TrackedFace", "Tracker",
    "Trainer", "TrainerState", "Unsupported", "Video", "as_rows", "au_name", "concat", "describe_options", "evaluate", "events", "experimental", "find_events",
    "losses", "metrics", "read", "read_image", "read_table", "to_pandas", "train",
]
