"""Calls that a program enters by hand, as some libraries of the Keras 2 era do."""

from __future__ import annotations

from kir import backend as K
from kir.engine.base_layer import Layer, Node


def test_a_call_made_by_hand_is_entered_on_both_sides():
    before, after = Layer(name="before"), Layer(name="after")
    x, y = K.placeholder((None, 2)), K.placeholder((None, 3))
    node = Node(after, [before], [0], [0], [x], [y], [None], [None], [(None, 2)], [(None, 3)])
    assert after._inbound_nodes == [node]
    assert before._outbound_nodes == [node]
    assert (node.input_tensors, node.output_tensors) == ([x], [y])
    assert node.output_shapes == [(None, 3)]
    assert node.get_config() == {
        "outbound_layer": "after",
        "inbound_layers": ["before"],
        "node_indices": [0],
        "tensor_indices": [0],
    }
