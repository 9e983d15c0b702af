"""Convolutions over one, two and three axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kir.engine.base_layer import Layer
from kir.engine.fields import (
    activation_field,
    constraint_field,
    data_format_field,
    field,
    initializer_field,
    int_field,
    ints_field,
    padding_field,
    regularizer_field,
)
from kir.engine.lowered_call import LoweredCall
from kir.errors import ConfigError
from kir.ir.types import TensorType
from kir.layers.spatial import (
    check_image,
    check_sizes,
    image_shape,
    image_spec,
    known_channels,
    spatial_sizes,
)
from kir.utils.conv_utils import conv_output_length

# Keras 2.2: equal default tuples of its one module are one object, and YAML shows that as aliases.
PAIR = (1, 1)
TRIPLE = (1, 1, 1)

CONV_ARGUMENTS = (
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "data_format",
    "dilation_rate",
    "activation",
    "use_bias",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
)


class _Conv(Layer):
    """What all convolutions have in common; a class a rank declares what depends on the rank."""

    filters: Any = int_field(minimum=1)
    padding: str = padding_field(("valid", "same", "causal"))
    activation: Any = activation_field()
    use_bias: bool = field(True)
    kernel_initializer: Any = initializer_field("glorot_uniform")
    bias_initializer: Any = initializer_field("zeros")
    kernel_regularizer: Any = regularizer_field()
    bias_regularizer: Any = regularizer_field()
    activity_regularizer: Any = regularizer_field()
    kernel_constraint: Any = constraint_field()
    bias_constraint: Any = constraint_field()

    rank: int  # number of spatial axes
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    data_format: str
    dilation_rate: tuple[int, ...]

    def _after_init(self) -> None:
        self.input_spec = image_spec(self.rank, self.data_format)
        if self.rank == 1 and self.padding == "causal" and self.data_format != "channels_last":
            raise ConfigError(
                f"{self._label()}: When using causal padding in `Conv1D`, `data_format` must be "
                f'"channels_last", (batch, steps, channels); got {self.data_format!r}.'
            )

    def _channels(self, x: TensorType) -> int:
        return known_channels(self, x, self.rank, self.data_format)

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        (x,) = inputs
        channels = self._channels(x)
        yield from self._kernels(channels)
        if self.use_bias:
            yield self.parameter("bias", (self._result_channels(channels),))
        else:
            self.bias = None
        self.input_spec = image_spec(self.rank, self.data_format, channels)

    def _kernels(self, channels: int) -> Iterable[Any]:
        """The weights before the bias."""
        yield self.parameter("kernel", (*self.kernel_size, channels, self.filters))

    def _result_channels(self, channels: int) -> int:
        return self.filters

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            # Keras 2.2 notices when the layer is called, not when it is made.
            raise ConfigError(
                f"{self._label()}: strides > 1 not supported in conjunction with dilation_rate > "
                f"1; got strides {self.strides} and dilation_rate {self.dilation_rate}."
            )
        channels = self._channels(x)
        shape = check_image(self, x, self.rank, self.data_format)
        sizes = self._result_sizes(x, spatial_sizes(shape, self.data_format))
        check_sizes(self, x, sizes)
        return x.with_shape(
            image_shape(shape[0], sizes, self._result_channels(channels), self.data_format)
        )

    def _result_sizes(self, x: TensorType, sizes: tuple[int | None, ...]) -> tuple[int | None, ...]:
        if self.padding == "causal" and "causal" not in self._paddings:
            # Keras 2.2 notices when the layer is called, not when it is made.
            raise ConfigError(
                f"{self._label()}: padding is 'causal', which only Conv1D takes; use 'valid' or "
                "'same'."
            )
        windows = zip(sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        return tuple(
            conv_output_length(size, window, self.padding, stride, dilation)
            for size, window, stride, dilation in windows
        )

    _paddings: tuple[str, ...] = ("valid", "same")


class Conv1D(_Conv):
    """One-dimensional convolution, over time: ``y = activation(conv(x, kernel) + bias)``.

    Args:
        filters: number of output channels.
        kernel_size: length of the window, in steps.
        strides: step of the window.
        padding: `valid` (no padding), `same` (the length is kept where strides are 1) or `causal`
            (as `same`, with all padding in front: no result sees later inputs).
        data_format: `channels_last` (batch, steps, channels) or `channels_first`
            (batch, channels, steps).
        dilation_rate: distance between the window's taps, in steps; not together with strides.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: losses on weights and result.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        (batch, steps, channels) -> (batch, new_steps, filters).

    Weights:
        kernel (kernel_size, channels, filters), bias (filters,).

    Raises:
        ShapeError: the input has another rank, or unknown channels.

    Reference:
        van den Oord et al., WaveNet: A Generative Model for Raw Audio, 2016, 2.1 (causal).
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    kernel_size: tuple[int] = ints_field(1)
    strides: tuple[int] = ints_field(1, 1)
    data_format: str = data_format_field("channels_last")
    dilation_rate: tuple[int] = ints_field(1, 1)

    _argument_order = CONV_ARGUMENTS
    rank = 1
    _paddings = ("valid", "same", "causal")
    call = LoweredCall("inputs")


class Conv2D(_Conv):
    """Two-dimensional convolution: ``y = activation(conv(x, kernel) + bias)``.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the window, in pixels; one number for both.
        strides: steps of the window, in pixels.
        padding: `valid` (no padding) or `same` (the size is kept where strides are 1).
        data_format: `channels_last` (batch, height, width, channels) or `channels_first`
            (batch, channels, height, width); None is `K.image_data_format()`.
        dilation_rate: distance between the window's taps, in pixels; not together with strides.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: losses on weights and result.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        (batch, height, width, channels) -> (batch, new_height, new_width, filters).

    Weights:
        kernel (kernel_height, kernel_width, channels, filters), bias (filters,).

    Raises:
        ShapeError: the input has another rank, or unknown channels.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    kernel_size: tuple[int, int] = ints_field(2)
    strides: tuple[int, int] = ints_field(2, PAIR)
    data_format: str = data_format_field()
    dilation_rate: tuple[int, int] = ints_field(2, PAIR)

    _argument_order = CONV_ARGUMENTS
    rank = 2
    call = LoweredCall("inputs")


class Conv3D(_Conv):
    """Three-dimensional convolution, over volumes: ``y = activation(conv(x, kernel) + bias)``.

    Args:
        filters: number of output channels.
        kernel_size: depth, height and width of the window; one number for all.
        strides: steps of the window.
        padding: `valid` (no padding) or `same` (the size is kept where strides are 1).
        data_format: `channels_last` (batch, depth, height, width, channels) or `channels_first`
            (batch, channels, depth, height, width); None is `K.image_data_format()`.
        dilation_rate: distance between the window's taps; not together with strides.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: losses on weights and result.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        (batch, depth, height, width, channels) -> (batch, new_depth, new_height, new_width,
        filters).

    Weights:
        kernel (*kernel_size, channels, filters), bias (filters,).

    Raises:
        ShapeError: the input has another rank, or unknown channels.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    kernel_size: tuple[int, int, int] = ints_field(3)
    strides: tuple[int, int, int] = ints_field(3, TRIPLE)
    data_format: str = data_format_field()
    dilation_rate: tuple[int, int, int] = ints_field(3, TRIPLE)

    _argument_order = CONV_ARGUMENTS
    rank = 3
    call = LoweredCall("inputs")
