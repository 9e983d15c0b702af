"""Gradients of TensorFlow's ops replaced by registered ones, as guided backpropagation does."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.tensorflow import tf as tensorflow
from compiler.tensorflow_1 import find
from kir import backend as K
from kir.layers import Activation, Conv2D, Dense, Input, Lambda, Layer
from kir.models import Model, Sequential, clone_model
from kir.optimizers import SGD

pytestmark = pytest.mark.tf

W = np.array([[1.0, -2.0, 0.5], [-1.0, 1.0, 3.0]], "float32")
V = np.array([[1.0], [-1.0], [2.0]], "float32")
X = np.array([[1.0, 0.5], [-1.0, 2.0]], "float32")


@pytest.fixture(scope="module", autouse=True)
def guided():
    @find("RegisterGradient")("GuidedForTests")
    def _guided(op, grad):
        positive = [tensorflow.cast(v > 0.0, v.dtype) for v in (grad, op.inputs[0])]
        return grad * positive[0] * positive[1]


def override():
    return find("get_default_graph")().gradient_override_map({"Relu": "GuidedForTests"})


def make_model(activation="relu"):
    model = Sequential([Dense(3, activation=activation, input_shape=(2,)), Dense(1)])
    model.set_weights([W, np.zeros(3), V, np.zeros(1)])
    return model


def gradient_of(model):
    (gradient,) = K.gradients(model.output, model.input)
    return K.function([model.input], [gradient])([X])[0]


def expected(is_guided):
    upstream = np.broadcast_to(V[:, 0], (2, 3))
    if is_guided:
        upstream = np.maximum(upstream, 0)
    return (upstream * (X @ W > 0)) @ W.T


@pytest.mark.parametrize("activation", ["relu", tensorflow.nn.relu, K.relu])
def test_a_model_that_is_built_in_the_scope_has_other_gradients(activation):
    with override():
        guided = make_model(activation)
    np.testing.assert_allclose(gradient_of(guided), expected(True), rtol=1e-5)
    np.testing.assert_allclose(gradient_of(make_model(activation)), expected(False), rtol=1e-5)


def test_its_outputs_are_the_same_and_it_can_be_nested():
    with override():
        inner = make_model()
    x = Input((2,))
    outer = Model(x, inner(x))
    np.testing.assert_allclose(outer.predict(X), make_model().predict(X), rtol=1e-6)
    np.testing.assert_allclose(gradient_of(outer), expected(True), rtol=1e-5)


def test_a_model_is_cloned_in_the_scope():
    model = make_model()
    with override():
        guided = clone_model(model)
    guided.set_weights(model.get_weights())
    np.testing.assert_allclose(gradient_of(guided), expected(True), rtol=1e-5)


def test_layers_of_several_ops_take_part():
    with override():
        model = Sequential(
            [Conv2D(2, 1, activation="relu", input_shape=(2, 2, 1)), Activation("relu")]
        )
    model.set_weights([np.ones((1, 1, 1, 2)), np.zeros(2)])
    (gradient,) = K.gradients(-K.sum(model.output), model.input)
    found = K.function([model.input], [gradient])([np.ones((1, 2, 2, 1))])[0]
    np.testing.assert_array_equal(found, np.zeros((1, 2, 2, 1)))


@find("custom_gradient")
def _reversed(x):
    return tensorflow.identity(x), lambda upstream: -upstream


class Reversal(Layer):
    def call(self, x):
        return _reversed(x)


@pytest.mark.parametrize("apply", [_reversed, Lambda(_reversed), Reversal()])
def test_a_function_has_a_gradient_of_its_own(apply):
    x = Input((2,)) if apply is not _reversed else K.placeholder((None, 2))
    y = apply(x)
    (gradient,) = K.gradients(K.sum(y * 3.0), [x])
    found = K.function([x], [y, gradient])([X])
    np.testing.assert_array_equal(found[0], X)
    np.testing.assert_array_equal(found[1], np.full_like(X, -3.0))


class Flip(Layer):
    def call(self, x):
        with override():
            return tensorflow.nn.relu(x)


def test_an_override_inside_of_a_layer_holds_in_training():
    model = Sequential([Dense(2, input_shape=(2,)), Flip()])
    model.set_weights([np.eye(2), np.zeros(2)])
    model.compile(SGD(1.0), lambda y_true, y_pred: -y_pred)
    model.train_on_batch(np.ones((1, 2)), np.ones((1, 2)))
    # The gradient that comes from above is negative, which guided backpropagation stops.
    np.testing.assert_array_equal(model.get_weights()[0], np.eye(2))
