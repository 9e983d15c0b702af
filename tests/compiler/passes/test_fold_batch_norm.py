"""Batch normalization is folded into the layer before it, where that computes the same."""

import numpy as np
import pytest

from compiler.passes.fold_batch_norm import FOLDED, FoldBatchNorm
from kir import backend as K
from kir.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten, Input
from kir.models import Model, Sequential
from tests.compiler.passes.graphs import brief, evaluate, randomize, run, text

pytestmark = pytest.mark.tf


def folded_count(model) -> int:
    return sum(n.op == FOLDED for n in run(FoldBatchNorm(), model.graph).nodes)


def test_a_convolution_takes_the_normalization_in():
    K.clear_session()
    model = Sequential(name="m")
    model.add(Conv2D(2, 3, input_shape=(6, 6, 1), use_bias=False, name="c"))
    model.add(BatchNormalization(name="n"))
    assert brief(run(FoldBatchNorm(), model.graph)) == text(
        """
        graph @m(%c_input: f32[?,6,6,1]) -> (f32[?,4,4,2]) attributes \\
        {class_name = "Sequential"} {
          %n = kir.folded_batch_norm "c/n" (%c_input) [@c/kernel:0, @n/gamma:0, @n/beta:0, \\
        @n/moving_mean:0, @n/moving_variance:0] : f32[?,4,4,2]
            graph @c_n(%c_input: f32[?,6,6,1]) -> (f32[?,4,4,2]) {
              %c = keras.Conv2D "c" (%c_input) [@c/kernel:0] {batch_input_shape = \\
        (None, 6, 6, 1), dtype = "float32", filters = 2, kernel_size = (3, 3), data_format = \\
        "channels_last", use_bias = False} : f32[?,4,4,2]
              %n, %n#2, %n#3 = keras.BatchNormalization "n" (%c) [@n/gamma:0, @n/beta:0, \\
        @n/moving_mean:0, @n/moving_variance:0] : (f32[?,4,4,2], f32[2], f32[2])
              return %n
            }
          return %n
        }
        """
    )


def conv(**settings):
    return Sequential([Conv2D(4, 3, input_shape=(8, 8, 2), **settings), BatchNormalization()])


def conv_channels_first():
    layer = Conv2D(4, 3, input_shape=(2, 8, 8), data_format="channels_first")
    return Sequential([layer, BatchNormalization(axis=1)])


def conv_plain_normalization():
    return Sequential(
        [
            Conv2D(4, 3, input_shape=(8, 8, 2), strides=2, padding="same"),
            BatchNormalization(scale=False, center=False, epsilon=0.1),
        ]
    )


def dense():
    return Sequential([Dense(6, input_shape=(5,)), BatchNormalization(), Activation("relu")])


def dense_of_a_computed_value():
    layers = [Flatten(input_shape=(2, 3)), Dense(6, use_bias=False), BatchNormalization(), Dense(2)]
    return Sequential(layers)


def dense_over_time():
    return Sequential([Dense(6, input_shape=(3, 5)), BatchNormalization()])


def called_twice():
    x, y = Input((5,)), Input((5,))
    layer, norm = Dense(6), BatchNormalization()
    return Model([x, y], [norm(layer(x)), norm(layer(y))])


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (conv, 1),
        (conv_channels_first, 1),
        (conv_plain_normalization, 1),
        (dense, 1),
        (dense_of_a_computed_value, 1),
        (dense_over_time, 1),
        (called_twice, 2),
    ],
)
def test_values_stay(make, count):
    model = make()
    randomize(model)
    assert folded_count(model) == count
    data = [np.random.normal(size=(5, *x.type.shape[1:])) for x in model.inputs]
    before = evaluate(model.graph, *data)
    after = evaluate(run(FoldBatchNorm(), model.graph), *data)
    for a, b in zip(before, after, strict=True):
        # The products are formed in another order: some units in the last place of the largest.
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_the_pass_is_idempotent():
    after = run(FoldBatchNorm(), conv().graph)
    assert FoldBatchNorm().run(after) is after


def activated():
    return conv(activation="relu")


def other_axis():
    return Sequential([Conv2D(6, 3, input_shape=(8, 8, 2)), BatchNormalization(axis=1)])


def result_used_elsewhere():
    x = Input((5,))
    y = Dense(6)(x)
    return Model(x, [BatchNormalization()(y), Activation("relu")(y)])


def result_is_an_output():
    x = Input((5,))
    y = Dense(6)(x)
    return Model(x, [BatchNormalization()(y), y])


def called_for_training():
    x = Input((5,))
    return Model(x, BatchNormalization()(Dense(6)(x), training=True))


def subclassed():
    class Scaled(Dense):
        def call(self, inputs):
            return super().call(inputs) * 2.0

    return Sequential([Scaled(6, input_shape=(5,)), BatchNormalization()])


def kernel_larger_than_result():
    return Sequential([Dense(6, input_shape=(2000,)), BatchNormalization()])


def nothing_before():
    return Sequential([BatchNormalization(input_shape=(5,))])


@pytest.mark.parametrize(
    "make",
    [
        activated,
        other_axis,
        result_used_elsewhere,
        result_is_an_output,
        called_for_training,
        subclassed,
        kernel_larger_than_result,
        nothing_before,
    ],
)
def test_what_would_compute_something_else_or_more_is_left(make):
    graph = make().graph
    assert FoldBatchNorm().run(graph) is graph
