"""Gradients of TensorFlow's ops replaced by registered ones, as guided backpropagation does."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.tensorflow import tf as tensorflow
from compiler.tensorflow_1 import find
from kir import backend as K
from kir.layers import Activation, Conv2D, Dense, Input
from kir.models import Model, Sequential, clone_model

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
