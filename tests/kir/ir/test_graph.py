"""Graphs: what they hold, their order, when they are equal."""

import pytest

from kir.errors import ConfigError
from kir.ir import Graph, Node, OpDef, TensorType, Value, Weight, ops, topological_order, verify
from kir.serde.proto import to_bytes

F32 = TensorType("float32", (None, 3))


def test_weights_come_once_in_order_of_first_use():
    a, b, c, d = (Weight(TensorType("float32", (3,)), name) for name in "abcd")
    inner = Node("k.f", [b], [F32])
    region = Graph("r", [], inner.outputs, [inner])
    nodes = [Node("k.f", [], [F32], weights=[a]), Node("keras.Model", [], [F32], region=region)]
    nodes.append(Node("k.f", [a, c], [F32], weights=[b]))
    assert Graph("g", [], [d], nodes).weights == (a, b, c, d)
    assert [node.op for node in Graph("g", [], [], nodes).walk()] == [
        "k.f",
        "keras.Model",
        "k.f",
        "k.f",
    ]


def test_topological_order_puts_operands_first_and_stops_where_told():
    x = Value(F32, "x")
    first = Node("k.a", [x], [F32])
    second = Node("k.b", [first.outputs[0]], [F32])
    third = Node("k.c", [second.outputs[0], first.outputs[0]], [F32])
    assert topological_order(third.outputs) == [first, second, third]
    assert topological_order(third.outputs, stop=second.outputs) == [first, third]


def test_topological_order_of_a_long_chain():
    value = Value(F32, "x")
    for _ in range(5000):
        value = Node("k.f", [value], [F32]).outputs[0]
    assert len(topological_order([value])) == 5000


def test_files_and_equality_go_by_the_settings_of_a_weight():
    class LiveWeight(Weight):
        def settings(self) -> dict:
            return {key: {"class_name": value} for key, value in super().settings().items()}

    type = TensorType("float32", (3,))
    live, plain = LiveWeight(type, "w", "Zeros"), Weight(type, "w", {"class_name": "Zeros"})
    graphs = [Graph("g", [], [weight], []) for weight in (live, plain)]
    verify(graphs[0])
    assert graphs[0] == graphs[1]
    assert str(graphs[0]) == str(graphs[1])
    assert to_bytes(graphs[0]) == to_bytes(graphs[1])


def test_users_are_the_nodes_that_read_a_value():
    x = Value(F32, "x")
    twice = Node("k.add", [x, x], [F32])
    masked = Node("keras.LSTM", twice.outputs, [F32], masks=[x])
    users = Graph("g", [x], masked.outputs, [twice, masked]).users()
    assert users == {x: [twice, masked], twice.outputs[0]: [masked]}


def build(**changes) -> Graph:
    x = Value(changes.get("type", F32), changes.get("input_name", "x"))
    mask = Value(TensorType("bool", (None,)), "m")
    weight = Weight(F32, "w", changes.get("initializer"), trainable=changes.get("trainable", True))
    node = Node(
        changes.get("op", "keras.F"),
        [x, mask][:: changes.get("step", 1)],
        [F32],
        name=changes.get("name", "f"),
        masks=changes.get("masks", ()),
        attributes=changes.get("attributes", {"a": 1, "b": 2}),
        arguments=changes.get("arguments", {}),
        weights=[weight] * changes.get("weights", 1),
        region=changes.get("region"),
    )
    return Graph(changes.get("graph", "g"), [x, mask], node.outputs, [node])


@pytest.mark.parametrize(
    "changes",
    [
        {"type": TensorType("float32", (None, 4))},
        {"input_name": "y"},
        {"initializer": {"class_name": "Zeros"}},
        {"trainable": False},
        {"op": "keras.G"},
        {"step": -1},
        {"name": "g"},
        {"masks": [None, None]},
        {"attributes": {"a": 1, "b": 2.0}},
        {"attributes": {"a": 1}},
        {"arguments": {"training": True}},
        {"weights": 2},
        {"region": Graph("r", [], [], [])},
        {"graph": "h"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_graphs_that_differ(changes):
    assert build() == build()
    assert build() != build(**changes)
    assert build(**changes) != build()


def test_the_order_of_a_nodes_attributes_does_not_count():
    assert build(attributes={"b": 2, "a": 1}) == build()


def test_an_op_is_registered_once(monkeypatch):
    monkeypatch.setattr(ops, "_op_defs", {})
    op_def = ops.register(OpDef("k.f"))
    assert ops.find("k.f") is op_def
    assert ops.find("k.g") is None
    with pytest.raises(ConfigError, match=r"The op 'k\.f' is registered already"):
        ops.register(OpDef("k.f"))
