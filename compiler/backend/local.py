"""Locally connected layers: convolutions with unshared weights."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import FIRST, as_tensor, as_tuple, mixed_shape
from compiler.tensorflow import tf
from kir.settings import normalize_data_format


def local_conv1d(
    inputs: Any, kernel: Any, kernel_size: Any, strides: Any, data_format: str | None = None
) -> Any:
    """(batch, time, channels) by (steps, window * channels, filters)."""
    normalize_data_format(data_format)
    inputs, kernel = as_tensor(inputs), as_tensor(kernel)
    width, stride = as_tuple(kernel_size, 1)[0], as_tuple(strides, 1)[0]
    steps = kernel.shape[0]
    taps = [inputs[:, _positions(i, stride, steps), :] for i in range(width)]
    # (steps, batch, window, channels): one slice a tap, since steps are many and taps are few.
    windows = tf.transpose(tf.stack(taps, 2), [1, 0, 2, 3])
    out = _multiply(windows, kernel, inputs)
    return tf.transpose(out, [1, 0, 2])


def local_conv2d(
    inputs: Any,
    kernel: Any,
    kernel_size: Any,
    strides: Any,
    output_shape: Any,
    data_format: str | None = None,
) -> Any:
    """The kernel has the shape (rows * columns, window * channels, filters)."""
    first = normalize_data_format(data_format) == FIRST
    inputs, kernel = as_tensor(inputs), as_tensor(kernel)
    height, width = as_tuple(kernel_size, 2)
    down, right = as_tuple(strides, 2)
    rows, columns = output_shape
    taps = []
    for i in range(height):
        for j in range(width):
            y, x = _positions(i, down, rows), _positions(j, right, columns)
            taps.append(inputs[:, :, y, x] if first else inputs[:, y, x, :])
    # A window's elements stand in the order that they have in the input.
    windows = (
        tf.transpose(tf.stack(taps, 2), [3, 4, 0, 1, 2])
        if first
        else tf.transpose(tf.stack(taps, 3), [1, 2, 0, 3, 4])
    )
    out = _multiply(windows, kernel, inputs)
    batch = mixed_shape(inputs)[0]
    filters = kernel.shape[-1]
    out = tf.reshape(out, [rows, columns, -1 if batch is None else batch, filters])
    return tf.transpose(out, [2, 3, 0, 1] if first else [2, 0, 1, 3])


def _positions(first: int, stride: int, count: int) -> slice:
    return slice(first, first + stride * (count - 1) + 1, stride)


def _multiply(windows: Any, kernel: Any, inputs: Any) -> Any:
    """(positions, batch, filters), from windows (..., batch, a, b) with positions in front."""
    positions, features, _ = kernel.shape
    batch = mixed_shape(inputs)[0]
    return tf.matmul(tf.reshape(windows, [positions, batch, features]), kernel)
