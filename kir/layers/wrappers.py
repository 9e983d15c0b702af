"""Layers around a layer: over time steps, and in both directions of time."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kir import backend as K
from kir.engine.base_layer import Layer, LoweredCall
from kir.engine.fields import Field, choice_field
from kir.engine.inlining import call_results, hidden_results, substitute, updates_by
from kir.engine.input_spec import InputSpec
from kir.engine.names import name_scope, undisturbed
from kir.engine.node import Node
from kir.engine.tensor import Tensor, contains_symbolic, executing
from kir.engine.variable import Variable
from kir.errors import ConfigError, MissingAttributeError, RankError, ShapeError
from kir.ir.graph import Graph, Value
from kir.ir.types import TensorType
from kir.utils.generic_utils import custom_object_scope, to_list


def _layer_config(layer: Any) -> dict[str, Any]:
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


class Wrapper(Layer):
    """A layer around another one, whose weights it has.

    A user's wrapper overrides `build` and `call`, and calls `self.layer.call(x)`.

    Args:
        layer: a layer or a model. Keras 2.2: it is trainable from then on, whatever it was.
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

    def _regularization_losses(self) -> list[Any]:
        return [*self.layer.get_losses_for(None), *super()._regularization_losses()]

    def get_losses_for(self, inputs: Any = None) -> list[Any]:
        """Losses that depend on `inputs`; for None those that depend on no input."""
        return super().get_losses_for(inputs)

    def get_updates_for(self, inputs: Any = None) -> list[Any]:
        """Updates that depend on `inputs`; for None those that depend on no input."""
        return super().get_updates_for(inputs)

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

    def node_updates(self, node: Any) -> list[Any]:
        """The updates of the layer inside, on what the call returns besides its results."""
        if node.inner is None:
            return []
        known = self._results(node)
        updates = [u for inner in node.inner.nodes for u in updates_by(inner)]
        return substitute([u for u in updates if known.keys() >= set(call_results([u]))], known)

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


def _argument(layer: Layer, arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    """The `training` argument of a call, if the layer inside takes one."""
    takes = "training" in layer._call_parameters() and "training" in (arguments or {})
    return {"training": arguments["training"]} if takes and arguments else {}


class TimeDistributed(Wrapper):
    """Applies a layer to every time step.

    Where the batch size is open, the time steps of all samples form one large batch. Keras 2.2:
    where it is fixed, the layer is applied to one step after the other: a batch normalization
    inside then uses the statistics of each step, and its moving averages stay as they are.

    Args:
        layer: a layer or a model.

    Shape:
        (batch, timesteps, ...) -> (batch, timesteps, ...), the layer seeing (batch, ...).

    Raises:
        RankError: the input has rank 2 or less.

    Reference: https://keras.io/layers/wrappers/#timedistributed (Keras 2.2.4).
    """

    supports_masking = True
    call = LoweredCall("inputs", training=None, mask=None)

    def build(self, input_shape: Any) -> None:  # type: ignore[override]
        """Creates the weights of the layer inside."""
        shape = tuple(input_shape)
        self._check_rank(shape, shape)
        self.input_spec = InputSpec(shape=shape)
        if not self.layer.built:
            self.layer.build((shape[0], *shape[2:]))
            self.layer.built = True
        super().build()

    def _check_rank(self, shape: Any, shown: Any) -> None:
        if shape is None or len(shape) < 3:
            raise RankError(
                f"{self._label()}: input is {shown}; expected rank 3 at least, (batch, timesteps, "
                "...). The layer inside gets (batch, ...)."
            )

    def _sample_type(self, x: TensorType) -> TensorType:
        self._check_rank(x.shape, x)
        return x.with_shape((x.shape[0], *x.shape[2:]))  # type: ignore[index]

    def infer(self, *inputs: TensorType) -> TensorType:
        """The layer's type with the axis of time."""
        (x,) = inputs
        found = self.layer._infer_call([self._sample_type(x)], {})
        if isinstance(found, list):
            raise ConfigError(
                f"{self._label()}: {self.layer._label()} returns {len(found)} tensors; expected a "
                "layer that returns one. Take return_state=True away."
            )
        return found.with_shape((found.shape[0], x.shape[1], *found.shape[1:]))  # type: ignore[index]

    def _trace(
        self,
        types: Sequence[TensorType],
        masks: Sequence[Value | None] = (),
        arguments: Mapping[str, Any] | None = None,
    ) -> Graph:
        x = self._sample_type(types[0])
        is_stepwise = bool(x.shape[0])  # type: ignore[index]
        sample = Tensor(x, self.layer.name)
        if masks and masks[0] is not None and not is_stepwise:
            sample.mask = Tensor(_without_time(masks[0].type), f"{self.layer.name}_mask")
        node, _ = self.layer._make_node(sample, [sample], _argument(self.layer, arguments))
        inputs = [v for v in (sample, sample.mask) if v is not None]
        # Keras 2.2: what happens in a time step updates nothing.
        hidden = [] if is_stepwise else hidden_results(node)
        return Graph(self.layer.name, inputs, [*node.output_tensors, *hidden], [node])

    def node_losses(self, node: Any) -> list[Any]:
        """The activity regularizer's loss of the result.

        Keras 2.2: where the batch size is fixed it counts twice.
        """
        # Two values, as a model counts each value once.
        times = 2 if node.inputs[0].type.shape[0] else 1
        return [loss for _ in range(times) for loss in super(Wrapper, self).node_losses(node)]

    def varies_with_phase(self) -> bool:
        """Whether the layer inside does."""
        return self.layer.varies_with_phase()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the layer inside, with the axis of time; else the input's."""
        x = inputs[0] if isinstance(inputs, list) else inputs
        mask = mask[0] if isinstance(mask, list) else mask
        shape = x._keras_shape
        if shape[0]:
            return mask
        inner = self._traced_call([x.type], [mask])
        assert inner is not None
        (node,) = inner.nodes
        found = node.output_masks[0]  # type: ignore[attr-defined]
        if found is None:
            for _ in range(2, K.ndim(mask) if mask is not None else 0):  # type: ignore[arg-type]
                mask = K.any(mask, axis=-1)
            return mask
        values = [_merge_time(x)] + ([] if mask is None else [_merge_time(mask)])
        (made,) = substitute([found], dict(zip(inner.inputs, values, strict=True)))
        steps = shape[1] if shape[1] is not None else K.shape(x)[1]
        return K.reshape(made, (-1, steps, *_known_sizes(made, made.type.shape[1:])))


def _without_time(type: TensorType) -> TensorType:
    shape: Any = type.shape
    return type.with_shape((None, *shape[2:]))


def _merge_time(x: Any) -> Any:
    """(batch, timesteps, ...) -> (batch * timesteps, ...)."""
    return K.reshape(x, (-1, *_known_sizes(x, x.type.shape[2:], offset=2)))


def _known_sizes(x: Any, sizes: Any, offset: int = 1) -> list[Any]:
    return [K.shape(x)[i + offset] if size is None else size for i, size in enumerate(sizes)]


def _own_classes(layer: Any) -> dict[str, type]:
    """The classes of a recurrent layer's cells, which its configuration only names."""
    cell = getattr(layer, "cell", None)
    cells = [c for c in [cell, *getattr(cell, "cells", ())] if c is not None]
    own = (type(c) for c in cells if not type(c).__module__.startswith("kir."))
    return {cls.__name__: cls for cls in own}


class Bidirectional(Wrapper):
    """Runs a recurrent layer over a sequence from both ends.

    Args:
        layer: a recurrent layer. It serves as the pattern of the layers for the two directions,
            whose weights are their own.
        merge_mode: how the two results are joined: ``'concat'`` along the last axis, ``'sum'``,
            ``'mul'`` (product), ``'ave'`` (mean), or None for a list of both.
        weights: arrays to start from, the forward layer's first.

    Call arguments:
        initial_state: tensors to start from, the forward layer's first.
        constants: tensors that the cells of both get in every step.

    Shape:
        that of the layer, with the last axis doubled for ``'concat'``; with return_state the
        forward layer's states follow, then the backward layer's.

    Weights:
        the forward layer's, then the backward layer's.

    Reference: Schuster and Paliwal, Bidirectional Recurrent Neural Networks, 1997.
    """

    merge_mode: str | None = choice_field("concat", ("sum", "mul", "ave", "concat", None))
    weights: Any = Field(None, in_config=False)

    supports_masking = True
    call = LoweredCall("inputs", mask=None, training=None, initial_state=None, constants=None)

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        super()._prepare_common(given, kwargs)
        kwargs["weights"] = given.pop("weights")
        layer = self.layer
        config = layer.get_config()
        config["go_backwards"] = not config["go_backwards"]
        self.forward_layer = copy.copy(layer)
        with custom_object_scope(_own_classes(layer)):
            self.backward_layer = type(layer).from_config(config)
        for prefix, one in (("forward_", self.forward_layer), ("backward_", self.backward_layer)):
            one.name = prefix + one.name
        self._directions = (self.forward_layer, self.backward_layer)
        self._num_constants: int | None = None
        # Initial states and constants of the call under way that no layer made.
        self._foreign_operands: list[Value] = []

    def _after_init(self) -> None:
        self.stateful = self.layer.stateful
        self.return_sequences = self.layer.return_sequences
        self.return_state = self.layer.return_state
        self.input_spec = self.layer.input_spec

    @property
    def trainable(self) -> bool:  # type: ignore[override]
        """Whether training changes the layers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value
        for layer in self._directions:
            layer.trainable = value

    @property
    def trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        """The weights of both directions that training changes."""
        return [w for layer in self._directions for w in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        """The weights of both directions that training does not change."""
        return [w for layer in self._directions for w in layer.non_trainable_weights]

    @property
    def constraints(self) -> dict[Any, Any]:
        """Keras 2.2: empty; weights hold their constraints themselves."""
        return {}

    def get_weights(self) -> list[np.ndarray]:
        """The values of the weights, the forward layer's first."""
        return [value for layer in self._directions for value in layer.get_weights()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of the weights, the forward layer's first."""
        count = len(weights) // 2
        self.forward_layer.set_weights(weights[:count])
        self.backward_layer.set_weights(weights[count:])

    def _regularization_losses(self) -> list[Any]:
        return [loss for layer in self._directions for loss in layer.get_losses_for(None)]

    def build(self, input_shape: Any) -> None:  # type: ignore[override]
        """Creates the weights of both directions."""
        for layer in self._directions:
            with name_scope(layer.name):
                layer.build(input_shape)
        self.input_spec = self.forward_layer.input_spec
        self.built = True

    def reset_states(self) -> None:
        """Sets the states of both directions to zero."""
        for layer in self._directions:
            layer.reset_states()

    # -- calls

    def __call__(
        self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any
    ) -> Any:
        """Applies the layer to a symbolic tensor.

        Args:
            inputs: the sequence; or a list of it, the initial states and the constants.
            initial_state: tensors to start from, the forward layer's first.
            constants: tensors that the cells get in every step.
            **kwargs: `mask`, `training`.

        Raises:
            ConfigError: a wrong number of states; or some of the states and constants were made by
                layers, others were not.
        """
        if isinstance(inputs, list):
            count = len(inputs) - (self._num_constants or 0)
            if count < len(inputs):
                inputs, constants = inputs[:count], inputs[count:]
            inputs, initial_state = inputs[0], inputs[1:] or initial_state
        states = None if initial_state is None else to_list(initial_state)
        constants = None if constants is None else to_list(constants)
        more = [*(states or ()), *(constants or ())]
        if executing() or not contains_symbolic([inputs, *more]):
            given = {"initial_state": states, "constants": constants}
            kwargs |= {name: value for name, value in given.items() if value is not None}
            return super().__call__(inputs, **kwargs)
        if states:
            self._check_states(states)
        if constants:
            self._set_constants(constants)
        made_by_layers = [hasattr(x, "_keras_history") for x in more]
        if len(set(made_by_layers)) > 1:
            raise ConfigError(
                f"{self._label()}: initial_state and constants are in part results of layers and "
                "in part other tensors. Pass the latter through an Input or a Lambda layer."
            )
        if all(made_by_layers):
            return super().__call__([inputs, *more] if more else inputs, **kwargs)
        self._foreign_operands = [x if isinstance(x, Value) else K.constant(x) for x in more]
        try:
            return super().__call__(inputs, **kwargs)
        finally:
            self._foreign_operands = []

    def _check_states(self, states: Sequence[Any]) -> None:
        expected = 2 * len(self.forward_layer.states)
        if len(states) != expected:
            raise ConfigError(
                f"{self._label()}: initial_state has {len(states)} tensors; expected {expected}, "
                "those of the forward layer and then as many of the backward layer."
            )
        specs = getattr(self.forward_layer, "state_spec", None) or ()
        for state, spec in zip(states, [*specs, *specs], strict=False):
            if isinstance(state, Value) and spec.problem(Tensor(state.type)) is not None:
                raise ShapeError(
                    f"{self._label()}: an initial state is {state.type}; expected the shape "
                    f"{spec.shape}."
                )

    def _set_constants(self, constants: Sequence[Any]) -> None:
        self._num_constants = len(constants)
        for layer in self._directions:
            layer._num_constants = len(constants)
            layer.constants_spec = [InputSpec(shape=tuple(K.int_shape(c))) for c in constants]  # type: ignore[arg-type]

    def assert_input_compatibility(self, inputs: Any) -> None:
        """Checks the sequence; states were looked at before."""
        super().assert_input_compatibility(to_list(inputs)[:1])

    def state_operands(self, inputs: list[Tensor]) -> list[Value]:
        """Initial states and constants that no layer made."""
        return self._foreign_operands

    def _trace(
        self,
        types: Sequence[TensorType],
        masks: Sequence[Value | None] = (),
        arguments: Mapping[str, Any] | None = None,
    ) -> Graph:
        operands = [Tensor(t, f"{self.layer.name}_{i}") for i, t in enumerate(types)]
        for operand, mask in zip(operands, masks, strict=False):
            if mask is not None:
                operand.mask = Tensor(mask.type, f"{operand.name}_mask")
        x, *more = operands
        cut = len(more) - (self._num_constants or 0)
        states, constants = more[:cut], more[cut:]
        half = len(states) // 2
        nodes = []
        for layer, own in zip(self._directions, (states[:half], states[half:]), strict=True):
            given = [x, *own, *constants]
            inputs = given if len(given) > 1 else x
            nodes.append(layer._make_node(inputs, given, _argument(layer, arguments))[0])
        results = [v for node in nodes for v in node.output_tensors]
        hidden = [v for node in nodes for v in hidden_results(node)]
        inputs = [*operands, *(v.mask for v in operands if v.mask is not None)]
        return Graph(self.layer.name, inputs, [*results, *hidden], nodes)

    def draw_seeds(self) -> tuple[int, ...]:
        """Moves NumPy's generator as calls of both layers do."""
        for layer in self._directions:
            layer.draw_seeds()
        return ()

    def internal_types(self, *inputs: TensorType) -> list[TensorType]:
        """The last states of both directions, where a stateful layer returns them to no user."""
        return [t for layer in self._directions for t in layer.internal_types(*inputs)]

    def _results(self, node: Any) -> dict[Value, Value]:
        known = super()._results(node)
        if self.return_state:
            states = [v for inner in node.inner.nodes for v in inner.output_tensors[1:]]
            first = 1 if self.merge_mode is not None else 2
            known |= dict(zip(states, node.outputs[first : first + len(states)], strict=True))
        return known

    def varies_with_phase(self) -> bool:
        """Whether one of the directions does."""
        return any(layer.varies_with_phase() for layer in self._directions)

    # -- types and masks

    def infer(self, *inputs: TensorType) -> TensorType | list[TensorType]:
        """The type of the joined results, or of both; then those of the states."""
        found = to_list(self.forward_layer._infer_call([inputs[0]], {}))
        result, states = found[0], found[1:]
        if self.merge_mode == "concat":
            size = result.shape[-1]
            result = result.with_last(None if size is None else 2 * size)
        results = [result, result] if self.merge_mode is None else [result]
        if self.return_state:
            return [*results, *states, *states]
        return results if self.merge_mode is None else result

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result, or of each, for a sequence of this shape."""
        several = isinstance(input_shape, list) and isinstance(input_shape[0], list | tuple)
        return super().compute_output_shape(tuple(input_shape[0] if several else input_shape))

    def compute_mask(self, inputs: Any, mask: Any) -> Any:  # type: ignore[override]
        """The sequence's mask for results that are sequences."""
        first = mask[0] if isinstance(mask, list) else mask
        kept = first if self.return_sequences else None
        results = [kept] if self.merge_mode is not None else [kept, kept]
        if self.return_state:
            return [*results, *(None for _ in range(2 * len(self.forward_layer.states)))]
        return results if self.merge_mode is None else kept

    # -- configuration

    def get_config(self) -> dict[str, Any]:
        """The layer and how results are joined, with Keras's keys in Keras's order."""
        config = super().get_config()
        if self._num_constants is not None:
            config["num_constants"] = self._num_constants
        return config

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        """Makes the layer from what `get_config` gave."""
        given = dict(config)
        count = given.pop("num_constants", None)
        made = super().from_config(given, custom_objects)
        made._num_constants = count
        for layer in made._directions if count is not None else ():
            layer._num_constants = count
        return made
