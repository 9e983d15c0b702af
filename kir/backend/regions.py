"""Functions of the user inside a recorded call (`K.rnn`, `K.map_fn`, ...), traced into a region.

The function is called once with symbolic parameters. What it computes from them becomes the body
of the node's region; what it takes from outside becomes further operands of the node, so that the
region is closed: it reads nothing but its own inputs and the weights of layers called in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kir.backend import recording
from kir.backend.creation import constant
from kir.engine.inlining import copy_node
from kir.engine.tensor import NEW_NODES, Tensor, announce
from kir.errors import DTypeError
from kir.ir.graph import Graph, Node, Ref, Value, Weight, topological_order
from kir.ir.types import TensorType


@dataclass(frozen=True)
class Body:
    """A traced function.

    Attributes:
        graph: its inputs are the parameters, then one for each value of `captures`.
        captures: the values that it takes from outside.
        result: the structure that it returned, each tensor replaced by its `Ref`.
    """

    graph: Graph
    captures: tuple[Value, ...]
    result: Any

    @property
    def types(self) -> list[TensorType]:
        """The types of the results."""
        return [v.type for v in self.graph.outputs]

    @property
    def uses_learning_phase(self) -> bool:
        """Whether anything in it differs between training and inference."""
        values = (*self.captures, *(v for n in self.graph.nodes for v in n.outputs))
        return any(getattr(v, "_uses_learning_phase", False) for v in values)


def trace(
    name: str, function: Callable[[], Any], parameters: Sequence[Tensor], keep_inside: bool = False
) -> Body:
    """Calls `function`, which uses `parameters`, and cuts out what it computed.

    Args:
        name: of the region.
        function: takes nothing: the caller has bound the parameters.
        parameters: the region's own inputs.
        keep_inside: whether nodes that depend on no parameter stay in the region, as in a branch
            that is perhaps not taken. Otherwise they are computed once, outside the loop, except
            random draws.
    """
    returned, created = watch(function)
    outputs: list[Value] = []
    result = _flatten(returned, outputs, name)
    own = {n for n in created if keep_inside or recording.is_random(n.op)}
    inside: set[Value] = set(parameters)
    kept: list[Node] = []
    for node in topological_order(outputs, stop=parameters):
        if node in own or any(v in inside for v in node.operands):
            kept.append(node)
            inside.update(node.outputs)
    return _close(name, [(p, p) for p in parameters], kept, outputs, result)


def watch(function: Callable[[], Any]) -> tuple[Any, list[Node]]:
    """Calls `function`; also gives the nodes that were recorded meanwhile, in order."""
    NEW_NODES.append([])
    try:
        returned = function()
    finally:
        created = NEW_NODES.pop()
        if NEW_NODES:
            NEW_NODES[-1].extend(created)
    return returned, created


def cut(
    name: str,
    parameters: Sequence[tuple[Value, Value]],
    created: Sequence[Node],
    outputs: Sequence[Value],
    captures: Iterable[Value] = (),
) -> Body:
    """Cuts what `outputs` need of the nodes `created` out of the graph that they were recorded in.

    Weights stay what they are, readable from everywhere. The learning phase is asked for inside.

    Args:
        name: of the region.
        parameters: pairs of a value outside and the input of the region that stands for it.
        created: nodes, operands first.
        outputs: the region's results.
        captures: values from outside that become inputs whether or not anything reads them.
    """
    needed = set(outputs)
    kept: list[Node] = []
    for node in reversed(created):
        if any(v in needed for v in node.outputs):
            kept.append(node)
            needed.update(node.operands)
    phases = {v.producer for v in needed if v.producer is not None and _is_phase(v.producer)}
    order = [*phases.difference(kept), *reversed(kept)]
    return _close(name, parameters, order, outputs, None, captures, keep_weights=True)


def _is_phase(node: Node) -> bool:
    return node.op == "k.learning_phase"


def _flatten(value: Any, outputs: list[Value], name: str) -> Any:
    if isinstance(value, list | tuple):
        return [_flatten(v, outputs, name) for v in value]
    if isinstance(value, int | float | bool | np.ndarray | np.generic):
        value = constant(value, dtype=np.asarray(value).dtype if hasattr(value, "dtype") else None)
    if not isinstance(value, Value):
        raise DTypeError(
            f"{name}: the function returned {value!r} of type {type(value).__name__}; "
            "expected tensors."
        )
    outputs.append(value)
    return Ref(len(outputs) - 1)


def _close(
    name: str,
    parameters: Sequence[tuple[Value, Value]],
    nodes: Iterable[Node],
    outputs: Iterable[Value],
    result: Any,
    captured: Iterable[Value] = (),
    keep_weights: bool = False,
) -> Body:
    """Copies `nodes`, with an input in the place of each value from outside."""
    inner: dict[Value, Value] = dict(parameters)
    captures: list[Value] = []

    def inside(value: Value | None) -> Value | None:
        if value is None or (keep_weights and isinstance(value, Weight)):
            return value
        if value not in inner:
            captures.append(value)
            inner[value] = Tensor(value.type, value.name.split(":")[0])
        return inner[value]

    for value in captured:
        inside(value)
    copies = []
    for node in nodes:
        inputs = [inside(v) for v in node.inputs]
        masks = [inside(m) for m in node.masks]
        copy = copy_node(node, inputs, masks)  # type: ignore[arg-type]
        inner.update(zip(node.outputs, copy.outputs, strict=True))
        copies.append(copy)
    results = [inside(v) for v in outputs]
    inputs = [*(p for _, p in parameters), *(inner[v] for v in captures)]
    return Body(Graph(name, inputs, results, copies), tuple(captures), result)  # type: ignore[arg-type]


def record_region(
    op: str,
    arguments: Mapping[str, Any],
    body: Body,
    output_types: Sequence[TensorType],
) -> list[Tensor]:
    """Adds a node with a region; `captures` are the operands for the last inputs of the region."""
    operands: list[Value] = []

    def encode(value: Any) -> Any:
        if isinstance(value, Value):
            if value not in operands:
                operands.append(value)
            return Ref(operands.index(value))
        if isinstance(value, list | tuple):
            return [encode(v) for v in value]
        return value

    attributes = {k: encode(recording.plain(v)) for k, v in arguments.items()}
    attributes["captures"] = encode(list(body.captures))
    attributes["result"] = body.result
    node = Node(
        op, operands, output_types, attributes=attributes, region=body.graph, value_class=Tensor
    )
    announce(node)
    if body.uses_learning_phase:
        for output in node.outputs:
            output._uses_learning_phase = True  # type: ignore[attr-defined]
    return list(node.outputs)  # type: ignore[arg-type]
