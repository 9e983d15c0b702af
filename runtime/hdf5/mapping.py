"""Reads many small arrays fast: by where they lie in the file, from one map of it.

Reading through HDF5 costs about 0.1 ms an array, however small. A plain array lies in the file as
it lies in memory, and HDF5 says where.
"""

from __future__ import annotations

import contextlib
import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import h5py
import numpy as np

DatasetID: TypeAlias = Any  # h5py.h5d.DatasetID, which h5py's stubs lack


@dataclass(frozen=True)
class Place:
    """Where an array lies in a file.

    Attributes:
        offset: of its first byte.
        shape, dtype: of the array.
    """

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@contextlib.contextmanager
def mapped(file: h5py.File) -> Iterator[mmap.mmap | None]:
    """The bytes of a file on the disk that nobody writes to here; None for any other."""
    # The map does not see what h5py has not written yet, and a driver may split the file.
    if file.mode != "r" or file.driver != "sec2" or file.userblock_size:
        yield None
        return
    try:
        with open(file.filename, "rb") as stream:
            content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # removed meanwhile, or on a file system without maps
        yield None
        return
    with content:
        yield content


def find_place(dataset: DatasetID, content: mmap.mmap | None) -> Place | None:
    """Where a data set lies; None if it is not one plain run of numbers inside the file.

    HDF5 gives no offset for chunks, for external storage and for virtual data sets, and none where
    nothing was stored, so that what has one declares no more than the file holds.
    """
    offset = None if content is None else dataset.get_offset()
    if content is None or offset is None:
        return None
    dtype, shape = dataset.dtype, dataset.shape
    if dtype.kind not in "biufc" or not isinstance(shape, tuple):
        return None
    if offset + math.prod(shape) * dtype.itemsize > len(content):
        return None
    return Place(offset, shape, dtype)


def copied(place: Place, content: mmap.mmap | None) -> np.ndarray:
    """The array, in memory of its own."""
    assert content is not None
    count = math.prod(place.shape)
    found = np.frombuffer(content, place.dtype, count, place.offset).reshape(place.shape)
    return found.copy()
