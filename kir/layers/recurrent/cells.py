"""Cells: what a recurrent layer does in one time step."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from kir import backend as K
from kir.engine.base_layer import Layer
from kir.engine.fields import (
    activation_field,
    constraint_field,
    field,
    fraction_field,
    initializer_field,
    int_field,
    regularizer_field,
)
from kir.engine.lowered_call import LoweredCall
from kir.errors import ConfigError
from kir.initializers import Joined, Ones, draw_initial_value
from kir.initializers.draws import draw_seed
from kir.ir.types import TensorType
from kir.utils.generic_utils import has_arg


def state_sizes(cell: Any) -> tuple[int, ...]:
    """The size of each state of a cell, built-in or a user's."""
    size = cell.state_size
    return tuple(size) if hasattr(size, "__len__") else (size,)


def output_size(cell: Any) -> int:
    """The size of a cell's result; that of the first state unless the cell says otherwise."""
    size = getattr(cell, "output_size", None)
    return state_sizes(cell)[0] if size is None else size


def check_cell(cell: Any, owner: str) -> None:
    """Whether an object can be used as a cell.

    Raises:
        ConfigError: it has no `call`, or no `state_size`.
    """
    if not hasattr(cell, "call"):
        raise ConfigError(
            f"{owner} should have a `call` method, (inputs, states). The RNN was passed: {cell!r}."
        )
    if not hasattr(cell, "state_size"):
        raise ConfigError(
            f"{owner}: the RNN cell should have an attribute `state_size` (a whole number or a "
            f"tuple of them); {cell!r} has none."
        )


def varies_with_phase(cell: Any) -> bool:
    """Whether a cell computes something else in training than in inference, as far as is known."""
    if isinstance(cell, Layer) and (cell.is_lowered or not has_arg(cell.call, "training")):
        return cell.varies_with_phase()
    return has_arg(cell.call, "training")


class GatedCell(Layer):
    """What the built-in cells have in common: gates side by side in each weight, dropout.

    Attributes:
        gates: letters of the gates, in the order in which they stand in the weights.
        state_size, output_size: sizes of the states and of the result.
    """

    gates: tuple[str, ...] = ()
    state_size: Any
    output_size: int
    dropout: float
    recurrent_dropout: float

    def _after_init(self) -> None:
        # Programs that look into a cell find these as in Keras; the masks live in the programs.
        self._dropout_mask = None
        self._recurrent_dropout_mask = None

    def varies_with_phase(self) -> bool:
        return self.dropout > 0 or self.recurrent_dropout > 0

    def seed_count(self) -> int:
        """Number of dropout masks: one for each gate and each of the two rates."""
        rates = (self.dropout, self.recurrent_dropout)
        return max(len(self.gates), 1) * sum(0 < rate < 1 for rate in rates)

    def draw_seeds(self) -> tuple[int, ...]:
        return tuple(draw_seed(None) for _ in range(self.seed_count()))

    def _warn_of_implementation(self, implementation: int) -> None:
        if implementation == 0:
            warnings.warn(
                f"{self._label()}: implementation=0 is deprecated; use implementation=1.",
                stacklevel=2,
            )

    def __getattr__(self, name: str) -> Any:
        """A gate's part of a weight, such as `kernel_i`."""
        weight, _, gate = name.rpartition("_")
        gates = type(self).gates
        if gate not in gates or weight not in ("kernel", "recurrent_kernel", "bias"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        whole = self.__dict__.get(weight)
        if whole is None:
            if weight in self.__dict__:
                return None  # a cell without bias
            raise AttributeError(f"{self._label()} has no `{weight}` yet: it is not built.")
        width, place = whole.type.shape[-1] // len(gates), gates.index(gate)
        return whole[..., place * width : (place + 1) * width]


class _UnitsCell(GatedCell):
    """A cell whose weights are matrices."""

    units: int
    use_bias: bool
    bias: Any

    def _after_init(self) -> None:
        super()._after_init()
        self.state_size = self.units
        self.output_size = self.units

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        features = inputs[0].shape[-1]  # type: ignore[index]
        width = max(len(self.gates), 1) * self.units
        yield self.parameter("kernel", (features, width))  # type: ignore[arg-type]
        yield self.parameter("recurrent_kernel", (self.units, width), fields="recurrent")
        if self.use_bias:
            yield self.parameter("bias", self._bias_shape(width), self._bias_start())
        else:
            self.bias = None

    def _bias_shape(self, width: int) -> tuple[int, ...]:
        return (width,)

    def _bias_start(self) -> Any:
        """An initializer other than `bias_initializer`."""
        return None


class SimpleRNNCell(_UnitsCell):
    """One step of a fully connected recurrent layer: ``h' = activation(x @ W + h @ U + b)``.

    Args:
        units: size of the state and of the result.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: initial values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: losses on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout, recurrent_dropout: fractions of the inputs and of the state that are dropped; the
            same for all time steps of a sample.

    Shape:
        (batch, features), state (batch, units) -> (batch, units), new state.

    Weights:
        kernel (features, units), recurrent_kernel (units, units), bias (units,).

    Reference:
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    units: int = int_field(minimum=1)
    activation: Any = activation_field("tanh")
    use_bias: bool = field(True)
    kernel_initializer: Any = initializer_field("glorot_uniform")
    recurrent_initializer: Any = initializer_field("orthogonal")
    bias_initializer: Any = initializer_field("zeros")
    kernel_regularizer: Any = regularizer_field()
    recurrent_regularizer: Any = regularizer_field()
    bias_regularizer: Any = regularizer_field()
    kernel_constraint: Any = constraint_field()
    recurrent_constraint: Any = constraint_field()
    bias_constraint: Any = constraint_field()
    dropout: float = fraction_field(0.0)
    recurrent_dropout: float = fraction_field(0.0)

    call = LoweredCall("inputs", "states", training=None)


class GRUCell(_UnitsCell):
    """One step of a gated recurrent unit.

    With gates z, r, h in this order along the last axis of the weights::

        z, r = recurrent_activation(x @ W + h @ U + b)
        candidate = activation(x @ W + (r * h) @ U + b)
        h' = z * h + (1 - z) * candidate

    Args:
        units: size of the state and of the result.
        activation, recurrent_activation: of the candidate, of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: initial values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: losses on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout, recurrent_dropout: fractions of the inputs and of the state that are dropped; the
            same for all time steps of a sample.
        implementation: 1 draws a dropout mask for each gate, 2 uses one for all; without dropout
            both compute the same.
        reset_after: applies the gate r after the matrix product, ``r * (h @ U + b)``, with a bias
            of its own for the state.

    Shape:
        (batch, features), state (batch, units) -> (batch, units), new state.

    Weights:
        kernel (features, 3 * units), recurrent_kernel (units, 3 * units), bias (3 * units,); with
        reset_after the bias is (2, 3 * units), for the inputs and for the state.

    Reference:
        Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014. Keras 2.2: with
        implementation 2 and recurrent dropout the new state mixes the candidate with the dropped
        state.
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    units: int = int_field(minimum=1)
    activation: Any = activation_field("tanh")
    recurrent_activation: Any = activation_field("hard_sigmoid")
    use_bias: bool = field(True)
    kernel_initializer: Any = initializer_field("glorot_uniform")
    recurrent_initializer: Any = initializer_field("orthogonal")
    bias_initializer: Any = initializer_field("zeros")
    kernel_regularizer: Any = regularizer_field()
    recurrent_regularizer: Any = regularizer_field()
    bias_regularizer: Any = regularizer_field()
    kernel_constraint: Any = constraint_field()
    recurrent_constraint: Any = constraint_field()
    bias_constraint: Any = constraint_field()
    dropout: float = fraction_field(0.0)
    recurrent_dropout: float = fraction_field(0.0)
    implementation: int = int_field(1)
    reset_after: bool = field(False)

    gates = ("z", "r", "h")
    call = LoweredCall("inputs", "states", training=None)

    def _after_init(self) -> None:
        super()._after_init()
        self._warn_of_implementation(self.implementation)

    def _bias_shape(self, width: int) -> tuple[int, ...]:
        return (2, width) if self.reset_after else (width,)

    @property
    def input_bias(self) -> Any:
        """The bias of the inputs."""
        return K.flatten(self.bias[0]) if self.reset_after and self.use_bias else self.bias

    @property
    def recurrent_bias(self) -> Any:
        """The bias of the state; there is one with `reset_after` only."""
        return K.flatten(self.bias[1]) if self.reset_after and self.use_bias else None


class LSTMCell(_UnitsCell):
    """One step of long short-term memory.

    With gates i, f, c, o in this order along the last axis of the weights::

        i, f, o = recurrent_activation(x @ W + h @ U + b)
        c' = f * c + i * activation(x @ W + h @ U + b)
        h' = o * activation(c')

    Args:
        units: size of the states and of the result.
        activation, recurrent_activation: of the candidate and result, of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: initial values.
        unit_forget_bias: starts the forget gate's bias at 1 (Jozefowicz et al., 2015).
        kernel_regularizer, recurrent_regularizer, bias_regularizer: losses on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout, recurrent_dropout: fractions of the inputs and of the state that are dropped; the
            same for all time steps of a sample.
        implementation: 1 draws a dropout mask for each gate, 2 uses one for all; without dropout
            both compute the same.

    Shape:
        (batch, features), states h and c (batch, units) -> (batch, units), new states.

    Weights:
        kernel (features, 4 * units), recurrent_kernel (units, 4 * units), bias (4 * units,).

    Reference:
        Hochreiter and Schmidhuber, Long Short-Term Memory, 1997.
        https://keras.io/layers/recurrent (Keras 2.2.4).
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
    kernel_constraint: Any = constraint_field()
    recurrent_constraint: Any = constraint_field()
    bias_constraint: Any = constraint_field()
    dropout: float = fraction_field(0.0)
    recurrent_dropout: float = fraction_field(0.0)
    implementation: int = int_field(1)

    gates = ("i", "f", "c", "o")
    call = LoweredCall("inputs", "states", training=None)

    def _after_init(self) -> None:
        super()._after_init()
        self.state_size = (self.units, self.units)
        self._warn_of_implementation(self.implementation)

    def _bias_start(self) -> Any:
        return forget_bias(self.bias_initializer, self.units) if self.unit_forget_bias else None


class _ForgetBias:
    """A bias initializer with ones for the forget gate."""

    __name__ = "unit_forget_bias"

    def __init__(self, initializer: Any, parts: tuple[int, int, int]) -> None:
        self.initializer = initializer
        self.parts = parts

    def draw(self, shape: tuple[int, ...], dtype: str) -> Any:
        before, ones, after = self.parts
        return Joined(
            (
                draw_initial_value(self.initializer, (before,), dtype),
                draw_initial_value(Ones(), (ones,), dtype),
                draw_initial_value(self.initializer, (after,), dtype),
            )
        )

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        raise NotImplementedError("drawn, never called")


def forget_bias(initializer: Any, size: int, first: int = 1) -> Any:
    """The initializer of an LSTM's bias: ones in the forget gate's part, else `initializer`.

    Args:
        initializer: for the rest, drawn once for the parts before and once for those after it.
        size: numbers of a gate.
        first: number of parts before the forget gate's; two parts are after it.
    """
    return _ForgetBias(initializer, (first * size, size, 2 * size))
