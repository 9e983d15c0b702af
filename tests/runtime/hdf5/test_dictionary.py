"""A file, or a dictionary, behind the interface of a dictionary."""

import h5py
import numpy as np
import pytest

from kir.utils import h5dict


@pytest.fixture(params=["file", "group", "dictionary"])
def make(request, tmp_path):
    """Makes a dictionary of a mode; all calls of a test share what it keeps."""
    kept = {}
    path = str(tmp_path / "a.h5")
    if request.param == "group":
        with h5py.File(path, "w") as file:
            yield lambda mode: h5dict(file, mode)
    else:
        yield lambda mode: h5dict(path if request.param == "file" else kept, mode)


VALUES = {
    "array": np.arange(6.0).reshape(2, 3),
    "number": np.float32(2.5),
    "text": "words",
    "names": [b"one", b"two"],
    "many_names": [b"%06d" % i * 20 for i in range(2000)],
}


def test_what_is_set_is_there(make):
    saved = make("w")
    for key, value in VALUES.items():
        saved[key] = value
    saved["group"]["inner"] = VALUES["array"]
    saved.close()
    read = make("r")
    for key, value in VALUES.items():
        assert key in read
        np.testing.assert_array_equal(read[key], value)
    np.testing.assert_array_equal(read["group"]["inner"], VALUES["array"])
    assert "group" in set(read)
    read.close()


def test_reading_makes_no_group(make):
    saved = make("w")
    saved["a"] = np.ones(2)
    saved.close()
    read = make("r")
    assert read.get("b", 3) == 3
    assert "b" not in read
    with pytest.raises(ValueError, match="no 'b'"):
        read["b"]
    with pytest.raises(ValueError, match="mode 'r'"):
        read["b"] = 1
    read.close()


def test_a_dictionary_is_taken_over(make):
    saved = make("w")
    saved.update({"a": np.ones(2)}, {"b": np.zeros(3)})
    assert {"a", "b"} <= set(saved.iter())
    assert len(saved) >= 2
    saved.close()


def test_an_array_is_not_overwritten_in_a_file(tmp_path):
    saved = h5dict(tmp_path / "a.h5", "w")
    saved["a"] = np.ones(2)
    with pytest.raises(KeyError, match="has the name"):
        saved["a"] = np.zeros(2)
    saved.close()


def test_what_is_no_place_is_an_error():
    with pytest.raises(TypeError, match="path, an h5py group or a dictionary"):
        h5dict(3)
