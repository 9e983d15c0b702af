"""Calls of networks: the body of such a call, with masks where the inputs carry some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kir import settings
from kir.engine.inlining import copy_seeds
from kir.engine.layer_effects import object_key
from kir.engine.node import LayerCall, Node, make_outputs
from kir.engine.tensor import Tensor
from kir.ir.graph import Graph, Value, topological_order
from kir.utils.generic_utils import to_list, unpack_singleton

if TYPE_CHECKING:
    from kir.engine.network import Network

# A body, and the masks of the network's outputs in it.
Body = tuple[Graph, list[Value | None]]


def make_call(
    network: Network, tensors: Sequence[Tensor], kwargs: dict[str, Any]
) -> tuple[Node, bool]:
    """The node of a network's call, entered nowhere yet, and whether the call gives a list."""
    masks: list[Value | None] = [x.mask for x in tensors]
    if "mask" in kwargs:
        masks = to_list(kwargs.pop("mask"))
        masks += [None] * (len(tensors) - len(masks))
    present = [m for m in masks if m is not None]
    if not network._is_graph_network:
        body, output_masks = _called_body(network, tensors, masks, kwargs)
        types = [v.type for v in body.outputs[: len(output_masks)]]
    else:
        types = network._types_for([x.type.shape for x in tensors])
        remade = bool(present) or _is_of_another_phase(network)
        body, output_masks = masked_body(network, masks) if remade else plain_body(network)
    count = len(types)
    node = LayerCall(
        outbound_layer=network,
        input_tensors=tensors,
        input_masks=masks,
        output_types=[*types, *(v.type for v in body.outputs[count:])],
        public_count=count,
        output_masks=[],
        state_operands=present,
        arguments=kwargs,
    )
    node.region = body
    # Masks made inside are further results of the call.
    hidden = dict(zip(body.outputs[count:], node.outputs[count:], strict=True))
    node.output_masks = [None if m is None else hidden[m] for m in output_masks]
    make_outputs(node, any(x._uses_learning_phase for x in body.outputs))  # type: ignore[attr-defined]
    return node, count > 1


def _is_of_another_phase(network: Network) -> bool:
    """Whether calls inside were made before the learning phase was fixed to what it is now.

    Keras 2.2: calling a model calls every layer of it again, in the phase of then.
    """
    phase = settings.fixed_learning_phase()
    return phase is not None and any(
        node.phase != phase for node in network._topology.calls() if node.outputs
    )


def plain_body(network: Network) -> Body:
    """The network's own graph, with the masks of its outputs behind them."""
    graph = network.graph
    masks = [x.mask for x in network.outputs]
    given = _present(masks)
    if given:
        attributes = {**graph.attributes, "output_count": len(graph.outputs)}
        graph = Graph(graph.name, graph.inputs, [*graph.outputs, *given], graph.nodes, attributes)
    return graph, masks


def _present(masks: Sequence[Value | None]) -> list[Value]:
    """The masks that are there, each once."""
    return list(dict.fromkeys(m for m in masks if m is not None))


def masked_body(network: Network, masks: Sequence[Value | None]) -> Body:
    """The body of a call for which every call inside is made again, with the inputs' masks.

    Its inputs are the network's, then a mask for each that has one.
    """
    inputs = _placeholders(network.inputs, masks)
    known: dict[Value, Tensor] = dict(zip(network.inputs, inputs, strict=True))
    for node in network._topology.calls():
        if not node.outputs:
            continue  # an input
        operands = [known[x] for x in node.input_tensors]
        new, _ = node.outbound_layer._make_node(
            unpack_singleton(list(operands)), operands, dict(node.arguments)
        )
        # Behind the inputs stand states and the like.
        new.inputs = (*operands, *node.inputs[len(operands) :])
        copy_seeds(node, new)
        known.update(zip(node.output_tensors, new.output_tensors, strict=True))
    return _body(network, inputs, [known[x] for x in network.outputs])


def _called_body(
    network: Network, tensors: Sequence[Tensor], masks: Sequence[Value | None], kwargs: Any
) -> Body:
    """The body of a call of a network whose `call` is the user's."""
    inputs = _placeholders(tensors, masks)
    found = network.call(unpack_singleton(list(inputs)), **kwargs)
    return _body(network, inputs, to_list(found, allow_tuple=True))


def _placeholders(values: Sequence[Any], masks: Sequence[Value | None]) -> list[Tensor]:
    made = []
    for x, mask in zip(values, masks, strict=True):
        made.append(Tensor(x.type, x.name))
        if mask is not None:
            made[-1].mask = Tensor(mask.type, f"{x.name}_mask")
    return made


def _body(network: Network, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Body:
    given = [*inputs, *(x.mask for x in inputs if x.mask is not None)]
    masks = [x.mask for x in outputs]
    results = [*outputs, *_present(masks)]
    attributes = network._graph_attributes()
    attributes |= {"input_count": len(inputs), "output_count": len(outputs)}
    attributes.setdefault("input_names", [x.name for x in network.inputs])
    nodes = topological_order(results, stop=given)
    return Graph(network.name, given, results, nodes, attributes), masks


def of_calls(network: Network, inputs: Any, getter: Callable[[Any], list[Any]]) -> list[Any]:
    """What `getter` says of the network's call on `inputs`; of the first if there are several.

    It is asked once, as functions are compiled for the values that they are given.
    """
    key = object_key(inputs)
    for node in network._inbound_nodes if key is not None else ():
        if node.region is not None and object_key(node.input_tensors) == key:
            state = (getter.__name__, tuple(layer.trainable for layer in network.layers))
            kept: dict[Any, list[Any]] = node.__dict__.setdefault("_found", {})
            if state not in kept:
                kept[state] = getter(node)
            return kept[state]
    return []
