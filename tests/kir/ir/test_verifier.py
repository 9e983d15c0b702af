"""A table of broken graphs, each with the rule that it breaks."""

import re
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kir.errors import ShapeError, VerificationError
from kir.ir import Graph, Node, OpDef, Ref, TensorType, Value, Weight, ops, verify
from kir.ir.attributes import MAX_ATTRIBUTE_DEPTH
from kir.ir.graph import MAX_REGION_DEPTH
from tests.kir.ir.strategies import graphs

F32 = TensorType("float32", (None, 3))
VECTOR = TensorType("float32", (3,))
I32 = TensorType("int32", (None, 3))


def value(name: str = "x", type: TensorType = F32) -> Value:
    return Value(type, name)


def weight(type: TensorType = VECTOR, **kwargs) -> Weight:
    return Weight(type, "w", **kwargs)


def node(*inputs: Value, type: TensorType = F32, **kwargs) -> Node:
    return Node(kwargs.pop("op", "k.f"), inputs, [type], name=kwargs.pop("name", "f"), **kwargs)


def graph_of(*nodes: Node, inputs: tuple[Value, ...] = ()) -> Graph:
    return Graph("g", inputs, nodes[-1].outputs, nodes)


def input_twice() -> Graph:
    x = value()
    return Graph("g", [x, x], [x], [])


def node_twice() -> Graph:
    one = node()
    return graph_of(one, one)


def read_before_its_definition() -> Graph:
    first = node()
    second = node(first.outputs[0])
    return Graph("g", [], second.outputs, [second, first])


def mask_from_nowhere() -> Graph:
    x = value()
    return graph_of(node(x, masks=[value("m")]), inputs=(x,))


def input_with_a_producer() -> Graph:
    return Graph("g", node().outputs, [], [])


def weight_as_an_input() -> Graph:
    return Graph("g", [weight()], [], [])


def result_of_another_node() -> Graph:
    broken = node()
    broken.outputs = node().outputs
    return graph_of(broken)


def results_in_the_wrong_order() -> Graph:
    broken = Node("k.f", [], [F32, F32])
    broken.outputs = broken.outputs[::-1]
    return graph_of(broken)


def too_many_masks() -> Graph:
    x = value()
    return graph_of(node(x, masks=[None, None]), inputs=(x,))


def value_as_a_weight() -> Graph:
    x = value()
    return graph_of(node(weights=[x]), inputs=(x,))


def returned_from_nowhere() -> Graph:
    return Graph("g", [], [value()], [])


def region_with_too_many_inputs() -> Graph:
    x = value()
    return graph_of(node(region=Graph("r", [x], [x], [])))


def region_of_another_type() -> Graph:
    x, inner = value(), value("x", I32)
    return graph_of(node(x, region=Graph("r", [inner], [inner], [])), inputs=(x,))


def region_of_another_shape() -> Graph:
    x, inner = value(), value("x", TensorType("float32", (None, 4)))
    return graph_of(node(x, region=Graph("r", [inner], [inner], [])), inputs=(x,))


def region_that_reads_outside() -> Graph:
    x = value()
    return graph_of(node(region=Graph("r", [], [x], [])), inputs=(x,))


def region_with_a_broken_node() -> Graph:
    return graph_of(node(region=graph_of(node(op="nodialect"))))


def nested_too_deep() -> Graph:
    graph = graph_of(node())
    for _ in range(MAX_REGION_DEPTH + 1):
        graph = graph_of(node(region=graph))
    return graph


def region_that_holds_itself() -> Graph:
    outer = node()
    outer.region = Graph("r", [], outer.outputs, [outer])
    return graph_of(outer)


def deep(depth: int) -> list:
    found: list = []
    for _ in range(depth):
        found = [found]
    return found


def with_attribute(attribute: object) -> Graph:
    x = value()
    return graph_of(node(x, attributes={"a": attribute}), inputs=(x,))


def with_type(type: TensorType) -> Graph:
    return graph_of(node(type=type))


BROKEN = [
    ("IR.1", input_twice(), "is defined twice"),
    ("IR.1", node_twice(), r"k\.f 'f' \(node 0 of graph @g\): .* is defined twice"),
    ("IR.2", read_before_its_definition(), "which nothing before it defines"),
    ("IR.2", mask_from_nowhere(), "%m: f32"),
    ("IR.2", graph_of(node(None)), "it reads None"),  # type: ignore[arg-type]
    ("IR.3", input_with_a_producer(), "no free value"),
    ("IR.3", weight_as_an_input(), "no free value"),
    ("IR.3", result_of_another_node(), "says that it is output 0 of <Node"),
    ("IR.3", results_in_the_wrong_order(), "says that it is output 1"),
    ("IR.4", too_many_masks(), "2 masks for 1 inputs"),
    ("IR.5", value_as_a_weight(), "is no weight"),
    ("IR.5", graph_of(node(weights=[weight(F32)])), r"open type f32\[\?,3\]"),
    ("IR.6", returned_from_nowhere(), "which nothing in it defines"),
    ("IR.6", region_that_reads_outside(), "graph @r: it returns"),
    ("IR.7", region_with_too_many_inputs(), "it has 0 inputs, its region @r 1"),
    ("IR.7", region_of_another_type(), r"its output 0 is f32\[\?,3\], .* i32\[\?,3\]"),
    ("IR.7", region_of_another_shape(), r"its input 0 is f32\[\?,3\], .* f32\[\?,4\]"),
    ("IR.9", with_attribute(object()), "'a' is not allowed: it holds <object"),
    ("IR.9", with_attribute([np.float32(1)]), "of type float32"),
    ("IR.9", with_attribute({1: 2}), r"keys \[1\]; keys must be strings"),
    ("IR.9", with_attribute((Ref(1),)), "operand 1 of 1"),
    ("IR.9", with_attribute(np.zeros(2, ">f4")), "dtype '>f4'"),
    ("IR.9", with_attribute(np.array(["a"])), "dtype '<U1'"),
    ("IR.9", with_attribute(deep(MAX_ATTRIBUTE_DEPTH)), "nests more than 40 levels"),
    ("IR.9", graph_of(node(arguments={"a": {1, 2}})), "of type set"),
    ("IR.9", Graph("g", [], [], [], {"a": b""}), "of type bytes"),
    ("IR.9", graph_of(node(weights=[weight(initializer=len)])), "'initializer' is not allowed"),
    ("IR.10", with_type(TensorType("float33", ())), "not well formed"),
    ("IR.10", with_type(TensorType("float32", (-1,))), "not well formed"),
    ("IR.10", with_type(TensorType("float32", (2.0,))), "not well formed"),  # type: ignore[arg-type]
    ("IR.10", with_type(None), "not well formed: None"),  # type: ignore[arg-type]
    ("IR.11", graph_of(node(op="nodialect")), "'nodialect'; expected dialect.Name"),
    ("IR.11", region_with_a_broken_node(), "'nodialect'"),
    ("IR.12", nested_too_deep(), "more than 64 deep"),
    ("IR.12", region_that_holds_itself(), "more than 64 deep"),
]


@pytest.mark.parametrize(
    ("rule", "graph", "problem"), BROKEN, ids=[f"{row[0]}-{i}" for i, row in enumerate(BROKEN)]
)
def test_a_broken_graph_is_rejected_with_its_rule(rule, graph, problem):
    with pytest.raises(VerificationError, match=problem) as caught:
        verify(graph)
    assert str(caught.value).startswith(rule + ":")


def test_a_region_may_take_an_input_as_another_dtype():
    x, inner = value(type=I32), value()
    verify(graph_of(node(x, region=Graph("r", [inner], [inner], [])), inputs=(x,)))


def test_the_message_names_and_shows_the_node():
    x = value("input_1")
    broken = node(x, value("m"), op="keras.Add", name="add_1", attributes={"a": 1})
    with pytest.raises(VerificationError) as caught:
        verify(graph_of(node(name="before"), broken, inputs=(x,)))
    assert str(caught.value) == (
        "IR.2: keras.Add 'add_1' (node 1 of graph @g): it reads <Value %m: f32[?,3]>, "
        "which nothing before it defines.\n"
        '    %add_1 = keras.Add "add_1" (%input_1, %m) {a = 1} : f32[?,3]'
    )


def infer_same(found: Node) -> list[TensorType]:
    if found.attributes["rank"] != found.inputs[0].type.rank:
        raise ShapeError("the rank is wrong.")
    return [found.inputs[0].type]


@pytest.fixture
def same_op(monkeypatch) -> str:
    monkeypatch.setattr(ops, "_op_defs", {})
    return ops.register(OpDef("keras.Same", infer_same, {"rank": 2})).name


def test_types_are_inferred_again(same_op):
    x = value()
    good = node(x, op=same_op, attributes={"rank": 2})
    verify(graph_of(good, inputs=(x,)))
    bad = node(x, op=same_op, attributes={"rank": 2}, type=I32)
    expected = r"IR\.8: .* its types are \(i32\[\?,3\]\), but keras.Same gives \(f32\[\?,3\]\)"
    with pytest.raises(VerificationError, match=expected):
        verify(graph_of(bad, inputs=(x,)))


@pytest.mark.parametrize(
    ("shape", "is_right"), [((8, 3), True), ((None, 3), True), ((None, None), False)]
)
def test_a_function_may_be_stated_to_give_more_sizes_than_inferred(monkeypatch, shape, is_right):
    monkeypatch.setattr(ops, "_op_defs", {})
    ops.register(OpDef("k.same", lambda found: [F32], {}))
    x = value()
    graph = graph_of(node(x, op="k.same", type=TensorType("float32", shape)), inputs=(x,))
    if is_right:
        verify(graph)
    else:
        with pytest.raises(VerificationError, match=r"IR\.8"):
            verify(graph)


def test_an_error_of_inference_is_told(same_op):
    x = value()
    bad = node(x, op=same_op, attributes={"rank": 3})
    with pytest.raises(VerificationError, match=r"IR\.8: .* cannot be inferred: the rank is wrong"):
        verify(graph_of(bad, inputs=(x,)))


def test_a_missing_default_is_told(same_op):
    x = value()
    with pytest.raises(VerificationError, match=r"IR\.13: .* lacks attributes, .* rank = 2"):
        verify(graph_of(node(x, op=same_op), inputs=(x,)))


def mutate(graph: Graph, kind: str, place: int) -> str | None:
    """Breaks a node of `graph`; returns the rule that it then breaks, None if it cannot."""
    if not graph.nodes:
        return None
    part = graph.nodes[place % len(graph.nodes)]
    if kind == "stranger":
        part.inputs = (value("stranger"), *part.inputs)
        return "IR.2"
    if kind == "masks":
        part.masks = (None,) * (len(part.inputs) + 1)
        return "IR.4"
    if kind == "twice" and part.outputs:
        graph.nodes = (*graph.nodes, part)
        return "IR.1"
    if kind == "index" and part.outputs:
        part.outputs[0].index = 7
        return "IR.3"
    if kind == "weight":
        part.weights = (*part.weights, value("w"))  # type: ignore[arg-type]
        return "IR.5"
    if kind == "output":
        graph.outputs = (*graph.outputs, value("stranger"))
        return "IR.6"
    if kind == "region":
        extra = [value() for _ in range(len(part.inputs) + 1)]
        part.region = Graph("r", extra, [], [])
        return "IR.7"
    if kind == "attribute":
        part.attributes["a"] = Ref(len(part.inputs))
        return "IR.9"
    if kind == "type" and part.outputs:
        part.outputs[0].type = TensorType("float32", (-2,))
        return "IR.10"
    if kind == "op":
        part.op = "f"
        return "IR.11"
    return None


KINDS = [
    "stranger",
    "masks",
    "twice",
    "index",
    "weight",
    "output",
    "region",
    "attribute",
    "type",
    "op",
]


@given(graphs(), st.sampled_from(KINDS), st.integers(0, 9))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_mutated_graph_is_rejected_with_the_right_rule(graph, kind, place):
    verify(graph)
    rule = mutate(graph, kind, place)
    assume(rule is not None)
    with pytest.raises(VerificationError, match="^" + re.escape(f"{rule}:")):
        verify(graph)


def test_a_resnet_of_175_nodes_is_verified_in_milliseconds():
    x = last = value("input_1", TensorType("float32", (None, 56, 56, 64)))
    nodes = []
    for i in range(175):
        kernel = Weight(
            TensorType("float32", (3, 3, 64, 64)),
            f"conv_{i}/kernel:0",
            {"class_name": "VarianceScaling", "config": {"scale": 1.0, "seed": None}},
        )
        attributes = {f"option_{k}": (3, 3) for k in range(16)}
        nodes.append(
            Node("keras.Conv2D_", [last], [x.type], attributes=attributes, weights=[kernel])
        )
        last = nodes[-1].outputs[0]
    graph = Graph("resnet", [x], [last], nodes)
    best = min(_seconds(graph) for _ in range(5))
    assert best < 0.02


def _seconds(graph: Graph) -> float:
    start = time.perf_counter()
    verify(graph)
    return time.perf_counter() - start
