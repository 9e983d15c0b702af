"""Locally connected layers."""

from __future__ import annotations

from typing import Any

from compiler import backend as K
from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from kir.layers.local import LocallyConnected1D, LocallyConnected2D


@lowers(LocallyConnected1D)
def lower_locally_connected1d(op: LocallyConnected1D, call: Call, x: Any) -> Any:
    y = K.local_conv1d(x, call.weights.kernel, op.kernel_size, op.strides)
    if op.use_bias:
        y = y + call.weights.bias
    return op.activation(y)


@lowers(LocallyConnected2D)
def lower_locally_connected2d(op: LocallyConnected2D, call: Call, x: Any) -> Any:
    first = op.data_format == "channels_first"
    sizes = x.shape[2:] if first else x.shape[1:-1]
    windows = zip(sizes, op.kernel_size, op.strides, strict=True)
    rows, columns = ((size - window) // stride + 1 for size, window, stride in windows)
    y = K.local_conv2d(
        x, call.weights.kernel, op.kernel_size, op.strides, (rows, columns), op.data_format
    )
    if op.use_bias:
        y = K.bias_add(y, call.weights.bias, op.data_format)
    return op.activation(y)
