"""Reductions over axes, and cumulative sums and products."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import as_tensor, normal_axes, number
from compiler.tensorflow import tf


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_max(x, normal_axes(axis), keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_min(x, normal_axes(axis), keepdims)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_sum(x, normal_axes(axis), keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_prod(x, normal_axes(axis), keepdims)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_mean(number(x), normal_axes(axis), keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x, axis = number(x), normal_axes(axis)
    deviation = x - tf.reduce_mean(x, axis, keepdims=True)
    return tf.reduce_mean(tf.square(deviation), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.sqrt(var(x, axis, keepdims))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_logsumexp(x, normal_axes(axis), keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_any(tf.cast(x, tf.bool), normal_axes(axis), keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_all(tf.cast(x, tf.bool), normal_axes(axis), keepdims)


def argmax(x: Any, axis: int = -1) -> Any:
    return tf.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    return tf.argmin(x, axis)


def cumsum(x: Any, axis: int = 0) -> Any:
    return tf.cumsum(as_tensor(x), axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    return tf.math.cumprod(as_tensor(x), axis)
