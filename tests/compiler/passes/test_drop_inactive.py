"""At inference, dropout is left out."""

import numpy as np
import pytest

from compiler.passes.drop_inactive import DropInactive
from kir import backend as K
from kir.layers import Dense, Dropout, Input
from kir.models import Model, Sequential
from tests.compiler.passes.graphs import brief, evaluate, randomize, run, text

pytestmark = pytest.mark.tf


def test_dropout_is_left_out():
    K.clear_session()
    layers = [Dense(3, input_shape=(4,), name="a"), Dropout(0.5), Dropout(0.1), Dense(2, name="b")]
    model = Sequential(layers, name="m")
    assert brief(run(DropInactive(), model.graph)) == text(
        """
        graph @m(%a_input: f32[?,4]) -> (f32[?,2]) attributes {class_name = "Sequential"} {
          %a = keras.Dense "a" (%a_input) [@a/kernel:0, @a/bias:0] \\
        {batch_input_shape = (None, 4), dtype = "float32", units = 3} : f32[?,3]
          %b = keras.Dense "b" (%a) [@b/kernel:0, @b/bias:0] {units = 2} : f32[?,2]
          return %b
        }
        """
    )


def test_an_output_that_is_dropped_becomes_its_input():
    x = Input((4,), name="x")
    after = run(DropInactive(), Model(x, [Dropout(0.5)(x), x]).graph)
    assert after.nodes == ()
    assert after.outputs == (after.inputs[0], after.inputs[0])


def test_values_stay():
    x = Input((4,))
    y = Dense(3)(Dropout(0.5)(x))
    model = Model(x, [Dropout(0.9)(y), y])
    randomize(model)
    data = np.random.normal(size=(5, 4))
    before = evaluate(model.graph, data)
    for a, b in zip(before, evaluate(run(DropInactive(), model.graph), data), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_call_for_training_is_kept():
    x = Input((4,))
    graph = Model(x, Dropout(0.5)(x, training=True)).graph
    assert run(DropInactive(), graph) is graph


def test_a_call_for_inference_is_left_out():
    x = Input((4,))
    assert run(DropInactive(), Model(x, Dropout(0.5)(x, training=False)).graph).nodes == ()


def test_a_subclass_with_a_call_of_its_own_is_kept():
    class Doubling(Dropout):
        def call(self, inputs, training=None):
            return super().call(inputs, training=training) * 2.0

    x = Input((4,))
    graph = Model(x, Doubling(0.5)(x)).graph
    assert run(DropInactive(), graph) is graph
    np.testing.assert_array_equal(evaluate(graph, np.ones((1, 4)))[0], np.full((1, 4), 2.0))


def test_a_graph_without_dropout_stays_the_same_object():
    graph = Sequential([Dense(2, input_shape=(3,))]).graph
    assert DropInactive().run(graph) is graph
