"""Transposed convolutions: the gradient of a convolution, used as a layer that enlarges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kir.engine.fields import ints_field
from kir.engine.lowered_call import LoweredCall
from kir.errors import ConfigError, ShapeError
from kir.ir.types import TensorType
from kir.layers.convolutional.conv import CONV_ARGUMENTS, TRIPLE, Conv2D, Conv3D
from kir.utils.conv_utils import conv_output_length, deconv_length

Sizes = tuple[int | None, ...]


def _check_output_padding(layer: Any) -> None:
    if layer.output_padding is None:
        return
    for stride, more in zip(layer.strides, layer.output_padding, strict=True):
        if stride <= more:
            raise ConfigError(
                f"{layer._label()}: Stride {layer.strides} must be greater than output padding "
                f"{layer.output_padding} on each axis."
            )


def _check_dilation(layer: Any) -> None:
    if len(set(layer.dilation_rate)) > 1:
        raise ConfigError(
            f"{layer._label()}: dilation_rate is {layer.dilation_rate}; expected the same number "
            "for both axes."
        )


def _transposed_sizes(layer: Any, x: TensorType, sizes: Sizes) -> Sizes:
    if layer.padding == "causal":
        raise ConfigError(f"{layer._label()}: padding is 'causal'; use 'valid' or 'same'.")
    more = layer.output_padding or (None,) * layer.rank
    results = []
    for axis, size in enumerate(sizes):
        window, stride = layer.kernel_size[axis], layer.strides[axis]
        dilation = layer.dilation_rate[axis]
        result = deconv_length(size, stride, window, layer.padding, more[axis], dilation)
        # The convolution whose gradient this is has to lead back to the input's size.
        back = conv_output_length(result, window, layer.padding, stride, dilation)
        if back != size:
            raise ShapeError(
                f"{layer._label()}: input is {x}; no convolution with kernel_size "
                f"{layer.kernel_size}, strides {layer.strides} and padding={layer.padding!r} "
                f"leads from {result} back to {size} positions. Use an output_padding of 1 or "
                "more, or none."
            )
        results.append(result)
    return tuple(results)


class Conv2DTranspose(Conv2D):
    """Transposed convolution of images: enlarges them by learned windows.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the window, in pixels; one number for both.
        strides: the factors by which height and width grow.
        padding: `valid` or `same`, as of the convolution whose gradient this is.
        output_padding: rows and columns added to the smallest size that is possible, less than
            the strides; None makes the result `strides` times as large as the input (`same`).
        data_format: `channels_last` (batch, height, width, channels) or `channels_first`
            (batch, channels, height, width); None is `K.image_data_format()`.
        dilation_rate: distance between the window's taps, the same for both axes; not together
            with strides.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: losses on weights and result.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        (batch, height, width, channels) -> (batch, new_height, new_width, filters).

    Weights:
        kernel (kernel_height, kernel_width, filters, channels), bias (filters,).

    Raises:
        ShapeError: the input is not of rank 4, or its channels are unknown.

    Reference:
        Zeiler et al., Deconvolutional Networks, 2010.
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    output_padding: tuple[int, int] | None = ints_field(2, None, minimum=0)

    _argument_order = (*CONV_ARGUMENTS[:4], "output_padding", *CONV_ARGUMENTS[4:])
    _config_order = (*CONV_ARGUMENTS, "output_padding")
    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        super()._after_init()
        _check_output_padding(self)
        _check_dilation(self)

    def _kernels(self, channels: int) -> Iterable[Any]:
        yield self.parameter("kernel", (*self.kernel_size, self.filters, channels))

    def _result_sizes(self, x: TensorType, sizes: Sizes) -> Sizes:
        return _transposed_sizes(self, x, sizes)


_CONV3D_ARGUMENTS = tuple(name for name in CONV_ARGUMENTS if name != "dilation_rate")


class Conv3DTranspose(Conv3D):
    """Transposed convolution of volumes: enlarges them by learned windows.

    Args:
        filters: number of output channels.
        kernel_size: depth, height and width of the window; one number for all.
        strides: the factors by which depth, height and width grow.
        padding: `valid` or `same`, as of the convolution whose gradient this is.
        output_padding: what is added to the smallest size that is possible, less than the strides;
            None makes the result `strides` times as large as the input (`same`).
        data_format: `channels_last` (batch, depth, height, width, channels) or `channels_first`
            (batch, channels, depth, height, width); None is `K.image_data_format()`.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: losses on weights and result.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        (batch, depth, height, width, channels) -> (batch, new_depth, new_height, new_width,
        filters).

    Weights:
        kernel (*kernel_size, filters, channels), bias (filters,).

    Raises:
        ShapeError: the input is not of rank 5, or its channels are unknown.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    output_padding: tuple[int, int, int] | None = ints_field(3, None, minimum=0)
    dilation_rate = TRIPLE

    _argument_order = (*_CONV3D_ARGUMENTS[:4], "output_padding", *_CONV3D_ARGUMENTS[4:])
    _config_order = (*_CONV3D_ARGUMENTS, "output_padding")
    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        super()._after_init()
        _check_output_padding(self)

    def _kernels(self, channels: int) -> Iterable[Any]:
        yield self.parameter("kernel", (*self.kernel_size, self.filters, channels))

    def _result_sizes(self, x: TensorType, sizes: Sizes) -> Sizes:
        return _transposed_sizes(self, x, sizes)
