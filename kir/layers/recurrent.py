"""Recurrent layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from kir import backend as K
from kir.engine.base_layer import Layer, LoweredCall
from kir.engine.fields import (
    activation_field,
    constraint_field,
    field,
    fraction_field,
    initializer_field,
    int_field,
    regularizer_field,
)
from kir.engine.input_spec import InputSpec
from kir.engine.names import variable_name
from kir.engine.tensor import Tensor, is_symbolic
from kir.engine.variable import Variable
from kir.errors import ConfigError, MissingAttributeError, ShapeError, StateError
from kir.initializers import Joined, Ones, Zeros, draw_initial_value
from kir.initializers.draws import draw_seed
from kir.ir.graph import Value
from kir.ir.types import TensorType
from kir.utils.generic_utils import to_list


class Recurrent(Layer):
    """What layers with a state over time have in common: states, masks, shapes."""

    input_spec: Any
    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    dropout: float
    recurrent_dropout: float
    state_size: tuple[int, ...]
    gate_count: int

    supports_masking = True

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        if "input_shape" not in kwargs and ("input_dim" in kwargs or "input_length" in kwargs):
            length = kwargs.pop("input_length", None)
            if "input_dim" in kwargs:
                kwargs["input_shape"] = (length, kwargs.pop("input_dim"))

    def _after_init(self) -> None:
        self.input_spec = [InputSpec(ndim=3)]
        self.states: list[Variable | None] = [None for _ in self.state_size]
        self._state_spec = [InputSpec(shape=(None, size)) for size in self.state_size]

    def build(self, input_shape: Any) -> None:
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        if len(shape) != 3 or shape[-1] is None:
            raise ShapeError(
                f"{self._label()}: input has the shape {shape}; expected (batch, timesteps, "
                "features) with a known number of features."
            )
        super().build(shape)
        batch = shape[0] if self.stateful else None
        self.input_spec = [InputSpec(shape=(batch, None, shape[-1]))]
        self._batch_shape = tuple(shape)
        if self.stateful:
            self._create_states(batch)

    # -- states

    def _create_states(self, batch: int | None) -> None:
        if batch is None:
            raise ConfigError(
                f"{self._label()} is stateful, so it needs a fixed batch size. Give the first "
                "layer batch_input_shape=(batch, timesteps, features), or Input a batch_shape."
            )
        self.states = [
            Variable(
                TensorType(K.floatx(), (batch, size)),
                variable_name("Variable"),
                draw_initial_value(Zeros(), (batch, size), K.floatx()),
                trainable=False,
            )
            for size in self.state_size
        ]

    def reset_states(self, states: Any = None) -> None:
        """Sets the states of a stateful layer.

        Args:
            states: one array of shape (batch, size) for each state; None is zeros.

        Raises:
            MissingAttributeError: the layer is not stateful.
            ConfigError: another number of arrays, or another shape.
        """
        if not self.stateful:
            raise MissingAttributeError(
                f"{self._label()} is not stateful. Make it with stateful=True to keep states."
            )
        if self.states[0] is None:
            self._create_states(self.input_spec[0].shape[0] if self.built else None)
        arrays = (
            [np.zeros(s.type.shape, s.type.dtype) for s in self.states]  # type: ignore[union-attr,type-var]
            if states is None
            else to_list(states)
        )
        if len(arrays) != len(self.states):
            raise ConfigError(
                f"{self._label()} has {len(self.states)} states; got {len(arrays)} arrays."
            )
        for state, array in zip(self.states, arrays, strict=True):
            assert state is not None
            if np.shape(array) != state.type.shape:
                raise ConfigError(
                    f"{self._label()}: state {state.name!r} is {state.type}; got an array of "
                    f"shape {np.shape(array)}."
                )
        for state, array in zip(self.states, arrays, strict=True):
            state.set_value(array)  # type: ignore[union-attr]

    def state_operands(self, inputs: list[Tensor]) -> list[Value]:
        """The states that a call starts from where none were given."""
        if self.stateful and len(inputs) == 1:
            return [s for s in self.states if s is not None]
        return []

    def _prepare_call(self, inputs: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        given = kwargs.pop("initial_state", None)
        if given is None:
            return inputs, kwargs
        states = to_list(given)
        if len(states) != len(self.state_size):
            raise ConfigError(
                f"{self._label()} has {len(self.state_size)} states; got an initial_state of "
                f"{len(states)} tensors."
            )
        if not all(map(is_symbolic, states)):
            raise StateError(f"{self._label()}: initial_state should be symbolic tensors.")
        return [*to_list(inputs), *states], kwargs

    def assert_input_compatibility(self, inputs: Any) -> None:
        found = to_list(inputs)
        spec = self.input_spec
        if len(found) > 1:
            self.input_spec = [*spec[:1], *self._state_spec]
        try:
            super().assert_input_compatibility(found)
        finally:
            self.input_spec = spec

    # -- types and masks

    def infer(self, *inputs: TensorType) -> TensorType | list[TensorType]:
        x = inputs[0]
        if x.rank != 3:
            raise ShapeError(
                f"{self._label()}: input is {x}; expected rank 3, (batch, timesteps, features)."
            )
        batch, steps = x.shape[:2]  # type: ignore[index]
        size = self.state_size[0]
        shape = (batch, steps, size) if self.return_sequences else (batch, size)
        if self.return_state:
            return [x.with_shape(shape), *self._state_types(x)]
        return x.with_shape(shape)

    def _state_types(self, x: TensorType) -> list[TensorType]:
        return [x.with_shape((x.shape[0], size)) for size in self.state_size]  # type: ignore[index]

    def compute_output_shape(self, input_shape: Any) -> Any:
        first = input_shape[0] if isinstance(input_shape, list) else input_shape
        return super().compute_output_shape(tuple(first))

    def internal_types(self, *inputs: TensorType) -> list[TensorType]:
        """The last states, where no user sees them but the next batch starts from them."""
        return self._state_types(inputs[0]) if self.stateful and not self.return_state else []

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        first = mask[0] if isinstance(mask, list) else mask
        kept = first if self.return_sequences else None
        return [kept, *(None for _ in self.state_size)] if self.return_state else kept

    def varies_with_phase(self) -> bool:
        return self.dropout > 0 or self.recurrent_dropout > 0

    def draw_seeds(self) -> tuple[int, ...]:
        gates = self.gate_count
        count = gates * (0 < self.dropout < 1) + gates * (0 < self.recurrent_dropout < 1)
        return tuple(draw_seed(None) for _ in range(count))

    def node_updates(self, node: Any) -> list[Any]:
        if not self.stateful or node.inputs[-1] is not self.states[-1]:
            return []
        return [
            K.update(state, last) for state, last in zip(self.states, node.outputs[1:], strict=True)
        ]


class LSTM(Recurrent):
    """Long short-term memory.

    With gates i, f, c, o in this order along the last axis of the weights::

        i, f, o = recurrent_activation(x @ W + h @ U + b)
        c' = f * c + i * activation(x @ W + h @ U + b)
        h' = o * activation(c')

    Args:
        units: size of the state and of the result.
        activation, recurrent_activation: of the candidate and result, of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: initial values.
        unit_forget_bias: starts the forget gate's bias at 1 (Jozefowicz et al., 2015).
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: losses.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout, recurrent_dropout: fractions of the inputs and of the state that are dropped; the
            same for all time steps of a sample.
        implementation: 1 or 2, kept for the file; both compute the same.
        return_sequences: the results of all time steps, or of the last.
        return_state: returns the last states too.
        go_backwards: starts with the last time step; results are in the order of computation.
        stateful: the states of a batch are where the next one starts.
        unroll: a copy of the step for each time step instead of a loop.

    Shape:
        (batch, timesteps, features) -> (batch, units), or (batch, timesteps, units).

    Weights:
        kernel (features, 4 * units), recurrent_kernel (units, 4 * units), bias (4 * units,).

    Reference: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997. A masked step repeats the
        previous state.
    """

    units: int = int_field(minimum=1)
    activation: Any = activation_field("tanh")
    recurrent_activation: Any = activation_field("hard_sigmoid")
    use_bias: bool = field(True)
    kernel_initializer: Any = initializer_field("glorot_uniform")
    recurrent_initializer: Any = initializer_field("orthogonal")
    bias_initializer: Any = initializer_field("zeros")
    unit_forget_bias: bool = field(True)
    kernel_regularizer: Any = regularizer_field()
    recurrent_regularizer: Any = regularizer_field()
    bias_regularizer: Any = regularizer_field()
    activity_regularizer: Any = regularizer_field()
    kernel_constraint: Any = constraint_field()
    recurrent_constraint: Any = constraint_field()
    bias_constraint: Any = constraint_field()
    dropout: float = fraction_field(0.0)
    recurrent_dropout: float = fraction_field(0.0)
    implementation: int = int_field(1)
    return_sequences: bool = field(False)
    return_state: bool = field(False)
    go_backwards: bool = field(False)
    stateful: bool = field(False)
    unroll: bool = field(False)

    _config_order = (
        "return_sequences",
        "return_state",
        "go_backwards",
        "stateful",
        "unroll",
        "units",
        "activation",
        "recurrent_activation",
        "use_bias",
        "kernel_initializer",
        "recurrent_initializer",
        "bias_initializer",
        "unit_forget_bias",
        "kernel_regularizer",
        "recurrent_regularizer",
        "bias_regularizer",
        "activity_regularizer",
        "kernel_constraint",
        "recurrent_constraint",
        "bias_constraint",
        "dropout",
        "recurrent_dropout",
        "implementation",
    )

    gate_count = 4
    call = LoweredCall("inputs", mask=None, training=None, initial_state=None)

    def _after_init(self) -> None:
        self.state_size = (self.units, self.units)
        # Keras 2.2: implementation 0 is an old name of 1.
        self.implementation = self.implementation or 1
        super()._after_init()

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        (x,) = inputs
        width = 4 * self.units
        yield self.parameter("kernel", (x.shape[-1], width))  # type: ignore[index,arg-type]
        yield self.parameter("recurrent_kernel", (self.units, width), fields="recurrent")
        if self.use_bias:
            yield self.parameter("bias", (width,), self._bias_initializer())
        else:
            self.bias = None

    def _bias_initializer(self) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer
        return _ForgetBias(self.bias_initializer, self.units)


class _ForgetBias:
    """The bias initializer with ones for the forget gate."""

    __name__ = "unit_forget_bias"

    def __init__(self, initializer: Any, units: int) -> None:
        self.initializer = initializer
        self.units = units

    def draw(self, shape: tuple[int, ...], dtype: str) -> Any:
        units = self.units
        return Joined(
            (
                draw_initial_value(self.initializer, (units,), dtype),
                draw_initial_value(Ones(), (units,), dtype),
                draw_initial_value(self.initializer, (units * 2,), dtype),
            )
        )

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        raise NotImplementedError("drawn, never called")
