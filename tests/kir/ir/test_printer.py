"""Snapshots of the text form, and what it does with defaults and with broken graphs."""

from pathlib import Path

import numpy as np
import pytest

from kir.ir import Graph, Node, Opaque, OpDef, Ref, TensorType, Value, Weight, ops, parse
from kir.ir.attributes import attributes_equal
from kir.ir.printer import LONGEST_ARRAY_LIST, print_attribute, print_node

FOLDER = Path(__file__).parent
SPECIFICATION = FOLDER.parents[2] / "specs/text-form.md"
TEXTS = {path.stem: path.read_text() for path in sorted((FOLDER / "text").glob("*.kir"))}
TEXTS["specification"] = SPECIFICATION.read_text().split("```")[1]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_is_printed_as_it_was_read(text):
    without_comment = text[text.index("graph @") :].strip()
    assert str(parse(text)) == without_comment


def test_graph_built_by_hand_prints_its_text():
    x = Value(TensorType("float32", (None, 4)), "input_1")
    kernel = Weight(TensorType("float32", (4, 2)), "dense_1/kernel:0", trainable=False)
    nodes = [
        Node(
            "keras.Dense", [v], [TensorType("float32", (None, 2))], name="dense_1", weights=[kernel]
        )
        for v in (x, x)
    ]
    graph = Graph("m", [x], [n.outputs[0] for n in nodes], nodes)
    assert str(graph) == (
        "graph @m(%input_1: f32[?,4]) -> (f32[?,2], f32[?,2]) {\n"
        "  weight @dense_1/kernel:0 : f32[4,2] frozen\n"
        '  %dense_1 = keras.Dense "dense_1" (%input_1) [@dense_1/kernel:0] : f32[?,2]\n'
        '  %dense_1#2 = keras.Dense "dense_1" (%input_1) [@dense_1/kernel:0] : f32[?,2]\n'
        "  return %dense_1, %dense_1#2\n"
        "}"
    )


LITERALS = [
    (None, "None"),
    (True, "True"),
    (-7, "-7"),
    (2**70, str(2**70)),
    (0.1, "0.1"),
    (-0.0, "-0.0"),
    (1e-07, "1e-07"),
    (1e22, "1e+22"),
    (float("inf"), "inf"),
    (float("-inf"), "-inf"),
    (float("nan"), "nan"),
    ("层 'x'", "\"层 'x'\""),
    ('"\\\n\r\t\0\ud800\u2028', r'"\"\\\n\r\t\u{0}\u{d800}\u{2028}"'),
    ([1, [2.0], ()], "[1, [2.0], ()]"),
    ((1,), "(1,)"),
    ((1, "a"), '(1, "a")'),
    ({}, "{}"),
    ({"a": None, "b c": {"return": 1}}, '{a = None, "b c" = {return = 1}}'),
    (Ref(2), "$2"),
    (Opaque("f.<locals>"), 'opaque "f.<locals>"'),
    (np.array([[1.5, np.nan], [-np.inf, 0.1]], "float32"), "f32[2,2](1.5, nan, -inf, 0.1)"),
    (np.array([0.1], "float16"), "f16[1](0.1)"),
    (np.array(2**64 - 1, "uint64"), f"u64[]({2**64 - 1})"),
    (np.array([True, False]), "bool[2](True, False)"),
    (np.zeros((0, 3), "int8"), "i8[0,3]()"),
    (np.array([1 + 2j], "complex64"), 'c64[1] base64 "AACAPwAAAEA="'),
    # A NaN with its sign bit set, which most processors give for 0/0.
    (np.array([0xFFC00000], "uint32").view("float32"), 'f32[1] base64 "AADA/w=="'),
    (np.zeros(LONGEST_ARRAY_LIST + 1, "uint8"), f'u8[65] base64 "{"AAAA" * 21}AAA="'),
]


@pytest.mark.parametrize(("value", "text"), LITERALS, ids=[text[:20] for _, text in LITERALS])
def test_literal(value, text):
    assert print_attribute(value) == text
    parsed = parse(f"graph @g() -> () attributes {{a = {text}}} {{ return }}").attributes["a"]
    assert attributes_equal(parsed, value)


@pytest.fixture
def dense(monkeypatch) -> str:
    monkeypatch.setattr(ops, "_op_defs", {})
    defaults = {"trainable": True, "activation": "linear", "sizes": [1]}
    return ops.register(OpDef("keras.Dense", None, defaults)).name


def test_defaults_are_left_out_and_filled_in(dense):
    attributes = {"trainable": True, "units": 8, "activation": "relu", "sizes": [1]}
    node = Node(dense, [], [TensorType("float32", (8,))], attributes=attributes)
    graph = Graph("g", [], node.outputs, [node])
    assert '{units = 8, activation = "relu"} :' in str(graph)
    parsed = parse(str(graph))
    assert parsed == graph
    assert parsed.nodes[0].attributes == attributes
    assert parsed.nodes[0].attributes["sizes"] is not ops.find(dense).defaults["sizes"]


@pytest.mark.parametrize("value", [1, 1.0, "True", None])
def test_what_only_resembles_a_default_is_written(dense, value):
    node = Node(dense, [], [], attributes={"trainable": value})
    assert "{trainable = " in print_node(node)


def test_a_broken_graph_prints_all_the_same():
    stranger = Value(TensorType("float32", (1,)), "stranger")
    attributes = {"a": object, "b": np.float32(1)}
    node = Node("bad", [stranger], [TensorType("f33", ())], masks=[None] * 2, attributes=attributes)
    assert str(Graph("g", [], [], [node])) == (
        "graph @g() -> () {\n"
        '  %#1 = "bad"(%stranger mask none, <no input>) '
        "{a = <type <class 'object'>>, b = <float32 np.float32(1.0)>} : f33[]\n"
        "  return\n"
        "}"
    )
