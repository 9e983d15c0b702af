"""Merges."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from compiler import backend as K
from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
from kir.engine.base_layer import Layer
from kir.layers.merge import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)


def align_ranks(inputs: tuple[Any, ...]) -> list[Any]:
    """Gives inputs of lower rank axes of size 1 behind the batch axis, so that samples align."""
    if any(x.shape.rank is None for x in inputs):
        return _align_unknown_ranks(inputs)
    rank = max(x.shape.rank for x in inputs)
    aligned = []
    for x in inputs:
        for _ in range(rank - x.shape.rank):
            x = tf.expand_dims(x, 1)
        aligned.append(x)
    return aligned


def _align_unknown_ranks(inputs: tuple[Any, ...]) -> list[Any]:
    rank = functools.reduce(tf.maximum, [tf.rank(x) for x in inputs])
    aligned = []
    for x in inputs:
        shape = tf.shape(x)
        ones = tf.ones([rank - tf.rank(x)], "int32")
        aligned.append(tf.reshape(x, tf.concat([shape[:1], ones, shape[1:]], 0)))
    return aligned


# What an element-wise merge applies to the result so far and the next input.
_COMBINE: dict[type, Callable[[Any, Any], Any]] = {
    Add: operator.add,
    Average: operator.add,
    Maximum: tf.maximum,
    Minimum: tf.minimum,
    Multiply: operator.mul,
    Subtract: operator.sub,
}


@lowers(*_COMBINE)
def lower_elementwise(op: Layer, call: Call, *inputs: Any) -> Any:
    combine = next(_COMBINE[cls] for cls in type(op).__mro__ if cls in _COMBINE)
    y = functools.reduce(combine, align_ranks(inputs))
    return y / len(inputs) if isinstance(op, Average) else y


@lowers(Concatenate)
def lower_concatenate(op: Concatenate, call: Call, *inputs: Any) -> Any:
    return tf.concat(inputs, op.axis)


@lowers(Dot)
def lower_dot(op: Dot, call: Call, a: Any, b: Any) -> Any:
    axes = op.axes_of(a.shape.rank, b.shape.rank)
    if op.normalize:
        a = K.l2_normalize(a, axis=axes[0])
        b = K.l2_normalize(b, axis=axes[1])
    return K.batch_dot(a, b, axes)
