"""Layer calls: nodes of the layer graph with the links that Keras programs look at."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kir import settings
from kir.engine.names import current_scope
from kir.engine.tensor import Tensor, note
from kir.ir import graph as ir
from kir.ir.attributes import attribute_problem, to_attribute
from kir.ir.types import TensorType

if TYPE_CHECKING:
    from kir.engine.base_layer import Layer


class Node(ir.Node):
    """One call of a layer.

    Attributes:
        outbound_layer: the layer that was called.
        inbound_layers, node_indices, tensor_indices: where each input comes from.
        input_tensors, output_tensors: what went in, and what the caller got.
        input_masks, output_masks: their masks, None where there is none.
        input_shapes, output_shapes: their shapes.
        scope: the name scope that the call entered.
    """

    # No __slots__: the layer-level links below are ordinary attributes.
    scope = ""

    def __init__(
        self,
        outbound_layer: Layer,
        inbound_layers: Sequence[Layer],
        node_indices: Sequence[int],
        tensor_indices: Sequence[int],
        input_tensors: Sequence[Tensor],
        output_tensors: Sequence[Tensor],
        input_masks: Iterable[ir.Value | None],
        output_masks: Iterable[ir.Value | None],
        input_shapes: Any,
        output_shapes: Any,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        """Enters a call that a program made by hand among those of the layer.

        Its results exist already and keep the nodes that compute them.
        """
        super().__init__(
            outbound_layer.op_name if outbound_layer else "keras.Layer",
            input_tensors,
            (),
            name=outbound_layer.name if outbound_layer else "",
            arguments=arguments,
            value_class=Tensor,
        )
        self.layer = self.outbound_layer = outbound_layer
        self.input_tensors, self.output_tensors = list(input_tensors), list(output_tensors)
        self.input_masks, self.output_masks = list(input_masks), list(output_masks)
        self.input_shapes, self.output_shapes = input_shapes, output_shapes
        self._link(inbound_layers, node_indices, tensor_indices)
        if outbound_layer:
            outbound_layer._inbound_nodes.append(self)

    def _link(
        self,
        inbound_layers: Sequence[Layer],
        node_indices: Sequence[int],
        tensor_indices: Sequence[int],
    ) -> None:
        self.inbound_layers = list(inbound_layers)
        self.node_indices, self.tensor_indices = list(node_indices), list(tensor_indices)
        for layer in self.inbound_layers:
            if layer is not None:
                layer._outbound_nodes.append(self)

    @property
    def attributes(self) -> dict[str, Any]:  # type: ignore[override]
        """The layer's configuration as it is now."""
        if self.outbound_layer.is_network:
            return {}
        config = self.outbound_layer.node_config()
        config.pop("name", None)
        if attribute_problem(config, len(self.inputs), -1) is None:
            return config
        return {str(key): _attribute(value) for key, value in config.items()}

    @attributes.setter
    def attributes(self, value: Any) -> None:
        """Follows from the layer; the base class sets it to nothing."""

    def get_config(self) -> dict[str, Any]:
        """Names and indices of both ends of the call."""
        return {
            "outbound_layer": self.outbound_layer.name if self.outbound_layer else None,
            "inbound_layers": [layer.name for layer in self.inbound_layers],
            "node_indices": self.node_indices,
            "tensor_indices": self.tensor_indices,
        }


_DEVICES: list[str] = []


@contextlib.contextmanager
def placed_on(device: str) -> Iterator[None]:
    """A scope in which calls of layers are recorded to be computed on a device.

    Args:
        device: such as ``/gpu:1``; empty where the runtime may choose.
    """
    _DEVICES.append(device)
    try:
        yield
    finally:
        _DEVICES.pop()


class LayerCall(Node):
    """A call whose results the node itself computes: what calling a layer records."""

    def __init__(
        self,
        outbound_layer: Layer,
        input_tensors: Sequence[Tensor],
        input_masks: Iterable[ir.Value | None],
        output_types: Sequence[TensorType],
        public_count: int,
        output_masks: Iterable[ir.Value | None],
        operand_masks: Iterable[ir.Value | None] = (),
        arguments: Mapping[str, Any] | None = None,
        state_operands: Sequence[ir.Value] = (),
        weights: Sequence[ir.Weight] | None = None,
    ) -> None:
        ir.Node.__init__(
            self,
            outbound_layer.op_name,
            [*input_tensors, *state_operands],
            output_types,
            name=outbound_layer.name,
            masks=operand_masks,
            arguments=arguments,
            weights=_own_weights(outbound_layer) if weights is None else weights,
            value_class=Tensor,
        )
        self.layer = self.outbound_layer = outbound_layer
        self.device = _DEVICES[-1] if _DEVICES else ""
        self.phase = settings.fixed_learning_phase()
        self.input_tensors = list(input_tensors)
        self.output_tensors: list[Tensor] = list(self.outputs[:public_count])  # type: ignore[arg-type]
        self.input_masks, self.output_masks = list(input_masks), list(output_masks)
        self.input_shapes = [x._keras_shape for x in input_tensors]
        self.output_shapes = [x._keras_shape for x in self.output_tensors]
        histories = [getattr(x, "_keras_history", None) for x in self.input_tensors]
        known = [] if None in histories else histories
        self._link(*([h[i] for h in known] for i in range(3)))  # type: ignore[index]


def _own_weights(layer: Layer) -> list[ir.Weight]:
    """A layer's weights, without the values that a program has put in the place of some."""
    return [w for w in layer.weights if isinstance(w, ir.Weight)]


def _attribute(value: Any) -> Any:
    """A part of a user's configuration as a file shows it: objects by class and config."""
    if hasattr(value, "get_config") and not isinstance(value, type):
        return {"class_name": type(value).__name__, "config": _attribute(value.get_config())}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {str(key): _attribute(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(map(_attribute, value))
    if isinstance(value, list):
        return list(map(_attribute, value))
    return to_attribute(value)


def make_outputs(node: Node, layer_uses_phase: bool) -> None:
    """Sets on the results of a call what follows from its inputs and masks.

    A trace under way notes the call.
    """
    note(node)
    uses_phase = layer_uses_phase or any(x._uses_learning_phase for x in node.input_tensors)
    for output in node.outputs:
        output._uses_learning_phase = uses_phase  # type: ignore[attr-defined]
    for output, mask in zip(node.output_tensors, node.output_masks, strict=False):
        output.mask = mask


def record_history(layer: Layer, node: Node) -> None:
    """Enters a call among the layer's inbound nodes."""
    layer._inbound_nodes.append(node)
    node.scope = current_scope()
    index = len(layer._inbound_nodes) - 1
    for i, output in enumerate(node.output_tensors):
        output._keras_history = (layer, index, i)
