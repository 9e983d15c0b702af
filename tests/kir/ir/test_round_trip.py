"""Properties: the text form and the binary form say all of a graph."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kir.errors import FileFormatError
from kir.ir import Graph, Node, TensorType, Value, Weight, parse, verify
from kir.ir.attributes import MAX_ATTRIBUTE_DEPTH
from kir.ir.graph import MAX_REGION_DEPTH
from kir.serde.proto import from_bytes, to_bytes
from tests.kir.ir.strategies import graphs

F32 = TensorType("float32", (None, 3))
quickly = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@given(graphs())
@quickly
def test_text_and_bytes_give_an_equal_graph(graph):
    verify(graph)
    text = str(graph)
    parsed = parse(text)
    assert parsed == graph
    assert str(parsed) == text
    verify(parsed)
    data = to_bytes(graph)
    read = from_bytes(data)
    assert read == graph
    assert str(read) == text
    assert to_bytes(read) == data


@given(graphs(), st.data())
@quickly
def test_a_changed_character_gives_a_graph_or_a_clear_error(graph, data):
    text = str(graph)
    place = data.draw(st.integers(0, len(text) - 1))
    new = data.draw(st.sampled_from(["", "#", "%", "(", "}", '"', "\\", "9", ",", " ", "\n", "-"]))
    try:
        parsed = parse(text[:place] + new + text[place + 1 :])
    except FileFormatError:
        return
    assert isinstance(parsed, Graph)


def chain(length: int) -> Graph:
    x = Value(F32, "x")
    nodes = []
    last = x
    for _ in range(length):
        nodes.append(Node("k.f", [last], [F32], output_names=["x"]))
        last = nodes[-1].outputs[0]
    return Graph("chain", [x], [last], nodes)


def test_a_chain_of_thousands_of_nodes_needs_no_deep_stack():
    graph = chain(5000)
    verify(graph)
    assert parse(str(graph)) == graph
    assert from_bytes(to_bytes(graph)) == graph


def nested(depth: int) -> Graph:
    graph = chain(1)
    for _ in range(depth):
        x = Value(F32, "x")
        node = Node("keras.Model", [x], [F32], region=graph)
        graph = Graph("outer", [x], node.outputs, [node])
    return graph


def test_graphs_may_nest_to_the_limit():
    graph = nested(MAX_REGION_DEPTH)
    verify(graph)
    assert parse(str(graph)) == graph
    assert from_bytes(to_bytes(graph)) == graph


@pytest.mark.parametrize("kind", ["list", "tuple", "dict"])
def test_attributes_may_nest_to_the_limit(kind):
    value = 1
    for _ in range(MAX_ATTRIBUTE_DEPTH):
        value = {"list": [value], "tuple": (value,), "dict": {"k": value}}[kind]
    weight = Weight(TensorType("float32", (1,)), "w", initializer=value)
    node = Node("k.f", [weight], [F32], attributes={"a": value}, arguments={"b": value})
    graph = Graph("g", [], node.outputs, [node], {"c": value})
    verify(graph)
    assert parse(str(graph)) == graph
    assert from_bytes(to_bytes(graph)) == graph


def test_a_region_held_twice_is_written_once_and_stays_shared():
    x = Value(F32, "x")
    inner = chain(3)
    first = Node("keras.Model", [x], [F32], name="m", region=inner)
    second = Node("keras.Model", first.outputs, [F32], name="m", region=inner)
    graph = Graph("g", [x], second.outputs, [first, second])
    read = from_bytes(to_bytes(graph))
    assert read == graph
    assert read.nodes[0].region is read.nodes[1].region
    assert parse(str(graph)) == graph


def test_a_weight_keeps_whether_it_is_shared():
    def pair(first: Weight, second: Weight) -> Graph:
        nodes = [Node("k.f", [w], [F32]) for w in (first, second)]
        return Graph("g", [], [nodes[1].outputs[0]], nodes)

    def weight() -> Weight:
        return Weight(TensorType("float32", (3,)), "w")

    one = weight()
    shared, apart = pair(one, one), pair(weight(), weight())
    assert shared != apart
    assert apart != shared
    for graph in (shared, apart):
        assert parse(str(graph)) == graph
        assert from_bytes(to_bytes(graph)) == graph


def test_a_bfloat16_array_round_trips_where_numpy_knows_it():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    node = Node("k.f", [], [F32], attributes={"a": np.array([1.5, -0.0], ml_dtypes.bfloat16)})
    graph = Graph("g", [], node.outputs, [node])
    assert "bf16[2](1.5, -0.0)" in str(graph)
    assert parse(str(graph)) == graph
    assert from_bytes(to_bytes(graph)) == graph
