"""Images and labelled data sets."""
import ctypes
import os
import warnings
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional, Tuple, Union, overload

import numpy as np
from numpy.typing import ArrayLike

from . import _api
from ._arrays import given, pointer
from ._library import Handle, au_name, expect, lib, name_aus
from ._options import Options, Setting, as_options

Path = Union[str, "os.PathLike[str]"]


def read_image(source: Union[Path, bytes], options: Optional[Options] = None, **settings: Setting) -> np.ndarray:
    """Pixels [h,w,3] uint8 RGB of a JPEG, PNG or BMP file, and where their codecs are installed of a WebP, HEIC or AVIF file; turned
    upright as its EXIF data say, in the library's own memory (freed with the array). `source` is a path, or the file's content as bytes."""
    h, w, rgb = ctypes.c_int32(), ctypes.c_int32(), ctypes.POINTER(ctypes.c_uint8)()
    out = as_options(options, settings), ctypes.byref(h), ctypes.byref(w), ctypes.byref(rgb)
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        lib.clile_image_decode(data, len(data), *out)
    else:
        lib.clile_image_read(os.fsencode(source), *out)
    return np.asarray(_Pixels(rgb, (h.value, w.value, 3)))


class _Pixels:
    """The library's memory as an array; NumPy keeps this object as the array's base."""

    def __init__(self, rgb: Any, shape: Any):
        self._address = ctypes.cast(rgb, ctypes.c_void_p)
        self._free = lib.clile_free
        self.__array_interface__ = {"shape": shape, "typestr": "|u1", "data": (self._address.value, False), "version": 3}

    def __del__(self) -> None:
        self._free(self._address)


class Fold(NamedTuple):
    """The parts of a fold."""

    train: "Dataset"
    test: "Dataset"


class Counts(NamedTuple):
    """What opening a folder found."""

    label_rows: int
    labels_without_image: int
    images_without_labels: int
    images_without_landmarks: int
    images_by_box: int
    rows_without_face: int


class Sample:
    """One image of a data set: data[3], or what iterating over it gives. Pixels are read by crop() alone."""

    def __init__(self, data: "Dataset", index: int, labels: np.ndarray, subject: int, subject_name: str):
        self._data = data
        self.index = index  # in the data set
        self.name: str = data.image_name(index)
        self.labels = labels  # [c] int8: 1 present, 0 absent, -1 not coded
        self.subject = subject  # place in data.subject_names
        self.subject_name = subject_name

    def crop(self, size: Optional[int] = None) -> np.ndarray:
        """[size,size,3] uint8 RGB: the aligned face. size: pixels; None: a pack's size, else the default of the option image_size."""
        return self._data.crop(self.index, self._data._size(size))

    @property
    def present(self) -> List[int]:
        """The numbers of the AUs that are present."""
        return [int(au) for au, label in zip(self._data.au_ids, self.labels) if label == 1]

    def __repr__(self) -> str:
        if self._data.closed:
            return f"Sample({self.name!r} of {self.subject_name!r}; its Dataset is closed)"
        return f"Sample({self.name!r} of {self.subject_name!r}; AUs present: {' '.join(map(str, self.present)) or 'none'})"


class Dataset(Handle):
    """Face images with action-unit labels (1 present, 0 absent, -1 not coded) and subjects; immutable, shared by threads.

    len(data) images; data[3] is a Sample, and so is what `for sample in data` gives; data[10:20], data[mask] and data[[3, 1]] are data
    sets of these images."""

    _kind = "clile_dataset"

    def __init__(self) -> None:
        raise TypeError("use Dataset.open, Dataset.from_arrays or Dataset.synth")

    @classmethod
    def open(cls, path: Path, options: Optional[Options] = None, **settings: Setting) -> "Dataset":
        """A labelled folder in the layout of BP4D or DISFA, or a CSV manifest (docs/data.md). Passes each line of `notes` that begins with "warning: " to
        warnings.warn."""
        data = cls.__new__(cls)
        data._make(lib.clile_dataset_open, os.fsencode(path), as_options(options, settings))
        for line in data.notes:
            if line.startswith("warning: "):
                warnings.warn(f"{os.fsdecode(path)}: {line[9:]}", stacklevel=2)
        return data

    @classmethod
    def from_arrays(cls, images: ArrayLike, labels: Optional[ArrayLike], subject: ArrayLike, au_ids: ArrayLike,
                    intensity: Optional[ArrayLike] = None) -> "Dataset":
        """images [n,h,w,3] uint8 RGB crops, labels [n,c], subject [n] non-negative, au_ids [c]. intensity [n,c]: 0 to 5, -1 not coded; labels may then be
        None: present from intensity 2. The library makes the only copy."""
        rgb = given("images", images, np.uint8, (None, None, None, 3))
        n, h, w, _ = rgb.shape
        aus = given("au_ids", au_ids, np.int32, (None,))
        if labels is None and intensity is None:
            raise ValueError("labels is None, which needs intensity")
        y = None if labels is None else given("labels", labels, np.int8, (n, len(aus)))
        graded = None if intensity is None else given("intensity", intensity, np.int8, (n, len(aus)))
        person = given("subject", subject, np.int32, (n,))
        data = cls.__new__(cls)
        if graded is None:
            data._make(lib.clile_dataset_from_arrays, n, h, w, pointer(rgb), len(aus), pointer(aus), pointer(y), pointer(person))
        else:
            data._make(lib.clile_dataset_from_intensities, n, h, w, pointer(rgb), len(aus), pointer(aus), pointer(y), pointer(graded), pointer(person))
        return data

    @classmethod
    def synth(cls, subjects: int = 41, tasks: int = 2, frames: int = 16, size: int = 128, seed: int = 1) -> "Dataset":
        """Drawn faces with 16 AUs (docs/synth.md): subjects x tasks x frames images of `size` pixels, drawn on first use."""
        data = cls.__new__(cls)
        data._make(lib.clile_dataset_from_synth, seed, subjects, tasks, frames, size)
        return data

    def fold(self, protocol: str, fold: int = 1) -> Fold:
        """Split by subject: "bp4d", "disfa", "bp4d-parts", "disfa-parts" (folds 1..3), "kfold:K" or "kfold:K:SEED" (1..K), "file:PATH"
        (parts from a text file), "loso" (1..subjects), "all" (both parts are everything)."""
        parts = [ctypes.POINTER(_api.clile_dataset)() for _ in range(2)]
        lib.clile_dataset_fold(self._c, protocol.encode(), fold, *map(ctypes.byref, parts))
        both = []
        for part in parts:
            data = Dataset.__new__(Dataset)
            data._adopt(part)
            both.append(data)
        return Fold(*both)

    def select(self, indices: ArrayLike) -> "Dataset":
        """The images of these indices, in this order (an image may occur more than once), or those where a mask [n] of bool is
        True, as a data set; no image is copied."""
        chosen = np.asarray(indices)
        if chosen.dtype == np.bool_:
            chosen = np.flatnonzero(given("mask", chosen, np.bool_, (len(self),)))
        chosen = given("indices", chosen, np.int64, (None,))
        data = Dataset.__new__(Dataset)
        data._make(lib.clile_dataset_select, self._c, len(chosen), pointer(chosen))
        return data

    @overload
    def __getitem__(self, chosen: Union[int, np.integer]) -> Sample: ...

    @overload
    def __getitem__(self, chosen: Union[slice, ArrayLike]) -> "Dataset": ...

    def __getitem__(self, chosen: Any) -> Union[Sample, "Dataset"]:
        """data[3]: a Sample; data[10:20], data[mask], data[[3, 1]]: as `select`. Negative indices count from the end."""
        if isinstance(chosen, (int, np.integer)) and not isinstance(chosen, bool):
            index = int(chosen) + (len(self) if chosen < 0 else 0)
            if not 0 <= index < len(self):
                raise IndexError(f"image {chosen} of {len(self)}")
            return next(self._samples(index, 1))
        if isinstance(chosen, slice):
            return self.select(np.arange(len(self))[chosen])
        indices = np.asarray(chosen)
        if indices.dtype.kind in "iu" and indices.ndim == 1:
            indices = np.where(indices < 0, indices + len(self), indices)
        return self.select(indices)

    def __iter__(self) -> Iterator[Sample]:
        return self._samples(0, len(self))

    def _samples(self, first: int, count: int) -> Iterator[Sample]:
        labels, subjects = self._rows(first, count)
        owner = self._c  # the names are borrowed from it
        for i in range(count):
            name = os.fsdecode(lib.clile_dataset_get_subject_name(owner, int(subjects[i])))
            yield Sample(self, first + i, labels[i], int(subjects[i]), name)

    def _rows(self, first: int, count: int) -> Tuple[np.ndarray, np.ndarray]:
        """labels [count,c] and subjects [count] of these images."""
        labels, subjects = np.empty((count, lib.clile_dataset_au_count(self._c)), np.int8), np.empty(count, np.int32)
        lib.clile_dataset_copy_labels(self._c, first, count, pointer(labels))
        lib.clile_dataset_copy_subjects(self._c, first, count, pointer(subjects))
        return labels, subjects

    def _size(self, size: Optional[int]) -> int:
        """The default size of a crop."""
        if size is not None:
            return size
        return self.crop_size or int(Options()["image_size"])

    def fold_count(self, protocol: str) -> int:
        """The number of folds of a protocol on this data set."""
        count = ctypes.c_int32()
        lib.clile_dataset_fold_count(self._c, protocol.encode(), ctypes.byref(count))
        return count.value

    @property
    def kind(self) -> str:
        """How the images were made: "drawn", "rendered", "photographs", "mixed" or "unknown"."""
        return os.fsdecode(lib.clile_dataset_get_kind(self._c))

    @property
    def notes(self) -> List[str]:
        """What opening found beyond the counts; a line that begins with "warning: " asks for a decision."""
        return os.fsdecode(lib.clile_dataset_get_notes(self._c)).splitlines()

    def __len__(self) -> int:
        return lib.clile_dataset_size(self._c)

    @property
    def au_ids(self) -> np.ndarray:
        """[c] int32: the numbers of the AUs, in the order of the labels"""
        out = np.empty(lib.clile_dataset_au_count(self._c), np.int32)
        lib.clile_dataset_copy_au_ids(self._c, pointer(out))
        return out

    @property
    def au_names(self) -> List[Optional[str]]:
        """[c]: clile.au_name of each."""
        return [au_name(au) for au in self.au_ids]

    @property
    def labels(self) -> np.ndarray:
        """[n,c] int8: 1 present, 0 absent, -1 not coded"""
        return self._rows(0, len(self))[0]

    @property
    def intensities(self) -> np.ndarray:
        """[n,c] int8: 0 absent, 1 (trace) to 5 (maximum), -1 not coded. Unsupported where the labels say only whether an AU is present."""
        out = np.empty((len(self), lib.clile_dataset_au_count(self._c)), np.int8)
        lib.clile_dataset_copy_intensities(self._c, 0, len(self), pointer(out))
        return out

    @property
    def subjects(self) -> np.ndarray:
        """[n] int32: places in subject_names"""
        return self._rows(0, len(self))[1]

    @property
    def subject_names(self) -> List[str]:
        """[s]: the names that `subjects` refers to"""
        owner = self._c  # the names are borrowed from it
        return [os.fsdecode(lib.clile_dataset_get_subject_name(owner, i)) for i in range(lib.clile_dataset_subject_count(owner))]

    def image_name(self, index: int) -> str:
        """The name of an image: its path in the folder."""
        name = lib.clile_dataset_get_image_name(self._c, index)
        if name is None:
            raise IndexError(f"image {index} of {len(self)}")
        return os.fsdecode(name)

    @property
    def au_weights(self) -> np.ndarray:
        """[c] float32: weights against imbalance"""
        out = np.empty(lib.clile_dataset_au_count(self._c), np.float32)
        lib.clile_dataset_copy_au_weights(self._c, pointer(out))
        return out

    def crop(self, index: int, size: Optional[int] = None) -> np.ndarray:
        """[size,size,3] uint8 RGB: one aligned crop. size: pixels; None: a pack's size, else the default of the option image_size."""
        size = self._size(size)
        out = np.empty((size, size, 3) if 0 < size <= 4096 else (1,), np.uint8)  # the library rejects any other size
        lib.clile_dataset_copy_crop(self._c, index, size, pointer(out))
        return out

    def image(self, index: int) -> np.ndarray:
        """[h,w,3] uint8 RGB: the whole image that a crop is cut from. A pack has none."""
        h, w, rgb = ctypes.c_int32(), ctypes.c_int32(), ctypes.POINTER(ctypes.c_uint8)()
        lib.clile_dataset_read_image(self._c, index, ctypes.byref(h), ctypes.byref(w), ctypes.byref(rgb))
        return np.asarray(_Pixels(rgb, (h.value, w.value, 3)))

    def crops(self, indices: ArrayLike, size: Optional[int] = None, threads: int = 0) -> np.ndarray:
        """[n,size,size,3] uint8 RGB: the crops of many images, decoded by `threads` threads (0: all processors); what Model.predict takes."""
        chosen, size = np.ascontiguousarray(indices, np.int64).reshape(-1), self._size(size)
        out = np.empty((len(chosen), size, size, 3) if 0 < size <= 4096 else (1,), np.uint8)
        lib.clile_dataset_copy_crops(self._c, len(chosen), pointer(chosen), size, threads, pointer(out))
        return out

    @property
    def crop_size(self) -> int:
        """The only crop size that a pack has; 0: any."""
        return lib.clile_dataset_crop_size(self._c)

    def left_out(self, kind: str) -> List[str]:
        """The first 8 names of "labels" without image or "images" without labels."""
        number = {"labels": 0, "images": 1}[kind]
        owner = self._c  # the names are borrowed from it
        names: List[str] = []
        while (name := lib.clile_dataset_get_left_out(owner, number, len(names))) is not None:
            names.append(os.fsdecode(name))
        return names

    @property
    def counts(self) -> Counts:
        """What opening found, kept and left out."""
        found = _api.clile_dataset_counts(struct_size=ctypes.sizeof(_api.clile_dataset_counts))
        lib.clile_dataset_copy_counts(self._c, ctypes.byref(found))
        return Counts(*(getattr(found, field) for field in Counts._fields))

    def _describe(self) -> str:
        subjects = lib.clile_dataset_subject_count(self._c)
        return f"{len(self)} images of {subjects} subject{'' if subjects == 1 else 's'}; {name_aus(self.au_ids)}; {self.kind}"


def concat(datasets: Iterable[Dataset], same_people: bool = False) -> Dataset:
    """Several data sets with the same AUs as one; no image is copied. Subjects of different data sets are different people, and equal
    names become NAME#1, NAME#2; with `same_people`, equal names are one person."""
    owners = [expect("each of datasets", data, Dataset)._c for data in datasets]  # held for the call
    handles = (ctypes.POINTER(_api.clile_dataset) * (len(owners) + 1))(*(owner._as_parameter_ for owner in owners))
    joined = Dataset.__new__(Dataset)
    joined._make(lib.clile_dataset_concat, len(owners), handles, _api.CLILE_SUBJECTS_BY_NAME if same_people else _api.CLILE_SUBJECTS_DISTINCT)
    return joined
