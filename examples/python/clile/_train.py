"""Training, with progress and Ctrl-C."""
import ctypes
import os
import signal
import threading
from types import TracebackType
from typing import Any, Callable, List, NamedTuple, Optional, Type

from . import _api
from ._data import Dataset, Path
from ._library import Cancelled, Handle, StateError, expect, lib
from ._model import Model
from ._options import Options, Setting


class Progress(NamedTuple):
    """Progress, after each step (clile/trainer.h)."""

    stage: int
    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    loss_bce: float
    loss_contra: float
    loss_elimination: float
    learning_rate: float
    images_per_second: float
    seconds_left: float
    epoch_end: int
    validation_f1: float
    validation_auc: float
    loss_points: float
    loss_values: float
    mean_loss: float
    mean_loss_bce: float
    mean_loss_contra: float
    mean_loss_elimination: float
    mean_loss_points: float
    mean_loss_values: float
    epoch_seconds: float
    epoch_images_per_second: float
    loss_method: float
    mean_loss_method: float


class TrainerState(NamedTuple):
    """Where a trainer is (clile/trainer.h)."""

    stage: int
    step: int
    steps: int
    steps_per_epoch: int
    epoch: int
    epochs: int


ProgressFunction = Callable[[Progress], Any]


class _Interrupt:
    """While training runs on the main thread, Ctrl-C is noted and not raised: raised inside a callback of ctypes it could be lost."""

    def __init__(self) -> None:
        self.seen = False
        self._previous: Any = None

    def __enter__(self) -> "_Interrupt":
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._previous = signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, *_: Any) -> None:
        self.seen = True

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
        if self.seen:
            raise KeyboardInterrupt from None


class Trainer(Handle):
    """Trains a model on a data set; one thread at a time. Closing it frees all that knows the training subjects."""

    _kind = "clile_trainer"

    def __init__(self, model: Model, train: Dataset, options: Optional[Options] = None, **settings: Setting):
        """Options: the groups method and training of docs/options.md."""
        self._model = expect("model", model, Model)
        expect("train", train, Dataset)
        self._running = threading.Lock()
        self._thrown: List[BaseException] = []  # by a loss of the caller's own (experimental.py)
        self._callback: Any = None
        model._forget_predictor()
        both = Options(options, **settings)
        self._validation_every = both["validation_every"]
        self._history: Optional[Path] = None
        self._tensorboard: Optional[Path] = None
        self._make(lib.clile_trainer_create, model._c, train._c, both._c)

    def _describe(self) -> str:
        if self._running.locked():
            return "running"
        at = self.state
        if self.next_stage == 0:
            return "finished, or failed"
        return f"stage {at.stage}, step {at.step} of {at.steps}, epoch {at.epoch} of {at.epochs}"

    @property
    def needs_stage1(self) -> bool:
        """Whether these options have a stage 1."""
        return lib.clile_trainer_needs_stage1(self._c) != 0

    @property
    def next_stage(self) -> int:
        """The stage to run next, 1 or 2; 0 if training is finished or a step failed."""
        return int(lib.clile_trainer_next_stage(self._c))

    @property
    def state(self) -> TrainerState:
        """The state of training; not while it runs."""
        state = _api.clile_trainer_state(struct_size=ctypes.sizeof(_api.clile_trainer_state))
        lib.clile_trainer_get_state(self._c, ctypes.byref(state))
        return TrainerState(*(getattr(state, field) for field in TrainerState._fields))

    def set_history(self, path: Optional[Path]) -> None:
        """The file for the history of the run, a line of JSON for each epoch (docs/history.md); None: no history. Call it before the first run."""
        lib.clile_trainer_set_history(self._c, None if path is None else os.fsencode(path))
        self._history = path

    def set_tensorboard(self, folder: Optional[Path]) -> None:
        """A folder for the same values as events of TensorBoard; None: no events. Call it before the first run."""
        lib.clile_trainer_set_tensorboard(self._c, None if folder is None else os.fsencode(folder))
        self._tensorboard = folder

    def run(self, stage: int, progress: Optional[ProgressFunction] = None) -> None:
        """Runs stage 1 or 2 to its end, or continues it. progress is called after each step: a result other than None and 0 stops with Cancelled, an
        exception stops and is raised here; so does Ctrl-C, as KeyboardInterrupt. The next run continues. Without progress
        and history nothing is validated."""
        owner, thrown = self._c, self._thrown  # type: Any, List[BaseException]

        def on_progress(pointer: Any, _user: Any) -> int:
            try:
                if interrupt.seen:
                    return 1
                if progress is None:
                    return 0
                told = pointer.contents
                return 1 if progress(Progress(*(getattr(told, field) for field in Progress._fields))) or interrupt.seen else 0
            except BaseException as error:  # pylint: disable=broad-except
                thrown.append(error)
                return 1

        if not self._running.acquire(blocking=False):  # pylint: disable=consider-using-with
            raise StateError("this trainer is running already")
        try:
            heard = progress is not None or self._history is not None or self._tensorboard is not None
            lib.clile_trainer_set_validation_every(owner, self._validation_every if heard else 0)
            with _Interrupt() as interrupt:
                try:
                    lib.clile_trainer_run(owner, stage, _api.clile_progress_fn(on_progress), None)
                except Cancelled:
                    if thrown:
                        raise thrown[0] from None
                    raise
        finally:
            thrown.clear()
            self._running.release()

    def train(self, progress: Optional[ProgressFunction] = None) -> None:
        """Runs stage 1 if needed, then stage 2; after an interruption or a resume, what is left of them."""
        while self.next_stage == 1:
            self.run(1, progress)
        self.run(2, progress)  # a finished or broken trainer raises

    def save(self, path: Path) -> None:
        """Writes a checkpoint: everything the run depends on. Also allowed before a run, in the progress function, and after the run."""
        lib.clile_trainer_save(self._c, os.fsencode(path))

    def resume(self, path: Path) -> None:
        """Continues from a checkpoint, with the same bits. Call it before the first run. An option that was set here to another value is an error that
        names it, except epochs and what belongs to the machine (clile/trainer.h)."""
        lib.clile_trainer_resume(self._c, os.fsencode(path))


def train(data: Dataset, options: Optional[Options] = None, *, model: Optional[Model] = None, progress: Optional[ProgressFunction] = None,
          history: Optional[Path] = None, tensorboard: Optional[Path] = None, **settings: Setting) -> Model:
    """A model for the AUs of `data`, trained on all of it: train(data, epochs=20, progress=print). `model`: one to start from. `history`: a file
    for a line of JSON for each epoch (docs/history.md). `tensorboard`: a folder for the same as events of TensorBoard."""
    expect("data", data, Dataset)
    both = Options(options, **settings)
    if model is None:
        model = Model(data.au_ids, both)
    with Trainer(model, data, both) as trainer:
        trainer.set_history(history)
        trainer.set_tensorboard(tensorboard)
        trainer.train(progress)
    return model
