"""The model and the predictor."""
import json
import os
import threading
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from . import _api
from ._arrays import given, pointer
from ._data import Path, read_image
from ._library import Handle, copy_text, lib
from ._options import Options, Value, as_options


class Prediction(NamedTuple):
    """Answers for one image, or with a first axis n more for n images. present is True exactly where probability > 0.5."""

    au_ids: np.ndarray  # [c] int32
    probability: np.ndarray  # [c] float32; from run(..., scores=True) the similarity instead
    present: np.ndarray  # [c] bool
    embedding: np.ndarray  # [d] float32


class Decision(NamedTuple):
    """Probability of AU c = s(slope_c * score_c + offset_c)."""

    slope: np.ndarray
    offset: np.ndarray


class ImportedTensor(NamedTuple):
    """What became of a tensor: matched, kept (the model's own fc), left_over, or ignored (num_batches_tracked)."""

    outcome: str
    name: Optional[str]  # torchvision's, in the model
    file_name: Optional[str]
    file_dtype: Optional[str]  # "F32", "F16", ...
    shape: Optional[Tuple[int, ...]]
    file_shape: Optional[Tuple[int, ...]]


class Model(Handle):
    """A general encoder, one embedding for each AU, and the decision rule. Shared by threads for reading."""

    _kind = "clile_model"

    def __init__(self, au_ids: Any, options: Optional[Options] = None, **settings: Value):
        """Untrained, with random weights. Options: backbone, width, embedding, image_size, similarity, null_anchor, seed."""
        self._prepare()
        au_ids = given("au_ids", au_ids, np.int32, (None,))
        self._make(lib.clile_model_create, as_options(options, settings), len(au_ids), pointer(au_ids))

    def _prepare(self) -> None:
        self._lock = threading.Lock()
        self._predictor: Optional["Predictor"] = None  # what predict() made; dropped when the model changes

    @classmethod
    def load(cls, path: Path) -> "Model":
        model = cls.__new__(cls)
        model._prepare()
        model._make(lib.clile_model_load, os.fsencode(path))
        return model

    def save(self, path: Path) -> None:
        lib.clile_model_save(self._c, os.fsencode(path))

    def close(self) -> None:
        self._forget_predictor()
        super().close()

    def _forget_predictor(self) -> None:
        with self._lock:
            self._predictor = None

    def import_backbone(self, path: Path, prefix: Optional[str] = None) -> List[ImportedTensor]:
        """Weights of a torchvision ResNet, from safetensors or a .pth of PyTorch (nothing of it is run). prefix: what stands before
        torchvision's names in the file; None: found by itself."""
        outcomes = ("matched", "kept", "missing", "mismatched", "left_over", "ignored")
        told: List[ImportedTensor] = []

        def on_item(pointer_to_item: Any, _user: Any) -> None:
            item = pointer_to_item.contents
            shapes = [tuple(sizes[:count]) if sizes else None for count, sizes in ((item.ndim, item.shape), (item.file_ndim, item.file_shape))]
            texts = [text.decode() if text is not None else None for text in (item.name, item.file_name, item.file_dtype)]
            told.append(ImportedTensor(outcomes[item.outcome], *texts, *shapes))

        self._forget_predictor()
        lib.clile_model_import_backbone_report(self._c, os.fsencode(path), None if prefix is None else prefix.encode(),
                                               _api.clile_import_fn(on_item), None)
        return told

    def predict(self, image: Any, landmarks: Any = None) -> Prediction:
        """The action units of a crop of a face [h,w,3] uint8 RGB, of many [n,h,w,3], or of an image file; with landmarks [5 or 68, 2] of a
        face in a whole image. The predictor behind it is kept; threads take turns (for several at once, make a Predictor each)."""
        with self._lock:
            predictor = self._predictor = self._predictor or Predictor(self)
        return predictor.run(image) if landmarks is None else predictor.run_landmarks(image, landmarks)

    @property
    def au_ids(self) -> np.ndarray:
        """[c] int32"""
        out = np.empty(lib.clile_model_au_count(self._c), np.int32)
        lib.clile_model_copy_au_ids(self._c, pointer(out))
        return out

    @property
    def embedding_size(self) -> int:
        return lib.clile_model_embedding_size(self._c)

    @property
    def image_size(self) -> int:
        return lib.clile_model_image_size(self._c)

    @property
    def is_trained(self) -> bool:
        return lib.clile_model_is_trained(self._c) != 0

    @property
    def is_quantized(self) -> bool:
        """int8 weights, of quantize()."""
        return lib.clile_model_is_quantized(self._c) != 0

    def quantize(self, images: Any, options: Optional[Options] = None, **settings: Value) -> "Model":
        """An int8 copy; activations are measured on crops [n,h,w,3] uint8 RGB, some hundred of the training set. Options: threads."""
        pixels = given("images", images, np.uint8, (None, None, None, 3))
        model = type(self).__new__(type(self))
        model._prepare()
        model._make(lib.clile_model_quantize, self._c, pixels.shape[0], pointer(pixels), *pixels.shape[1:3], as_options(options, settings))
        return model

    @property
    def au_embedding(self) -> np.ndarray:
        """[c,d] float32"""
        out = np.empty((lib.clile_model_au_count(self._c), self.embedding_size), np.float32)
        lib.clile_model_copy_au_embedding(self._c, pointer(out))
        return out

    @property
    def decision(self) -> Decision:
        rule = Decision(*(np.empty(lib.clile_model_au_count(self._c), np.float32) for _ in range(2)))
        lib.clile_model_copy_decision(self._c, pointer(rule.slope), pointer(rule.offset))
        return rule

    def set_decision(self, slope: Any, offset: Any, au_embedding: Any = None) -> None:
        """Of a model that was trained by a loop of one's own; marks it trained."""
        c = lib.clile_model_au_count(self._c)
        slope, offset = given("slope", slope, np.float32, (c,)), given("offset", offset, np.float32, (c,))
        if au_embedding is not None:
            au_embedding = given("au_embedding", au_embedding, np.float32, (c, self.embedding_size))
        self._forget_predictor()
        lib.clile_model_set_decision(self._c, pointer(au_embedding), pointer(slope), pointer(offset))

    def get_metadata(self, key: str) -> Optional[str]:
        owner = self._c
        value = lib.clile_model_get_metadata(owner, key.encode())
        return None if value is None else value.decode()

    def set_metadata(self, key: str, value: str) -> None:
        lib.clile_model_set_metadata(self._c, key.encode(), value.encode())

    @property
    def info(self) -> Dict[str, Any]:
        """What the model is: backbone, sizes, AUs, decision, how it was trained."""
        return json.loads(copy_text(lib.clile_model_copy_json, self._c))

    def __repr__(self) -> str:
        return "Model(closed)" if self.closed else f"Model(AUs {self.au_ids.tolist()}, {'trained' if self.is_trained else 'untrained'})"


def lies_apart(pixels: np.ndarray) -> bool:
    """Whether [n,h,w,3] are bytes whose rows and images follow each other with gaps: what C takes by strides."""
    n, h, w = pixels.shape[:3]
    least = (h - 1) * pixels.strides[1] + 3 * w
    return (pixels.dtype == np.uint8 and pixels.shape[3] == 3 and pixels.strides[2:] == (3, 1) and pixels.strides[1] >= 3 * w
            and (n == 1 or pixels.strides[0] >= least) and not pixels.flags.c_contiguous)


class Predictor(Handle):
    """A model compiled for answers. Threads that share one take turns; make one for each over one model to run at once."""

    _kind = "clile_predictor"

    def __init__(self, model: Model, options: Optional[Options] = None, **settings: Value):
        """Options: batch (images at once), threads."""
        self._lock = threading.Lock()
        self._au_ids, self._d = model.au_ids, model.embedding_size
        self._au_ids.setflags(write=False)
        self._make(lib.clile_predictor_create, model._c, as_options(options, settings))

    def _room(self, n: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        c = len(self._au_ids)
        return np.empty((n, c), np.float32), np.empty((n, c), np.int8), np.empty((n, self._d), np.float32)

    def _answer(self, value: np.ndarray, present: np.ndarray, embedding: np.ndarray, single: bool) -> Prediction:
        arrays = (value, present.view(np.bool_), embedding)
        return Prediction(self._au_ids, *(array[0] if single else array for array in arrays))

    def run(self, images: Union[str, "os.PathLike[str]", Any], scores: bool = False) -> Prediction:
        """Crops of faces, as in Model.predict. scores: similarities in place of probabilities. A part of a larger array is not copied."""
        pixels = read_image(images) if isinstance(images, (str, os.PathLike)) else np.asarray(images)
        single = pixels.ndim == 3
        if not scores and pixels.ndim in (3, 4) and pixels.size and lies_apart(pixels[None] if single else pixels):
            return self._run_strided(pixels[None] if single else pixels, single)
        pixels = given("image", pixels, np.uint8, (None,) * (pixels.ndim - 1) + (3,) if single else (None, None, None, 3))
        n, h, w = (1, *pixels.shape[:2]) if single else pixels.shape[:3]
        room = self._room(n)
        run = lib.clile_predictor_run_scores if scores else lib.clile_predictor_run
        with self._lock:
            run(self._c, n, pointer(pixels), h, w, *map(pointer, room))
        return self._answer(*room, single)

    def _run_strided(self, pixels: np.ndarray, single: bool) -> Prediction:
        room = self._room(len(pixels))
        with self._lock:
            lib.clile_predictor_run_strided(self._c, len(pixels), pointer(pixels), *pixels.shape[1:3], pixels.strides[1], pixels.strides[0] if len(pixels) > 1 else 0, *map(pointer, room))
        return self._answer(*room, single)

    def run_landmarks(self, image: Any, landmarks: Any) -> Prediction:
        """One face in a whole image [h,w,3], aligned by landmarks [5 or 68, 2] in pixels. A part of a larger image is not copied."""
        pixels, stride = rows(image)
        points = given("landmarks", landmarks, np.float32, (None, 2))
        room = self._room(1)
        with self._lock:
            lib.clile_predictor_run_landmarks(self._c, pointer(pixels), *pixels.shape[:2], stride, len(points), pointer(points), *map(pointer, room))
        return self._answer(*room, True)

    def run_box(self, image: Any, box: Any, margin: float = 0.22) -> Prediction:
        """One face in a whole image of which only a box is known: left, top, width, height in pixels; margin as in clile/predictor.h."""
        pixels, stride = rows(image)
        box = given("box", box, np.float32, (4,))
        room = self._room(1)
        with self._lock:
            lib.clile_predictor_run_box(self._c, pointer(pixels), *pixels.shape[:2], stride, pointer(box), margin, *map(pointer, room))
        return self._answer(*room, True)


def rows(image: Any) -> Tuple[np.ndarray, int]:
    """A whole image [h,w,3] and the bytes from row to row; a part of a larger image is not copied."""
    pixels = read_image(image) if isinstance(image, (str, os.PathLike)) else np.asarray(image)
    if pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.strides[1:] == (3, 1) and pixels.strides[0] > 0:
        return pixels, pixels.strides[0]
    return given("image", pixels, np.uint8, (None, None, 3)), 0
