"""TensorFlow's own optimizers, wrapped or passed to compile as they are."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.tensorflow import tf
from kir import backend as K
from kir import optimizers
from kir.callbacks import LearningRateScheduler
from kir.errors import DTypeError, MissingAttributeError, UnsupportedError
from kir.layers import Dense
from kir.models import Sequential

pytestmark = pytest.mark.tf

v1 = tf.compat.v1.train


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def trained(optimizer, batch_size=8, epochs=10, **arguments):
    """The weights after training from a fixed start."""
    model = Sequential([Dense(3, activation="tanh", input_shape=(4,)), Dense(2)])
    model.compile(optimizer, "mse")
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    x, y = rng.normal(size=(32, 4)), rng.normal(size=(32, 2))
    model.fit(x, y, batch_size, epochs, verbose=0, shuffle=False, **arguments)
    return model


def assert_same(a, b, rtol=1e-5):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize(
    ("native", "own"),
    [
        (lambda: v1.GradientDescentOptimizer(0.1), lambda: optimizers.SGD(0.1)),
        (lambda: v1.MomentumOptimizer(0.1, 0.9), lambda: optimizers.SGD(0.1, 0.9)),
        (
            lambda: v1.AdamOptimizer(0.01, epsilon=1e-7),
            lambda: optimizers.Adam(0.01),
        ),
    ],
    ids=["gradient descent", "momentum", "adam"],
)
@pytest.mark.parametrize("epochs", [2, 10], ids=["step by step", "in loops"])
def test_those_of_tensorflow_1_take_the_steps_of_keras(native, own, epochs):
    model = trained(native(), epochs=epochs)
    assert isinstance(model.optimizer, optimizers.TFOptimizer)
    assert_same(model, trained(own(), epochs=epochs))
    assert int(K.get_value(model.optimizer.iterations)) == 4 * epochs
    assert model._trainer.steps(True, False).trace_count == 1


@pytest.mark.parametrize("name", ["RMSPropOptimizer", "AdagradOptimizer", "FtrlOptimizer"])
def test_slots_are_kept_from_fit_to_fit(name):
    model = trained(getattr(v1, name)(0.05), epochs=10)
    before = model.get_weights()
    losses = model.fit(np.ones((32, 4)), np.zeros((32, 2)), 8, 10, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert any((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_a_rate_given_as_a_number_can_be_scheduled():
    stops = LearningRateScheduler(lambda epoch: 0.1 if epoch < 3 else 0.0)
    model = trained(v1.GradientDescentOptimizer(0.1), epochs=10, callbacks=[stops])
    assert_same(model, trained(optimizers.SGD(0.1), epochs=3))
    assert float(K.get_value(model.optimizer.lr)) == 0.0


def test_a_rate_in_a_variable_is_read_in_every_step():
    rate = tf.Variable(0.0)
    model = trained(v1.GradientDescentOptimizer(rate))
    start = model.get_weights()
    rate.assign(0.1)
    model.fit(np.ones((8, 4)), np.zeros((8, 2)), verbose=0)
    assert (model.get_weights()[0] != start[0]).any()


class Signs:
    """The least that can be wrapped."""

    def __init__(self):
        self.calls = 0

    def apply_gradients(self, grads_and_vars):
        self.calls += 1
        for g, v in grads_and_vars:
            v.assign_sub(0.01 * tf.sign(g))


def test_any_object_with_apply_gradients_will_do():
    optimizer = Signs()
    model = trained(optimizer, epochs=10)
    assert int(K.get_value(model.optimizer.iterations)) == 40
    assert optimizer.calls == 1  # traced once, one step a call
    with pytest.raises(MissingAttributeError, match="Signs keeps its learning rate in no variable"):
        _ = model.optimizer.lr


def test_its_state_is_tensorflows():
    optimizer = optimizers.TFOptimizer(v1.AdamOptimizer())
    for read in (lambda: optimizer.weights, optimizer.get_weights, optimizer.get_config):
        with pytest.raises(UnsupportedError, match="AdamOptimizer"):
            read()
    with pytest.raises(DTypeError, match="apply_gradients"):
        optimizers.TFOptimizer(3)


def test_symbolic_updates():
    w = K.variable(np.ones(3))
    loss = K.sum(K.square(w))
    updates = optimizers.TFOptimizer(v1.GradientDescentOptimizer(0.25)).get_updates(loss, [w])
    step = K.function([], [loss], updates)
    assert step([])[0] == 3.0
    np.testing.assert_array_equal(K.get_value(w), [0.5, 0.5, 0.5])
