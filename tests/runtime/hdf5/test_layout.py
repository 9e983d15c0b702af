"""Lists of names as attributes, in the form that Keras's files have."""

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.hdf5 import layout


@pytest.fixture
def group(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        yield file


def is_ascii_text(group: h5py.Group, name: str) -> bool:
    kind = group.attrs.get_id(name).get_type()
    return kind.is_variable_str() and kind.get_cset() == h5py.h5t.CSET_ASCII


def test_text_is_of_variable_length_and_declared_ascii(group):
    layout.write_text(group, "backend", "tensorflow")
    assert is_ascii_text(group, "backend")
    assert layout.read_text(group, "backend") == "tensorflow"
    assert layout.read_text(group, "absent") is None


def test_a_short_list_is_one_attribute(group):
    layout.save_attributes_to_hdf5_group(group, "layer_names", [b"dense_1", "dense_2"])
    assert list(group.attrs) == ["layer_names"]
    assert is_ascii_text(group, "layer_names")
    assert layout.load_attributes_from_hdf5_group(group, "layer_names") == ["dense_1", "dense_2"]


def test_an_empty_list_is_an_empty_array_of_floats(group):
    layout.save_attributes_to_hdf5_group(group, "weight_names", [])
    assert group.attrs["weight_names"].dtype == np.float64
    assert layout.load_attributes_from_hdf5_group(group, "weight_names") == []
    assert layout.has_names(group, "weight_names")


def test_a_long_list_is_cut_into_numbered_attributes(group):
    names = [f"{'n' * 1000}_{i}" for i in range(70)]
    layout.save_attributes_to_hdf5_group(group, "layer_names", names)
    assert list(group.attrs) == ["layer_names0", "layer_names1"]
    assert group.attrs["layer_names0"].dtype == np.dtype("S1003")
    assert group.attrs["layer_names0"].shape == (35,)
    assert layout.load_attributes_from_hdf5_group(group, "layer_names") == names
    assert layout.has_names(group, "layer_names")


def test_many_short_names_fit_too(group):
    names = [f"w{i}" for i in range(9000)]  # 54 kB of text, but 144 kB of pointers to it
    layout.save_attributes_to_hdf5_group(group, "weight_names", names)
    assert layout.load_attributes_from_hdf5_group(group, "weight_names") == names


def test_a_name_beyond_the_limit_is_refused(group):
    with pytest.raises(RuntimeError, match="shorter name"):
        layout.save_attributes_to_hdf5_group(group, "layer_names", ["n" * 64513])


def test_bytes_and_text_of_other_writers_are_read(group):
    group.attrs["fixed"] = np.array([b"a", b"bc"])
    group.attrs.create("unicode", ["a", "\u00fc"], dtype=h5py.string_dtype())
    assert layout.load_attributes_from_hdf5_group(group, "fixed") == ["a", "bc"]
    assert layout.load_attributes_from_hdf5_group(group, "unicode") == ["a", "\u00fc"]
    group.attrs["version"] = np.bytes_(b"2.1.6")
    assert layout.read_text(group, "version") == "2.1.6"


@given(count=st.integers(1, 20000), longest=st.integers(1, layout.ATTRIBUTE_LIMIT))
def test_the_number_of_attributes_is_the_least_that_fits(count, longest):
    chunks = layout.chunk_count(count, longest)
    width = max(longest, 16)
    assert -(-count // chunks) * width <= layout.ATTRIBUTE_LIMIT
    if chunks > 1:
        assert -(-count // (chunks - 1)) * width > layout.ATTRIBUTE_LIMIT
