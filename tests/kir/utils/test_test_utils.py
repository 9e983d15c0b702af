"""`layer_test` and `get_test_data`, which test suites of the Keras 2 era are built on."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.engine.base_layer import Layer
from kir.layers import LSTM, BatchNormalization, Conv2D, Dense, Dropout, Embedding
from kir.utils.generic_utils import CustomObjectScope
from kir.utils.test_utils import get_test_data, keras_test, layer_test

pytestmark = pytest.mark.tf


@pytest.mark.parametrize(
    ("layer", "arguments", "settings"),
    [
        (Dense, {"units": 3}, {"input_shape": (3, 2)}),
        (Dense, {"units": 3}, {"input_shape": (None, None, 2)}),
        (Dropout, {"rate": 0.5}, {"input_shape": (3, 2)}),
        (Conv2D, {"filters": 2, "kernel_size": 2}, {"input_shape": (2, 5, 5, 1)}),
        (
            LSTM,
            {"units": 2, "stateful": True},
            {"input_shape": (2, 3, 1), "fixed_batch_size": True},
        ),
        (BatchNormalization, {}, {"input_shape": (3, 4)}),
        (
            Embedding,
            {"input_dim": 10, "output_dim": 3},
            {"input_shape": (3, 2), "input_dtype": "int32", "expected_output_dtype": "float32"},
        ),
    ],
)
def test_built_in_layers_pass(layer, arguments, settings):
    output = layer_test(layer, arguments, **settings)
    assert output.ndim >= 2


def test_a_layer_of_the_users_passes():
    class Twice(Layer):
        def call(self, inputs):
            return inputs * 2

    x = np.arange(6.0, dtype="float32").reshape(2, 3)
    with CustomObjectScope({"Twice": Twice}):
        found = layer_test(Twice, input_data=x, expected_output=2 * x)
    np.testing.assert_array_equal(found, 2 * x)


class Liar(Layer):
    def call(self, inputs):
        return K.sum(inputs, axis=1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:1], 1)

    def get_config(self):
        return {**super().get_config(), "name": "liar"}


def test_another_result_than_expected_fails():
    with pytest.raises(AssertionError), CustomObjectScope({"Liar": Liar}):
        layer_test(Liar, input_shape=(2, 3), expected_output=np.zeros((2, 1)))


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [({}, (20,)), ({"classification": False, "output_shape": (2, 3)}, (20, 2, 3))],
)
def test_data_have_the_shapes_that_were_asked_for(arguments, shape):
    (x, y), (x_test, y_test) = get_test_data(20, 5, (4, 2), **arguments)
    assert (x.shape, y.shape) == ((20, 4, 2), shape)
    assert (len(x_test), len(y_test)) == (5, 5)


def test_the_decorator_clears_what_a_test_leaves():
    @keras_test
    def inner():
        return Dense(1).name

    inner()
    assert inner() == "dense_1"
