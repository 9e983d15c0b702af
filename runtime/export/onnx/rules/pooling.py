"""Pooling."""

from __future__ import annotations

from typing import Any

from kir.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from runtime.export.onnx.registry import writes
from runtime.export.onnx.rules.convolutional import FIRST, enter, leave, padding_of, spatial
from runtime.export.onnx.rules.reductions import reduce
from runtime.export.onnx.writing import Call


def _pool(call: Call, kind: str, x: str) -> str:
    op = call.layer
    window, strides = tuple(op.pool_size), tuple(op.strides)
    sizes = spatial(call.types[0], op.data_format)
    pads = padding_of(call, sizes, window, strides, (1,) * op.rank, op.padding)
    y = call.builder.op(kind, enter(call, x), kernel_shape=window, strides=strides, **pads)
    return leave(call, y)


@writes(MaxPooling1D, MaxPooling2D, MaxPooling3D)
def write_max_pooling(op: Any, call: Call, x: str) -> str:
    return _pool(call, "MaxPool", x)


@writes(AveragePooling1D, AveragePooling2D, AveragePooling3D)
def write_average_pooling(op: Any, call: Call, x: str) -> str:
    # Padding does not count, in either.
    return _pool(call, "AveragePool", x)


def _over_space(call: Call, kind: str, x: str) -> str:
    op = call.layer
    start = 2 if op.data_format == FIRST else 1
    return reduce(call, kind, x, list(range(start, start + op.rank)), False)


@writes(GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D)
def write_global_max_pooling(op: Any, call: Call, x: str) -> str:
    return _over_space(call, "ReduceMax", x)


@writes(GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D)
def write_global_average_pooling(op: Any, call: Call, x: str) -> str:
    if op.rank > 1 or call.mask is None:
        return _over_space(call, "ReduceMean", x)
    b = call.builder
    steps = 2 if op.data_format == FIRST else 1
    present = b.unsqueeze(b.cast(call.mask, call.dtype), [3 - steps])
    total = reduce(call, "ReduceSum", b.op("Mul", x, present), [steps], False)
    return b.op("Div", total, reduce(call, "ReduceSum", present, [steps], False))
