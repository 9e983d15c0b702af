"""Numerics that differ from TensorFlow's or that golden cases do not reach."""

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ConfigError, ShapeError

pytestmark = pytest.mark.tf


def value(y):
    return np.asarray(K.eval(y))


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda: K.sqrt(K.constant([-1.0, 4.0])), [0.0, 2.0]),
        (lambda: K.clip(K.constant([0.0, 9.0]), 5.0, 1.0), [5.0, 5.0]),
        (lambda: K.clip(K.constant([0.0, 9.0]), 1.0, None), [1.0, 9.0]),
        (lambda: K.constant([1, 2], shape=(4,)), [1.0, 2.0, 2.0, 2.0]),
        (lambda: K.arange(-3), []),
        (lambda: K.mean(K.constant([True, False], dtype="bool")), 0.5),
        (lambda: K.mean(K.constant([1, 2], dtype="int32")), 1),
        (lambda: K.hard_sigmoid(K.constant([-3.0, 1.0, 3.0])), [0.0, 0.7, 1.0]),
        (lambda: K.relu(K.constant([-1.0, 3.0, 8.0]), max_value=6), [0.0, 3.0, 6.0]),
        (lambda: K.relu(K.constant([-1.0, 8.0]), alpha=0.5, max_value=6), [-0.5, 6.0]),
        (lambda: K.relu(K.constant([-1.0, 0.5]), alpha=0.5, threshold=1.0), [-1.0, -0.25]),
        (lambda: K.batch_dot(K.constant([[1.0, 2.0]]), K.constant([[3.0, 4.0]]), 1), [[11.0]]),
        # Probabilities are kept away from 0 and 1; categorical ones are scaled first.
        (
            lambda: K.categorical_crossentropy(K.constant([[0.0, 1.0]]), K.constant([[2.0, 0.0]])),
            [-np.log(1e-7)],
        ),
        (
            lambda: K.sparse_categorical_crossentropy(
                K.constant([1], dtype="int32"), K.constant([[0.5, 0.25]])
            ),
            [np.log(3.0)],
        ),
        (lambda: K.binary_crossentropy(K.constant([1.0]), K.constant([1.0])), [1.192093e-7]),
        (lambda: K.in_top_k(K.constant([[1.0, 2.0]]), K.constant([0], dtype="int32"), 5), [True]),
    ],
)
def test_values_of_keras(call, wanted):
    np.testing.assert_allclose(value(call()), wanted, rtol=2e-6)


def test_masked_steps_repeat():
    x = K.constant(np.arange(1.0, 5.0).reshape(1, 4, 1))
    mask = K.constant([[0, 1, 0, 1]], dtype="bool")
    start = K.constant([[10.0]])

    def step(a, states):
        return a + states[0], [a + states[0]]

    for unroll, wanted in ((False, [10, 12, 12, 16]), (True, [0, 12, 12, 16])):
        last, outputs, (state,) = K.rnn(step, x, [start], mask=mask, unroll=unroll)
        assert value(outputs)[0, :, 0].tolist() == wanted
        assert value(last) == value(state) == 16


def test_input_length_limits_the_steps():
    x = K.ones((2, 5, 1))
    last, outputs, _ = K.rnn(lambda a, s: (s[0], [s[0] + a]), x, [K.zeros((2, 1))], input_length=3)
    assert value(outputs).shape == (2, 3, 1)
    assert value(last).tolist() == [[2.0], [2.0]]


@pytest.mark.parametrize("name", ["conv2d", "depthwise_conv2d", "conv3d"])
def test_channels_first_is_channels_last_transposed(name):
    rank = 5 if name == "conv3d" else 4
    rng = np.random.RandomState(0)
    x, kernel = rng.rand(*(2, 5, 6, 4, 3)[-rank:]), rng.rand(*(2,) * (rank - 2), 3, 2)
    x, kernel = K.constant(x), K.constant(kernel)
    axes = [0, rank - 1, *range(1, rank - 1)]
    function = getattr(K, name)
    wanted = K.permute_dimensions(function(x, kernel, padding="same"), axes)
    got = function(
        K.permute_dimensions(x, axes), kernel, padding="same", data_format="channels_first"
    )
    assert got.type == wanted.type
    np.testing.assert_allclose(value(got), value(wanted), rtol=1e-5)


def test_dilated_convolutions_have_gradients_on_the_cpu():
    w = K.variable(np.ones((3, 3, 1, 1)))
    y = K.conv2d(K.ones((1, 7, 7, 1)), w, dilation_rate=(2, 2))
    (grad,) = K.gradients(K.sum(y), [w])
    assert value(grad).ravel().tolist() == [9.0] * 9


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: K.pool2d(x, (2, 2), pool_mode="sum"), ConfigError, "expected 'max' or 'avg'"),
        (lambda x: K.conv2d(x, x, padding="full"), ConfigError, "expected 'same' or 'valid'"),
        (lambda x: K.batch_dot(x, x[0, 0, 0]), ShapeError, "expected rank 2 or more"),
        (lambda x: K.switch(x > 0, x[0], x[0]), ShapeError, "Rank of `condition`"),
    ],
)
def test_mistakes_with_computed_tensors(call, error, message):
    from compiler.tensorflow import tf

    with pytest.raises(error, match=message):
        call(tf.ones((1, 4, 4, 1)))
