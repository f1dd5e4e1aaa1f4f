"""Images and labelled data sets."""
import ctypes
import os
import warnings
from typing import Any, Iterable, List, NamedTuple, Optional, Union

import numpy as np

from . import _api
from ._arrays import given, pointer
from ._library import Handle, au_name, lib
from ._options import Options, Setting, as_options

Path = Union[str, "os.PathLike[str]"]


def read_image(source: Union[Path, bytes], options: Optional[Options] = None, **settings: Setting) -> np.ndarray:
    """Pixels [h,w,3] uint8 RGB of a JPEG, PNG or BMP file, turned upright as its EXIF data say, in the library's own memory
    (freed with the array). `source` is a path, or the file's content as bytes."""
    h, w, rgb = ctypes.c_int32(), ctypes.c_int32(), ctypes.POINTER(ctypes.c_uint8)()
    out = as_options(options, settings), ctypes.byref(h), ctypes.byref(w), ctypes.byref(rgb)
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        lib.clile_image_decode(data, len(data), *out)
    else:
        lib.clile_image_read(os.fsencode(source), *out)
    return np.asarray(_Pixels(rgb, (h.value, w.value, 3)))


class _Pixels:
    """Memory of the library as an array; NumPy keeps this object as the array's base."""

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


class Dataset(Handle):
    """Face images with action-unit labels (1 present, 0 absent, -1 not coded) and subjects; immutable, shared by threads."""

    _kind = "clile_dataset"

    def __init__(self) -> None:
        raise TypeError("use Dataset.open, Dataset.from_arrays or Dataset.synth")

    @classmethod
    def open(cls, path: Path, options: Optional[Options] = None, **settings: Setting) -> "Dataset":
        """A labelled folder in the layout of BP4D or DISFA, or a CSV manifest (docs/data.md). Each line of `notes` that begins with
        "warning: " is given to warnings.warn."""
        data = cls.__new__(cls)
        data._make(lib.clile_dataset_open, os.fsencode(path), as_options(options, settings))
        for line in data.notes:
            if line.startswith("warning: "):
                warnings.warn(f"{os.fsdecode(path)}: {line[9:]}", stacklevel=2)
        return data

    @classmethod
    def from_arrays(cls, images: Any, labels: Any, subject: Any, au_ids: Any) -> "Dataset":
        """images [n,h,w,3] uint8 RGB crops, labels [n,c], subject [n] non-negative, au_ids [c]. The library makes the only copy."""
        images = given("images", images, np.uint8, (None, None, None, 3))
        n, h, w, _ = images.shape
        au_ids = given("au_ids", au_ids, np.int32, (None,))
        labels = given("labels", labels, np.int8, (n, len(au_ids)))
        subject = given("subject", subject, np.int32, (n,))
        data = cls.__new__(cls)
        data._make(lib.clile_dataset_from_arrays, n, h, w, pointer(images), len(au_ids), pointer(au_ids), pointer(labels), pointer(subject))
        return data

    @classmethod
    def synth(cls, subjects: int = 41, tasks: int = 2, frames: int = 16, size: int = 128, seed: int = 1) -> "Dataset":
        """Drawn faces with 16 AUs (docs/synth.md): subjects x tasks x frames images of `size` pixels, drawn when they are needed."""
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

    def select(self, indices: Any) -> "Dataset":
        """The images of these indices, in this order (one that is there twice counts twice), or those where a mask [n] of bool is
        True, as a data set; no image is copied."""
        chosen = np.asarray(indices)
        if chosen.dtype == np.bool_:
            chosen = np.flatnonzero(given("mask", chosen, np.bool_, (len(self),)))
        chosen = given("indices", chosen, np.int64, (None,))
        data = Dataset.__new__(Dataset)
        data._make(lib.clile_dataset_select, self._c, len(chosen), pointer(chosen))
        return data

    def __getitem__(self, chosen: Any) -> "Dataset":
        """data[10:20], data[mask], data[[3, 1]]: as `select`; of negative indices as of those of a list."""
        if isinstance(chosen, slice):
            return self.select(np.arange(len(self))[chosen])
        indices = np.asarray(chosen)
        if indices.dtype.kind in "iu" and indices.ndim == 1:
            indices = np.where(indices < 0, indices + len(self), indices)
        return self.select(indices)

    def fold_count(self, protocol: str) -> int:
        count = ctypes.c_int32()
        lib.clile_dataset_fold_count(self._c, protocol.encode(), ctypes.byref(count))
        return count.value

    @property
    def kind(self) -> str:
        """How the images were made: "drawn", "rendered", "photographs", "mixed" or "unknown"."""
        return os.fsdecode(lib.clile_dataset_get_kind(self._c))

    @property
    def notes(self) -> List[str]:
        """What was understood beyond the counts; a line that begins with "warning: " asks for a decision."""
        return os.fsdecode(lib.clile_dataset_get_notes(self._c)).splitlines()

    def __len__(self) -> int:
        return lib.clile_dataset_size(self._c)

    @property
    def au_ids(self) -> np.ndarray:
        """[c] int32"""
        out = np.empty(lib.clile_dataset_au_count(self._c), np.int32)
        lib.clile_dataset_copy_au_ids(self._c, pointer(out))
        return out

    @property
    def au_names(self) -> List[Optional[str]]:
        """[c]: clile.au_name of each."""
        return [au_name(au) for au in self.au_ids]

    @property
    def labels(self) -> np.ndarray:
        """[n,c] int8"""
        out = np.empty((len(self), lib.clile_dataset_au_count(self._c)), np.int8)
        lib.clile_dataset_copy_labels(self._c, 0, len(out), pointer(out))
        return out

    @property
    def subjects(self) -> np.ndarray:
        """[n] int32: places in subject_names"""
        out = np.empty(len(self), np.int32)
        lib.clile_dataset_copy_subjects(self._c, 0, len(out), pointer(out))
        return out

    @property
    def subject_names(self) -> List[str]:
        owner = self._c  # the names are borrowed from it
        return [os.fsdecode(lib.clile_dataset_get_subject_name(owner, i)) for i in range(lib.clile_dataset_subject_count(owner))]

    def image_name(self, index: int) -> str:
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

    def crop(self, index: int, size: int) -> np.ndarray:
        """[size,size,3] uint8: one aligned crop."""
        out = np.empty((size, size, 3) if 0 < size <= 4096 else (1,), np.uint8)  # another size is refused by the library
        lib.clile_dataset_copy_crop(self._c, index, size, pointer(out))
        return out

    def crops(self, indices: Any, size: int, threads: int = 0) -> np.ndarray:
        """[n,size,size,3] uint8: the crops of many images, decoded by `threads` threads (0: all processors); what Model.predict takes."""
        chosen = np.ascontiguousarray(indices, np.int64).reshape(-1)
        out = np.empty((len(chosen), size, size, 3) if 0 < size <= 4096 else (1,), np.uint8)
        lib.clile_dataset_copy_crops(self._c, len(chosen), pointer(chosen), size, threads, pointer(out))
        return out

    @property
    def crop_size(self) -> int:
        """The only size that crops can have, that of a pack; 0: any."""
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
        found = _api.clile_dataset_counts(struct_size=ctypes.sizeof(_api.clile_dataset_counts))
        lib.clile_dataset_copy_counts(self._c, ctypes.byref(found))
        return Counts(*(getattr(found, field) for field in Counts._fields))

    def __repr__(self) -> str:
        return "Dataset(closed)" if self.closed else f"Dataset({len(self)} images, AUs {self.au_ids.tolist()})"


def concat(datasets: Iterable[Dataset], same_people: bool = False) -> Dataset:
    """Several data sets with the same AUs as one; no image is copied. Subjects of different data sets are different people, and equal
    names become NAME#1, NAME#2; with `same_people`, whoever has the same name is one person."""
    owners = [data._c for data in datasets]  # held for the call
    handles = (ctypes.POINTER(_api.clile_dataset) * (len(owners) + 1))(*(owner._as_parameter_ for owner in owners))
    joined = Dataset.__new__(Dataset)
    joined._make(lib.clile_dataset_concat, len(owners), handles, _api.CLILE_SUBJECTS_BY_NAME if same_people else _api.CLILE_SUBJECTS_DISTINCT)
    return joined
