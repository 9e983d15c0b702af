"""Nested models become part of the graph around them."""

import numpy as np
import pytest

from compiler.passes.inline_networks import InlineNetworks
from kir import backend as K
from kir.ir import verify
from kir.layers import LSTM, Activation, Add, Dense, Embedding, Input
from kir.models import Model, Sequential
from tests.compiler.passes.graphs import brief, evaluate, randomize, run, text

pytestmark = pytest.mark.tf


def twice():
    """A nested model of two levels, called on two inputs."""
    K.clear_session()
    deep = Sequential([Activation("tanh", input_shape=(3,), name="t")], name="deep")
    a = Input((4,), name="a")
    inner = Model(a, deep(Dense(3, name="d")(a)), name="inner")
    x, y = Input((4,), name="x"), Input((4,), name="y")
    return Model([x, y], Add(name="sum")([inner(x), inner(y)]), name="outer")


def test_each_call_becomes_the_calls_inside():
    assert brief(run(InlineNetworks(), twice().graph)) == text(
        """
        graph @outer(%x: f32[?,4], %y: f32[?,4]) -> (f32[?,3]) attributes {class_name = "Model"} {
          %d = keras.Dense "d" (%x) [@d/kernel:0, @d/bias:0] {units = 3} : f32[?,3]
          %t = keras.Activation "t" (%d) {batch_input_shape = (None, 3), dtype = "float32", \\
        activation = "tanh"} : f32[?,3]
          %d#2 = keras.Dense "d" (%y) [@d/kernel:0, @d/bias:0] {units = 3} : f32[?,3]
          %t#2 = keras.Activation "t" (%d#2) {batch_input_shape = (None, 3), dtype = "float32", \\
        activation = "tanh"} : f32[?,3]
          %sum = keras.Add "sum" (%t, %t#2) : f32[?,3]
          return %sum
        }
        """
    )


def test_values_stay():
    model = twice()
    randomize(model)
    data = [np.random.normal(size=(5, 4)) for _ in range(2)]
    (before,) = evaluate(model.graph, *data)
    (after,) = evaluate(run(InlineNetworks(), model.graph), *data)
    np.testing.assert_array_equal(before, after)


def test_masks_pass_the_border():
    tokens = Input((6,), dtype="int32")
    inner = Model(tokens, Embedding(5, 3, mask_zero=True)(tokens))
    x = Input((6,), dtype="int32")
    model = Model(x, LSTM(2)(inner(x)))
    randomize(model)
    data = np.array([[1, 2, 3, 0, 0, 0], [4, 4, 4, 4, 4, 4]])
    flat = run(InlineNetworks(), model.graph)
    (before,), (after,) = evaluate(model.graph, data), evaluate(flat, data)
    np.testing.assert_array_equal(before, after)
    (shorter,) = evaluate(flat, np.array([[1, 2, 3, 0, 0, 0], [4, 4, 4, 4, 4, 0]]))
    np.testing.assert_array_equal(after[0], shorter[0])
    assert not np.array_equal(after[1], shorter[1])


def test_inputs_are_converted_to_what_the_nested_model_declares():
    K.clear_session()
    inner = Sequential([Embedding(5, 3, input_length=4, name="e")], name="inner")
    x = Input((4,), dtype="int32", name="x")
    model = Model(x, inner(x), name="m")
    flat = run(InlineNetworks(), model.graph)
    assert brief(flat) == text(
        """
        graph @m(%x: i32[?,4]) -> (f32[?,4,3]) attributes {class_name = "Model"} {
          %#1 = k.cast(%x) {x = $0, dtype = "float32"} : f32[?,4]
          %e = keras.Embedding "e" (%#1) [@e/embeddings:0] {batch_input_shape = (None, 4), \\
        dtype = "float32", input_dim = 5, output_dim = 3, input_length = 4} : f32[?,4,3]
          return %e
        }
        """
    )
    data = np.array([[0, 1, 2, 4]])
    expected = inner.get_weights()[0][data]
    for graph in (model.graph, flat):
        np.testing.assert_array_equal(evaluate(graph, data)[0], expected)


def test_calls_from_a_frozen_model_are_marked():
    model = twice()
    model.get_layer("inner").trainable = False
    marked = {n.name for n in run(InlineNetworks(), model.graph).nodes if n.is_frozen}
    assert marked == {"d", "t"}


def test_a_model_that_returns_its_input_vanishes():
    a = Input((2,))
    inner = Model(a, [a, Activation("relu")(a)])
    x = Input((2,), name="x")
    flat = run(InlineNetworks(), Model(x, inner(x)[0]).graph)
    assert flat.outputs == flat.inputs


def test_a_flat_graph_stays_the_same_object():
    graph = Sequential([Dense(2, input_shape=(3,))]).graph
    assert InlineNetworks().run(graph) is graph


def test_calls_get_the_sizes_that_the_nested_models_call_knows():
    words = Sequential([Embedding(5, 3), Dense(2)])
    outer = Model(x := Input((4,)), words(x))
    flat = InlineNetworks().run(outer.graph)
    verify(flat)  # IR.8: a call's types are those that follow from its operands
    assert str(flat.outputs[0].type) == "f32[?,4,2]"
