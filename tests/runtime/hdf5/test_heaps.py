"""Heaps of texts that would make the HDF5 library walk for ever."""

from __future__ import annotations

import io
import struct

import h5py
import numpy as np
import pytest

from kir.errors import FileFormatError
from runtime.hdf5.heaps import check_heaps
from runtime.hdf5.opening import opened


def with_text() -> bytearray:
    """A file with a text in a heap."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs.create("text", b"some words", dtype=h5py.string_dtype("ascii"))
        file["numbers"] = np.arange(3)
    return bytearray(buffer.getvalue())


def free_object(content: bytearray) -> int:
    """Where the free object at the end of the heap stands."""
    position = content.index(b"GCOL") + 16
    while struct.unpack_from("<H", content, position)[0]:
        size = struct.unpack_from("<Q", content, position + 8)[0]
        position += 16 + (size + 7) // 8 * 8
    return position


def test_a_good_file_passes():
    check_heaps(bytes(with_text()), "'file'")
    assert opened(io.BytesIO(bytes(with_text()))).attrs["text"]


@pytest.mark.parametrize("size", [0, 1 << 63])
def test_a_free_object_without_a_size_is_refused(size):
    content = with_text()
    struct.pack_into("<Q", content, free_object(content) + 8, size)
    with pytest.raises(FileFormatError, match="has an object without a size"):
        opened(io.BytesIO(bytes(content)))


def test_a_file_on_the_disk_is_checked_too(tmp_path):
    content = with_text()
    struct.pack_into("<Q", content, free_object(content) + 8, 0)
    (tmp_path / "model.h5").write_bytes(content)
    with pytest.raises(FileFormatError, match="has an object without a size"):
        opened(tmp_path / "model.h5")


def test_the_signature_among_numbers_is_no_heap():
    numbers = b"GCOL" + bytes([7]) * 28
    check_heaps(numbers, "'file'")
    check_heaps(b"GCOL", "'file'")
