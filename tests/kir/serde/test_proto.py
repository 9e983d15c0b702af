"""The binary form: what damaged and foreign bytes give. Round trips stand in tests/kir/ir."""

import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kir.errors import FileFormatError
from kir.ir import Graph, Node, Opaque, Ref, TensorType, Value, Weight
from kir.serde.generated import kir_pb2 as pb
from kir.serde.proto import FORMAT, from_bytes, graph_from_proto, graph_to_proto, to_bytes
from tests.processes import run_python

F32 = TensorType("float32", (None, 3))


def example() -> Graph:
    x = Value(F32, "x")
    weight = Weight(TensorType("float32", (3,)), "w", {"class_name": "Zeros", "config": {}})
    attributes = {
        "values": [None, True, -1, 2**80, 0.5, "层", (1,), Ref(0), Opaque("f")],
        "array": np.arange(6, dtype="int16").reshape(2, 3),
    }
    inner = Node("k.f", [x, weight], [F32], masks=[None, x], attributes=attributes)
    region = Graph("inner", [x], inner.outputs, [inner])
    outer = Value(F32, "x")
    node = Node("keras.Model", [outer], [F32], name="inner", region=region, weights=[weight])
    return Graph("g", [outer], node.outputs, [node], {"class_name": "Model"})


def file(module: bytes, **changes) -> bytes:
    """A file around a module, right but for the changes."""
    parts = {"format": FORMAT, "version": 1, "checksum": zlib.crc32(module), "module": module}
    return pb.File(**{**parts, **changes}).SerializeToString()


MODULE = graph_to_proto(example()).SerializeToString()
DATA = to_bytes(example())


def test_a_file_holds_its_graph():
    assert from_bytes(DATA) == example()
    assert from_bytes(file(MODULE)) == example()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "its format mark is '', expected 'kir'"),
        (b"\x89HDF\r\n\x1a\n", "truncated or another kind of file"),
        (b'{"class_name": "Model"}', "truncated or another kind of file"),
        (DATA[:-1], "truncated or another kind of file"),
        (file(MODULE, format="onnx"), "its format mark is 'onnx'"),
        (file(MODULE, version=2), "it has version 2 .* reads version 1"),
        (file(MODULE, checksum=1), "its checksum does not match"),
        (file(MODULE[:-1]), "Cannot read m.kir: "),
        (file(b""), "holds no graph"),
    ],
)
def test_damaged_and_foreign_files_are_refused(data, problem):
    with pytest.raises(FileFormatError, match=problem) as caught:
        from_bytes(data, "m.kir")
    assert "m.kir" in str(caught.value)


def test_every_truncation_is_noticed():
    for length in range(len(DATA)):
        with pytest.raises(FileFormatError):
            from_bytes(DATA[:length])


@given(st.integers(0, len(MODULE) - 1), st.integers(0, 255), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_changed_byte_gives_a_graph_or_a_clear_error(place, byte, cut):
    """Even where the checksum fits: a file may be made by hand."""
    changed = MODULE[:place] + (b"" if cut else bytes([byte])) + MODULE[place + 1 :]
    try:
        graph = from_bytes(file(changed))
    except FileFormatError:
        return
    assert isinstance(graph, Graph)


def graph_message(**fields) -> pb.Module:
    return pb.Module(graphs=[pb.Graph(**fields)])


def attribute_message(**fields) -> pb.Module:
    return graph_message(attributes=pb.Dict(keys=["a"], values=[pb.Attribute(**fields)]))


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        (graph_message(outputs=[1]), "There is no value of the graph @ 0 among the 0"),
        (graph_message(outputs=[-5]), "There is no value of the graph @ 4 among the 0"),
        (graph_message(outputs=[0]), "names no value"),
        (graph_message(nodes=[pb.Node(op="k.f", weights=[3])]), "no weight 3"),
        (graph_message(nodes=[pb.Node(op="k.f", region=0)]), "no graph 0 among the 0"),
        (graph_message(inputs=[pb.Value(name="x")]), "unknown dtype ''"),
        (
            graph_message(inputs=[pb.Value(type=pb.TensorType(dtype="float32", shape=[-2]))]),
            "negative size",
        ),
        (graph_message(attributes=pb.Dict(keys=["a"])), "keys .* do not fit its values"),
        (attribute_message(), "no value of a kind that this kir knows"),
        (attribute_message(array=pb.Array(dtype="object")), "unknown dtype 'object'"),
        (
            attribute_message(array=pb.Array(dtype="float32", shape=[2**40, 2**20])),
            "has 0 bytes of data",
        ),
    ],
)
def test_inconsistent_messages_are_refused(module, problem):
    with pytest.raises(FileFormatError, match=problem):
        graph_from_proto(module)


@pytest.mark.parametrize("attribute", [object(), "\ud800", {1, 2}, np.array([None])])
def test_what_no_file_can_hold_is_not_written(attribute):
    with pytest.raises(FileFormatError):
        to_bytes(Graph("g", [], [], [], {"a": attribute}))


def test_a_value_from_elsewhere_is_not_written():
    with pytest.raises(FileFormatError, match="reads <Value %x"):
        to_bytes(Graph("g", [], [Value(F32, "x")], []))


def test_only_the_binary_form_imports_protobuf():
    code = (
        "import sys, kir.ir, kir.serde\n"
        "assert not [name for name in sys.modules if name.startswith('google.protobuf')]\n"
    )
    run_python(code)
