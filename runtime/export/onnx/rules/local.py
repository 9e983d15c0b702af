"""Locally connected layers: a product of each window with weights of its own."""

from __future__ import annotations

import itertools
from typing import Any

from kir.layers.local import LocallyConnected1D, LocallyConnected2D
from runtime.export.onnx.registry import writes
from runtime.export.onnx.rules.convolutional import FIRST
from runtime.export.onnx.writing import Call, sizes_of


@writes(LocallyConnected1D, LocallyConnected2D)
def write_locally_connected(op: Any, call: Call, x: str) -> str:
    b, rank = call.builder, len(op.kernel_size)
    first = rank > 1 and op.data_format == FIRST
    shape = sizes_of(call.types[0])
    sizes = shape[2:] if first else shape[1:-1]
    channels = shape[1] if first else shape[-1]
    if None in (*sizes, channels):
        call.fail("the size of its input is not known", "Give the model's input a full shape.")
    if first:
        x = b.channels_last(x, rank + 2)
    settings = list(zip(sizes, op.kernel_size, op.strides, strict=True))
    counts = [(n - k) // s + 1 for n, k, s in settings]
    parts = []
    # One tap of all windows at a time.
    for offsets in itertools.product(*(range(k) for k in op.kernel_size)):
        starts = b.sizes(offsets)
        stops = b.sizes(
            [o + (c - 1) * s + 1 for o, c, s in zip(offsets, counts, op.strides, strict=True)]
        )
        part = b.op("Slice", x, starts, stops, b.sizes(range(1, rank + 1)), b.sizes(op.strides))
        parts.append(b.reshape(part, [0, -1, 1, channels]))
    positions = 1
    for count in counts:
        positions *= count
    # (batch, positions, taps, channels); windows are flattened as the kernel's rows are.
    windows = b.op("Concat", *parts, axis=2)
    if first:
        windows = b.transpose(windows, [0, 1, 3, 2])
    flat = b.reshape(windows, [0, positions, 1, -1])
    kernel = call.constant(call.weight("kernel"), "kernel")
    y = b.reshape(b.op("MatMul", flat, kernel), [0, *counts, op.filters])
    if op.use_bias:
        # (*positions, filters), whichever axis the channels are on.
        y = b.op("Add", y, call.constant(_bias(op, call, first, counts), "bias"))
    if first:
        y = b.channels_first(y, rank + 2)
    return call.activate(op.activation, y)


def _bias(op: Any, call: Call, first: bool, counts: list[int]) -> Any:
    bias = call.weight("bias")
    if not first:
        return bias
    # Keras 2.2: with the channels first the bias is reshaped, not transposed.
    return bias.reshape(op.filters, *counts).transpose(1, 2, 0)
