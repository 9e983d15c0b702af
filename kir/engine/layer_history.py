"""The calls of a layer: what went into each, and what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kir.engine.node import Node
from kir.errors import ConfigError, MissingAttributeError, StateError
from kir.utils.generic_utils import unpack_singleton


class LayerHistory:
    """The part of a layer that remembers its calls."""

    _inbound_nodes: list[Node]
    _outbound_nodes: list[Node]

    if TYPE_CHECKING:

        def _label(self) -> str: ...

    def _node_attribute(self, node_index: int, attribute: str, what: str) -> Any:
        if not self._inbound_nodes:
            raise StateError(
                f"{self._label()} has never been called and thus has no defined {what}. Call it on "
                "a tensor, or build the model it is in."
            )
        if len(self._inbound_nodes) <= node_index:
            raise ConfigError(
                f"{self._label()}: Asked to get {what.replace(' ', '_')} at node {node_index}, but "
                f"the layer has only {len(self._inbound_nodes)} inbound nodes."
            )
        return unpack_singleton(list(getattr(self._inbound_nodes[node_index], attribute)))

    def get_input_shape_at(self, node_index: int) -> Any:
        """The shape, or list of shapes, that went into call number `node_index`."""
        return self._node_attribute(node_index, "input_shapes", "input shape")

    def get_output_shape_at(self, node_index: int) -> Any:
        """The shape, or list of shapes, that came out of call number `node_index`."""
        return self._node_attribute(node_index, "output_shapes", "output shape")

    def get_input_at(self, node_index: int) -> Any:
        """The tensor, or list of tensors, that went into call number `node_index`."""
        return self._node_attribute(node_index, "input_tensors", "input")

    def get_output_at(self, node_index: int) -> Any:
        """The tensor, or list of tensors, that came out of call number `node_index`."""
        return self._node_attribute(node_index, "output_tensors", "output")

    def get_input_mask_at(self, node_index: int) -> Any:
        """The mask, or list of masks, that went into call number `node_index`."""
        return self._node_attribute(node_index, "input_masks", "input mask")

    def get_output_mask_at(self, node_index: int) -> Any:
        """The mask, or list of masks, that came out of call number `node_index`."""
        return self._node_attribute(node_index, "output_masks", "output mask")

    def _only_node(self, attribute: str, what: str) -> Any:
        count = len(self._inbound_nodes)
        if count > 1:
            raise MissingAttributeError(
                f"{self._label()} has multiple inbound nodes ({count}), hence its `{what}` is "
                f"ill-defined. Use `get_{what}_at(node_index)` instead."
            )
        if not count:
            raise MissingAttributeError(
                f"{self._label()} has no inbound nodes: it was never called, so there is no "
                f"{what.replace('_', ' ')}."
            )
        return unpack_singleton(list(getattr(self._inbound_nodes[0], attribute)))

    @property
    def input(self) -> Any:
        """The input of the only call; an AttributeError if there are several, or none."""
        return self._only_node("input_tensors", "input")

    @property
    def output(self) -> Any:
        """The result of the only call; an AttributeError if there are several, or none."""
        return self._only_node("output_tensors", "output")

    @property
    def input_mask(self) -> Any:
        """The mask of the input of the only call."""
        return self._only_node("input_masks", "input_mask")

    @property
    def output_mask(self) -> Any:
        """The mask of the result of the only call."""
        return self._only_node("output_masks", "output_mask")

    @property
    def input_shape(self) -> Any:
        """The shape of the input, if all calls agree on it."""
        return self._only_shape("input_shapes", "input_shape")

    @property
    def output_shape(self) -> Any:
        """The shape of the result, if all calls agree on it."""
        return self._only_shape("output_shapes", "output_shape")

    def _only_shape(self, attribute: str, what: str) -> Any:
        found = {str(getattr(n, attribute)) for n in self._inbound_nodes}
        if len(found) > 1:
            raise MissingAttributeError(
                f"{self._label()} has multiple inbound nodes with different "
                f"{what.replace('_', ' ')}s, hence its `{what}` is ill-defined. Use "
                f"`get_{what}_at(node_index)` instead."
            )
        if not found:
            raise MissingAttributeError(
                f"{self._label()} has never been called and thus has no defined "
                f"{what.replace('_', ' ')}."
            )
        return unpack_singleton(list(getattr(self._inbound_nodes[0], attribute)))

    # -- names of the years before 2.2

    @property
    def inbound_nodes(self) -> list[Node]:
        """The calls of the layer, under the name they had in Keras 2.0."""
        return self._inbound_nodes

    @inbound_nodes.setter
    def inbound_nodes(self, nodes: list[Node]) -> None:
        self._inbound_nodes = nodes

    @property
    def outbound_nodes(self) -> list[Node]:
        """The calls that take the layer's results, under the name they had in Keras 2.0."""
        return self._outbound_nodes

    @outbound_nodes.setter
    def outbound_nodes(self, nodes: list[Node]) -> None:
        self._outbound_nodes = nodes
