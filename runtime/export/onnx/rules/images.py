"""Functions of the backend on pictures and the like: convolutions, pooling, enlarging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kir.backend.conv import per_axis
from runtime.export.onnx.registry import writes_op
from runtime.export.onnx.rules.convolutional import FIRST, padding_of, spatial
from runtime.export.onnx.rules.elementwise import named
from runtime.export.onnx.rules.shapes import enlarge
from runtime.export.onnx.writing import Call, Operand, sizes_of


def _channels_first(call: Call, x: Operand, data_format: str, compute: Callable[[str], str]) -> str:
    """`compute` with the channels first."""
    if data_format == FIRST:
        return compute(x)
    b, rank = call.builder, x.type.rank or 0
    return b.channels_last(compute(b.channels_first(x, rank)), rank)


def _window(kernel: Operand) -> tuple[int, ...]:
    return tuple(int(n) for n in sizes_of(kernel.type)[:-2] if n is not None)


def _convolve(
    call: Call,
    x: Operand,
    kernel: str,
    window: Sequence[int],
    strides: Any,
    padding: str,
    data_format: str,
    dilation_rate: Any,
    groups: int = 1,
) -> str:
    rank = len(window)
    steps, rates = per_axis(strides, rank), per_axis(dilation_rate, rank)
    pads = padding_of(call, spatial(x.type, data_format), window, steps, rates, padding)
    return _channels_first(
        call,
        x,
        data_format,
        lambda x: call.builder.op(
            "Conv", x, kernel, kernel_shape=window, strides=steps, dilations=rates, group=groups,
            **pads,
        ),
    )  # fmt: skip


@writes_op("k.conv1d", "k.conv2d", "k.conv3d")
def write_conv(
    call: Call,
    x: Operand,
    kernel: Operand,
    strides: Any,
    padding: str,
    data_format: str,
    dilation_rate: Any,
) -> str:
    rank = kernel.type.rank or 0
    # (*window, channels, filters) -> (filters, channels, *window).
    order = [rank - 1, rank - 2, *range(rank - 2)]
    weights = call.builder.transpose(kernel, order)
    return _convolve(
        call, x, weights, _window(kernel), strides, padding, data_format, dilation_rate
    )


@writes_op("k.depthwise_conv2d")
def write_depthwise_conv2d(
    call: Call,
    x: Operand,
    depthwise_kernel: Operand,
    strides: Any,
    padding: str,
    data_format: str,
    dilation_rate: Any,
) -> str:
    b = call.builder
    *window, channels, multiplier = (n or 0 for n in sizes_of(depthwise_kernel.type))
    flat = b.reshape(depthwise_kernel, [*window, 1, channels * multiplier])
    weights = b.transpose(flat, [3, 2, 0, 1])
    return _convolve(
        call, x, weights, window, strides, padding, data_format, dilation_rate, channels
    )


@writes_op("k.pool2d", "k.pool3d")
def write_pool(
    call: Call,
    x: Operand,
    pool_size: Any,
    strides: Any,
    padding: str,
    data_format: str,
    pool_mode: str,
) -> str:
    rank = (x.type.rank or 0) - 2
    window, steps = per_axis(pool_size, rank), per_axis(strides, rank)
    pads = padding_of(call, spatial(x.type, data_format), window, steps, (1,) * rank, padding)
    kind = "MaxPool" if pool_mode == "max" else "AveragePool"
    return _channels_first(
        call,
        x,
        data_format,
        lambda x: call.builder.op(kind, x, kernel_shape=window, strides=steps, **pads),
    )


@writes_op("k.resize_images")
def write_resize_images(
    call: Call,
    x: Operand,
    height_factor: int,
    width_factor: int,
    data_format: str,
    interpolation: str = "nearest",
) -> str:
    mode = {"nearest": "nearest", "bilinear": "linear"}[interpolation]
    scales = [1, 1, height_factor, width_factor]
    return _channels_first(call, x, data_format, lambda x: enlarge(call, x, scales, mode))


@writes_op("k.batch_normalization")
def write_batch_normalization(
    call: Call,
    x: Operand,
    mean: Operand,
    var: Operand,
    beta: Any,
    gamma: Any,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> str:
    b, dtype, rank = call.builder, x.type.dtype, x.type.rank or 0
    shape = [1] * rank
    shape[axis % rank] = -1

    def placed(value: Any) -> str:
        name = named(call, value, dtype)
        return (
            b.reshape(name, shape) if isinstance(value, Operand) and value.type.rank == 1 else name
        )

    scale = b.op("Sqrt", b.op("Add", placed(var), b.constant(epsilon, dtype)))
    y = b.op("Div", b.op("Sub", x, placed(mean)), scale)
    y = y if gamma is None else b.op("Mul", y, placed(gamma))
    return y if beta is None else b.op("Add", y, placed(beta))
