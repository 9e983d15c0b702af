"""Rows of a data set that stay in the file."""

import pickle

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kir.utils import HDF5Matrix

ROWS = np.arange(60.0).reshape(20, 3)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "data.h5"
    with h5py.File(path, "w") as file:
        file["x"] = ROWS
        file["group/y"] = np.arange(20)
        file["scalar"] = 3
    return str(path)


keys = st.one_of(
    st.integers(-10, 9),
    st.lists(st.integers(-10, 9), min_size=1),
    st.lists(st.booleans(), min_size=10, max_size=10).map(np.array),
    st.slices(10).filter(lambda key: key.stop is None or key.stop <= 10),
)


@given(keys)
def test_rows_are_those_of_an_array(path, key):
    matrix = HDF5Matrix(path, "x", start=5, end=15)
    np.testing.assert_array_equal(matrix[key], ROWS[5:15][key])


def test_its_shape_is_that_of_its_rows(path):
    matrix = HDF5Matrix(path, "x", start=5)
    assert (len(matrix), matrix.shape, matrix.ndim, matrix.size) == (15, (15, 3), 2, 45)
    assert matrix.dtype == np.float64


def test_rows_are_normalized(path):
    matrix = HDF5Matrix(path, "x", normalizer=lambda x: (x[..., :2] / 2).astype("float32"))
    np.testing.assert_array_equal(matrix[3:5], ROWS[3:5, :2] / 2)
    assert (matrix.shape, matrix.dtype) == ((20, 2), np.float32)


def test_it_can_be_sent_to_another_process(path):
    copy = pickle.loads(pickle.dumps(HDF5Matrix(path, "group/y", end=4)))
    assert copy[:].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("key", [10, -11, [3, 10], slice(0, 11)])
def test_rows_behind_the_end_are_an_error(path, key):
    with pytest.raises(IndexError, match="there are 10"):
        HDF5Matrix(path, "x", end=10)[key]


@pytest.mark.parametrize("name", ["z", "group", "scalar"])
def test_a_data_set_that_is_none_is_an_error(path, name):
    with pytest.raises(KeyError, match=f"no array '{name}'; it holds group, scalar, x"):
        HDF5Matrix(path, name)


@pytest.mark.parametrize("options", [{"start": 21}, {"end": 21}, {"start": 5, "end": 4}], ids=str)
def test_rows_that_the_file_does_not_have_are_an_error(path, options):
    with pytest.raises(ValueError, match="has 20"):
        HDF5Matrix(path, "x", **options)


def test_a_file_that_is_none_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        HDF5Matrix(tmp_path / "none.h5", "x")
