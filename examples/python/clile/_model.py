"""The model and the predictor."""
import ctypes
import dataclasses
import json
import os
import threading
import warnings
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike

from . import _api
from ._arrays import convert, given, pointer
from ._data import Dataset, Path, read_image
from ._library import Count, Handle, au_name, copy_text, count_callback, expect, lib, name_aus
from ._options import Options, Setting, as_options
from ._video import Frame, Tracker, Video


Image = Union[Path, bytes, bytearray, memoryview, np.ndarray]  # a file, a file's content, or pixels
Places = Union[ArrayLike, Sequence[Optional[ArrayLike]], None]  # landmarks or boxes: of one face, or of each


class _Prediction(NamedTuple):
    au_ids: np.ndarray  # [c] int32
    probability: np.ndarray  # [c] float32; from run(..., scores=True) the similarity instead
    present: np.ndarray  # [c] bool
    embedding: np.ndarray  # [d] float32


class Prediction(_Prediction):
    """Answers for one image, or with a first axis n more for n images. present is True exactly where probability > 0.5."""

    intensity: Optional[np.ndarray] = None  # [c] float32, 0 to 5, not in the tuple; None: the model knows none (Model.has_intensity)

    @property
    def au_names(self) -> List[Optional[str]]:
        """[c]: clile.au_name of each."""
        return [au_name(au) for au in self.au_ids]

    def __repr__(self) -> str:
        if self.probability.ndim != 1:
            return f"Prediction({len(self.probability)} faces; {name_aus(self.au_ids)})"
        rows = zip(self.au_ids, self.probability, self.present)
        return f"Prediction({', '.join(f'AU{au} {p:.2f}' + '*' * bool(here) for au, p, here in rows)}; * present)"


class _Answers(NamedTuple):
    au_ids: np.ndarray  # [c] int32
    probability: np.ndarray  # [n,c] float32
    score: np.ndarray  # [n,c] float32: similarities
    present: np.ndarray  # [n,c] bool
    embedding: np.ndarray  # [n,d] float32
    success: np.ndarray  # [n] bool


class Answers(_Answers):
    """Answers for n images of a data set. Where success is False the image could not be read: NaN, and absent."""

    intensity: Optional[np.ndarray] = None  # [n,c] float32, 0 to 5, not in the tuple; None: the model knows none

    def __repr__(self) -> str:
        failed = len(self.success) - int(self.success.sum())
        return f"Answers({len(self.success)} images{f', {failed} of them could not be read' if failed else ''}; {name_aus(self.au_ids)})"


class Decision(NamedTuple):
    """Probability of AU c = s(slope_c * score_c + offset_c)."""

    slope: np.ndarray
    offset: np.ndarray


class ImportedTensor(NamedTuple):
    """The outcome of a tensor: matched, kept (the model's own fc), left_over, or ignored (num_batches_tracked)."""

    outcome: str
    name: Optional[str]  # torchvision's, in the model
    file_name: Optional[str]
    file_dtype: Optional[str]  # "F32", "F16", ...
    shape: Optional[Tuple[int, ...]]
    file_shape: Optional[Tuple[int, ...]]


class Model(Handle):
    """A general encoder, one embedding for each AU, and the decision rule. Shared by threads for reading."""

    _kind = "clile_model"

    def __init__(self, au_ids: ArrayLike, options: Optional[Options] = None, **settings: Setting):
        """Untrained, with random weights. Options: backbone, stem, width, embedding, image_size, standardize, similarity, null_anchor, seed."""
        self._prepare()
        aus = given("au_ids", au_ids, np.int32, (None,))
        self._make(lib.clile_model_create, as_options(options, settings), len(aus), pointer(aus))

    def _prepare(self) -> None:
        self._lock = threading.Lock()
        self._predictor: Optional["Predictor"] = None  # what predict() made; dropped when the model changes

    @classmethod
    def load(cls, source: Union[Path, bytes, bytearray, memoryview]) -> "Model":
        """`source` is a path, or the file's content as bytes."""
        model = cls.__new__(cls)
        model._prepare()
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
            model._make(lib.clile_model_load_memory, data, len(data))
        else:
            model._make(lib.clile_model_load, os.fsencode(source))
        return model

    @classmethod
    def default(cls, options: Optional[Options] = None, **settings: Setting) -> "Model":
        """The model for photographs that comes with the library (docs/photo-model.md). FileError where it is not installed."""
        model = cls.__new__(cls)
        model._prepare()
        model._make(lib.clile_model_load_default, as_options(options, settings))
        return model

    def to_bytes(self) -> bytes:
        """What save() would write."""
        data, size = ctypes.POINTER(ctypes.c_uint8)(), ctypes.c_size_t()
        lib.clile_model_save_memory(self._c, ctypes.byref(data), ctypes.byref(size))
        try:
            return ctypes.string_at(data, size.value)
        finally:
            lib.clile_free(data)

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self).load, (self.to_bytes(),)  # pickle and copy

    def save(self, path: Path) -> None:
        """Writes a safetensors file, completely or not at all."""
        lib.clile_model_save(self._c, os.fsencode(path))

    def close(self) -> None:
        """Frees the memory; closing twice is fine. Predictors made from it still work."""
        self._forget_predictor()
        super().close()

    def _forget_predictor(self) -> None:
        with self._lock:
            self._predictor = None

    def read(self, image: Any, bgr: bool = False, finder: Optional[str] = None, **settings: Setting) -> List["FoundFace"]:
        """The faces in a photograph and their action units; for many photographs, create one Reader."""
        with Reader(self, finder, None, **settings) as reader:
            return reader.read(image, bgr)

    def video(self, path: Path, camera: bool = False, finder: Optional[str] = None, **settings: Setting) -> Iterator[Frame]:
        """The frames of a video file, of standard input ("-") or of a camera, with the faces in them, each with the number of its person:

            for frame in model.video("film.mp4"):
                for face in frame.faces:
                    print(frame.time, face.person, face.probability)

        Options: those of Tracker and Video. Memory does not grow with the length."""
        options = Options(**settings) if settings else None
        source, tracker = Video(path, options, camera), Tracker(self, finder, options)
        return (dataclasses.replace(frame, faces=tuple(tracker.read(frame.image))) for frame in source)

    def import_backbone(self, path: Path, prefix: Optional[str] = None) -> List[ImportedTensor]:
        """Weights of a torchvision ResNet, from safetensors or a .pth of PyTorch (no code in it is run). prefix: what precedes torchvision's names in the
        file; None: found automatically."""
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

    def predict(self, image: Union[Image, Iterable[Image]], landmarks: Places = None, box: Places = None, crop: bool = False, bgr: bool = False) -> Prediction:
        """The action units of a face, or of many: a path, a file's content, an array, or several of them. As Predictor.run, on a predictor with default
        options that is kept. Threads take turns
        (for several at once, make a Predictor each)."""
        with self._lock:
            predictor = self._predictor = self._predictor or Predictor(self)
        return predictor._run(image, landmarks, box, crop, bgr, False)

    def points(self, image: Union[Image, Iterable[Image]], landmarks: Places = None, box: Places = None, crop: bool = False, bgr: bool = False) -> np.ndarray:
        """The points of a face, or of many, [p,2] or [n,p,2] in pixels: Predictor.points on the predictor that predict keeps."""
        with self._lock:
            predictor = self._predictor = self._predictor or Predictor(self)
        return predictor._points(image, landmarks, box, crop, bgr)

    @property
    def au_ids(self) -> np.ndarray:
        """[c] int32: the numbers of the AUs, in the order of its answers"""
        out = np.empty(lib.clile_model_au_count(self._c), np.int32)
        lib.clile_model_copy_au_ids(self._c, pointer(out))
        return out

    @property
    def au_names(self) -> List[Optional[str]]:
        """[c]: clile.au_name of each."""
        return [au_name(au) for au in self.au_ids]

    @property
    def embedding_size(self) -> int:
        """d: the size of an embedding"""
        return lib.clile_model_embedding_size(self._c)

    @property
    def image_size(self) -> int:
        """Side of the square crop in pixels; other images are resized."""
        return lib.clile_model_image_size(self._c)

    @property
    def is_trained(self) -> bool:
        """Whether it can predict: it was trained, loaded as trained, or given a decision."""
        return lib.clile_model_is_trained(self._c) != 0

    @property
    def point_count(self) -> int:
        """How many points Predictor.points finds; 0: none (training with keep_points=1 keeps them)."""
        return lib.clile_model_point_count(self._c)

    @property
    def has_intensity(self) -> bool:
        """Whether it says how strong an AU is, because its training data had intensities."""
        return lib.clile_model_has_intensity(self._c) != 0

    @property
    def is_quantized(self) -> bool:
        """int8 weights, of quantize()."""
        return lib.clile_model_is_quantized(self._c) != 0

    def quantize(self, images: ArrayLike, options: Optional[Options] = None, **settings: Setting) -> "Model":
        """An int8 copy; activations are measured on crops [n,h,w,3] uint8 RGB: use a few hundred of the training set. Options: threads."""
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
        """How a score becomes a probability: slope [c] and offset [c]."""
        rule = Decision(*(np.empty(lib.clile_model_au_count(self._c), np.float32) for _ in range(2)))
        lib.clile_model_copy_decision(self._c, pointer(rule.slope), pointer(rule.offset))
        return rule

    def set_decision(self, slope: ArrayLike, offset: ArrayLike, au_embedding: Optional[ArrayLike] = None) -> None:
        """Sets slope [c], offset [c] and the AU vectors [c,d] of a model trained by a loop of your own, and marks it as trained."""
        c = lib.clile_model_au_count(self._c)
        rule = given("slope", slope, np.float32, (c,)), given("offset", offset, np.float32, (c,))
        vectors = None if au_embedding is None else given("au_embedding", au_embedding, np.float32, (c, self.embedding_size))
        self._forget_predictor()
        lib.clile_model_set_decision(self._c, pointer(vectors), *map(pointer, rule))

    def get_metadata(self, key: str) -> Optional[str]:
        """A metadata entry of the file; None: there is none."""
        owner = self._c
        value = lib.clile_model_get_metadata(owner, key.encode())
        return None if value is None else value.decode()

    def card(self) -> str:
        """The model card, in Markdown: what it was trained on and how, what was measured, limits."""
        return copy_text(lib.clile_model_copy_card, self._c)

    def set_card(self, markdown: Optional[str] = None) -> None:
        """A card of your own, which begins with "#"; None: composed from the metadata. Weights do not change."""
        lib.clile_model_set_card(self._c, None if markdown is None else markdown.encode())

    def set_metadata(self, key: str, value: str) -> None:
        """Sets a metadata entry, saved with the model."""
        lib.clile_model_set_metadata(self._c, key.encode(), value.encode())

    @property
    def info(self) -> Dict[str, Any]:
        """What the model is: backbone, sizes, AUs, decision, how it was trained."""
        return json.loads(copy_text(lib.clile_model_copy_json, self._c))

    def _describe(self) -> str:
        info, state = self.info, "trained" if self.is_trained else "untrained"
        return (f"{name_aus(self.au_ids)}; {info['backbone']} of width {info['width']:g}, {self.image_size} px, embedding {self.embedding_size}; "
                f"{'int8, ' if self.is_quantized else ''}{state}")


class Predictor(Handle):
    """A model compiled for inference. Threads that share one take turns; to run in parallel, create one per thread over one model."""

    _kind = "clile_predictor"

    def __init__(self, model: Model, options: Optional[Options] = None, **settings: Setting):
        """Options: predict_batch, threads, box_margin. A snapshot: later changes of the model do not change its answers."""
        self._lock, self._warned = threading.Lock(), False
        expect("model", model, Model)
        self._au_ids, self._d, self._p = model.au_ids, model.embedding_size, model.point_count
        self._au_ids.setflags(write=False)
        self._make(lib.clile_predictor_create, model._c, as_options(options, settings))

    def _describe(self) -> str:
        return f"{name_aus(self._au_ids)}; embedding {self._d}"

    def _room(self, n: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        c = len(self._au_ids)
        return np.empty((n, c), np.float32), np.empty((n, c), np.int8), np.empty((n, self._d), np.float32)

    def _answer(self, value: np.ndarray, present: np.ndarray, embedding: np.ndarray, single: bool) -> Prediction:
        arrays = (value, present.view(np.bool_), embedding)
        answer = Prediction(self._au_ids, *(array[0] if single else array for array in arrays))
        intensity = intensity_of(lib.clile_predictor_get_model(self._c), embedding, len(self._au_ids))
        answer.intensity = intensity[0] if single and intensity is not None else intensity
        return answer

    def run(self, images: Union[Image, Iterable[Image]], landmarks: Places = None, box: Places = None, crop: bool = False, bgr: bool = False,
            scores: bool = False) -> Prediction:
        """The action units of the faces in an image: the path of a file, a file's content as bytes, or uint8 [h,w,3] RGB (bgr=True: as OpenCV has it),
        [h,w,4] with alpha, [h,w] grey.
        landmarks [5 or 68, 2] or box [left, top, width, height] in pixels say where the face is; without them, the image is the face, cropped like the
        training images, which crop=True confirms. Several faces: landmarks [n,points,2] or box [n,4]; or images as a list or [n,h,w,3], with one face of
        each and
        landmarks or box a list as long, whose entries may be None. Answers then have a first axis. Pixels are not copied, not even a part of a larger
        array. scores: similarities instead of probabilities, only for crops."""
        return self._run(images, landmarks, box, crop, bgr, scores)

    def points(self, images: Union[Image, Iterable[Image]], landmarks: Places = None, box: Places = None, crop: bool = False, bgr: bool = False) -> np.ndarray:
        """The points of the faces, [p,2] or for several faces [n,p,2], in pixels of each one's image; of models with points (Model.point_count).
        The arguments are those of run."""
        return self._points(images, landmarks, box, crop, bgr)

    def _points(self, images: Any, landmarks: Any, box: Any, crop: bool, bgr: bool) -> np.ndarray:
        faces, single = self._faces(images, landmarks, box, crop, bgr)
        rows = (_api.clile_face * len(faces))(*(face.as_c() for face in faces))
        xy = np.empty((len(faces), self._p, 2), np.float32)
        with self._lock:
            lib.clile_predictor_run_points(self._c, len(faces), rows, pointer(xy))
        return xy[0] if single else xy

    def _faces(self, images: Any, landmarks: Any, box: Any, crop: bool, bgr: bool) -> Tuple[List[Any], bool]:
        if landmarks is not None and box is not None:
            raise ValueError("landmarks or box, not both")
        if crop and (landmarks is not None or box is not None):
            raise ValueError("crop=True says that the image is the face: no landmarks or box with it")
        if not crop:
            self._warn(_api.CLILE_FACE_POINTS if landmarks is not None else _api.CLILE_FACE_BOX if box is not None else _api.CLILE_FACE_CROP)
        if isinstance(images, Dataset):
            raise TypeError("images is a Dataset: Predictor.run_dataset, or clile.evaluate, takes one")
        if isinstance(images, Iterator):  # of Path.glob, say
            images = list(images)
        many = isinstance(images, (list, tuple)) or (isinstance(images, np.ndarray) and images.ndim == 4)
        faces = faces_of(images, many, landmarks, box, bgr)
        single = not many and np.ndim(landmarks if landmarks is not None else box) == (2 if landmarks is not None else 1 if box is not None else 0)
        return faces, single

    def _run(self, images: Any, landmarks: Any, box: Any, crop: bool, bgr: bool, scores: bool) -> Prediction:
        faces, single = self._faces(images, landmarks, box, crop, bgr)
        if scores:
            return self._run_scores(faces, single)
        rows = (_api.clile_face * len(faces))(*(face.as_c() for face in faces))
        room = self._room(len(faces))
        with self._lock:
            lib.clile_predictor_run_faces(self._c, len(faces), rows, *map(pointer, room))
        return self._answer(*room, single)

    def run_dataset(self, data: Dataset, indices: Optional[ArrayLike] = None, keep_going: bool = False, progress: Optional[Count] = None) -> Answers:
        """Answers for all images of a data set, or those at `indices`, decoded by as many threads as the predictor has. An image that cannot be
        read is an exception, or with keep_going an answer whose success is False. progress(done, all) is called every few dozen images: a result other than
        None and 0 stops with Cancelled, an exception is raised here."""
        chosen = None if indices is None else given("indices", indices, np.int64, (None,))
        n = len(expect("data", data, Dataset)) if chosen is None else len(chosen)
        value, present, embedding = self._room(n)
        score, success = np.empty_like(value), np.ones(n, np.int8)
        rows = (value, score, present, embedding, success if keep_going else None)
        answers = _api.clile_answers(ctypes.sizeof(_api.clile_answers), 0, *map(pointer, rows), None)
        with self._lock:
            lib.clile_predictor_run_dataset(self._c, data._c, n, pointer(chosen), ctypes.byref(answers), count_callback(progress), None)
        all_answers = Answers(self._au_ids, value, score, present.view(np.bool_), embedding, success.view(np.bool_))
        all_answers.intensity = intensity_of(lib.clile_predictor_get_model(self._c), embedding, len(self._au_ids))
        return all_answers

    def _warn(self, kind: int) -> None:
        """Warns, once, if the model was not trained on faces of this kind."""
        misfit = None if self._warned else lib.clile_predictor_get_misfit(self._c, kind)
        if misfit is not None:
            self._warned = True
            hint = " (landmarks= or box=), or say that it is a crop of one (crop=True)" if kind == _api.CLILE_FACE_CROP else ""
            warnings.warn(misfit.decode() + hint, stacklevel=5)  # where run or predict was called

    def _run_scores(self, faces: List["Face"], single: bool) -> Prediction:
        if any(face.kind != _api.CLILE_FACE_CROP for face in faces):
            raise ValueError("scores=True takes crops: no landmarks or box")
        crops = [face.picture.as_rgb() for face in faces]
        room = self._room(len(crops))
        step = max(len(crops), 1) if len({crop.shape for crop in crops}) == 1 else 1
        for k in range(0, len(crops), step):
            rgb = np.stack(crops[k : k + step])
            with self._lock:
                lib.clile_predictor_run_scores(self._c, len(rgb), pointer(rgb), *rgb.shape[1:3], *(pointer(array[k : k + step]) for array in room))
        return self._answer(*room, single)


class _FoundFace(NamedTuple):
    box: np.ndarray  # [4] float32: left, top, width, height in pixels
    score: float  # the finder's; larger means more certain
    landmarks: Optional[np.ndarray]  # [5 or 68, 2] float32; None: only the box is known
    au_ids: np.ndarray  # [c] int32
    probability: np.ndarray  # [c] float32
    present: np.ndarray  # [c] bool
    embedding: np.ndarray  # [d] float32


class FoundFace(_FoundFace):
    """A face found in a photograph, and its action units."""

    intensity: Optional[np.ndarray] = None  # [c] float32, 0 to 5, not in the tuple; None: the model knows none

    @property
    def au_names(self) -> List[Optional[str]]:
        """[c]: clile.au_name of each."""
        return [au_name(au) for au in self.au_ids]


class Reader(Handle):
    """Reads action units from photographs (clile/reader.h); gives the same bits as `clile predict photo.jpg`. Threads that share one take turns."""

    _kind = "clile_reader"

    def __init__(self, model: Optional[Model] = None, finder: Optional[str] = None, options: Optional[Options] = None, **settings: Setting):
        """model: None: Model.default(). finder: "dlib"; None: the installed one (Unsupported if there is none). Options: those of Predictor,
        smallest_face and max_pixels. A snapshot of the model."""
        self._lock = threading.Lock()
        model = Model.default() if model is None else expect("model", model, Model)
        self._au_ids, self._d = model.au_ids, model.embedding_size
        self._au_ids.setflags(write=False)
        made_with_finder(self, lib.clile_reader_create, model, finder, as_options(options, settings))

    def set_points_model(self, model: Optional[Model], options: Optional[Options] = None, **settings: Setting) -> None:
        """The model that finds the points of each face (option keep_points), in place of the one that comes with the library; None: none, faces are aligned
        by their boxes. Options: threads, mirror."""
        points = None if model is None else expect("model", model, Model)._c
        with self._lock:
            lib.clile_reader_set_points_model(self._c, points, as_options(options, settings))

    def read(self, image: Any, bgr: bool = False) -> List[FoundFace]:
        """The faces in an image, the largest first: the path of a file, a file's content as bytes, or pixels as Predictor.run takes them."""
        picture, count = Picture(image, bgr), ctypes.c_int64()
        with self._lock:
            lib.clile_reader_read_image(self._c, ctypes.byref(picture.c), ctypes.byref(count))
            return [self._face(k) for k in range(count.value)]

    def _face(self, index: int) -> FoundFace:
        return taken_face(lambda *arguments: lib.clile_reader_get(self._c, index, *arguments), lib.clile_reader_get_model(self._c), self._au_ids, self._d)


def made_with_finder(handle: Handle, create: Callable[..., Any], model: Model, finder: Optional[str], options: Any) -> None:
    """Makes a reader or a tracker, which keeps the finder."""
    found = ctypes.POINTER(_api.clile_finder)()
    if finder is not None:
        lib.clile_finder_create_by_name(finder.encode(), options, ctypes.byref(found))
    try:
        handle._make(create, model._c, found, options)
    finally:
        lib.clile_finder_destroy(found)


def intensity_of(model: Any, embedding: np.ndarray, c: int) -> Optional[np.ndarray]:
    """[n,c] of embeddings [n,d] of the model, a pointer; None: it knows none."""
    if not lib.clile_model_has_intensity(model):
        return None
    out = np.empty((len(embedding), c), np.float32)
    lib.clile_model_estimate_intensity(model, len(embedding), pointer(embedding), pointer(out))
    return out


def taken_face(get: Callable[..., Any], model: Any, au_ids: np.ndarray, d: int) -> FoundFace:
    """What `get` writes into a face, probability, present and embedding."""
    c, face = len(au_ids), _api.clile_found_face(struct_size=ctypes.sizeof(_api.clile_found_face))
    probability, present, embedding = np.empty(c, np.float32), np.empty(c, np.int8), np.empty(d, np.float32)
    get(ctypes.byref(face), pointer(probability), pointer(present), pointer(embedding))
    xy = np.array(face.xy[:2 * face.points], np.float32).reshape(-1, 2) if face.points else None
    intensity = intensity_of(model, embedding[None], c)
    found = FoundFace(np.array(face.box, np.float32), face.score, xy, au_ids, probability, present.view(np.bool_), embedding)
    found.intensity = None if intensity is None else intensity[0]
    return found


_default_lock, _default_reader = threading.Lock(), []  # type: Tuple[Any, List[Reader]]


def read(image: Any, bgr: bool = False) -> List[FoundFace]:
    """The faces in a photograph, the largest first, with their action units: by the model and the finder of this installation, which are kept. An
    image is what Reader.read takes."""
    with _default_lock:
        if not _default_reader:
            _default_reader.append(Reader())
    return _default_reader[0].read(image, bgr)


class FaceFile(Handle):
    """A CSV file of face positions, as for the command's --faces (clile/faces.h). One thread at a time."""

    _kind = "clile_face_file"

    def __init__(self, path: Path, options: Optional[Options] = None, **settings: Setting):
        """Options: max_label_mb."""
        self._path = os.fsdecode(path)
        self._make(lib.clile_face_file_open, os.fsencode(path), as_options(options, settings))

    def _describe(self) -> str:
        return repr(self._path)

    def expect(self, image: Path) -> None:
        """If several images will be looked up: all their names, before the first find, so that a row that fits two of them is an error."""
        lib.clile_face_file_expect(self._c, os.fsencode(image))

    def find(self, image: Optional[Path] = None, frame: Optional[int] = None) -> List[Dict[str, np.ndarray]]:
        """The faces of an image, by name, or of a frame, by number, in the order of the file: {"landmarks": [5 or 68, 2]} or, without landmarks,
        {"box": [4]}, so that predict(image, **face) takes one."""
        if (image is None) == (frame is None):
            raise ValueError("image or frame: one of them")
        owner, count, has_box, points = self._c, ctypes.c_int64(), ctypes.c_int32(), ctypes.c_int32()
        lib.clile_face_file_find(owner, None if image is None else os.fsencode(image), frame or 0, ctypes.byref(count))
        faces = []
        for k in range(count.value):
            box, xy = np.empty(4, np.float32), np.empty((68, 2), np.float32)
            lib.clile_face_file_get(owner, k, ctypes.byref(has_box), pointer(box), ctypes.byref(points), pointer(xy))
            faces.append({"landmarks": xy[:points.value]} if points.value else {"box": box})
        return faces


class Picture:
    """An image as C takes it: its pixels where they lie, or a contiguous copy where C could not."""

    def __init__(self, image: Any, bgr: bool):
        is_file = isinstance(image, (str, os.PathLike, bytes, bytearray)) or (isinstance(image, memoryview) and image.ndim == 1)
        pixels = read_image(image) if is_file else convert("image", image, np.uint8)
        bgr = bgr and not is_file
        if pixels.ndim == 2 and pixels.shape[1] not in (3, 4):  # which is a row of pixels, not a grey image
            pixels = pixels[:, :, None]
        if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4):
            raise ValueError(f"image has shape {np.shape(image)}, expected (h, w, 3), (h, w, 4) or (h, w)")
        channels = pixels.shape[2]
        if pixels.strides[1:] != (channels, 1) or pixels.strides[0] < channels * pixels.shape[1]:
            pixels = np.ascontiguousarray(pixels)
        self.pixels = pixels
        self.format = {1: _api.CLILE_PIXELS_GREY, 3: _api.CLILE_PIXELS_BGR if bgr else _api.CLILE_PIXELS_RGB,
                       4: _api.CLILE_PIXELS_BGRA if bgr else _api.CLILE_PIXELS_RGBA}[channels]
        self.c = _api.clile_image(struct_size=ctypes.sizeof(_api.clile_image), format=self.format, h=pixels.shape[0], w=pixels.shape[1],
                                  row_stride=pixels.strides[0], pixels=pointer(pixels))

    def as_rgb(self) -> np.ndarray:
        rgb = self.pixels[:, :, :3] if self.pixels.shape[2] > 1 else np.repeat(self.pixels, 3, axis=2)
        return np.ascontiguousarray(rgb[:, :, ::-1] if self.format in (_api.CLILE_PIXELS_BGR, _api.CLILE_PIXELS_BGRA) else rgb)


class Face:
    """A face as C takes it."""

    def __init__(self, picture: Picture, landmarks: Any, box: Any):
        self.picture = picture
        self.xy = None if landmarks is None else given("landmarks", landmarks, np.float32, (None, 2))
        self.box = None if box is None else given("box", box, np.float32, (4,))
        self.kind = _api.CLILE_FACE_POINTS if landmarks is not None else _api.CLILE_FACE_BOX if box is not None else _api.CLILE_FACE_CROP

    def as_c(self) -> Any:
        """Borrows from this face."""
        face = _api.clile_face(struct_size=ctypes.sizeof(_api.clile_face), kind=self.kind, image=ctypes.pointer(self.picture.c))
        if self.box is not None:
            face.box[:] = self.box.tolist()
        if self.xy is not None:
            face.points, face.xy = len(self.xy), pointer(self.xy)
        return face


def faces_of(images: Any, many: bool, landmarks: Any, box: Any, bgr: bool) -> List[Face]:
    """One face of each image, or the faces of one."""
    name, places = ("landmarks", landmarks) if landmarks is not None else ("box", box)
    if many:
        pictures = [Picture(image, bgr) for image in images]
        if places is not None and len(places) != len(pictures):
            raise ValueError(f"{name} has {len(places)} entries for {len(pictures)} images")
        places = [None] * len(pictures) if places is None else places
    else:
        picture = Picture(images, bgr)
        places = list(places) if np.ndim(places) == (3 if name == "landmarks" else 2) else [places]
        pictures = [picture] * len(places)
    return [Face(picture, *((place, None) if name == "landmarks" else (None, place))) for picture, place in zip(pictures, places)]
