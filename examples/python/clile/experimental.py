"""What may change or disappear in any release (docs/abi.md): training by a loss of your own.

    def loss(batch):
        wrong = 1 - (2 * batch.labels - 1) * batch.logits          # hinge
        wrong = np.where((batch.labels < 0) | (wrong < 0), 0, wrong)
        gradient = np.where(wrong > 0, 1 - 2 * batch.labels, 0) / wrong.size
        return wrong.mean(), {"logits": gradient}

    trainer = clile.Trainer(model, data, method="bce")
    clile.experimental.set_loss(trainer, loss)
    trainer.train()
"""
import ctypes
from typing import Any, Callable, Mapping, Optional, Tuple

import numpy as np

from . import _api
from ._library import StateError, expect, lib
from ._train import Trainer

_OUTPUTS = ("embedding", "au_embedding", "logits")


class LossBatch:
    """The batch of a step of stage 2 (clile/experimental_loss.h). Arrays are copies, and may be kept."""

    def __init__(self, batch: Any):
        self._batch: Optional[Any] = batch
        n, d, c = batch.n, batch.d, batch.c
        self.step: int = batch.step
        self.steps: int = batch.steps
        self.index = self._copy("index", (n,))  #: [n] int64: which images of the data set
        self.subject = self._copy("subject", (n,))  #: [n] int32: whose, as Dataset.subjects
        #: [n] int32: image of the batch that the lower half is taken from, -1: its own; None without exchange_halves
        self.partner = self._copy("partner", (n,)) if batch.partner else None
        self.labels = self._copy("labels", (n, c))  #: [n,c] int8: 1 present, 0 absent, -1 not coded
        self.au_weight = self._copy("au_weight", (c,))  #: [c] float32
        self.embedding = self._copy("embedding", (n, d))  #: [n,d] float32
        self.au_embedding = self._copy("au_embedding", (c, d))  #: [c,d] float32
        self.logits = self._copy("logits", (n, c))  #: [n,c] float32

    def _copy(self, name: str, shape: Tuple[int, ...]) -> np.ndarray:
        return np.ctypeslib.as_array(getattr(self._batch, name), shape).copy()

    @property
    def input(self) -> np.ndarray:
        """[n,3,size,size] float32: input of the encoder, normalised. Only during the call."""
        if self._batch is None:
            raise StateError("the step of this batch is over")
        size = self._batch.image_size
        return self._copy("input", (self._batch.n, 3, size, size))

    def __repr__(self) -> str:
        (n, d), c = self.embedding.shape, len(self.au_weight)
        return f"LossBatch(step {self.step} of {self.steps}; {n} images, embedding {d}, {c} AU{'' if c == 1 else 's'})"

    def _put(self, gradients: Mapping[str, Any]) -> None:
        for name, gradient in gradients.items():
            if name not in _OUTPUTS:
                raise ValueError(f"a gradient by {name!r}, expected one by {', '.join(_OUTPUTS)}")
            values, shape = np.asarray(gradient), getattr(self, name).shape
            if values.shape != shape:
                raise ValueError(f"the gradient by {name} has shape {values.shape}, expected {shape}")
            np.ctypeslib.as_array(getattr(self._batch, f"diff_{name}"), shape)[...] = values


LossFunction = Callable[[LossBatch], Tuple[float, Mapping[str, Any]]]


def set_loss(trainer: Trainer, loss: Optional[LossFunction], adds: bool = False) -> None:
    """Gives stage 2 of `trainer` a loss of your own, before it runs or resumes: loss(batch) -> (value, gradients), gradients being a dict
    of arrays by "embedding" [n,d], "au_embedding" [c,d] and "logits" [n,c], those that are not 0. It is the only loss, or with `adds` one
    beside those that the options ask for. An exception that it raises is raised by run, and ends the training. None: no such loss."""
    expect("trainer", trainer, Trainer)
    function = loss

    def call(pointer: Any, _user: Any) -> int:
        batch = None
        try:
            assert function is not None
            batch = LossBatch(pointer.contents)
            value, gradients = function(batch)
            batch._put(gradients)
            pointer.contents.loss = float(value)
            return 0
        except BaseException as error:  # pylint: disable=broad-except
            trainer_thrown.append(error)
            return 1
        finally:
            if batch is not None:
                batch._batch = None

    trainer_thrown = trainer._thrown
    callback = _api.clile_loss_fn(call) if loss is not None else _api.clile_loss_fn()
    lib.clile_trainer_set_loss(trainer._c, _api.CLILE_LOSS_ADDS if adds else _api.CLILE_LOSS_REPLACES, callback, None)
    trainer._callback = callback  # kept as long as the trainer may call it
