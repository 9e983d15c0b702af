"""`tensor.shape` and `tensor.get_shape()` as programs for TensorFlow 1 read them."""

from __future__ import annotations

import pytest

from kir import backend as K
from kir.engine.static_shape import StaticShape
from kir.layers import Dense, Input
from kir.models import Model, model_from_yaml

SHAPE = StaticShape((None, 8, 4))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (SHAPE[1].value, 8),
        (SHAPE[0].value, None),
        (SHAPE[-1] + SHAPE[1], 12),
        (SHAPE[1:].as_list(), [8, 4]),
        (SHAPE[1:].num_elements(), 32),
        (SHAPE.num_elements(), None),
        (SHAPE.is_fully_defined(), False),
        (SHAPE[1:].is_fully_defined(), True),
        ([d.value for d in SHAPE.dims or ()], [None, 8, 4]),
        ((SHAPE.ndims, SHAPE.rank), (3, 3)),
        (StaticShape(None).ndims, None),
        (StaticShape(None).dims, None),
        (SHAPE.is_compatible_with((2, 8, None)), True),
        (SHAPE.is_compatible_with((2, 7, 4)), False),
        (SHAPE.is_compatible_with(StaticShape(None)), True),
        (SHAPE == (None, 8, 4), True),
        (SHAPE[0] == None, True),  # noqa: E711 - what a program of the time may write
        (bool(SHAPE[0]), False),
        (repr(SHAPE), "(None, 8, 4)"),
        (type(SHAPE.as_list()[1]), int),
    ],
)
def test_a_shape_answers_as_tensorflow_1_did(found, expected):
    assert found == expected


def test_an_unknown_rank_has_no_list():
    with pytest.raises(ValueError, match="unknown TensorShape"):
        StaticShape(None).as_list()


def test_incompatible_shapes_are_refused():
    SHAPE.assert_is_compatible_with((None, 8, 4))
    with pytest.raises(ValueError, match="incompatible"):
        SHAPE.assert_is_compatible_with((1, 1, 1))


def test_a_size_that_is_not_known_may_be_given_on():
    x = Input((8, 4))
    y = K.placeholder(shape=(x.shape[0], x.get_shape()[1]))
    y.set_shape((x.get_shape()[0], 8))
    assert K.int_shape(y) == (None, 8)
    again = Input(batch_shape=(x.shape[0], 3))
    assert Model(again, again).get_config()["layers"][0]["config"]["batch_input_shape"] == (None, 3)


def test_sizes_read_from_a_tensor_configure_layers():
    x = Input((8, 4))
    y = Dense(x.get_shape()[-1].value)(Dense(x.shape[-1])(x))
    text = Model(x, y).to_yaml()
    assert text.count("units: 4") == 2
    assert model_from_yaml(text).to_yaml() == text
    assert K.int_shape(K.reshape(x, (-1, x.shape[1] * x.shape[2]))) == (None, 32)
