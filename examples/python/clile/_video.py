"""Frames of a video file or a camera."""
import ctypes
import dataclasses
import os
import threading
from typing import TYPE_CHECKING, Any, Iterator, List, Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike

from . import _api
from ._arrays import convert, given, pointer
from ._library import Handle, expect, lib
from ._options import Options, Setting, as_options

if TYPE_CHECKING:
    from ._model import FoundFace, Model

Path = Union[str, "os.PathLike[str]"]


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a video, upright and with square pixels."""

    index: int
    time: float
    damaged: int
    image: np.ndarray
    faces: Tuple["TrackedFace", ...] = ()  # of Model.video

    def __repr__(self) -> str:
        h, w = self.image.shape[:2]
        people = f", {len(self.faces)} faces" if self.faces else ""
        return f"Frame(index={self.index}, time={self.time:.3f}, damaged={self.damaged}, image of {w}x{h}{people})"


@dataclasses.dataclass(frozen=True, eq=False)
class TrackedFace:
    """A face in a frame of a video, and its action units: as clile.FoundFace, with the person's number."""

    person: int  # from 1 on, never used again
    found: bool  # the finder saw it in this frame; False: it was followed from the last
    box: np.ndarray  # [4] float32: left, top, width, height in pixels
    score: float  # the finder's, of the last time that it was found
    landmarks: Optional[np.ndarray]
    au_ids: np.ndarray
    probability: np.ndarray
    present: np.ndarray
    embedding: np.ndarray
    intensity: Optional[np.ndarray] = None


class Video(Handle):
    """The frames of a video file, of standard input ("-") or, with camera=True, of a camera ("0" is /dev/video0), through FFmpeg
    (clile/video.h, docs/video.md). An iterator; memory does not grow with the length. One thread at a time.

        for frame in clile.Video("film.mp4"):
            print(frame.time, frame.image.shape)
    """

    _kind = "clile_video"

    def __init__(self, path: Path, options: Optional[Options] = None, camera: bool = False, **settings: Setting):
        """Options: threads, max_pixels (of a frame)."""
        self._path = os.fsdecode(path)
        self._make(lib.clile_video_open_camera if camera else lib.clile_video_open, os.fsencode(path), as_options(options, settings))

    def _describe(self) -> str:
        return repr(self._path)

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """`time`: seconds; `image`: [h,w,3] uint8 RGB, a copy; `damaged`: how many frames and packets so far could not be decoded."""
        c: Any = _api.clile_frame(struct_size=ctypes.sizeof(_api.clile_frame))
        more = ctypes.c_int32()
        lib.clile_video_next(self._c, ctypes.byref(c), ctypes.byref(more))
        if not more.value:
            raise StopIteration
        h, w, stride = c.image.h, c.image.w, c.image.row_stride
        rows = np.ctypeslib.as_array(c.image.pixels, (h, stride))
        return Frame(c.index, c.time, c.damaged, rows[:, :3 * w].reshape(h, w, 3).copy())


class Neutral(Handle):
    """Probabilities beside a person's own neutral, without labels (clile/neutral.h): the person's offset, estimated from the frames that were
    added, is subtracted on the scale of log odds. Add every frame of a person, then apply."""

    _kind = "clile_neutral"

    def __init__(self, model: "Model"):
        self._c_count = len(model.au_ids)
        self._make(lib.clile_neutral_create, model._c)

    def add(self, probability: ArrayLike, person: int = 1) -> None:
        """probability: [c], or [n,c] for n frames."""
        for row in self._rows(probability):
            lib.clile_neutral_add(self._c, person, pointer(row))

    def apply(self, probability: ArrayLike, person: int = 1) -> np.ndarray:
        """The centred probabilities, as many as are given; above 0.5 is present. StateError if the model does not know how people differ and there are
        fewer than 5 frames."""
        rows = self._rows(probability)
        out = np.empty_like(rows)
        for row, centred in zip(rows, out):
            lib.clile_neutral_apply(self._c, person, pointer(row), pointer(centred), None)
        return out.reshape(np.shape(probability))

    def _rows(self, probability: ArrayLike) -> np.ndarray:
        array = convert("probability", probability, np.float32)
        return given("probability", array if array.ndim == 2 else array[None], np.float32, (None, self._c_count))


class Tracker(Handle):
    """Frames in their order in, faces with the numbers of their persons and their action units out (clile/tracker.h); the bits of
    `clile predict film.mp4`. Model.video does all of it for a file."""

    _kind = "clile_tracker"

    def __init__(self, model: Optional["Model"] = None, finder: Optional[str] = None, options: Optional[Options] = None, **settings: Setting):
        """model, finder: as for Reader. Options: those of Reader, find_every and keep_lost."""
        from ._model import Model, made_with_finder
        self._lock = threading.Lock()
        model = Model.default() if model is None else expect("model", model, Model)
        self._au_ids, self._d = model.au_ids, model.embedding_size
        self._au_ids.setflags(write=False)
        made_with_finder(self, lib.clile_tracker_create, model, finder, as_options(options, settings))

    def read(self, image: Any, bgr: bool = False) -> List[TrackedFace]:
        """The faces in the next frame, in the order of their persons."""
        from ._model import Picture
        picture, count = Picture(image, bgr), ctypes.c_int64()
        with self._lock:
            lib.clile_tracker_read(self._c, ctypes.byref(picture.c), ctypes.byref(count))
            return [self._face(k) for k in range(count.value)]

    def _face(self, index: int) -> TrackedFace:
        from ._model import taken_face
        person, found = ctypes.c_int64(), ctypes.c_int32()

        def get(*arguments: Any) -> None:
            lib.clile_tracker_get(self._c, index, ctypes.byref(person), ctypes.byref(found), *arguments)

        face: "FoundFace" = taken_face(get, lib.clile_tracker_get_model(self._c), self._au_ids, self._d)
        return TrackedFace(person.value, bool(found.value), *face, intensity=face.intensity)
