"""Convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kir import activations
from kir.ir.types import TensorType
from kir.layers.convolutional import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from kir.utils.conv_utils import deconv_length
from runtime.export.onnx.registry import writes
from runtime.export.onnx.writing import Call, sizes_of

FIRST = "channels_first"


def same_sides(size: int | None, window: int, stride: int, rate: int) -> tuple[int, int] | None:
    """How much TensorFlow's padding `same` adds before and after; None if `size` decides."""
    wide = (window - 1) * rate + 1
    if size is None and stride != 1:
        return None
    steps = 0 if size is None else -(-size // stride)
    total = wide - 1 if size is None else max((steps - 1) * stride + wide - size, 0)
    return total // 2, total - total // 2


def padding_of(
    call: Call,
    sizes: Sequence[int | None],
    window: Sequence[int],
    strides: Sequence[int],
    rates: Sequence[int],
    padding: str,
) -> dict[str, Any]:
    """The attributes by which a node pads its input."""
    if padding == "valid":
        return {}
    if padding == "causal":
        return {"pads": [(window[0] - 1) * rates[0], 0]}
    sides = [same_sides(*one) for one in zip(sizes, window, strides, rates, strict=True)]
    if None not in sides:
        return {"pads": [s[i] for i in (0, 1) for s in sides if s is not None]}
    if any(r != 1 for r in rates):
        call.fail(
            "its padding depends on the size of its input, which is not known, and it is dilated",
            "Give the model's input a full shape.",
        )
    return {"auto_pad": "SAME_UPPER"}


def spatial(kind: TensorType, data_format: str) -> tuple[int | None, ...]:
    """The sizes of the spatial axes."""
    shape = sizes_of(kind)
    return shape[2:] if data_format == FIRST else shape[1:-1]


def enter(call: Call, x: str) -> str:
    """A picture with the channels first."""
    first = call.layer.data_format == FIRST
    return x if first else call.builder.channels_first(x, call.types[0].rank or 0)


def leave(call: Call, y: str) -> str:
    """A picture as the layer returns it."""
    first = call.layer.data_format == FIRST
    return y if first else call.builder.channels_last(y, call.output.rank or 0)


def finish(call: Call, y: str) -> str:
    """The activation of a result that has the channels first."""
    op = call.layer
    if op.activation is activations.softmax:
        return call.activate(op.activation, leave(call, y))
    shape = sizes_of(call.output)
    # Element by element: it does not matter on which axis the channels are.
    kind = call.output.with_shape((shape[0], *(None for _ in shape[1:])))
    return leave(call, call.activate(op.activation, y, kind))


def convolve(
    call: Call, x: str, kernel: np.ndarray, weight: str, groups: int = 1, has_bias: bool = True
) -> str:
    """A convolution of a picture with the channels first; the kernel is in ONNX's order."""
    op = call.layer
    window, inputs = kernel.shape[2:], [x, call.constant(kernel, weight)]
    if has_bias and op.use_bias:
        inputs.append(call.constant(call.weight("bias"), "bias"))
    rates = tuple(op.dilation_rate)
    strides = tuple(op.strides)
    sizes = spatial(call.types[0], op.data_format)
    pads = padding_of(call, sizes, window, strides, rates, op.padding)
    return call.builder.op(
        "Conv", *inputs, kernel_shape=window, strides=strides, dilations=rates, group=groups, **pads
    )


def onnx_kernel(kernel: np.ndarray) -> np.ndarray:
    """(*window, channels, filters) -> (filters, channels, *window)."""
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def depthwise_kernel(kernel: np.ndarray) -> np.ndarray:
    """(*window, channels, multiplier) -> (channels * multiplier, 1, *window)."""
    *window, channels, multiplier = kernel.shape
    flat = kernel.reshape(*window, channels * multiplier)
    return np.moveaxis(flat, -1, 0)[:, np.newaxis]


@writes(Conv1D, Conv2D, Conv3D)
def write_conv(op: Any, call: Call, x: str) -> str:
    return finish(
        call, convolve(call, enter(call, x), onnx_kernel(call.weight("kernel")), "kernel")
    )


@writes(DepthwiseConv2D)
def write_depthwise_conv2d(op: DepthwiseConv2D, call: Call, x: str) -> str:
    kernel = call.weight("depthwise_kernel")
    y = convolve(
        call, enter(call, x), depthwise_kernel(kernel), "depthwise_kernel", kernel.shape[-2]
    )
    return finish(call, y)


@writes(SeparableConv1D, SeparableConv2D)
def write_separable_conv(op: Any, call: Call, x: str) -> str:
    kernel = call.weight("depthwise_kernel")
    middle = convolve(
        call, enter(call, x), depthwise_kernel(kernel), "depthwise_kernel", kernel.shape[-2], False
    )
    pointwise = onnx_kernel(call.weight("pointwise_kernel"))
    inputs = [middle, call.constant(pointwise, "pointwise_kernel")]
    if op.use_bias:
        inputs.append(call.constant(call.weight("bias"), "bias"))
    return finish(call, call.builder.op("Conv", *inputs, kernel_shape=pointwise.shape[2:]))


@writes(Conv2DTranspose, Conv3DTranspose)
def write_conv_transpose(op: Any, call: Call, x: str) -> str:
    kernel = onnx_kernel(call.weight("kernel"))
    window, rates = kernel.shape[2:], tuple(op.dilation_rate)
    more = op.output_padding or (None,) * op.rank
    before, after, extra = [], [], []
    for k, s, p, r in zip(window, op.strides, more, rates, strict=True):
        # The same for any size of the input, so for this one.
        size = 7
        wide = (k - 1) * r + 1
        cut = (size - 1) * s + wide - deconv_length(size, s, k, op.padding, p, r)  # type: ignore[operator]
        front = max(cut, 0) // 2 if op.padding == "same" else 0
        before.append(front)
        after.append(max(cut, 0) - front)
        extra.append(max(-cut, 0))
    inputs = [enter(call, x), call.constant(kernel, "kernel")]
    if op.use_bias:
        inputs.append(call.constant(call.weight("bias"), "bias"))
    y = call.builder.op(
        "ConvTranspose",
        *inputs,
        kernel_shape=window,
        strides=op.strides,
        dilations=rates,
        pads=[*before, *after],
        output_padding=extra,
    )
    return finish(call, y)
