"""Which Python objects become which attributes, and which attributes are equal."""

import collections
import enum

import numpy as np
import pytest

from kir.ir import Opaque, Ref, attributes_equal, to_attribute
from kir.ir.attributes import attribute_problem


class Padding(enum.StrEnum):
    SAME = "same"


Size = collections.namedtuple("Size", ["rows", "columns"])

CONVERSIONS = [
    (None, None),
    (True, True),
    (np.bool_(True), True),
    (np.int64(3), 3),
    (np.float64(0.5), 0.5),
    (np.str_("a"), "a"),
    (Padding.SAME, "same"),
    (Size(1, np.int32(2)), (1, 2)),
    ([np.float32(0.5), {"a": np.uint8(1)}], [0.5, {"a": 1}]),
    (np.array([1, 2], ">i4"), np.array([1, 2], "int32")),
    (np.array(["a", "b"]), ["a", "b"]),
    (Ref(1), Ref(1)),
    (len, Opaque("len")),
    ({1: 2}, Opaque("dict")),
    (b"x", Opaque("bytes")),
]


@pytest.mark.parametrize(("value", "expected"), CONVERSIONS, ids=[str(c[0]) for c in CONVERSIONS])
def test_to_attribute(value, expected):
    attribute = to_attribute(value)
    assert attributes_equal(attribute, expected)
    assert attribute_problem(attribute, 2) is None


def test_an_opaque_attribute_keeps_its_object():
    assert to_attribute(len).value is len


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ("1", 1),
        ((1,), [1]),
        ([1], [1, 2]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.zeros(2, "int32"), np.zeros(2, "int64")),
        (np.zeros((2, 1)), np.zeros((1, 2))),
        (Ref(0), Ref(1)),
        (Opaque("a"), Opaque("b")),
    ],
)
def test_attributes_that_differ(a, b):
    assert not attributes_equal(a, b)
    assert not attributes_equal(b, a)
    assert attributes_equal(a, a)


def test_nan_is_nan():
    assert attributes_equal([float("nan")], [np.float64("nan").item()])
