"""Arrays read from a map of the file are those that HDF5 reads."""

import h5py
import numpy as np
import pytest

from runtime.hdf5.mapping import find_place, mapped
from runtime.hdf5.reading import find_arrays, read_arrays

ARRAYS = {
    "plain": np.arange(6, dtype="float32").reshape(2, 3),
    "scalar": np.float64(2.5),
    "half": np.arange(3, dtype="float16"),
    "big_endian": np.arange(3, dtype=">f8"),
    "flags": np.array([True, False]),
    "complex": np.array([1 + 2j]),
    "whole": np.array([2**62]),
    "empty": np.zeros((0, 4), "float32"),
}


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        for name, array in ARRAYS.items():
            file[name] = array
        file.create_dataset("chunked", data=np.ones((4, 4)), chunks=(2, 2), compression="gzip")
        file.create_dataset("unwritten", (2, 2), "float32")
        file.attrs["weight_names"] = [*ARRAYS, "chunked", "unwritten"]
    return tmp_path / "f.h5"


def test_they_are_equal_and_of_their_own(path):
    with h5py.File(path) as file:
        found = read_arrays([find_arrays(file)])[0]
        wanted = [file[name][()] for name in file.attrs["weight_names"]]
    for value, want in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(value, want)
        assert value.dtype == want.dtype
        assert value.flags.writeable


def test_what_lies_otherwise_is_left_to_hdf5(path):
    with h5py.File(path) as file, mapped(file) as content:
        assert content is not None
        placed = {n for n in file if find_place(file[n].id, content) is not None}
    assert placed == {"plain", "scalar", "half", "big_endian", "flags", "complex", "whole"}


def test_a_file_that_is_written_to_is_not_mapped(path):
    with h5py.File(path, "r+") as file, mapped(file) as content:
        assert content is None
        file["plain"][...] = 7  # not on the disk yet
        assert (read_arrays([find_arrays(file)])[0][0] == 7).all()
