"""Names and configs of small objects, Keras's helpers, and the refusal to run code from files."""

import base64
import json
import marshal

import numpy as np
import pytest

from kir.errors import ConfigError, FileFormatError, LabelError, UnsafeFileError
from kir.utils import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    normalize,
    serialize_keras_object,
    to_categorical,
)
from kir.utils import generic_utils as utils


class Thing:
    def __init__(self, size=1):
        self.size = size

    def get_config(self):
        return {"size": self.size}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Nested(Thing):
    @classmethod
    def from_config(cls, config, custom_objects=None):
        made = cls(**config)
        made.known = custom_objects
        return made


def test_an_object_round_trips_through_its_config():
    serialized = serialize_keras_object(Thing(3))
    assert serialized == {"class_name": "Thing", "config": {"size": 3}}
    assert deserialize_keras_object(serialized, {"Thing": Thing}).size == 3


def test_a_function_is_serialized_by_name():
    assert serialize_keras_object(max) == "max"
    assert deserialize_keras_object("max", {"max": max}) is max


def test_what_has_neither_config_nor_name_cannot_be_serialized():
    with pytest.raises(ConfigError, match="Cannot serialize 3"):
        serialize_keras_object(3)


def test_custom_objects_reach_from_config_where_it_takes_them():
    with CustomObjectScope({"a": 1}):
        config = {"class_name": "Nested", "config": {}}
        made = deserialize_keras_object(config, {"Nested": Nested}, {"b": 2})
    assert made.known == {"a": 1, "b": 2}


def test_the_users_object_goes_before_the_familys():
    assert deserialize_keras_object("f", {"f": min}, {"f": max}) is max


def test_a_function_that_returns_the_object_is_called():
    config = {"class_name": "make", "config": {"size": 2}}
    made = deserialize_keras_object(config, {"make": lambda size: Thing(size)})
    assert made.size == 2


@pytest.mark.parametrize(
    "config",
    [{}, {"class_name": "Thing"}, {"config": {}}, {"class_name": 3, "config": {}}, 3, None],
    ids=str,
)
def test_a_malformed_config_is_rejected(config):
    with pytest.raises(ConfigError, match=r"thing"):
        deserialize_keras_object(config, {"Thing": Thing}, printable_module_name="thing")


def test_a_scope_ends_even_after_an_error():
    def fail():
        with custom_object_scope({"Thing": Thing}, {"other": max}):
            assert get_custom_objects() == {"Thing": Thing, "other": max}
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert get_custom_objects() == {}


def test_a_long_table_is_not_listed_in_full():
    long = {f"name_{i}": i for i in range(100)}
    with pytest.raises(ConfigError) as error:
        deserialize_keras_object("name_x", long)
    assert len(str(error.value)) < 200


def test_has_arg():
    def f(a, *, b, **rest):
        pass

    assert utils.has_arg(f, "a")
    assert utils.has_arg(f, "b")
    assert not utils.has_arg(f, "c")
    assert utils.has_arg(f, "c", accept_all=True)


def test_lists():
    assert utils.to_list((1, 2)) == [(1, 2)]
    assert utils.to_list((1, 2), allow_tuple=True) == [1, 2]
    assert utils.unpack_singleton([5]) == 5
    assert utils.unpack_singleton([5, 6]) == [5, 6]
    assert utils.is_all_none([None, None])
    assert not utils.is_all_none([None, 1])
    a, b = object(), object()
    assert utils.object_list_uid([a, b]) == f"{id(a)}, {id(b)}"


def test_slice_arrays():
    x = np.arange(6)
    assert utils.slice_arrays([x, None], 1, 3)[0].tolist() == [1, 2]
    assert utils.slice_arrays([x, None], 1, 3)[1] is None
    assert utils.slice_arrays(x, [4, 0]).tolist() == [4, 0]
    assert utils.slice_arrays(x, np.array([4, 0])).tolist() == [4, 0]
    assert utils.slice_arrays(None, 1) == [None]
    with pytest.raises(ConfigError, match="stop"):
        utils.slice_arrays([x], [1], 3)


def test_transpose_shape():
    assert utils.transpose_shape((None, 7, 8, 3), "channels_first", (1, 2)) == (None, 3, 7, 8)
    assert utils.transpose_shape([0, 7, 8, 3], "channels_first", (1, 2)) == [0, 3, 7, 8]
    assert utils.transpose_shape((None, 7, 8, 3), "channels_last", (1, 2)) == (None, 7, 8, 3)
    with pytest.raises(ConfigError, match="data format"):
        utils.transpose_shape((None, 7, 8, 3), "first", (1, 2))


def make_function(offset):
    def function(x, factor=2):
        return factor * x + offset

    return function


def test_a_function_dumped_here_is_loaded_here():
    dumped = json.loads(json.dumps(utils.func_dump(make_function(1))))
    loaded = utils.func_load(dumped)
    assert loaded(3) == 7
    assert loaded.__name__ == "function"


def foreign_code(source="lambda x: x + 40"):
    code = eval(source).__code__
    return base64.encodebytes(marshal.dumps(code)).decode("ascii")


def test_code_from_elsewhere_is_refused():
    with pytest.raises(UnsafeFileError, match="allow_unsafe_code"):
        utils.func_load(foreign_code())


def test_code_from_elsewhere_is_loaded_where_the_user_allows_it():
    with utils.allow_unsafe_code():
        assert utils.is_unsafe_code_allowed()
        assert utils.func_load(foreign_code())(2) == 42
    assert not utils.is_unsafe_code_allowed()


@pytest.mark.parametrize("code", ["AAAA", "4w==", "é", 3], ids=str)
def test_malformed_code_is_rejected(code):
    with utils.allow_unsafe_code(), pytest.raises(FileFormatError, match="code"):
        utils.func_load(code)


class Sleeper:
    """A class whose config names what it does by code."""

    def __init__(self, function):
        self.function = function

    @classmethod
    def from_config(cls, config):
        return cls(utils.func_load(config["code"]))


def test_code_that_a_program_dumped_by_itself_comes_back_but_not_by_a_config():
    raw = marshal.dumps(kept_function.__code__).decode("raw_unicode_escape")
    loaded = utils.func_load(raw, defaults=kept_function.__defaults__)
    assert loaded.__code__ == kept_function.__code__
    assert loaded(1) == (1, 5, Thing)
    config = {"class_name": "Sleeper", "config": {"code": raw}}
    with pytest.raises(UnsafeFileError, match="marshalled Python code"):
        deserialize_keras_object(config, {"Sleeper": Sleeper})


def kept_function(x, y=5):
    return x, y, Thing


def test_marshalled_data_is_no_code():
    data = base64.encodebytes(marshal.dumps([1])).decode("ascii")
    with utils.allow_unsafe_code(), pytest.raises(FileFormatError, match="holds a list"):
        utils.func_load(data)


@pytest.mark.parametrize(
    ("y", "classes", "want"),
    [
        ([0, 2], None, [[1, 0, 0], [0, 0, 1]]),
        ([[0], [1]], 2, [[1, 0], [0, 1]]),
        ([[0, 1]], 2, [[[1, 0], [0, 1]]]),
        (1, 3, [0, 1, 0]),
    ],
    ids=str,
)
def test_to_categorical(y, classes, want):
    got = to_categorical(y, classes)
    assert got.tolist() == want
    assert got.dtype == np.float32


def test_to_categorical_rejects_labels_that_do_not_fit():
    with pytest.raises(LabelError, match="label 5 is out of bounds for 3 classes"):
        to_categorical([0, 5], num_classes=3)
    with pytest.warns(UserWarning, match="label -1"):
        assert to_categorical([-1], 2).tolist() == [[0, 1]]


def test_normalize():
    np.testing.assert_allclose(normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0.0, 0.0]])
    np.testing.assert_allclose(normalize([[1.0, 3.0]], order=1), [[0.25, 0.75]])
