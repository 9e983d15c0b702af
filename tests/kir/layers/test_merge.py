"""Merge layers: types, masks, configurations, errors. No TensorFlow."""

from __future__ import annotations

import pytest

from kir import backend as K
from kir import layers as kl
from kir.errors import ArgumentError, ConfigError, ShapeError

ELEMENTWISE = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def inputs(*shapes):
    return [kl.Input(batch_shape=shape) for shape in shapes]


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize(
    ("shapes", "want"),
    [
        ([(None, 5, 3), (None, 5, 3)], "f32[?,5,3]"),
        ([(None, 5, 3), (None, 3)], "f32[?,5,3]"),
        ([(None, 5, 1, 3), (None, 1, 2, 3)], "f32[?,5,2,3]"),
        ([(None, 5, 3), (None, None, 3)], "f32[?,?,3]"),
        ([(4, 5), (None, 5)], "f32[4,5]"),
    ],
)
def test_elementwise_types(name, shapes, want):
    layer = getattr(kl, name)()
    assert str(layer(inputs(*shapes)).type) == want
    assert list(layer.get_config()) == ["name", "trainable"]


@pytest.mark.parametrize("name", ["add", *(n.lower() for n in ELEMENTWISE), "concatenate"])
def test_functions_take_the_arguments_of_layers(name):
    y = getattr(kl, name)(inputs((None, 4), (None, 4)), name="here")
    assert y._keras_history[0].name == "here"


def test_dot_as_a_function():
    y = kl.dot(inputs((None, 4), (None, 4)), 1, normalize=True, name="cosine")
    layer = y._keras_history[0]
    assert layer.get_config() == {
        "name": "cosine",
        "trainable": True,
        "axes": 1,
        "normalize": True,
    }


@pytest.mark.parametrize(
    ("shapes", "axes", "want"),
    [
        ([(None, 4), (None, 4)], 1, "f32[?,1]"),
        ([(None, 4), (None, 4)], -1, "f32[?,1]"),
        ([(None, 5, 3), (None, 2, 3)], 2, "f32[?,5,2]"),
        ([(None, 3, 5), (None, 2, 3)], (1, 2), "f32[?,5,2]"),
        ([(None, 5, 3), (None, 3)], (2, 1), "f32[?,5]"),
        ([(None, 3), (None, 5, 3)], (1, 2), "f32[?,5]"),
        ([(None, 5, 3), (None, 5, 2)], 1, "f32[?,3,2]"),
        # Keras 2.2: from rank 4 on the axes before the last two are batches of matrices.
        ([(None, 7, 5, 3), (None, 7, 2, 3)], 3, "f32[?,7,5,2]"),
    ],
)
def test_dot_types(shapes, axes, want):
    assert str(kl.Dot(axes)(inputs(*shapes)).type) == want


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kl.Add()(inputs((None, 4))), ConfigError, "at least 2 inputs. Got 1 inputs"),
        (lambda: kl.Add()(kl.Input((4,))), ConfigError, "Got 1 inputs"),
        (
            lambda: kl.add(inputs((None, 4), (None, 3))),
            ShapeError,
            "could not be broadcast together",
        ),
        (lambda: kl.add(inputs((2, 4), (3, 4))), ShapeError, "with different batch sizes"),
        (
            lambda: kl.subtract(inputs(*[(None, 4)] * 3)),
            ConfigError,
            "exactly 2 inputs. Got 3 inputs",
        ),
        (lambda: kl.dot(inputs(*[(None, 4)] * 3), 1), ConfigError, "exactly 2"),
        (
            lambda: kl.dot(inputs((None, 4, 2), (None, 5, 3)), 1),
            ShapeError,
            r"Dimension incompatibility 4 != 5 on axis 1.*\(None, 4, 2\), \(None, 5, 3\)",
        ),
        (lambda: kl.dot(inputs((None, 4), (None, 4)), 2), ShapeError, "expected the axes"),
        (lambda: kl.Dot("a"), ArgumentError, "should be a list or an int"),
        (lambda: kl.Dot((1, 2, 3)), ConfigError, "expected an int or a pair"),
        (
            lambda: kl.Concatenate(axis=2)(inputs((None, 4, 2), (None, 5, 2))),
            ShapeError,
            "matching shapes except .* axis 2",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_masks_are_joined():
    a, b = (kl.Masking()(x) for x in inputs((None, 5, 3), (None, 5, 3)))
    assert str(kl.maximum([a, b]).mask.type) == "bool[?,5]"
    assert str(kl.multiply([a, kl.Input((5, 3))]).mask.type) == "bool[?,5]"
    assert kl.add(inputs((None, 5), (None, 5))).mask is None
    assert kl.dot([a, b], 2).mask is None
