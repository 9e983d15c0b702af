"""The binary form of a graph: protobuf, by the schema of `specs/kir.proto`.

This is the only module that imports protobuf.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from google.protobuf.message import DecodeError, EncodeError

from kir.errors import FileFormatError
from kir.ir.attributes import ARRAY_DTYPES, Attribute, Opaque, Ref
from kir.ir.graph import Graph, Node, Value, Weight
from kir.ir.types import DTYPE_NAMES, TensorType
from kir.serde.generated import kir_pb2 as pb

_T = TypeVar("_T")

FORMAT = "kir"
VERSION = 1


def to_bytes(graph: Graph) -> bytes:
    """Serializes a graph; equal graphs built alike give equal bytes.

    Raises:
        FileFormatError: the graph holds what no file can (`kir.ir.verify` says where).
    """
    try:
        module = graph_to_proto(graph).SerializeToString(deterministic=True)
    except EncodeError as error:
        raise FileFormatError(f"The graph @{graph.name} cannot be written: {error}.") from error
    file = pb.File(format=FORMAT, version=VERSION, checksum=zlib.crc32(module), module=module)
    return file.SerializeToString(deterministic=True)


def from_bytes(data: bytes, source: str = "the data") -> Graph:
    """Reads what `to_bytes` wrote.

    Args:
        data: all the bytes of a file.
        source: what to call them in messages, e.g. the file's name.

    Raises:
        FileFormatError: they are truncated, corrupt, of another format or of a later version.
    """
    file = pb.File()
    try:
        file.ParseFromString(data)
    except DecodeError as error:
        raise FileFormatError(
            f"Cannot read {source} as a kir graph: it is truncated or another kind of file "
            f"({len(data)} bytes; {error})."
        ) from error
    if file.format != FORMAT:
        raise FileFormatError(
            f"Cannot read {source} as a kir graph: its format mark is {file.format[:40]!r}, "
            f"expected {FORMAT!r}."
        )
    if file.version != VERSION:
        raise FileFormatError(
            f"Cannot read {source}: it has version {file.version} of the kir format, and this "
            f"kir reads version {VERSION}; use the kir that wrote it or a later one."
        )
    if zlib.crc32(file.module) != file.checksum:
        raise FileFormatError(
            f"Cannot read {source}: it is truncated or damaged, its checksum does not match. "
            "Use another copy of the file."
        )
    module = pb.Module()
    try:
        module.ParseFromString(file.module)
        return graph_from_proto(module)
    except (DecodeError, FileFormatError) as error:
        raise FileFormatError(f"Cannot read {source}: {error}") from error


def graph_to_proto(graph: Graph) -> pb.Module:
    """The graph as a protobuf message, its nested graphs and weights in tables beside it."""
    try:
        return _Writer(graph).module
    except FileFormatError:
        raise
    except (OverflowError, ValueError) as error:  # e.g. half of a surrogate pair in a string
        raise FileFormatError(f"The graph @{graph.name} cannot be written: {error}.") from error


def graph_from_proto(module: pb.Module) -> Graph:
    """The graph that a protobuf message holds.

    Raises:
        FileFormatError: the message refers to what it does not hold, or lacks a part.
    """
    weights = [_read_weight(message) for message in module.weights]
    graphs: list[Graph] = []
    for message in module.graphs:
        graphs.append(_read_graph(message, weights, graphs))
    if not graphs:
        raise FileFormatError("The module holds no graph.")
    return graphs[-1]


class _Writer:
    """Writes a graph into `module`, graphs nested in it first."""

    def __init__(self, graph: Graph) -> None:
        self.module = pb.Module()
        self.weight_indices: dict[Value, int] = {}
        self.graph_indices: dict[Graph, int] = {}
        for index, weight in enumerate(graph.weights):
            self.weight_indices[weight] = index
            _write_weight(self.module.weights.add(), weight)
        self.write_graph(graph)

    def write_graph(self, graph: Graph) -> int:
        """Returns the graph's index; a graph that several nodes hold is written once."""
        if graph in self.graph_indices:
            return self.graph_indices[graph]
        regions = [
            None if node.region is None else self.write_graph(node.region) for node in graph.nodes
        ]
        message = self.module.graphs.add(name=graph.name)
        values: dict[Value, int] = {value: i for i, value in enumerate(graph.values())}

        def reference(value: Value | None) -> int:
            if value is None:
                return 0
            if value in values:
                return values[value] + 1
            if value in self.weight_indices:
                return -self.weight_indices[value] - 1
            raise FileFormatError(f"The graph @{graph.name} reads {value!r}, but does not hold it.")

        for value in graph.inputs:
            _write_value(message.inputs.add(), value)
        for node, region in zip(graph.nodes, regions, strict=True):
            self.write_node(message.nodes.add(), node, region, reference)
        message.outputs.extend(map(reference, graph.outputs))
        _write_dict(message.attributes, graph.attributes)
        return self.graph_indices.setdefault(graph, len(self.module.graphs) - 1)

    def write_node(
        self,
        message: pb.Node,
        node: Node,
        region: int | None,
        reference: Callable[[Value | None], int],
    ) -> None:
        message.op = node.op
        message.name = node.name
        message.inputs.extend(map(reference, node.inputs))
        message.masks.extend(map(reference, node.masks))
        message.weights.extend(self.weight_indices[weight] for weight in node.weights)
        for value in node.outputs:
            _write_value(message.outputs.add(), value)
        if node.attributes:
            _write_dict(message.attributes, node.attributes)
        if node.arguments:
            _write_dict(message.arguments, node.arguments)
        if region is not None:
            message.region = region


def _write_value(message: pb.Value, value: Value) -> None:
    message.name = value.name
    _write_type(message.type, value.type)


def _write_weight(message: pb.Weight, weight: Weight) -> None:
    message.name = weight.name
    _write_type(message.type, weight.type)
    message.frozen = not weight.trainable
    for key, value in weight.settings().items():
        _write_attribute(getattr(message, key), value)


def _write_type(message: pb.TensorType, type: TensorType) -> None:
    message.dtype = type.dtype
    message.sparse = type.sparse
    if type.shape is None:
        message.unranked = True
    else:
        message.shape.extend(-1 if dim is None else dim for dim in type.shape)


def _write_dict(message: pb.Dict, attributes: Mapping[str, Attribute]) -> None:
    message.keys.extend(attributes)
    for value in attributes.values():
        _write_attribute(message.values.add(), value)


def _write_attribute(message: pb.Attribute, value: Attribute) -> None:
    kind = type(value)
    if value is None:
        message.none.SetInParent()
    elif kind is bool:
        message.boolean = value
    elif kind is int:
        if -(2**63) <= value < 2**63:
            message.integer = value
        else:
            message.big_integer = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    elif kind is float:
        message.real = value
    elif kind is str:
        message.text = value
    elif kind is list or kind is tuple:
        items = message.list if kind is list else message.tuple
        items.SetInParent()
        for item in value:
            _write_attribute(items.items.add(), item)
    elif kind is dict:
        message.dict.SetInParent()
        _write_dict(message.dict, value)
    elif kind is Ref:
        message.ref = value.index
    elif kind is Opaque:
        message.opaque = value.name
    elif kind is np.ndarray and value.dtype.name in ARRAY_DTYPES and value.dtype.isnative:
        message.array.dtype = value.dtype.name
        message.array.shape.extend(value.shape)
        message.array.data = value.tobytes()
    else:
        raise FileFormatError(f"An attribute holds {value!r}, which no file can hold.")


def _read_graph(message: pb.Graph, weights: Sequence[Weight], graphs: Sequence[Graph]) -> Graph:
    values = [Value(_read_type(value.type), value.name) for value in message.inputs]
    inputs = tuple(values)

    def resolve(reference: int) -> Value:
        table: Sequence[Value] = values if reference > 0 else weights
        if reference == 0:
            raise FileFormatError(f"A reference of the graph @{message.name} names no value.")
        return _item(table, abs(reference) - 1, f"value of the graph @{message.name}")

    nodes = []
    for part in message.nodes:
        node = Node(
            part.op,
            map(resolve, part.inputs),
            [_read_type(value.type) for value in part.outputs],
            name=part.name,
            masks=[resolve(mask) if mask else None for mask in part.masks],
            attributes=_read_dict(part.attributes),
            arguments=_read_dict(part.arguments),
            weights=[_item(weights, index, "weight") for index in part.weights],
            region=_item(graphs, part.region, "graph") if part.HasField("region") else None,
            output_names=[value.name for value in part.outputs],
        )
        values.extend(node.outputs)
        nodes.append(node)
    outputs = map(resolve, message.outputs)
    return Graph(message.name, inputs, outputs, nodes, _read_dict(message.attributes))


def _item(table: Sequence[_T], index: int, kind: str) -> _T:
    if index >= len(table):
        raise FileFormatError(f"There is no {kind} {index} among the {len(table)} defined so far.")
    return table[index]


def _read_weight(message: pb.Weight) -> Weight:
    configs = {
        key: _read_attribute(getattr(message, key)) if message.HasField(key) else None
        for key in ("initializer", "regularizer", "constraint")
    }
    return Weight(_read_type(message.type), message.name, trainable=not message.frozen, **configs)


def _read_type(message: pb.TensorType) -> TensorType:
    if message.dtype not in DTYPE_NAMES:
        raise FileFormatError(f"A type has the unknown dtype {message.dtype!r}.")
    if message.unranked:
        return TensorType(message.dtype, None, message.sparse)
    if any(dim < -1 for dim in message.shape):
        raise FileFormatError(f"A type has a negative size in its shape {list(message.shape)}.")
    shape = tuple(None if dim == -1 else dim for dim in message.shape)
    return TensorType(message.dtype, shape, message.sparse)


def _read_dict(message: pb.Dict) -> dict[str, Attribute]:
    if len(message.keys) != len(message.values) or len(set(message.keys)) != len(message.keys):
        raise FileFormatError(f"A dict's keys {list(message.keys)} do not fit its values.")
    return dict(zip(message.keys, _read_attributes(message.values), strict=True))


def _read_attributes(messages: Iterable[pb.Attribute]) -> list[Attribute]:
    return list(map(_read_attribute, messages))


def _read_attribute(message: pb.Attribute) -> Attribute:
    kind = message.WhichOneof("value")
    if kind is None:
        raise FileFormatError("An attribute has no value of a kind that this kir knows.")
    if kind == "none":
        return None
    value = getattr(message, kind)
    if kind == "list":
        return _read_attributes(value.items)
    if kind == "tuple":
        return tuple(_read_attributes(value.items))
    if kind == "dict":
        return _read_dict(value)
    if kind == "array":
        return _read_array(value)
    if kind == "big_integer":
        return int.from_bytes(value, "little", signed=True)
    if kind == "ref":
        return Ref(value)
    if kind == "opaque":
        return Opaque(value)
    return value


def _read_array(message: pb.Array) -> np.ndarray:
    if message.dtype not in ARRAY_DTYPES:
        raise FileFormatError(f"An array has the unknown dtype {message.dtype!r}.")
    try:
        dtype = np.dtype(message.dtype)
    except TypeError as error:
        raise FileFormatError(
            f"NumPy has no {message.dtype} here; import ml_dtypes before reading the file."
        ) from error
    # Checked before anything is allocated: a file may claim any shape.
    if math.prod(message.shape) * dtype.itemsize != len(message.data):
        raise FileFormatError(
            f"An array of shape {tuple(message.shape)} and dtype {message.dtype} has "
            f"{len(message.data)} bytes of data."
        )
    return np.frombuffer(message.data, dtype).reshape(tuple(message.shape)).copy()
