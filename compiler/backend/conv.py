"""Convolutions, and the bias that is added to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.backend._tensors import (
    FIRST,
    as_tensor,
    as_tuple,
    channels_first,
    channels_last,
    static_shape,
    upper_padding,
)
from compiler.tensorflow import tf
from kir.errors import ConfigError, ShapeError
from kir.settings import normalize_data_format


def _with_channels_last(x: Any, data_format: str | None, compute: Callable[[Any], Any]) -> Any:
    x = as_tensor(x)
    if normalize_data_format(data_format) == FIRST:
        return channels_first(compute(channels_last(x)))
    return compute(x)


def _conv(
    x: Any, kernel: Any, strides: Any, padding: str, data_format: str | None, dilation_rate: Any
) -> Any:
    kernel = as_tensor(kernel)
    axes = kernel.shape.rank - 2
    mode = upper_padding(padding)
    strides, rates = as_tuple(strides, axes), as_tuple(dilation_rate, axes)
    return _with_channels_last(
        x,
        data_format,
        lambda x: tf.nn.convolution(x, kernel, strides=strides, padding=mode, dilations=rates),
    )


def conv1d(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    if padding == "causal":
        rate = as_tuple(dilation_rate, 1)[0]
        past = [rate * (kernel.shape[0] - 1), 0]
        time_last = normalize_data_format(data_format) == FIRST
        x = tf.pad(x, [[0, 0], [0, 0], past] if time_last else [[0, 0], past, [0, 0]])
        padding = "valid"
    return _conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv2d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    return _conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv3d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1, 1),
) -> Any:
    return _conv(x, kernel, strides, padding, data_format, dilation_rate)


def _conv_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    data_format: str | None,
    compute: Callable[[Any, list[Any]], Any],
) -> Any:
    sizes = list(tf.unstack(output_shape) if tf.is_tensor(output_shape) else output_shape)
    if normalize_data_format(data_format) == FIRST:
        sizes = [sizes[0], *sizes[2:], sizes[1]]

    def run(x: Any) -> Any:
        if sizes[0] is None:
            sizes[0] = tf.shape(x)[0]
        out = compute(x, sizes)
        known = [n if isinstance(n, int) else None for n in sizes]
        return tf.ensure_shape(out, [x.shape[0] if known[0] is None else known[0], *known[1:]])

    return _with_channels_last(x, data_format, run)


def conv2d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    kernel, mode = as_tensor(kernel), upper_padding(padding)
    strides, rates = as_tuple(strides, 2), as_tuple(dilation_rate, 2)
    if rates != (1, 1) and rates[0] != rates[1]:
        raise ConfigError(
            f"K.conv2d_transpose: dilation_rate={rates}; expected the same rate for both axes."
        )

    def compute(x: Any, sizes: list[Any]) -> Any:
        if rates == (1, 1):
            return tf.nn.conv2d_transpose(x, kernel, tf.stack(sizes), strides, mode)
        return tf.nn.atrous_conv2d_transpose(x, kernel, tf.stack(sizes), rates[0], mode)

    return _conv_transpose(x, kernel, output_shape, data_format, compute)


def conv3d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    kernel, mode = as_tensor(kernel), upper_padding(padding)
    strides = as_tuple(strides, 3)
    return _conv_transpose(
        x,
        kernel,
        output_shape,
        data_format,
        lambda x, sizes: tf.nn.conv3d_transpose(x, kernel, tf.stack(sizes), strides, mode),
    )


def depthwise_conv2d(
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    kernel, mode = as_tensor(depthwise_kernel), upper_padding(padding)
    steps, rates = (1, *as_tuple(strides, 2), 1), as_tuple(dilation_rate, 2)
    return _with_channels_last(
        x,
        data_format,
        lambda x: tf.nn.depthwise_conv2d(x, kernel, steps, mode, dilations=rates),
    )


def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    depthwise, pointwise = as_tensor(depthwise_kernel), as_tensor(pointwise_kernel)
    steps, rates = (1, *as_tuple(strides, 2), 1), as_tuple(dilation_rate, 2)
    mode = upper_padding(padding)
    return _with_channels_last(
        x,
        data_format,
        lambda x: tf.nn.separable_conv2d(x, depthwise, pointwise, steps, mode, dilations=rates),
    )


def separable_conv1d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    # As a picture of height 1; the depthwise kernel of TensorFlow takes equal strides only.
    stride, rate = as_tuple(strides, 1)[0], as_tuple(dilation_rate, 1)[0]
    depthwise = tf.expand_dims(depthwise_kernel, 0)
    pointwise = tf.expand_dims(pointwise_kernel, 0)
    mode = upper_padding(padding)

    def compute(x: Any) -> Any:
        out = tf.nn.separable_conv2d(
            tf.expand_dims(x, 1),
            depthwise,
            pointwise,
            (1, stride, stride, 1),
            mode,
            dilations=(1, rate),
        )
        return tf.squeeze(out, [1])

    return _with_channels_last(x, data_format, compute)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """Adds one number per channel, or one per element of a sample."""
    x, bias = as_tensor(x), as_tensor(bias)
    rank, sizes = x.shape.rank, static_shape(bias)
    if len(sizes) not in (1, rank - 1):
        raise ShapeError(
            f"K.bias_add: the bias has shape {tuple(sizes)}; "
            f"expected 1 or {rank - 1} axes for an input of rank {rank}."
        )
    first = normalize_data_format(data_format) == FIRST and rank > 2
    if len(sizes) == 1:
        if not first:
            return tf.nn.bias_add(x, bias)
        return x + tf.reshape(bias, [1, sizes[0]] + [1] * (rank - 2))
    if first:
        # Keras 2.2: such a bias is reshaped, not transposed, to the channels first.
        return x + tf.reshape(bias, [1, sizes[-1], *sizes[:-1]])
    return x + tf.reshape(bias, [1, *sizes])
