"""Recurrent layers that run from both ends."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kir import backend as K
from kir.engine.fields import Field, choice_field
from kir.engine.inlining import hidden_results
from kir.engine.input_spec import InputSpec
from kir.engine.lowered_call import LoweredCall
from kir.engine.names import name_scope
from kir.engine.tensor import Tensor, contains_symbolic, executing
from kir.engine.variable import Variable
from kir.errors import ConfigError, ShapeError
from kir.ir.graph import Graph, Value
from kir.ir.types import TensorType
from kir.layers.wrappers.base import Wrapper, training_argument
from kir.utils.generic_utils import custom_object_scope, to_list


def _own_classes(layer: Any) -> dict[str, type]:
    """The classes of a recurrent layer's cells, which its configuration only names."""
    cell = getattr(layer, "cell", None)
    cells = [c for c in [cell, *getattr(cell, "cells", ())] if c is not None]
    own = (type(c) for c in cells if not type(c).__module__.startswith("kir."))
    return {cls.__name__: cls for cls in own}


class Bidirectional(Wrapper):
    """Runs a recurrent layer over a sequence from both ends.

    Call arguments:
        initial_state: tensors to start from, the forward layer's first.
        constants: tensors that the cells of both get in every step.

    Args:
        layer: a recurrent layer. It serves as the pattern of the layers for the two directions,
            whose weights are their own.
        merge_mode: how the two results are joined: ``'concat'`` along the last axis, ``'sum'``,
            ``'mul'`` (product), ``'ave'`` (mean), or None for a list of both.
        weights: arrays to start from, the forward layer's first.

    Shape:
        that of the layer, with the last axis doubled for ``'concat'``; with return_state the
        forward layer's states follow, then the backward layer's.

    Weights:
        the forward layer's, then the backward layer's.

    Reference:
        Schuster and Paliwal, Bidirectional Recurrent Neural Networks, 1997.
        https://keras.io/layers/wrappers (Keras 2.2.4).
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

    def _inner_layers(self) -> Sequence[Any]:
        return self._directions

    def get_losses_for(self, inputs: Any = None) -> list[Any]:
        """Losses that depend on `inputs`; for None those that depend on no input."""
        found = super().get_losses_for(inputs)
        if inputs is not None:
            found = [*(x for la in self._directions for x in la.get_losses_for(inputs)), *found]
        return found

    def added_by_hand(self, attribute: str) -> list[Any]:
        """What a program added outside of calls, to the layer and to both directions."""
        found = super().added_by_hand(attribute)
        if attribute == "_losses":
            for layer in self._directions:
                # Those that depend on no input count as losses of the weights.
                always = {id(x) for x in layer.get_losses_for(None)}
                found += [x for x in layer.added_by_hand(attribute) if id(x) not in always]
        return found

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
            nodes.append(layer._make_node(inputs, given, training_argument(layer, arguments))[0])
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
