"""Convolutions and zero padding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kir.engine.base_layer import Layer, LoweredCall
from kir.engine.fields import (
    Field,
    activation_field,
    constraint_field,
    data_format_field,
    field,
    initializer_field,
    int_field,
    int_tuple,
    ints_field,
    padding_field,
    regularizer_field,
)
from kir.engine.input_spec import InputSpec
from kir.errors import ConfigError, ShapeError
from kir.ir.types import Shape, TensorType
from kir.utils.conv_utils import conv_output_length

AXES = {1: "steps", 2: "height, width", 3: "depth, height, width"}


def channel_axis(data_format: str) -> int:
    return 1 if data_format == "channels_first" else -1


def spatial_sizes(shape: Shape, data_format: str) -> Shape:
    return shape[2:] if data_format == "channels_first" else shape[1:-1]


def image_shape(
    batch: int | None, sizes: Iterable[int | None], channels: int | None, data_format: str
) -> Shape:
    if data_format == "channels_first":
        return (batch, channels, *sizes)
    return (batch, *sizes, channels)


def check_sizes(layer: Layer, x: TensorType, sizes: Sequence[int | None]) -> None:
    """A window that is larger than its input leaves nothing: Keras and TensorFlow refuse it."""
    if any(s is not None and s <= 0 for s in sizes):
        raise ShapeError(
            f"{type(layer).__name__} {layer.name!r}: input is {x}; its window does not fit: the "
            f"result would have the sizes {tuple(sizes)}. Use a smaller window, padding='same', "
            "or a larger input."
        )


class Conv2D(Layer):
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
    """

    filters: int = int_field(minimum=1)
    kernel_size: tuple[int, int] = ints_field(2)
    strides: tuple[int, int] = ints_field(2, (1, 1))
    padding: str = padding_field()
    data_format: str = data_format_field()
    dilation_rate: tuple[int, int] = ints_field(2, (1, 1))
    activation: Any = activation_field()
    use_bias: bool = field(True)
    kernel_initializer: Any = initializer_field("glorot_uniform")
    bias_initializer: Any = initializer_field("zeros")
    kernel_regularizer: Any = regularizer_field()
    bias_regularizer: Any = regularizer_field()
    activity_regularizer: Any = regularizer_field()
    kernel_constraint: Any = constraint_field()
    bias_constraint: Any = constraint_field()

    spatial_rank = 2
    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        self.rank = self.spatial_rank
        self.input_spec = InputSpec(ndim=self.spatial_rank + 2)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ConfigError(
                f"{type(self).__name__} {self.name!r}: strides {self.strides} and dilation_rate "
                f"{self.dilation_rate} are both above 1; use one of the two."
            )

    def _channels(self, x: TensorType) -> int:
        rank = self.spatial_rank + 2
        if x.rank != rank:
            names = AXES[self.spatial_rank]
            order = (
                f"(batch, channels, {names})"
                if self.data_format == "channels_first"
                else f"(batch, {names}, channels)"
            )
            hint = ""
            if x.rank == rank - 1 and None not in x.shape[1:]:  # type: ignore[index]
                one = ", ".join(map(str, (*x.shape[1:], 1)))  # type: ignore[index]
                hint = f" Add a channels axis, e.g. Reshape(({one}))."
            raise ShapeError(
                f"{type(self).__name__} {self.name!r}: input is {x}; expected rank {rank}, "
                f"{order}.{hint}"
            )
        channels = x.shape[channel_axis(self.data_format)]  # type: ignore[index]
        if channels is None:
            raise ShapeError(
                f"{type(self).__name__} {self.name!r}: input is {x}; expected a known number of "
                f"channels on axis {channel_axis(self.data_format)} ({self.data_format})."
            )
        return channels

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        (x,) = inputs
        channels = self._channels(x)
        yield self.parameter("kernel", (*self.kernel_size, channels, self.filters))
        if self.use_bias:
            yield self.parameter("bias", (self.filters,))
        else:
            self.bias = None
        self.input_spec = InputSpec(
            ndim=self.spatial_rank + 2, axes={channel_axis(self.data_format): channels}
        )

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        self._channels(x)
        shape: Shape = x.shape  # type: ignore[assignment]
        sizes = tuple(
            conv_output_length(size, k, self.padding, s, d)
            for size, k, s, d in zip(
                spatial_sizes(shape, self.data_format),
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        )
        check_sizes(self, x, sizes)
        return x.with_shape(image_shape(shape[0], sizes, self.filters, self.data_format))


def _padding_pairs(name: str, value: Any) -> tuple[tuple[int, int], ...]:
    """`n`, `(rows, columns)` or `((top, bottom), (left, right))` as two pairs."""
    if isinstance(value, int):
        return ((value, value), (value, value))
    if not hasattr(value, "__len__") or len(value) != 2:
        raise ConfigError(
            f"`{name}` is {value!r}; expected a whole number, a pair (rows, columns) or two pairs "
            "((top, bottom), (left, right))."
        )
    if all(isinstance(v, int) for v in value):
        return ((value[0], value[0]), (value[1], value[1]))
    return tuple(int_tuple(name, pair, 2, minimum=0) for pair in value)  # type: ignore[misc]


class ZeroPadding2D(Layer):
    """Adds rows and columns of zeros around images.

    Args:
        padding: pixels on every side; or (rows, columns); or ((top, bottom), (left, right)).
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, height, width, channels) -> (batch, height + top + bottom, width + left + right,
        channels).
    """

    padding: tuple[tuple[int, int], ...] = Field((1, 1), _padding_pairs)  # type: ignore[assignment]
    data_format: str = data_format_field()

    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        self.input_spec = InputSpec(ndim=4)

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        shape: Shape = x.shape  # type: ignore[assignment]
        sizes = [
            None if size is None else size + sum(pair)
            for size, pair in zip(spatial_sizes(shape, self.data_format), self.padding, strict=True)
        ]
        channels = shape[channel_axis(self.data_format)]
        return x.with_shape(image_shape(shape[0], sizes, channels, self.data_format))
