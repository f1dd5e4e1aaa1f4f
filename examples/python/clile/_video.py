"""Frames of a video file or a camera."""
import ctypes
import dataclasses
import os
from typing import Any, Iterator, Optional, Union

import numpy as np

from . import _api
from ._library import Handle, lib
from ._options import Options, Setting, as_options

Path = Union[str, "os.PathLike[str]"]


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a video, upright and with square pixels."""

    index: int
    time: float
    damaged: int
    image: np.ndarray

    def __repr__(self) -> str:
        h, w = self.image.shape[:2]
        return f"Frame(index={self.index}, time={self.time:.3f}, damaged={self.damaged}, image of {w}x{h})"


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
