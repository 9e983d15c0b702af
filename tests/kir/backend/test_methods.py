"""Methods of TensorFlow 1's tensors and variables."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
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
    assert model.output.op.name == "d"
    assert model.output.op.inputs == [model.input]
    assert model.weights[0].op.name == "d/kernel"
