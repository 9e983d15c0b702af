"""Pooling layers."""

from __future__ import annotations

from typing import Any

from kir.engine.base_layer import Layer, LoweredCall
from kir.engine.fields import data_format_field, ints_field, padding_field
from kir.engine.input_spec import InputSpec
from kir.errors import ShapeError
from kir.ir.types import Shape, TensorType
from kir.layers.convolutional import channel_axis, check_sizes, image_shape, spatial_sizes
from kir.utils.conv_utils import conv_output_length


class _Pooling2D(Layer):
    """What windowed pooling over images has in common; see the concrete classes."""

    pool_size: tuple[int, int] = ints_field(2, (2, 2))
    strides: tuple[int, int] = ints_field(2, None)
    padding: str = padding_field()
    data_format: str = data_format_field()

    _config_order = ("pool_size", "padding", "strides", "data_format")

    def _after_init(self) -> None:
        if self.strides is None:
            self.strides = self.pool_size
        self.input_spec = InputSpec(ndim=4)

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        if x.rank != 4:
            raise ShapeError(
                f"{type(self).__name__} {self.name!r}: input is {x}; expected rank 4, "
                "(batch, height, width, channels)."
            )
        shape: Shape = x.shape  # type: ignore[assignment]
        sizes = tuple(
            conv_output_length(size, window, self.padding, stride)
            for size, window, stride in zip(
                spatial_sizes(shape, self.data_format), self.pool_size, self.strides, strict=True
            )
        )
        check_sizes(self, x, sizes)
        channels = shape[channel_axis(self.data_format)]
        return x.with_shape(image_shape(shape[0], sizes, channels, self.data_format))


class MaxPooling2D(_Pooling2D):
    """The maximum of each window.

    Args:
        pool_size: height and width of the window, in pixels; one number for both.
        strides: steps of the window, in pixels; None is `pool_size`.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, height, width, channels) -> (batch, new_height, new_width, channels).
    """

    call = LoweredCall("inputs")


class AveragePooling2D(_Pooling2D):
    """The mean of each window; padding does not count.

    Args:
        pool_size: height and width of the window, in pixels; one number for both.
        strides: steps of the window, in pixels; None is `pool_size`.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, height, width, channels) -> (batch, new_height, new_width, channels).
    """

    call = LoweredCall("inputs")


class GlobalAveragePooling2D(Layer):
    """The mean over height and width.

    Args:
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, height, width, channels) -> (batch, channels).
    """

    data_format: str = data_format_field()

    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        self.input_spec = InputSpec(ndim=4)

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        shape: Any = x.shape
        return x.with_shape((shape[0], shape[channel_axis(self.data_format)]))
