"""Methods of TensorFlow 1's tensors and variables."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir import layers as kl
from kir.layers import Dense, Input
from kir.models import Sequential

pytestmark = pytest.mark.tf


def test_a_tensor_is_evaluated_on_what_is_fed():
    x = Input((2,))
    np.testing.assert_array_equal((x * 2).eval(feed_dict={x: [[1, 2]]}), [[2, 4]])
    np.testing.assert_array_equal(K.ones((2,)).eval(session=K.get_session()), [1, 1])


@pytest.mark.parametrize(
    ("method", "wanted"), [("assign", 3.0), ("assign_add", 5.0), ("assign_sub", -1.0)]
)
def test_an_assignment_takes_effect_when_it_is_run(method, wanted):
    v = K.variable(2.0)
    update = getattr(v, method)(3.0)
    assert K.get_value(v) == 2.0
    K.get_session().run(update)
    assert K.get_value(v) == wanted


@pytest.mark.parametrize("run", [lambda op, s: op.run(session=s), lambda op, s: s.run([op])])
def test_an_initializer_draws_the_weight_anew(run):
    model = Sequential([Dense(3, input_shape=(4,), bias_initializer="ones")])
    kernel, _ = model.get_weights()
    model.set_weights([kernel * 0, np.zeros(3)])
    for weight in model.weights:
        run(weight.initializer, K.get_session())
    found, bias = model.get_weights()
    np.testing.assert_array_equal(bias, 1)
    assert 0 < np.abs(found).max() < np.sqrt(6 / 7)
    assert not np.array_equal(found, kernel)


def test_a_variable_without_an_initializer_keeps_its_value():
    v = K.variable(2.0)
    v.initializer.run()
    assert K.get_value(v) == 2.0


def test_a_tensor_names_its_operation():
    model = Sequential([Dense(3, input_shape=(4,), name="d")])
    assert model.output.op.name == "d/BiasAdd"
    assert model.output.op.inputs == [model.input]
    assert model.weights[0].op.name == "d/kernel"


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda x, _: x, "x"),
        (lambda x, _: kl.Dense(2)(x), "dense_1/BiasAdd"),
        (lambda x, _: kl.Dense(2, use_bias=False)(x), "dense_1/MatMul"),
        (lambda x, _: kl.Dense(2, activation="softmax")(x), "dense_1/Softmax"),
        (lambda _, s: kl.Dense(2)(s), "dense_1/add"),
        (lambda _, s: kl.Conv1D(2, 3, activation="relu")(s), "conv1d_1/Relu"),
        (lambda x, _: kl.ReLU()(x), "re_lu_1/Relu"),
        (lambda x, _: kl.ReLU(max_value=6)(x), "re_lu_1/Relu6"),
        (lambda x, _: kl.ReLU(max_value=5)(x), "re_lu_1/clip_by_value"),
        (lambda x, _: kl.ReLU(negative_slope=0.2)(x), "re_lu_1/LeakyRelu"),
        (lambda x, _: kl.Dropout(0.5)(x), "dropout_1/cond/Merge"),
        (lambda x, _: kl.add([x, x, x]), "add_1/add_1"),
        (lambda _, s: kl.LSTM(2)(s), "lstm_1/TensorArrayReadV3"),
        (lambda _, s: kl.LSTM(2, return_sequences=True)(s), "lstm_1/transpose_1"),
        (lambda _, s: kl.Bidirectional(kl.LSTM(2))(s), "bidirectional_1/concat"),
        (lambda x, _: kl.Lambda(lambda x: x * 2)(x), "lambda_1/mul"),
        (
            lambda x, _: Sequential([Dense(2, input_shape=(4,), name="d")], name="m")(x),
            "m/d/BiasAdd",
        ),
        (lambda x, _: K.softmax(K.mean(x, axis=1)), "Softmax"),
    ],
)
def test_operations_have_the_names_of_tensorflow_1(make, name):
    K.clear_session()
    assert make(kl.Input((4,), name="x"), kl.Input((5, 4))).op.name == name


def test_each_call_of_a_layer_has_a_scope_of_its_own():
    K.clear_session()
    layer = Dense(4)
    x = kl.Input((4,))
    assert layer(x).op.name == "dense_1/BiasAdd"
    assert layer(x).op.name == "dense_1_1/BiasAdd"
