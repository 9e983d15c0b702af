"""Recurrent layers whose states are pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kir import backend as K
from kir.engine.base_layer import Layer as Layer
from kir.engine.fields import (
    activation_field,
    constraint_field,
    data_format_field,
    field,
    fraction_field,
    initializer_field,
    int_field,
    ints_field,
    padding_field,
    regularizer_field,
)
from kir.engine.input_spec import InputSpec as InputSpec
from kir.engine.lowered_call import LoweredCall
from kir.errors import DTypeError, ShapeError
from kir.ir.types import Shape, TensorType
from kir.layers.recurrent.base import RNN
from kir.layers.recurrent.cells import GatedCell, forget_bias, output_size, state_sizes
from kir.layers.recurrent.parameters import cell_field
from kir.layers.spatial import channel_axis, image_shape, spatial_sizes
from kir.legacy.recurrent import ConvRecurrent2D as ConvRecurrent2D
from kir.legacy.recurrent import Recurrent as Recurrent
from kir.utils.conv_utils import conv_output_length


class ConvLSTM2DCell(GatedCell):
    """One step of an LSTM whose matrix products are convolutions.

    Args:
        filters: channels of the states and of the result.
        kernel_size: height and width of the windows, in pixels; one number for both.
        strides: steps of the window over the input, in pixels.
        padding: of the input, `valid` or `same`; the state is always padded to its size.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.
        dilation_rate: distance between the taps of the window over the input.
        activation, recurrent_activation: of the candidate and result, of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: initial values.
        unit_forget_bias: starts the forget gate's bias at 1.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: losses on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout, recurrent_dropout: fractions of the inputs and of the state that are dropped; a
            mask for each gate, the same for all time steps of a sample.

    Shape:
        (batch, rows, columns, channels), states h and c (batch, new_rows, new_columns, filters)
        -> (batch, new_rows, new_columns, filters), new states.

    Weights:
        kernel (rows, columns, channels, 4 * filters), recurrent_kernel (rows, columns, filters,
        4 * filters), bias (4 * filters,), with the gates i, f, c, o.

    Reference:
        Shi et al., Convolutional LSTM Network, 2015; without peepholes.
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    filters: int = int_field(minimum=1)
    kernel_size: tuple[int, int] = ints_field(2)
    strides: tuple[int, int] = ints_field(2, (1, 1))
    padding: str = padding_field()
    data_format: str = data_format_field()
    dilation_rate: tuple[int, int] = ints_field(2, (1, 1))
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

    gates = ("i", "f", "c", "o")
    call = LoweredCall("inputs", "states", training=None)

    def _after_init(self) -> None:
        super()._after_init()
        self.state_size = (self.filters, self.filters)
        self.output_size = self.filters

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        shape: Shape = inputs[0].shape  # type: ignore[assignment]
        channels = shape[channel_axis(self.data_format)]
        if channels is None:
            raise ShapeError(
                f"{self._label()}: an input picture is {inputs[0]}; expected a known number of "
                f"channels on axis {channel_axis(self.data_format)} ({self.data_format})."
            )
        self.kernel_shape = (*self.kernel_size, channels, 4 * self.filters)
        yield self.parameter("kernel", self.kernel_shape)
        recurrent = (*self.kernel_size, self.filters, 4 * self.filters)
        yield self.parameter("recurrent_kernel", recurrent, fields="recurrent")
        if self.use_bias:
            start = forget_bias(self.bias_initializer, self.filters)
            shape = (4 * self.filters,)
            yield self.parameter("bias", shape, start if self.unit_forget_bias else None)
        else:
            self.bias = None

    def input_conv(self, x: Any, w: Any, b: Any = None, padding: str = "valid") -> Any:
        """The convolution of an input picture, with a bias if one is given."""
        y = K.conv2d(
            x,
            w,
            strides=self.strides,
            padding=padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return y if b is None else K.bias_add(y, b, data_format=self.data_format)

    def recurrent_conv(self, x: Any, w: Any) -> Any:
        """The convolution of a state, which keeps its size."""
        return K.conv2d(x, w, strides=(1, 1), padding="same", data_format=self.data_format)


class ConvRNN2D(RNN):
    """Runs a cell whose states are pictures over the time steps of a sequence.

    Args:
        cell: an object with `call(inputs, states)`, `state_size` (channels of each state),
            `filters`, `kernel_size`, `strides`, `padding`, `data_format` and `dilation_rate`,
            such as `ConvLSTM2DCell`.
        return_sequences, return_state, go_backwards, stateful: see `RNN`.
        unroll: False; such a layer cannot be unrolled.

    Shape:
        (batch, timesteps, rows, columns, channels) -> (batch, new_rows, new_columns, filters), or
        with the time steps; channels stand first with `channels_first`.

    Raises:
        DTypeError: a list of cells, or `unroll`.

    Reference:
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    cell: Any = cell_field()
    return_sequences: bool = field(False)
    return_state: bool = field(False)
    go_backwards: bool = field(False)
    stateful: bool = field(False)
    unroll: bool = field(False)

    input_axes = "(batch, timesteps, rows, columns, channels)"
    call = LoweredCall("inputs", mask=None, training=None, initial_state=None, constants=None)

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        super()._prepare_common(given, kwargs)
        if given.get("unroll"):
            raise DTypeError(
                f"{type(self).__name__}: unroll=True is not possible with convolutional cells; "
                "take it away."
            )
        if isinstance(given.get("cell"), list | tuple):
            raise DTypeError(
                f"{type(self).__name__}: convolutional cells cannot be stacked; give one cell, "
                "and stack the layers instead."
            )

    def _output_shape(self, x: TensorType) -> Shape:
        return self._picture(x, output_size(self.cell))

    def _picture(self, x: TensorType, channels: int) -> Shape:
        """The shape of a sample's picture after the input's convolution."""
        cell = self.cell
        shape: Shape = x.shape  # type: ignore[assignment]
        sizes = self.picture_sizes(spatial_sizes((shape[0], *shape[2:]), cell.data_format))
        if any(s is not None and s <= 0 for s in sizes):
            raise ShapeError(
                f"{self._label()}: input is {x}; its window does not fit: the result would have "
                f"the sizes {tuple(sizes)}. Use a smaller window, padding='same', or larger input."
            )
        return image_shape(shape[0], sizes, channels, cell.data_format)[1:]

    def picture_sizes(self, sizes: Iterable[Any]) -> list[Any]:
        """Rows and columns of the result for those of the input."""
        cell = self.cell
        settings = zip(sizes, cell.kernel_size, cell.strides, cell.dilation_rate, strict=True)
        return [conv_output_length(n, k, cell.padding, s, d) for n, k, s, d in settings]

    def _state_types(self, x: TensorType) -> list[TensorType]:
        batch = x.shape[0]  # type: ignore[index]
        return [x.with_shape((batch, *self._picture(x, n))) for n in state_sizes(self.cell)]

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """The states that a call starts from where none are given: zeros."""
        picture = K.sum(K.zeros_like(inputs), axis=1)
        kernel = K.zeros((*self.cell.kernel_shape[:-1], self.cell.filters))
        zero = self.cell.input_conv(picture, kernel, padding=self.cell.padding)
        return [zero for _ in state_sizes(self.cell)]


class ConvLSTM2D(
    ConvRNN2D,
    cell=ConvLSTM2DCell,
    last=("dropout", "recurrent_dropout", "return_state", "unroll"),
):
    """Long short-term memory whose matrix products are convolutions.

    Args:
        filters ... recurrent_dropout: see `ConvLSTM2DCell`.
        activity_regularizer: loss on the result.
        return_sequences, return_state, go_backwards, stateful: see `RNN`.
        unroll: False; such a layer cannot be unrolled.

    Shape:
        (batch, timesteps, rows, columns, channels) -> (batch, new_rows, new_columns, filters), or
        with the time steps; channels stand first with `channels_first`.

    Weights:
        kernel (rows, columns, channels, 4 * filters), recurrent_kernel (rows, columns, filters,
        4 * filters), bias (4 * filters,).

    Reference:
        Shi et al., Convolutional LSTM Network, 2015; without peepholes.
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    call = LoweredCall("inputs", mask=None, training=None, initial_state=None)
