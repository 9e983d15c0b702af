"""The state that Keras's layout has no place for."""

import h5py
import numpy as np
import pytest

from kir.errors import FileFormatError
from runtime.hdf5.state import STATE, read_state, write_state


@pytest.fixture
def group(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        yield file


def test_arrays_of_any_size_come_back(group):
    state = {
        "optimizer/iterations": np.int64(3),
        "bn/biased:0": np.arange(100_000, dtype="float32"),  # more than an attribute's 64 kB
        "rng": np.array([[1, 2], [3, 2**63]], "uint64"),
        "none": np.zeros((0, 4), "float16"),
        **{f"w{i}": np.full(3, i) for i in range(50)},
    }
    write_state(group, state)
    read = read_state(group)
    assert list(read) == list(state)
    for name, array in state.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


def test_readers_of_data_sets_do_not_see_it(group):
    write_state(group, {"a": np.zeros(3)})
    assert list(group) == [STATE]
    assert list(group[STATE]) == []


def test_no_state_leaves_no_trace(group):
    write_state(group, {})
    assert list(group) == []
    assert read_state(group) == {}


def test_anything_but_numbers_is_refused(group):
    group.create_group(STATE).attrs["a"] = "text"
    with pytest.raises(FileFormatError, match="'a' of 'kir_state'"):
        read_state(group)
