"""Convolutions, and layers that change the sizes of the spatial axes.

Convolutions work with the channels last, as TensorFlow's kernels for the CPU do. With the channels
first, the axes are moved before and after; between neighbours the two moves cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler import backend as K
from compiler.backend._tensors import channels_first, channels_last, mixed_shape
from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
from kir import activations
from kir.layers.convolutional import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from kir.utils.conv_utils import deconv_length

LAST = "channels_last"

# These don't mind where the channels are; softmax and a user's own function may.
ELEMENTWISE = frozenset(
    {
        activations.elu,
        activations.exponential,
        activations.hard_sigmoid,
        activations.linear,
        activations.relu,
        activations.selu,
        activations.sigmoid,
        activations.softplus,
        activations.softsign,
        activations.tanh,
    }
)

_CONV = {1: K.conv1d, 2: K.conv2d, 3: K.conv3d}
_SEPARABLE = {1: K.separable_conv1d, 2: K.separable_conv2d}


def _convolve(op: Any, call: Call, x: Any, compute: Callable[[Any], Any]) -> Any:
    """`compute` with the channels last, then bias and activation."""
    first = op.data_format != LAST
    y = compute(channels_last(x) if first else x)
    if op.use_bias:
        y = tf.nn.bias_add(y, call.weights.bias)
    if not first:
        return op.activation(y)
    if op.activation in ELEMENTWISE:
        return channels_first(op.activation(y))
    return op.activation(channels_first(y))


def _window(op: Any) -> dict[str, Any]:
    return {"strides": op.strides, "padding": op.padding, "data_format": LAST}


@lowers(Conv1D, Conv2D, Conv3D)
def lower_conv(op: Any, call: Call, x: Any) -> Any:
    def compute(x: Any) -> Any:
        rates = op.dilation_rate
        return _CONV[op.rank](x, call.weights.kernel, **_window(op), dilation_rate=rates)

    return _convolve(op, call, x, compute)


@lowers(SeparableConv1D, SeparableConv2D)
def lower_separable_conv(op: Any, call: Call, x: Any) -> Any:
    def compute(x: Any) -> Any:
        kernels = call.weights.depthwise_kernel, call.weights.pointwise_kernel
        return _SEPARABLE[op.rank](x, *kernels, **_window(op), dilation_rate=op.dilation_rate)

    return _convolve(op, call, x, compute)


@lowers(DepthwiseConv2D)
def lower_depthwise_conv2d(op: DepthwiseConv2D, call: Call, x: Any) -> Any:
    def compute(x: Any) -> Any:
        kernel = call.weights.depthwise_kernel
        return K.depthwise_conv2d(x, kernel, **_window(op), dilation_rate=op.dilation_rate)

    return _convolve(op, call, x, compute)


@lowers(Conv2DTranspose)
def lower_conv2d_transpose(op: Conv2DTranspose, call: Call, x: Any) -> Any:
    def compute(x: Any) -> Any:
        kernel, rates = call.weights.kernel, op.dilation_rate
        shape = _transposed_shape(op, x)
        return K.conv2d_transpose(x, kernel, shape, **_window(op), dilation_rate=rates)

    return _convolve(op, call, x, compute)


@lowers(Conv3DTranspose)
def lower_conv3d_transpose(op: Conv3DTranspose, call: Call, x: Any) -> Any:
    def compute(x: Any) -> Any:
        return K.conv3d_transpose(x, call.weights.kernel, _transposed_shape(op, x), **_window(op))

    return _convolve(op, call, x, compute)


def _transposed_shape(op: Any, x: Any) -> tuple[Any, ...]:
    """The result's shape; sizes that are unknown while the program is built are tensors."""
    batch, *sizes, _ = mixed_shape(x)
    more = op.output_padding or (None,) * op.rank
    windows = zip(sizes, op.strides, op.kernel_size, more, op.dilation_rate, strict=True)
    results = [
        deconv_length(size, stride, window, op.padding, extra, rate)
        for size, stride, window, extra, rate in windows
    ]
    return (batch, *results, op.filters)


@lowers(ZeroPadding1D, ZeroPadding2D, ZeroPadding3D)
def lower_zero_padding(op: Any, call: Call, x: Any) -> Any:
    if op.rank == 1:
        return K.temporal_padding(x, padding=op.padding)
    pad = {2: K.spatial_2d_padding, 3: K.spatial_3d_padding}[op.rank]
    return pad(x, padding=op.padding, data_format=op.data_format)


@lowers(Cropping1D, Cropping2D, Cropping3D)
def lower_cropping(op: Any, call: Call, x: Any) -> Any:
    # Without an end where nothing is cut off there: x[2:-0] would be empty.
    sides = [op.cropping] if op.rank == 1 else op.cropping
    inner = [slice(before, -after if after else None) for before, after in sides]
    whole = slice(None)
    return x[tuple([whole, *inner] if op.data_format == LAST else [whole, whole, *inner])]


@lowers(UpSampling1D)
def lower_up_sampling1d(op: UpSampling1D, call: Call, x: Any) -> Any:
    return K.repeat_elements(x, op.size[0], axis=1)


@lowers(UpSampling2D)
def lower_up_sampling2d(op: UpSampling2D, call: Call, x: Any) -> Any:
    return K.resize_images(x, *op.size, op.data_format, op.interpolation)


@lowers(UpSampling3D)
def lower_up_sampling3d(op: UpSampling3D, call: Call, x: Any) -> Any:
    return K.resize_volumes(x, *op.size, op.data_format)
