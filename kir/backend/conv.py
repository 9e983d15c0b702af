"""Convolutions, local connections, and the bias that is added to them.

`padding` is 'valid' or 'same'; `data_format` is the order of the axes, by default
`image_data_format()`. Kernels have the shape (*window, input channels, filters).
"""

from __future__ import annotations

from typing import Any

from kir.backend.checks import CAUSAL_PADDING, PADDING
from kir.backend.recording import op
from kir.backend.type_rules import Dim, known, shape_argument, sizes_of
from kir.errors import ShapeError
from kir.ir.types import TensorType


def window_steps(size: Dim, window: Dim, padding: str, stride: int, dilation: int = 1) -> Dim:
    """How many places a window takes along an axis."""
    if size is None or window is None:
        return None
    wide = window + (window - 1) * (dilation - 1)
    room = size if padding in ("same", "causal") else size - wide + 1
    return -(-room // stride)


def per_axis(value: Any, axes: int) -> tuple[int, ...]:
    """One number for each axis; an int is for all of them."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


def convolved(
    x: Any,
    window: tuple[Dim, ...],
    channels: Dim,
    filters: Dim,
    strides: Any,
    padding: str,
    data_format: str,
    dilation_rate: Any = 1,
) -> TensorType | None:
    """The type of a convolution of `x`; also checks its rank and channels."""
    types = known(x)
    if types is None:
        return None
    axes, shape = len(window), sizes_of(types[0])
    first = data_format == "channels_first"
    if len(shape) != axes + 2:
        raise ShapeError(f"Convolution over {axes} axes of {types[0]}; expected rank {axes + 2}.")
    found = shape[1] if first else shape[-1]
    if None not in (found, channels) and found != channels:
        raise ShapeError(
            f"Convolution of {types[0]} ({data_format}): {found} channels; "
            f"the kernel takes {channels}."
        )
    rows = zip(
        shape[2:] if first else shape[1:-1],
        window,
        per_axis(strides, axes),
        per_axis(dilation_rate, axes),
        strict=True,
    )
    spatial = [window_steps(size, w, padding, stride, rate) for size, w, stride, rate in rows]
    if any(n is not None and n < 1 for n in spatial):
        raise ShapeError(f"Convolution of {types[0]}: the window {window} is larger than it.")
    sizes = (filters, *spatial) if first else (*spatial, filters)
    return types[0].with_shape((shape[0], *sizes))


def _conv_type(
    x: Any,
    kernel: Any,
    strides: Any,
    padding: str,
    data_format: str,
    dilation_rate: Any,
) -> TensorType | None:
    types = known(kernel)
    if types is None:
        return None
    *window, channels, filters = sizes_of(types[0])
    return convolved(
        x, tuple(window), channels, filters, strides, padding, data_format, dilation_rate
    )


@op(_conv_type, checks={"padding": CAUSAL_PADDING})
def conv1d(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolution (cross-correlation) over time.

    Args:
        x: sequences.
        kernel: the weights, (window, channels, filters).
        strides: the distance of the windows, in steps.
        padding: 'valid' (windows inside only) or 'same' (zeros around), or 'causal' (zeros before,
            so that no output sees later steps).
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.
        dilation_rate: the distance of the kernel's elements; 1 for a dense window.

    Shape:
        (batch, steps, channels), or with channels first -> (batch, new steps, filters); dtype: same
        as `x`.

    Raises:
        ShapeError: `x` is not of rank 3, its channels are not the kernel's, or the window is larger
            than it.
    """


@op(_conv_type, checks={"padding": PADDING})
def conv2d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolution (cross-correlation) of images.

    Args:
        x: images.
        kernel: the weights, (rows, columns, channels, filters).
        strides: the distance of the windows, a number for each axis.
        padding: 'valid' (windows inside only) or 'same' (zeros around).
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.
        dilation_rate: the distance of the kernel's elements; 1 for a dense window.

    Shape:
        (batch, rows, columns, channels), or with channels first -> (batch, new rows, new columns,
        filters); dtype: same as `x`.

    Raises:
        ShapeError: `x` is not of rank 4, its channels are not the kernel's, or the window is larger
            than it.
    """


@op(_conv_type, checks={"padding": PADDING})
def conv3d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1, 1),
) -> Any:
    """Convolution (cross-correlation) of volumes.

    Args:
        x: volumes.
        kernel: the weights, (k1, k2, k3, channels, filters).
        strides: the distance of the windows, a number for each axis.
        padding: 'valid' (windows inside only) or 'same' (zeros around).
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.
        dilation_rate: the distance of the kernel's elements; 1 for a dense window.

    Shape:
        (batch, d1, d2, d3, channels), or with channels first -> (batch, new d1, new d2, new d3,
        filters); dtype: same as `x`.

    Raises:
        ShapeError: `x` is not of rank 5, its channels are not the kernel's, or the window is larger
            than it.
    """


def _transposed_type(x: Any, output_shape: Any, **_: Any) -> TensorType | None:
    types, sizes = known(x), shape_argument(output_shape)
    if types is None or sizes is None:
        return None
    batch = sizes_of(types[0])[0] if sizes[0] is None else sizes[0]
    return types[0].with_shape((batch, *sizes[1:]))


@op(_transposed_type, checks={"padding": PADDING})
def conv2d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """The gradient of a convolution of images, used as a layer.

    Args:
        x: images.
        kernel: of the shape (height, width, filters, input channels).
        output_shape: the result's shape; sizes may be None (batch) or symbolic.
        strides: the strides of the convolution.
        padding: 'valid' or 'same'.
        data_format: the order of the axes.
        dilation_rate: the distance of the kernel's elements, the same along both axes.

    Shape:
        (batch, rows, columns, channels), or with channels first -> `output_shape`; dtype: same as
        `x`.
    """


@op(_transposed_type, checks={"padding": PADDING})
def conv3d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The gradient of a convolution of volumes, used as a layer.

    Args:
        x: volumes.
        kernel: the weights, (k1, k2, k3, filters, channels).
        output_shape: the result's shape; sizes may be None (batch) or symbolic.
        strides: the strides of the convolution, three numbers.
        padding: 'valid' or 'same'.
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.

    Shape:
        (batch, d1, d2, d3, channels), or with channels first -> `output_shape`; dtype: same as `x`.
    """


def _depthwise_type(
    x: Any,
    depthwise_kernel: Any,
    strides: Any,
    padding: str,
    data_format: str,
    dilation_rate: Any,
) -> TensorType | None:
    types = known(depthwise_kernel)
    if types is None:
        return None
    *window, channels, times = sizes_of(types[0])
    filters = None if channels is None or times is None else channels * times
    return convolved(
        x, tuple(window), channels, filters, strides, padding, data_format, dilation_rate
    )


@op(_depthwise_type, checks={"padding": PADDING})
def depthwise_conv2d(
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolves each channel on its own.

    Args:
        x: images.
        depthwise_kernel: the weights, (rows, columns, channels, multiplier).
        strides: the distance of the windows, a number for each axis.
        padding: 'valid' or 'same'.
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.
        dilation_rate: the distance of the kernel's elements; 1 for a dense window.

    Shape:
        (batch, rows, columns, channels), or with channels first -> (batch, new rows, new columns,
        channels * multiplier); dtype: same as `x`.

    Raises:
        ShapeError: rank or channels of `x` are not the kernel's, or the window is larger than it.
    """


def _separable_type(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any,
    padding: str,
    data_format: str,
    dilation_rate: Any,
) -> TensorType | None:
    types = known(depthwise_kernel, pointwise_kernel)
    if types is None:
        return None
    *window, channels, _ = sizes_of(types[0])
    filters = sizes_of(types[1])[-1]
    return convolved(
        x, tuple(window), channels, filters, strides, padding, data_format, dilation_rate
    )


@op(_separable_type, checks={"padding": PADDING})
def separable_conv1d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolution of each channel over time, then a mixing of the channels.

    Args:
        x: sequences.
        depthwise_kernel: the weights over time, (window, channels, multiplier).
        pointwise_kernel: the mixing, (1, channels * multiplier, filters).
        strides: the distance of the windows, a number for each axis.
        padding: 'valid' or 'same'.
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.
        dilation_rate: the distance of the kernel's elements; 1 for a dense window.

    Shape:
        (batch, steps, channels), or with channels first -> (batch, new steps, filters); dtype: same
        as `x`.

    Raises:
        ShapeError: rank or channels of `x` are not the kernel's, or the window is larger than it.
    """


@op(_separable_type, checks={"padding": PADDING})
def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolution of each channel of images, then a mixing of the channels.

    Args:
        x: images.
        depthwise_kernel: the weights, (rows, columns, channels, multiplier).
        pointwise_kernel: the mixing, (1, 1, channels * multiplier, filters).
        strides: the distance of the windows, a number for each axis.
        padding: 'valid' or 'same'.
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.
        dilation_rate: the distance of the kernel's elements; 1 for a dense window.

    Shape:
        (batch, rows, columns, channels), or with channels first -> (batch, new rows, new columns,
        filters); dtype: same as `x`.

    Raises:
        ShapeError: rank or channels of `x` are not the kernel's, or the window is larger than it.
    """


@op()
def local_conv1d(
    inputs: Any, kernel: Any, kernel_size: Any, strides: Any, data_format: str | None = None
) -> Any:
    """Convolution over time with weights of its own at each step.

    Args:
        inputs: sequences.
        kernel: the weights, (new steps, window * channels, filters).
        kernel_size: the window, a tuple of one number of steps.
        strides: the distance of the windows, a tuple of one number of steps.
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.

    Shape:
        (batch, steps, channels), or with channels first -> (batch, new steps, filters); dtype: same
        as `inputs`.
    """


@op()
def local_conv2d(
    inputs: Any,
    kernel: Any,
    kernel_size: Any,
    strides: Any,
    output_shape: Any,
    data_format: str | None = None,
) -> Any:
    """Convolution of images with weights of its own at each place.

    Args:
        inputs: images.
        kernel: of the shape (rows * columns, window * channels, filters).
        kernel_size: the window, (height, width).
        strides: the strides, (down, right).
        output_shape: (rows, columns) of the result.
        data_format: the order of the axes.

    Shape:
        (batch, rows, columns, channels), or with channels first -> (batch, *output_shape, filters);
        dtype: same as `inputs`.
    """


def _biased(x: Any, bias: Any, data_format: str) -> TensorType | None:
    types = known(x, bias)
    if types is None:
        return None
    rank = types[0].rank or 0
    if types[1].rank not in (1, rank - 1):
        raise ShapeError(
            f"K.bias_add: Unexpected bias dimensions {types[1].rank}, expect to be 1 or "
            f"{rank - 1} dimensions for {types[0]}."
        )
    return types[0]


@op(_biased)
def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """Adds a bias.

    Args:
        x: a tensor.
        bias: a number for each channel, or for each element of a sample.
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.

    Shape:
        `x` of any shape, bias: (channels,) or the shape of a sample -> the shape of `x`; dtype:
        same as `x`.

    Raises:
        ShapeError: `bias` has neither one axis nor one less than `x`.
    """
