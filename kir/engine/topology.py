"""The order of a network's layers and calls, as Keras determines it.

Weights in files, `model.layers` and summaries follow this order, so it is part of the language:
layers by decreasing depth (distance from the outputs), at equal depth in the order in which a walk
from the outputs meets them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kir._lazy import lazy_names
from kir.engine.node import Node
from kir.errors import ConfigError

if TYPE_CHECKING:
    from kir.engine.base_layer import Layer
    from kir.engine.tensor import Tensor


@dataclass(frozen=True)
class Topology:
    """What a walk from a network's outputs to its inputs finds.

    Attributes:
        nodes: every call, operands first.
        keys: (layer, node index) of each call.
        layers: in Keras's order.
        nodes_by_depth, layers_by_depth: by distance from the outputs.
    """

    nodes: tuple[Node, ...]
    keys: frozenset[tuple[int, int]]
    layers: tuple[Any, ...]
    nodes_by_depth: dict[int, list[Node]]
    layers_by_depth: dict[int, list[Any]]

    def contains(self, layer: Layer, node_index: int) -> bool:
        """Whether call number `node_index` of a layer is part of the network."""
        return (id(layer), node_index) in self.keys

    def calls(self) -> list[Node]:
        """Every call, operands first: by decreasing depth, and each layer's as they were made.

        So layers are met in the order of `layers`, and a layer's calls in that of their indices:
        what a file has to say to make the same network again.
        """
        depths = {node: depth for depth, nodes in self.nodes_by_depth.items() for node in nodes}
        ranks = {layer: rank for rank, layer in enumerate(self.layers)}
        earlier: dict[Node, Node] = {}
        for layer in self.layers:
            own = [n for i, n in enumerate(layer._inbound_nodes) if self.contains(layer, i)]
            earlier.update(zip(own[1:], own, strict=False))
        order: dict[Node, None] = {}
        for node in sorted(self.nodes, key=lambda n: (-depths[n], ranks[n.outbound_layer])):
            stack = [node]
            while stack:
                top = stack[-1]
                before = [
                    inbound._inbound_nodes[i]
                    for inbound, i in zip(top.inbound_layers, top.node_indices, strict=True)
                ]
                if top in earlier:
                    before.append(earlier[top])
                missing = [n for n in before if n not in order]
                stack.extend(reversed(missing))
                if not missing:
                    order[stack.pop()] = None
        return list(order)


def find_topology(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Topology:
    """Walks from `outputs` back.

    Raises:
        ConfigError: an output does not depend on the inputs alone, or two layers share a name.
    """
    order, keys, indices = _walk(outputs)
    node_depths: dict[Node, int] = {}
    layer_depths: dict[Any, int] = {}
    for node in reversed(order):
        layer = node.outbound_layer
        depth = max(node_depths.setdefault(node, 0), layer_depths.get(layer, 0))
        layer_depths[layer] = depth
        node_depths[node] = depth
        for inbound, index in zip(node.inbound_layers, node.node_indices, strict=True):
            before = inbound._inbound_nodes[index]
            node_depths[before] = max(depth + 1, node_depths.get(before, 0))
    for layer, index, _ in (x._keras_history for x in inputs):
        if layer not in layer_depths:
            # No output needs this input; a loss or a metric may, and files name all inputs.
            node = layer._inbound_nodes[index]
            layer_depths[layer] = node_depths[node] = 0
            indices[layer] = -1
            keys.add((id(layer), index))
            order.append(node)
    nodes_by_depth: dict[int, list[Node]] = {}
    for node, depth in node_depths.items():
        nodes_by_depth.setdefault(depth, []).append(node)
    layers_by_depth: dict[int, list[Any]] = {}
    for layer, depth in layer_depths.items():
        layers_by_depth.setdefault(depth, []).append(layer)
    layers: list[Any] = []
    for depth in sorted(layers_by_depth, reverse=True):
        layers_by_depth[depth].sort(key=indices.__getitem__)
        layers += layers_by_depth[depth]
    _check_computable(inputs, nodes_by_depth)
    _check_names(layers)
    return Topology(tuple(order), frozenset(keys), tuple(layers), nodes_by_depth, layers_by_depth)


def _walk(
    outputs: Sequence[Tensor],
) -> tuple[list[Node], set[tuple[int, int]], dict[Any, int]]:
    """Depth first from the outputs: calls with operands first, layers in the order met."""
    order: list[Node] = []
    keys: set[tuple[int, int]] = set()
    indices: dict[Any, int] = {}
    finished: dict[Node, bool] = {}
    for output in outputs:
        layer, node_index, _ = output._keras_history
        # An explicit stack: a chain of thousands of layers must not hit the recursion limit.
        stack: list[tuple[Node, int]] = [(layer._inbound_nodes[node_index], node_index)]
        while stack:
            node, index = stack[-1]
            if node not in finished:
                finished[node] = False
                keys.add((id(node.outbound_layer), index))
                indices.setdefault(node.outbound_layer, len(indices))
                pending = [
                    (inbound._inbound_nodes[i], i)
                    for inbound, i in zip(node.inbound_layers, node.node_indices, strict=True)
                ]
                for entry in reversed(pending):
                    if finished.get(entry[0]) is None:
                        stack.append(entry)
                    elif not finished[entry[0]]:
                        raise ConfigError(
                            f"The tensor {output!r} is part of a cycle through layer "
                            f"{entry[0].name!r}; a model is a directed acyclic graph."
                        )
                if len(stack) and stack[-1][0] is not node:
                    continue
            stack.pop()
            if not finished[node]:
                finished[node] = True
                order.append(node)
    return order, keys, indices


def _check_computable(inputs: Sequence[Tensor], nodes_by_depth: dict[int, list[Node]]) -> None:
    computable = set(inputs)
    finished: list[str] = []
    for depth in sorted(nodes_by_depth, reverse=True):
        for node in nodes_by_depth[depth]:
            if not node.inbound_layers:
                if node.input_tensors and node.input_tensors[0] in computable:
                    finished.append(node.outbound_layer.name)
                    continue
                source = node.input_tensors[0] if node.input_tensors else node
                if not node.outbound_layer.is_network:
                    raise ConfigError(
                        f"Graph disconnected: cannot obtain value for tensor {source!r}, which is "
                        f"not among the model's inputs. {_reached(finished)} Add it to the inputs."
                    )
            for tensor in node.input_tensors:
                if tensor not in computable:
                    raise ConfigError(
                        f"Graph disconnected: cannot obtain value for tensor {tensor!r} at layer "
                        f'"{node.outbound_layer.name}" from the model\'s inputs. '
                        f"{_reached(finished)} Add its Input to the inputs."
                    )
            computable.update(node.output_tensors)
            finished.append(node.outbound_layer.name)


def _reached(finished: Sequence[str]) -> str:
    return f"The following previous layers were accessed without issue: {list(finished)}."


def _check_names(layers: Sequence[Any]) -> None:
    for name, count in Counter(layer.name for layer in layers).items():
        if count > 1:
            raise ConfigError(
                f'The name "{name}" is used {count} times in the model. All layer names should be '
                "unique: give the others another `name`."
            )


# Names that Keras programs import from here; found when asked for, as those modules need this one.
# The last four are from the years before 2.2, when models were saved here.
__getattr__ = lazy_names(
    __name__,
    {
        "Input": "kir.engine.input_layer:Input",
        "InputLayer": "kir.engine.input_layer:InputLayer",
        "InputSpec": "kir.engine.input_spec:InputSpec",
        "Layer": "kir.engine.base_layer:Layer",
        "Network": "kir.engine.network:Network",
        "get_source_inputs": "kir.utils.layer_utils:get_source_inputs",
        "Container": "kir.engine.network:Network",
        "load_weights_from_hdf5_group": "kir.engine.saving:load_weights_from_hdf5_group",
        "load_weights_from_hdf5_group_by_name": (
            "kir.engine.saving:load_weights_from_hdf5_group_by_name"
        ),
        "preprocess_weights_for_loading": "kir.engine.saving:preprocess_weights_for_loading",
    },
)
