"""Walks a graph and has each node written by its rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from kir import activations
from kir.engine.tensor import Tensor
from kir.engine.variable import Variable
from kir.errors import ExportError
from kir.ir.graph import Graph, Node, Opaque, Ref, Value, topological_order
from kir.ir.types import TensorType
from runtime.export.onnx.builder import Builder
from runtime.export.onnx.registry import layer_rule, op_rule

Environment = dict[Value, str]


class Call:
    """One node, as its rule sees it.

    Attributes:
        node: the node.
        op: what it computes: the node's op, or that of `K` which stands for TensorFlow's.
        layer: the layer that is called; None for a recorded function.
        builder: where the result is written.
        masks: for each input the name of its mask, or None.
        types: of the inputs.
        output: type of the first result.
    """

    def __init__(self, writer: Writer, node: Node, masks: Sequence[str | None] = ()) -> None:
        self.writer = writer
        self.builder = writer.builder
        self.node = node
        self.op = node.op
        self.layer = node.layer
        self.masks = list(masks)
        self.types = [v.type for v in node.inputs]
        self.output = node.outputs[0].type

    @property
    def mask(self) -> str | None:
        """The mask of the first input."""
        return self.masks[0] if self.masks else None

    @property
    def dtype(self) -> str:
        """The dtype of the first result."""
        return self.output.dtype

    def weight(self, name: str) -> np.ndarray:
        """The value of a weight that the layer has under this name."""
        found: np.ndarray = getattr(self.layer, name).get_value()
        return found

    def constant(self, value: Any, weight: str = "") -> str:
        """A constant of the result's dtype.

        Args:
            value: a number or an array.
            weight: the layer's attribute that it comes from, which names it.
        """
        name = getattr(self.layer, weight).name if weight else "constant"
        return self.builder.constant(value, self.dtype, name)

    def fail(self, reason: str, mend: str) -> NoReturn:
        """Says why the node cannot be written, and what to do."""
        fail(self.node, reason, mend)

    def trace(self, function: Callable[..., Any], *operands: tuple[str, TensorType]) -> list[str]:
        """What a function of `K` makes of these values."""
        tensors = [Tensor(kind) for _, kind in operands]
        env: Environment = {t: name for t, (name, _) in zip(tensors, operands, strict=True)}
        found = function(*tensors)
        results = found if isinstance(found, list | tuple) else [found]
        return self.writer.write(results, env, self.node)

    def activate(self, function: Any, x: str, kind: TensorType | None = None) -> str:
        """An activation function, applied to a value of the result's type or of another."""
        if function is activations.softmax:
            return self.builder.op("Softmax", x, axis=-1)
        (result,) = self.trace(function, (x, kind or self.output))
        return result


def sizes_of(kind: TensorType) -> tuple[int | None, ...]:
    """The shape of a type, none if not even the rank is known."""
    return kind.shape or ()


def fail(node: Node, reason: str, mend: str) -> NoReturn:
    """Says why a node cannot be written, and what to do.

    Raises:
        ExportError: always.
    """
    kind = node.op.removeprefix("keras.")
    place = f"{kind} {node.name!r}" if node.name else kind
    raise ExportError(f"{place} cannot be exported to ONNX: {reason}. {mend}")


class Writer:
    """Writes graphs into a builder."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self._around: list[Node] = []

    def write(
        self, outputs: Sequence[Value], env: Environment, around: Node | None = None
    ) -> list[str]:
        """The names of `outputs`, given those of the values that they depend on.

        Args:
            outputs: values of a graph.
            env: names of its inputs; gets those of every value that is computed.
            around: the layer call that the graph belongs to; errors name it.
        """
        if around is not None:
            self._around.append(around)
        wanted = [v for v in outputs if v not in env and not isinstance(v, Variable)]
        for node in topological_order(wanted, stop=env):
            if not any(v in env for v in node.outputs):
                self._write_node(node, env)
        found = [self.lookup(v, env) for v in outputs]
        if around is not None:
            self._around.pop()
        return found

    def lookup(self, value: Value, env: Environment) -> str:
        """The name of a value: written before, a variable's constant, or a fixed input's."""
        if value in env:
            return env[value]
        fixed = value if isinstance(value, Variable) else getattr(value, "fixed_value", None)
        if fixed is None:
            self._fail_at(
                f"it needs {value!r}, which inference does not compute",
                "Leave out what depends on training.",
            )
        array = fixed.get_value() if isinstance(fixed, Variable) else np.asarray(fixed)
        env[value] = self.builder.constant(array, name=value.name or "fixed")
        return env[value]

    def _fail_at(self, reason: str, mend: str) -> NoReturn:
        if self._around:
            fail(self._around[-1], reason, mend)
        raise ExportError(f"The model cannot be exported to ONNX: {reason}. {mend}")

    def _write_node(self, node: Node, env: Environment) -> None:
        inputs = [self.lookup(v, env) for v in node.inputs]
        if node.layer is None:
            result = self._write_function(node, inputs)
        else:
            masks = [None if m is None else self.lookup(m, env) for m in node.masks]
            with self.builder.scope(node.layer.name):
                result = self._write_layer(node, inputs, masks)
        results = result if isinstance(result, list | tuple) else [result]
        env.update(zip(node.outputs, results, strict=False))

    def _write_layer(self, node: Node, inputs: list[str], masks: list[str | None]) -> Any:
        layer = node.layer
        if layer.is_network or node.effects is not None:
            if node.region is None:
                fail(
                    node,
                    "its `call` could not be traced to functions of K",
                    "Write it with kir.backend functions on its inputs.",
                )
            # The masks of a network's call stand among its inputs.
            given = inputs if layer.is_network else [*inputs, *_present(masks)]
            return self.write_region(node.region, given, node)
        rule = layer_rule(type(layer))
        if rule is None or _is_random(node):
            reason = (
                f"there is no ONNX form of {type(layer).__name__}"
                if rule is None
                else "it is called with training=True, and the file holds inference only"
            )
            fail(node, reason, "Replace the layer, or export to savedmodel, which holds any.")
        return rule(layer, Call(self, node, masks), *inputs)

    def write_region(self, region: Graph, inputs: Iterable[str], node: Node) -> list[str]:
        """The results of a graph of its own on these inputs."""
        env = {}
        given = [*node.inputs, *_present(node.masks)]
        for value, x, outer in zip(region.inputs, inputs, given, strict=False):
            same = value.type.dtype == outer.type.dtype
            env[value] = x if same else self.builder.cast(x, value.type.dtype)
        return self.write(region.outputs, env, node)

    def _write_function(self, node: Node, inputs: list[str]) -> Any:
        rule = op_rule(node.op)
        if rule is None:
            self._fail_function(node)
        call = Call(self, node)
        arguments = {k: _decode(v, inputs, call) for k, v in node.attributes.items()}
        return rule(call, **arguments)

    def _fail_function(self, node: Node) -> NoReturn:
        name = f"K.{node.op[2:]}" if node.op.startswith("k.") else node.op
        if self._around:
            fail(
                self._around[-1],
                f"it uses {name}, which has no ONNX form here",
                "Write it with other functions of K, or export to savedmodel.",
            )
        fail(node, "there is no ONNX form of it here", "Export to savedmodel, which holds any.")


def _present(values: Iterable[Any]) -> list[Any]:
    return [v for v in values if v is not None]


def _is_random(node: Node) -> bool:
    return bool(node.arguments.get("training")) and node.layer.varies_with_phase()


class Operand(str):
    """The name of a value among a function's arguments, with the value's type."""

    type: TensorType

    @staticmethod
    def of(name: str, kind: TensorType) -> Operand:
        """The name of a value of this type."""
        found = Operand(name)
        found.type = kind
        return found


def _decode(value: Any, operands: Sequence[str], call: Call) -> Any:
    """An argument, operands replaced by their names."""
    if isinstance(value, Ref):
        return Operand.of(operands[value.index], call.types[value.index])
    if isinstance(value, Opaque):
        call.fail(f"its argument {value.name!r} is a Python object", "Use functions of K.")
    if isinstance(value, list | tuple):
        return type(value)(_decode(v, operands, call) for v in value)
    if isinstance(value, Mapping):
        return {k: _decode(v, operands, call) for k, v in value.items()}
    return value
