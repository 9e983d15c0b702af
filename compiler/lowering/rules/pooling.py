"""Pooling."""

from __future__ import annotations

from typing import Any

from compiler import backend as K
from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
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


@lowers(MaxPooling1D, MaxPooling2D, MaxPooling3D)
def lower_max_pooling(op: Any, call: Call, x: Any) -> Any:
    return _pool(op, x, "max")


@lowers(AveragePooling1D, AveragePooling2D, AveragePooling3D)
def lower_average_pooling(op: Any, call: Call, x: Any) -> Any:
    return _pool(op, x, "avg")


def _pool(op: Any, x: Any, mode: str) -> Any:
    if op.rank == 1:
        # As images of width 1.
        width = 2 if op.data_format == "channels_last" else 3
        window, strides = (*op.pool_size, 1), (*op.strides, 1)
        x = tf.expand_dims(x, width)
        return tf.squeeze(K.pool2d(x, window, strides, op.padding, op.data_format, mode), [width])
    pool = {2: K.pool2d, 3: K.pool3d}[op.rank]
    return pool(x, op.pool_size, op.strides, op.padding, op.data_format, mode)


def _spatial_axes(op: Any) -> list[int]:
    start = 2 if op.data_format == "channels_first" else 1
    return list(range(start, start + op.rank))


@lowers(GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D)
def lower_global_max_pooling(op: Any, call: Call, x: Any) -> Any:
    return tf.reduce_max(x, _spatial_axes(op))


@lowers(GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D)
def lower_global_average_pooling(op: Any, call: Call, x: Any) -> Any:
    (steps, *_) = axes = _spatial_axes(op)
    if op.rank > 1 or call.mask is None:
        return tf.reduce_mean(x, axes)
    present = tf.expand_dims(tf.cast(call.mask, x.dtype), 3 - steps)
    return tf.reduce_sum(x * present, steps) / tf.reduce_sum(present, steps)
