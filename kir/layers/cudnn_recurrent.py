"""Recurrent layers with the weights of NVIDIA's cuDNN library; they run on every device."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from typing import Any, ClassVar

from kir.engine.base_layer import Layer
from kir.engine.fields import (
    constraint_field,
    field,
    initializer_field,
    int_field,
    regularizer_field,
)
from kir.engine.input_spec import InputSpec as InputSpec
from kir.engine.lowered_call import LoweredCall
from kir.engine.variable import Variable
from kir.errors import ConfigError
from kir.layers.recurrent.base import RNN
from kir.layers.recurrent.cells import forget_bias

Cell = namedtuple("Cell", "state_size")


class _CuDNNRNN(RNN):
    """What both layers have in common: weights of their own, and no mask."""

    units: int
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable

    # Each layer declares all of its parameters: there is neither a cell nor `unroll` among them.
    _fields: ClassVar[dict[str, Any]] = {}
    gate_count: ClassVar[int]
    unroll = False
    supports_masking = False

    @property
    def cell(self) -> Any:
        """What a layer of this kind has in the place of a cell: the sizes of the states."""
        return Cell(self.units)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        features = self._built_shape[-1]
        width = self.gate_count * self.units
        self.parameter("kernel", (features, width))
        self.parameter("recurrent_kernel", (self.units, width), fields="recurrent")
        # One bias for the inputs, then one for the state.
        self.parameter("bias", (2 * width,), self._bias_start())

    def _bias_start(self) -> Any:
        """An initializer other than `bias_initializer`."""
        return None

    def compute_mask(self, inputs: Any, mask: Any) -> Any:  # type: ignore[override]
        if (mask[0] if isinstance(mask, list) else mask) is not None:
            raise ConfigError(
                f"{self._label()}: masking is not supported for CuDNN layers. Use "
                f"{type(self).__name__.removeprefix('CuDNN')}, or take the mask away before it."
            )
        return super().compute_mask(inputs, None)

    def varies_with_phase(self) -> bool:
        return False

    # Layers of this kind have their weights themselves, not in a cell.
    trainable_weights = Layer.trainable_weights  # type: ignore[assignment]
    non_trainable_weights = Layer.non_trainable_weights  # type: ignore[assignment]

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        return cls(**config)


class CuDNNGRU(_CuDNNRNN):
    """Gated recurrent unit as cuDNN computes it.

    The same as `GRU(reset_after=True, recurrent_activation='sigmoid')` but for the layout of the
    weights; on a CPU the same loop runs.

    Args:
        units: size of the state and of the result.
        kernel_initializer, recurrent_initializer, bias_initializer: initial values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: losses.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        return_sequences, return_state, stateful, go_backwards: see `RNN`.

    Shape:
        (batch, timesteps, features) -> (batch, units), or (batch, timesteps, units).

    Weights:
        kernel (features, 3 * units), recurrent_kernel (units, 3 * units), bias (6 * units,), with
        the gates z, r, h. Each gate's part of the first two holds the numbers of the transposed
        matrix: ``reshape(part, (units, features)).T`` is what the inputs are multiplied by.

    Raises:
        ConfigError: the input has a mask.

    Reference:
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    units: int = int_field(minimum=1)
    kernel_initializer: Any = initializer_field("glorot_uniform")
    recurrent_initializer: Any = initializer_field("orthogonal")
    bias_initializer: Any = initializer_field("zeros")
    kernel_regularizer: Any = regularizer_field()
    recurrent_regularizer: Any = regularizer_field()
    bias_regularizer: Any = regularizer_field()
    activity_regularizer: Any = regularizer_field()
    kernel_constraint: Any = constraint_field()
    recurrent_constraint: Any = constraint_field()
    bias_constraint: Any = constraint_field()
    return_sequences: bool = field(False)
    return_state: bool = field(False)
    stateful: bool = field(False)
    go_backwards: bool = field(False)

    _config_order = (
        "return_sequences",
        "return_state",
        "go_backwards",
        "stateful",
        "units",
        "kernel_initializer",
        "recurrent_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "recurrent_regularizer",
        "bias_regularizer",
        "activity_regularizer",
        "kernel_constraint",
        "recurrent_constraint",
        "bias_constraint",
    )
    gate_count = 3
    call = LoweredCall("inputs", mask=None, training=None, initial_state=None)


class CuDNNLSTM(_CuDNNRNN):
    """Long short-term memory as cuDNN computes it.

    The same as `LSTM(recurrent_activation='sigmoid')` but for the layout of the weights; on a CPU
    the same loop runs.

    Args:
        units: size of the states and of the result.
        kernel_initializer, recurrent_initializer, bias_initializer: initial values.
        unit_forget_bias: starts the forget gate's bias of the state at 1.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: losses.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        return_sequences, return_state, stateful, go_backwards: see `RNN`.

    Shape:
        (batch, timesteps, features) -> (batch, units), or (batch, timesteps, units).

    Weights:
        kernel (features, 4 * units), recurrent_kernel (units, 4 * units), bias (8 * units,), with
        the gates i, f, c, o; the layout is that of `CuDNNGRU`.

    Raises:
        ConfigError: the input has a mask.

    Reference:
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    units: int = int_field(minimum=1)
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
    return_sequences: bool = field(False)
    return_state: bool = field(False)
    stateful: bool = field(False)
    go_backwards: bool = field(False)

    _config_order = (
        "return_sequences",
        "return_state",
        "go_backwards",
        "stateful",
        "units",
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
    )
    gate_count = 4
    call = LoweredCall("inputs", mask=None, training=None, initial_state=None)

    @property
    def cell(self) -> Any:
        return Cell((self.units, self.units))

    def _bias_start(self) -> Any:
        if not self.unit_forget_bias:
            return None
        return forget_bias(self.bias_initializer, self.units, first=5)
