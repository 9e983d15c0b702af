"""What layers around a layer have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kir.engine.base_layer import Layer
from kir.engine.fields import Field
from kir.engine.inlining import call_results, free_losses_by, substitute, updates_by
from kir.engine.names import undisturbed
from kir.engine.node import Node
from kir.engine.tensor import Tensor
from kir.engine.variable import Variable
from kir.errors import MissingAttributeError
from kir.ir.graph import Graph, Value
from kir.ir.types import TensorType
from kir.utils.generic_utils import object_list_uid, to_list


def _layer_config(layer: Any) -> dict[str, Any]:
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


class Wrapper(Layer):
    """A layer around another one, whose weights it has.

    A user's wrapper overrides `build` and `call`, and calls `self.layer.call(x)`.

    Args:
        layer: a layer or a model. Keras 2.2: it is trainable from then on, whatever it was.

    Shape:
        that of each kind of wrapper; see `TimeDistributed` and `Bidirectional`.

    Raises:
        MissingAttributeError: `layer` is no layer.

    Reference:
        https://keras.io/layers/wrappers (Keras 2.2.4).
    """

    layer: Any = Field(serialize=_layer_config)

    # The calls inside the call that is being made.
    _traced: Graph | None = None

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        layer = given["layer"]
        if not isinstance(layer, Layer):
            raise MissingAttributeError(
                f"{type(self).__name__} wraps a layer; got {layer!r} ({type(layer).__name__})."
            )
        # Before everything else, as `trainable` is the layer's.
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Marks the wrapper as built; the layer inside is the business of each kind of wrapper."""
        self.built = True

    @property
    def activity_regularizer(self) -> Any:
        """The regularizer of the layer's result, which is the wrapper's too."""
        return getattr(self.layer, "activity_regularizer", None)

    @property
    def trainable(self) -> bool:  # type: ignore[override]
        """Whether training changes the layer."""
        return bool(self.layer.trainable)

    @trainable.setter
    def trainable(self, value: bool) -> None:  # type: ignore[override]
        self.layer.trainable = value

    @property
    def trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        """The layer's weights that training changes."""
        found: list[Variable] = self.layer.trainable_weights
        return found

    @property
    def non_trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        """The layer's weights that training does not change."""
        found: list[Variable] = self.layer.non_trainable_weights
        return found

    def get_weights(self) -> list[np.ndarray]:
        """The values of the layer's weights, in its order."""
        found: list[np.ndarray] = self.layer.get_weights()
        return found

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of the layer's weights, in its order."""
        self.layer.set_weights(weights)

    # -- losses and updates: its own, and those that were added to the layers inside

    def _inner_layers(self) -> Sequence[Any]:
        return (self.layer,)

    @property
    def _input_map(self) -> dict[str, Any]:
        """What the layer inside sees in a call, by the identity of its inputs, where it differs."""
        return {}

    @property
    def losses(self) -> list[Any]:
        """The losses of the layers inside, then the wrapper's own."""
        inner = [loss for layer in self._inner_layers() for loss in layer.losses]
        return [*inner, *super()._regularization_losses(), *self._losses]

    @property
    def updates(self) -> list[Any]:
        """The updates of the layers inside, then those that the wrapper's calls make."""
        # What a model inside updates for its own inputs is no business of a call's.
        inner = [layer for layer in self._inner_layers() if not layer.is_network]
        return [*(u for layer in inner for u in layer.updates), *super().updates]

    def _regularization_losses(self) -> list[Any]:
        inner = [loss for layer in self._inner_layers() for loss in layer.get_losses_for(None)]
        return [*inner, *super()._regularization_losses()]

    def get_losses_for(self, inputs: Any = None) -> list[Any]:
        """Losses that depend on `inputs`; for None those that depend on no input."""
        return super().get_losses_for(inputs)

    def get_updates_for(self, inputs: Any = None) -> list[Any]:
        """Updates that depend on `inputs`; for None those that depend on no input."""
        key = object_list_uid(inputs) if inputs is not None else ""
        seen = self._input_map.get(key, inputs)
        inner = [u for layer in self._inner_layers() for u in layer.get_updates_for(seen)]
        return [*inner, *super().get_updates_for(inputs)]

    def added_by_hand(self, attribute: str) -> list[Any]:
        """What a program added outside of calls, to the wrapper and to the layers inside."""
        found = super().added_by_hand(attribute)
        if attribute == "_updates":
            for layer in self._inner_layers():
                found += layer.added_by_hand(attribute) if not layer.is_network else ()
        return found

    # -- the calls inside a call

    def _trace(
        self,
        types: Sequence[TensorType],
        masks: Sequence[Value | None] = (),
        arguments: Mapping[str, Any] | None = None,
    ) -> Graph | None:
        """What a call computes with the layer inside, as a graph over inputs of its own.

        Its inputs are the call's in the form that the layer sees, then the masks that are there;
        its outputs the layer's results, then what the layer's updates need besides.
        """
        return None

    def _make_node(
        self, inputs: Any, tensors: list[Tensor], kwargs: dict[str, Any]
    ) -> tuple[Node, bool]:
        masks = [x.mask for x in tensors] if "mask" not in kwargs else to_list(kwargs["mask"])
        operands = [*tensors, *self.state_operands(tensors)]
        self._traced = self._trace([x.type for x in operands], masks, kwargs)
        try:
            node, several = super()._make_node(inputs, tensors, kwargs)
            node.inner = self._traced
        finally:
            self._traced = None
        return node, several

    def _traced_call(
        self, types: Sequence[TensorType], masks: Sequence[Value | None] = ()
    ) -> Graph | None:
        """The calls inside the call that is being made, or inside a call on such inputs."""
        if self._traced is not None:
            return self._traced
        with undisturbed():
            return self._trace(types, masks)

    def draw_seeds(self) -> tuple[int, ...]:
        """Moves NumPy's generator as a call of the layer inside does."""
        self.layer.draw_seeds()
        return ()

    def _draw_node_seeds(self, node: Node) -> None:
        for inner in node.inner.nodes if node.inner is not None else ():
            inner.layer._draw_node_seeds(inner)

    def internal_types(self, *inputs: TensorType) -> list[TensorType]:
        """The types of what the updates of the layer inside need."""
        inner = self._traced_call(inputs)
        return [] if inner is None else [v.type for v in inner.outputs[_result_count(inner) :]]

    def _internal_types_of_call(
        self, types: Sequence[TensorType], arguments: Mapping[str, Any]
    ) -> list[TensorType]:
        # What a call with training=False updates depends on the layer inside.
        if self._traced is not None or arguments.get("training") is None:
            return self.internal_types(*types)
        with undisturbed():
            inner = self._trace(types, (), arguments)
        return [] if inner is None else [v.type for v in inner.outputs[_result_count(inner) :]]

    def node_updates(self, node: Any) -> list[Any]:
        """The updates of the layer inside, on what the call returns besides its results."""
        if node.inner is None:
            return []
        known = self._results(node)
        updates = [u for inner in node.inner.nodes for u in updates_by(inner)]
        return substitute([u for u in updates if known.keys() >= set(call_results([u]))], known)

    def node_losses(self, node: Any) -> list[Any]:
        """The activity regularizer's loss, and what the layer inside adds.

        Keras 2.2: losses that a call inside adds for its inputs do not count.
        """
        found = super().node_losses(node)
        if node.inner is None:
            return found
        known = self._results(node)
        inner = [loss for one in node.inner.nodes for loss in free_losses_by(one)]
        return [*found, *(known[loss] for loss in inner if loss in known)]

    def _results(self, node: Any) -> dict[Value, Value]:
        """Which result of the call each result inside is, of those that updates may need."""
        hidden = node.inner.outputs[_result_count(node.inner) :]
        return dict(zip(hidden, node.outputs[len(node.outputs) - len(hidden) :], strict=True))

    # -- configuration

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        """Makes the wrapper and the layer inside from what `get_config` gave."""
        from kir.layers import deserialize

        given = dict(config)
        layer = deserialize(given.pop("layer"), custom_objects=custom_objects)
        return cls(layer, **given)


def _result_count(inner: Graph) -> int:
    """How many of the graph's outputs are results of the layers inside."""
    return sum(len(node.output_tensors) for node in inner.nodes)  # type: ignore[attr-defined]


def training_argument(layer: Layer, arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    """The `training` argument of a call, if the layer inside takes one."""
    takes = "training" in layer._call_parameters() and "training" in (arguments or {})
    return {"training": arguments["training"]} if takes and arguments else {}
