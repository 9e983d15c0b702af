"""Heaps of texts that would make the HDF5 library walk for ever or take gigabytes."""

from __future__ import annotations

import io
import struct
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from kir.errors import FileFormatError, UnsafeFileError
from runtime.hdf5.heaps import check_heaps
from runtime.hdf5.opening import opened

GOLDEN = Path(__file__).parents[2] / "golden" / "data" / "files"


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


@pytest.mark.parametrize("number", [1, 9])
def test_a_text_that_is_declared_longer_than_it_is_is_refused(number):
    content = with_text()
    reference = content.index(struct.pack("<IQI", 10, content.index(b"GCOL"), 1))
    struct.pack_into("<I", content, reference, 0xFFFFFFF0)
    struct.pack_into("<I", content, reference + 12, number)
    with pytest.raises(UnsafeFileError, match="declares a text of 4294967280 bytes"):
        opened(io.BytesIO(bytes(content)))


def test_files_of_keras_pass():
    files = sorted(GOLDEN.glob("*.h5"))
    assert len(files) > 20
    for path in files:
        check_heaps(path.read_bytes(), path.name)


def test_a_large_file_is_checked_in_a_fraction_of_a_second():
    content = bytes(with_text()) + np.random.RandomState(0).bytes(1 << 24) + bytes(1 << 24)
    start = time.perf_counter()
    check_heaps(content, "'file'")
    assert time.perf_counter() - start < 2.0  # about 0.05 on a machine that is not busy


@pytest.mark.parametrize("fault", ["free object", "reference"])
def test_a_file_on_the_disk_is_checked_too(fault, tmp_path):
    content = with_text()
    reference = content.index(struct.pack("<IQI", 10, content.index(b"GCOL"), 1))
    place = free_object(content) + 8 if fault == "free object" else reference
    struct.pack_into("<I", content, place, 0 if fault == "free object" else 1 << 30)
    (tmp_path / "model.h5").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"without a size|declares a text"):
        opened(tmp_path / "model.h5")


def test_the_signature_among_numbers_is_no_heap():
    numbers = b"GCOL" + bytes([7]) * 28
    check_heaps(numbers, "'file'")
    check_heaps(b"GCOL", "'file'")
