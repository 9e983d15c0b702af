"""Recording a region's ops again, on other operands and with other weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kir.engine.tensor import Tensor, announce
from kir.engine.variable import Variable
from kir.errors import ConfigError
from kir.ir.attributes import name_opaques
from kir.ir.graph import Graph, Node, Value, Weight
from kir.utils.generic_utils import unpack_singleton

Variables = dict[Weight, Variable]


def sublayers_of(regions: Iterable[Graph], variables: Variables, label: str) -> dict[str, Any]:
    """The built-in layers that regions call, by name, built.

    Args:
        regions: of a user's layer.
        variables: takes the layers' weights, by the weights in the regions.
        label: the user's layer, for messages.

    Raises:
        ConfigError: two of them share a weight.
    """
    import kir.layers

    found: dict[str, Any] = {}
    for node in _called(regions):
        if node.name in found:
            continue
        class_name = node.op.partition(".")[2]
        config = {"name": node.name, **name_opaques(node.attributes)}
        layer = kir.layers.deserialize({"class_name": class_name, "config": config})
        shapes = [v.type.shape for v in node.inputs if not isinstance(v, Weight)]
        layer.build(unpack_singleton(shapes))
        layer.built = True
        for weight, variable in zip(node.weights, layer.weights, strict=True):
            if weight in variables:
                raise ConfigError(
                    f"{label} calls {node.name!r}, which shares a weight with another layer. Pass "
                    "its class in `custom_objects`."
                )
            variables[weight] = variable
        found[node.name] = layer
    return found


def _called(regions: Iterable[Graph]) -> Iterable[Node]:
    for region in regions:
        for node in region.nodes:
            if node.op.startswith("user.") or _is_network(node):
                yield from _called([node.region] if node.region is not None else [])
            elif node.op.startswith("keras."):
                yield node


def _is_network(node: Node) -> bool:
    return node.region is not None and "class_name" in node.region.attributes


class RegionReplay:
    """Records regions again.

    Args:
        layers: the built-in layers that they call, by name.
        variables: what the weights in them are.
    """

    def __init__(self, layers: Mapping[str, Any], variables: Mapping[Weight, Variable]) -> None:
        self.layers = layers
        self.variables = variables

    def run(self, region: Graph, given: Sequence[Value]) -> list[Any]:
        """The results for operands; the masks among a region's inputs stand behind them."""
        known: dict[Value, Any] = dict(zip(region.inputs, given, strict=True))

        def operand(value: Value) -> Any:
            return self.variables[value] if isinstance(value, Weight) else known[value]

        for node in region.nodes:
            inputs = [operand(v) for v in node.inputs]
            masks = [None if m is None else operand(m) for m in node.masks]
            known.update(zip(node.outputs, self._results(node, inputs, masks), strict=False))
        return [operand(v) for v in region.outputs]

    def _results(self, node: Node, inputs: list[Any], masks: list[Any]) -> Sequence[Any]:
        if node.op.startswith(("k.", "tf.")):
            return self._op(node, inputs)
        if node.op.startswith("user.") or _is_network(node):
            if node.region is None:
                raise ConfigError(
                    f"The layer {node.name!r} is known by its name only. Pass its class in "
                    "`custom_objects`."
                )
            return self.run(node.region, [*inputs, *(m for m in masks if m is not None)])
        layer = self.layers[node.name]
        arguments = dict(node.arguments)
        if any(m is not None for m in masks):
            arguments["mask"] = unpack_singleton(masks)
        count = len(inputs) - sum(isinstance(v, Weight) for v in node.inputs)
        result = layer(unpack_singleton(inputs[:count]), **arguments)
        first = result[0] if isinstance(result, list) else result
        made: Sequence[Any] = first.producer.outputs
        return made

    def _op(self, node: Node, inputs: list[Any]) -> Sequence[Any]:
        copy = Node(
            node.op,
            inputs,
            [v.type for v in node.outputs],
            name=node.name,
            attributes=node.attributes,
            region=None if node.region is None else self._bound(node.region),
            value_class=Tensor,
        )
        announce(copy)
        if node.op == "k.learning_phase" or any(
            getattr(x, "_uses_learning_phase", False) for x in inputs
        ):
            for output in copy.outputs:
                output._uses_learning_phase = True  # type: ignore[attr-defined]
        return copy.outputs

    def _bound(self, region: Graph) -> Graph:
        """The body of a loop or a branch, with the variables in the places of the weights."""
        known: dict[Value, Value] = {}
        for value in region.inputs:
            known[value] = Tensor(value.type, value.name)

        def operand(value: Value) -> Value:
            return self.variables[value] if isinstance(value, Weight) else known[value]

        nodes = []
        for node in region.nodes:
            if not node.op.startswith(("k.", "tf.")):
                raise ConfigError(
                    f"The layer {node.name!r} is called inside a loop of a function. Pass the "
                    "function, or the class, in `custom_objects`."
                )
            copy = Node(
                node.op,
                [operand(v) for v in node.inputs],
                [v.type for v in node.outputs],
                name=node.name,
                attributes=node.attributes,
                region=None if node.region is None else self._bound(node.region),
                value_class=Tensor,
            )
            known.update(zip(node.outputs, copy.outputs, strict=True))
            nodes.append(copy)
        inputs = [known[v] for v in region.inputs]
        outputs = [operand(v) for v in region.outputs]
        return Graph(region.name, inputs, outputs, nodes, region.attributes)
