"""Locally connected layers: convolutions with unshared weights."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import FIRST, as_tensor, as_tuple, mixed_shape
from compiler.tensorflow import tf
from kir.backend.common import normalize_data_format


def local_conv1d(
    inputs: Any, kernel: Any, kernel_size: Any, strides: Any, data_format: str | None = None
) -> Any:
    """(batch, time, channels) by (steps, window * channels, filters)."""
    normalize_data_format(data_format)
    inputs, kernel = as_tensor(inputs), as_tensor(kernel)
    width, stride = as_tuple(kernel_size, 1)[0], as_tuple(strides, 1)[0]
    steps, features, _ = kernel.shape
    windows = [
        tf.reshape(inputs[:, i * stride : i * stride + width, :], [1, -1, features])
        for i in range(steps)
    ]
    # (steps, batch, features) @ (steps, features, filters) -> (batch, steps, filters)
    return tf.transpose(tf.matmul(tf.concat(windows, 0), kernel), [1, 0, 2])


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
    _, features, filters = kernel.shape
    windows = []
    for i in range(rows):
        for j in range(columns):
            y = slice(i * down, i * down + height)
            x = slice(j * right, j * right + width)
            window = inputs[:, :, y, x] if first else inputs[:, y, x, :]
            windows.append(tf.reshape(window, [1, -1, features]))
    out = tf.matmul(tf.concat(windows, 0), kernel)
    batch = mixed_shape(inputs)[0]
    out = tf.reshape(out, [rows, columns, -1 if batch is None else batch, filters])
    return tf.transpose(out, [2, 3, 0, 1] if first else [2, 0, 1, 3])
