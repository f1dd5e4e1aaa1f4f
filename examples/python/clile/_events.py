"""When action units begin, peak and end."""
import ctypes
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional

import numpy as np
from numpy.typing import ArrayLike

from . import _api
from ._arrays import convert, given, pointer
from ._library import Handle, lib
from ._options import Options, Setting, as_options
from ._video import Frame


class Event(NamedTuple):
    """An action unit of one person, from onset to offset (clile/events.h). Times in seconds; frames as they were given."""

    person: int
    au: int
    onset: float
    apex: float
    offset: float  # of the first frame that is no longer part of it
    onset_frame: int
    apex_frame: int
    last_frame: int
    frames: int
    peak: float
    mean: float

    @property
    def duration(self) -> float:
        """offset - onset"""
        return self.offset - self.onset


class Events(Handle):
    """Frames in, events out: those that are over. Options: event_enter, event_leave, event_length, event_gap. Memory does not grow with the length.

        events = clile.Events(model.au_ids)
        for frame in model.video("film.mp4"):
            for event in events.add(frame.index, frame.time, [face.person for face in frame.faces], [face.probability for face in frame.faces]):
                print(event.person, event.au, event.onset, event.apex, event.offset)
        print(events.end())
    """

    _kind = "clile_events"

    def __init__(self, au_ids: ArrayLike, options: Optional[Options] = None, **settings: Setting):
        aus = given("au_ids", au_ids, np.int32, (None,))
        self._c_count = len(aus)
        self._make(lib.clile_events_create, len(aus), pointer(aus), as_options(options, settings))

    def add(self, frame: int, time: float, person: ArrayLike, probability: ArrayLike) -> List[Event]:
        """person: [n] numbers; probability: [n,c], NaN where it is not known. The events that are over with this frame."""
        who = given("person", person, np.int64, (None,))
        rows = convert("probability", probability, np.float32)
        rows = given("probability", rows.reshape(0, self._c_count) if rows.size == 0 else rows, np.float32, (len(who), self._c_count))
        lib.clile_events_add(self._c, frame, time, len(who), pointer(who), pointer(rows))
        return self._taken()

    def end(self) -> List[Event]:
        """After the last frame: the rest. A frame after this begins anew."""
        lib.clile_events_end(self._c)
        return self._taken()

    def _taken(self) -> List[Event]:
        c: Any = _api.clile_event(struct_size=ctypes.sizeof(_api.clile_event))
        more = ctypes.c_int32()
        out: List[Event] = []
        while True:
            lib.clile_events_take(self._c, ctypes.byref(c), ctypes.byref(more))
            if not more.value:
                return out
            out.append(Event(*(getattr(c, name) for name in Event._fields)))


def events(frames: Iterable[Frame], options: Optional[Options] = None, **settings: Setting) -> Iterator[Event]:
    """The events of Model.video's frames, as they end: clile.events(model.video("film.mp4"), event_gap=0.5)."""
    watch: Optional[Events] = None
    for frame in frames:
        if watch is None and frame.faces:
            watch = Events(frame.faces[0].au_ids, options, **settings)
        if watch is not None:
            yield from watch.add(frame.index, frame.time, [face.person for face in frame.faces], [face.probability for face in frame.faces])
    if watch is not None:
        yield from watch.end()


def find_events(time: ArrayLike, probability: ArrayLike, options: Optional[Options] = None, **settings: Setting) -> np.ndarray:
    """[k,3] int64: the indices of onset, apex and last frame of each event in one series; time [n] in seconds, probability [n], NaN where it is not
    known. Options: those of Events."""
    t = given("time", time, np.float64, (None,))
    p = given("probability", probability, np.float32, t.shape)
    place, count = np.empty((len(t), 3), np.int64), ctypes.c_int64()
    lib.clile_events_find(len(t), pointer(t), pointer(p), as_options(options, settings), len(t), pointer(place), ctypes.byref(count))
    return place[:count.value].copy()
