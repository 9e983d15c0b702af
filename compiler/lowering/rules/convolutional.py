"""Convolutions and zero padding."""

from __future__ import annotations

from typing import Any

from compiler import backend as K
from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from kir.layers.convolutional import Conv2D, ZeroPadding2D


@lowers(Conv2D)
def lower_conv2d(op: Conv2D, call: Call, x: Any) -> Any:
    y = K.conv2d(
        x,
        call.weights.kernel,
        strides=op.strides,
        padding=op.padding,
        data_format=op.data_format,
        dilation_rate=op.dilation_rate,
    )
    if op.use_bias:
        y = K.bias_add(y, call.weights.bias, data_format=op.data_format)
    return op.activation(y)


@lowers(ZeroPadding2D)
def lower_zero_padding2d(op: ZeroPadding2D, call: Call, x: Any) -> Any:
    return K.spatial_2d_padding(x, padding=op.padding, data_format=op.data_format)
