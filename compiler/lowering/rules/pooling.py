"""Pooling."""

from __future__ import annotations

from typing import Any

from compiler import backend as K
from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
from kir.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D


@lowers(MaxPooling2D)
def lower_max_pooling2d(op: MaxPooling2D, call: Call, x: Any) -> Any:
    return K.pool2d(x, op.pool_size, op.strides, op.padding, op.data_format, pool_mode="max")


@lowers(AveragePooling2D)
def lower_average_pooling2d(op: AveragePooling2D, call: Call, x: Any) -> Any:
    return K.pool2d(x, op.pool_size, op.strides, op.padding, op.data_format, pool_mode="avg")


@lowers(GlobalAveragePooling2D)
def lower_global_average_pooling2d(op: GlobalAveragePooling2D, call: Call, x: Any) -> Any:
    return tf.reduce_mean(x, [2, 3] if op.data_format == "channels_first" else [1, 2])
