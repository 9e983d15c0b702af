"""`tf.layers` and `tf.summary` on symbolic values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.tensorflow_1 import find
from kir import backend as K
from kir.errors import ConfigError, MissingAttributeError

pytestmark = pytest.mark.tf


class _Names:
    def __getattr__(self, name: str) -> Any:
        return find(name)


tf = _Names()
X = np.arange(12.0, dtype="float32").reshape(3, 4)
IMAGES = np.arange(2 * 4 * 4 * 3, dtype="float32").reshape(2, 4, 4, 3)


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def run(tensor: Any, **values: Any) -> Any:
    return K.get_session().run(tensor, values.get("feed"))


@pytest.mark.parametrize(
    ("kind", "arguments", "options", "data", "shape"),
    [
        ("dense", (5,), {}, X, (3, 5)),
        ("dense", (), {"units": 5, "activation": None}, X, (3, 5)),
        ("flatten", (), {}, IMAGES, (2, 48)),
        ("conv2d", (6, 3), {"padding": "same"}, IMAGES, (2, 4, 4, 6)),
        ("conv2d", (6, [3, 3], 2), {}, IMAGES, (2, 1, 1, 6)),
        ("conv2d_transpose", (6, 2, 2), {}, IMAGES, (2, 8, 8, 6)),
        ("max_pooling2d", (2, 2), {}, IMAGES, (2, 2, 2, 3)),
        ("average_pooling1d", (2, 2), {}, IMAGES[0], (4, 2, 3)),
        ("dropout", (0.5,), {"training": True}, X, (3, 4)),
    ],
)
def test_a_function_makes_a_layer_and_calls_it(kind, arguments, options, data, shape):
    x = tf.placeholder(tf.float32, (None, *data.shape[1:]))
    y = getattr(tf.layers, kind)(x, *arguments, **options)
    assert run(y, feed={x: data}).shape == shape


def test_dropout_is_off_unless_it_trains():
    x = tf.placeholder(tf.float32, (None, 4))
    off, on = tf.layers.dropout(x), tf.layers.dropout(x, 0.9, training=True)
    np.testing.assert_array_equal(run(off, feed={x: X}), X)
    assert (run(on, feed={x: X}) == 0).sum() > 1


def test_a_named_layer_is_used_again_if_asked_for():
    x = tf.placeholder(tf.float32, (None, 4))
    with tf.variable_scope("part"):
        first = tf.layers.dense(x, 2, tf.nn.relu, name="fc")
        with pytest.raises(ConfigError, match=r"'part/fc' already exist. Set reuse"):
            tf.layers.dense(x, 2, tf.nn.relu, name="fc")
    with tf.variable_scope("part", reuse=True):
        again = tf.layers.dense(x, 2, tf.nn.relu, name="fc")
        with pytest.raises(ConfigError, match="a layer without a name cannot be used again"):
            tf.layers.dense(x, 2)
    assert len(tf.trainable_variables()) == 2
    np.testing.assert_array_equal(run(first, feed={x: X}), run(again, feed={x: X}))


def test_a_network_of_functions_is_trained():
    x, y = tf.placeholder(tf.float32, (None, 4)), tf.placeholder(tf.float32, (None, 1))
    hidden = tf.contrib.layers.fully_connected(x, 8)
    loss = tf.losses.mean_squared_error(y, tf.layers.dense(hidden, 1))
    step = tf.train.AdamOptimizer(0.05).minimize(loss)
    feed = {x: X / 10, y: X[:, :1] / 10}
    before = run(loss, feed=feed)
    for _ in range(40):
        run(step, feed=feed)
    assert run(loss, feed=feed) < before / 2


@pytest.mark.parametrize("get", [lambda: tf.layers.batch_norm, lambda: tf.contrib.layers.conv9d])
def test_what_is_not_there_says_what_to_use(get):
    with pytest.raises(MissingAttributeError, match=r"Use keras\.layers"):
        get()


def test_a_distribution_has_symbolic_parameters():
    x = tf.placeholder(tf.float32, (None, 4))
    normal = tf.distributions.Normal(loc=x, scale=0.5)
    feed = {x: X}
    drawn, other = (run(normal.sample(), feed=feed) for _ in range(2))
    assert drawn.shape == (3, 4)
    assert (drawn != other).all()
    np.testing.assert_allclose(run(normal.prob(x), feed=feed), np.sqrt(2 / np.pi), rtol=1e-5)
    assert normal.scale == 0.5
    fixed = tf.distributions.Normal(0.0, 1.0)
    divergence = tf.distributions.kl_divergence(tf.distributions.Normal(x, 1.0), fixed)
    np.testing.assert_allclose(run(divergence, feed=feed), X**2 / 2, rtol=1e-5)
    assert run(fixed.sample(5)).shape == (5,)


def test_a_policy_is_trained_by_its_log_probability():
    x, action = tf.placeholder(tf.float32, (None, 4)), tf.placeholder(tf.int32, (None,))
    policy = tf.distributions.Categorical(logits=tf.layers.dense(x, 3))
    loss = -tf.reduce_mean(policy.log_prob(action)) - 0.01 * tf.reduce_mean(policy.entropy())
    step = tf.train.AdamOptimizer(0.1).minimize(loss)
    feed = {x: X, action: np.array([1, 1, 1])}
    for _ in range(60):
        run(step, feed=feed)
    assert run(policy.sample(), feed=feed).tolist() == [1, 1, 1]


def test_summaries_are_merged_and_written(tmp_path):
    assert tf.summary.merge_all() is None
    x = tf.placeholder(tf.float32, (None, 4))
    one = tf.summary.scalar("mean", tf.reduce_mean(x))
    with tf.name_scope("all"):
        tf.summary.histogram("the values", x)
    both = tf.summary.merge_all()
    summary = tf.Summary()
    summary.ParseFromString(run(both, feed={x: X}))
    assert [v.tag for v in summary.value] == ["mean", "all/the_values"]
    assert summary.value[0].simple_value == X.mean()
    writer = tf.summary.FileWriter(str(tmp_path))
    writer.add_summary(run(tf.summary.merge([one]), feed={x: X}), global_step=1)
    writer.close()
    assert len(list(tmp_path.glob("events.out.*"))) == 1


@pytest.mark.parametrize(
    ("compute", "wanted"),
    [
        (lambda x: tf.arg_max(x, 1), X.argmax(axis=1)),
        (lambda x: tf.argmax(x, dimension=1), X.argmax(axis=1)),
        (lambda x: tf.abs(tf.spectral.rfft(x)), np.abs(np.fft.rfft(X))),
        (lambda x: tf.abs(tf.fft(tf.cast(x, tf.complex64))), np.abs(np.fft.fft(X))),
    ],
    ids=["arg_max", "dimension", "rfft", "fft"],
)
def test_functions_that_tensorflow_does_not_dispatch(compute, wanted):
    x = tf.placeholder(tf.float32, (None, 4))
    np.testing.assert_allclose(run(compute(x), feed={x: X}), wanted, rtol=1e-5, atol=1e-5)
