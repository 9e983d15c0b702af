"""Pooling layers: the maximum or the mean of windows, or of all positions."""

from __future__ import annotations

from typing import Any

from kir.engine.base_layer import InputSpec as InputSpec
from kir.engine.base_layer import Layer
from kir.engine.fields import data_format_field, ints_field, padding_field
from kir.engine.lowered_call import LoweredCall
from kir.ir.types import TensorType
from kir.layers.spatial import (
    channel_axis,
    check_image,
    check_sizes,
    image_shape,
    image_spec,
    spatial_sizes,
)
from kir.utils.conv_utils import conv_output_length


class _Pooling(Layer):
    """What pooling over windows has in common; a class a rank declares its fields."""

    rank: int  # number of spatial axes
    pool_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    data_format: str

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        if given["strides"] is None:
            given["strides"] = given["pool_size"]

    def _after_init(self) -> None:
        self.input_spec = image_spec(self.rank, self.data_format)

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        shape = check_image(self, x, self.rank, self.data_format)
        windows = zip(
            spatial_sizes(shape, self.data_format), self.pool_size, self.strides, strict=True
        )
        sizes = tuple(
            conv_output_length(size, window, self.padding, stride)
            for size, window, stride in windows
        )
        check_sizes(self, x, sizes)
        channels = shape[channel_axis(self.data_format)]
        return x.with_shape(image_shape(shape[0], sizes, channels, self.data_format))


class _Pooling1D(_Pooling):
    pool_size: tuple[int] = ints_field(1, 2)
    strides: tuple[int] = ints_field(1, None)
    padding: str = padding_field()
    data_format: str = data_format_field("channels_last")

    _config_order = ("strides", "pool_size", "padding", "data_format")
    rank = 1


class _Pooling2D(_Pooling):
    pool_size: tuple[int, int] = ints_field(2, (2, 2))
    strides: tuple[int, int] = ints_field(2, None)
    padding: str = padding_field()
    data_format: str = data_format_field()

    _config_order = ("pool_size", "padding", "strides", "data_format")
    rank = 2


class _Pooling3D(_Pooling):
    pool_size: tuple[int, int, int] = ints_field(3, (2, 2, 2))
    strides: tuple[int, int, int] = ints_field(3, None)
    padding: str = padding_field()
    data_format: str = data_format_field()

    _config_order = ("pool_size", "padding", "strides", "data_format")
    rank = 3


class MaxPooling1D(_Pooling1D):
    """The maximum of each window of steps.

    Args:
        pool_size: length of the window, in steps.
        strides: step of the window; None is `pool_size`.
        padding: `valid` or `same`.
        data_format: `channels_last` (batch, steps, channels) or `channels_first`.

    Shape:
        (batch, steps, channels) -> (batch, new_steps, channels).

    Raises:
        ShapeError: the input is not of rank 3.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class MaxPooling2D(_Pooling2D):
    """The maximum of each window.

    Args:
        pool_size: height and width of the window, in pixels; one number for both.
        strides: steps of the window, in pixels; None is `pool_size`.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, height, width, channels) -> (batch, new_height, new_width, channels).

    Raises:
        ShapeError: the input is not of rank 4.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class MaxPooling3D(_Pooling3D):
    """The maximum of each window of volumes.

    Args:
        pool_size: depth, height and width of the window; one number for all.
        strides: steps of the window; None is `pool_size`.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, depth, height, width, channels) -> the same with other depth, height and width.

    Raises:
        ShapeError: the input is not of rank 5.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class AveragePooling1D(_Pooling1D):
    """The mean of each window of steps; padding does not count.

    Args:
        pool_size: length of the window, in steps.
        strides: step of the window; None is `pool_size`.
        padding: `valid` or `same`.
        data_format: `channels_last` (batch, steps, channels) or `channels_first`.

    Shape:
        (batch, steps, channels) -> (batch, new_steps, channels).

    Raises:
        ShapeError: the input is not of rank 3.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
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

    Raises:
        ShapeError: the input is not of rank 4.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class AveragePooling3D(_Pooling3D):
    """The mean of each window of volumes; padding does not count.

    Args:
        pool_size: depth, height and width of the window; one number for all.
        strides: steps of the window; None is `pool_size`.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, depth, height, width, channels) -> the same with other depth, height and width.

    Raises:
        ShapeError: the input is not of rank 5.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class _GlobalPooling(Layer):
    """What pooling over all positions has in common."""

    rank: int  # number of spatial axes
    data_format: str

    def _after_init(self) -> None:
        self.input_spec = image_spec(self.rank, self.data_format)

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        shape = check_image(self, x, self.rank, self.data_format)
        return x.with_shape((shape[0], shape[channel_axis(self.data_format)]))


class _GlobalPooling1D(_GlobalPooling):
    data_format: str = data_format_field("channels_last")

    rank = 1


class _GlobalPooling2D(_GlobalPooling):
    data_format: str = data_format_field()

    rank = 2


class _GlobalPooling3D(_GlobalPooling):
    data_format: str = data_format_field()

    rank = 3


class GlobalMaxPooling1D(_GlobalPooling1D):
    """The maximum over all steps.

    Args:
        data_format: `channels_last` (batch, steps, channels) or `channels_first`.

    Shape:
        (batch, steps, channels) -> (batch, channels).

    Raises:
        ShapeError: the input is not of rank 3.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The maximum over height and width.

    Args:
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, height, width, channels) -> (batch, channels).

    Raises:
        ShapeError: the input is not of rank 4.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class GlobalMaxPooling3D(_GlobalPooling3D):
    """The maximum over depth, height and width.

    Args:
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, depth, height, width, channels) -> (batch, channels).

    Raises:
        ShapeError: the input is not of rank 5.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean over all steps; with a mask, over the steps that are present.

    Args:
        data_format: `channels_last` (batch, steps, channels) or `channels_first`.

    Shape:
        (batch, steps, channels) -> (batch, channels); the mask, (batch, steps), ends here.

    Raises:
        ShapeError: the input is not of rank 3.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    supports_masking = True
    call = LoweredCall("inputs", mask=None)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean over height and width.

    Args:
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, height, width, channels) -> (batch, channels).

    Raises:
        ShapeError: the input is not of rank 4.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


class GlobalAveragePooling3D(_GlobalPooling3D):
    """The mean over depth, height and width.

    Args:
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, depth, height, width, channels) -> (batch, channels).

    Raises:
        ShapeError: the input is not of rank 5.

    Reference:
        https://keras.io/layers/pooling (Keras 2.2.4).
    """

    call = LoweredCall("inputs")


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
