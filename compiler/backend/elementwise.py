"""Element-wise mathematics, and the operators of symbolic tensors."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import as_pair, as_tensor
from compiler.tensorflow import tf


def abs(x: Any) -> Any:
    return tf.abs(x)


def square(x: Any) -> Any:
    return tf.square(x)


def sqrt(x: Any) -> Any:
    """Negative elements count as zero."""
    x = as_tensor(x)
    return tf.sqrt(tf.clip_by_value(x, tf.constant(0, x.dtype), tf.constant(x.dtype.max, x.dtype)))


def exp(x: Any) -> Any:
    return tf.exp(x)


def log(x: Any) -> Any:
    return tf.math.log(x)


def round(x: Any) -> Any:
    """Halves are rounded to the even neighbour."""
    return tf.round(x)


def sign(x: Any) -> Any:
    return tf.sign(x)


def sin(x: Any) -> Any:
    return tf.sin(x)


def cos(x: Any) -> Any:
    return tf.cos(x)


def pow(x: Any, a: Any) -> Any:
    return tf.pow(*as_pair(x, a))


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    x = as_tensor(x)
    if max_value is None:
        max_value = float("inf")
    if not tf.is_tensor(max_value) and not tf.is_tensor(min_value) and max_value < min_value:
        max_value = min_value
    return tf.clip_by_value(x, _limit(min_value, x.dtype), _limit(max_value, x.dtype))


def _limit(value: Any, dtype: Any) -> Any:
    # A cast alone would round a Python number to float32 first.
    return (
        tf.constant(value, dtype)
        if isinstance(value, float) and dtype.is_floating
        else tf.cast(value, dtype)
    )


def maximum(x: Any, y: Any) -> Any:
    return tf.maximum(*as_pair(x, y))


def minimum(x: Any, y: Any) -> Any:
    return tf.minimum(*as_pair(x, y))


# --- what the operators of a symbolic tensor are recorded as --------------------------------


def add(x: Any, y: Any) -> Any:
    return tf.add(*as_pair(x, y))


def subtract(x: Any, y: Any) -> Any:
    return tf.subtract(*as_pair(x, y))


def multiply(x: Any, y: Any) -> Any:
    return tf.multiply(*as_pair(x, y))


def divide(x: Any, y: Any) -> Any:
    return tf.truediv(*as_pair(x, y))


def floordiv(x: Any, y: Any) -> Any:
    return tf.math.floordiv(*as_pair(x, y))


def mod(x: Any, y: Any) -> Any:
    return tf.math.floormod(*as_pair(x, y))


def matmul(x: Any, y: Any) -> Any:
    return tf.matmul(*as_pair(x, y))


def negative(x: Any) -> Any:
    return tf.negative(x)


def logical_and(x: Any, y: Any) -> Any:
    return tf.logical_and(x, y)


def logical_or(x: Any, y: Any) -> Any:
    return tf.logical_or(x, y)


def logical_xor(x: Any, y: Any) -> Any:
    return tf.math.logical_xor(x, y)


def logical_not(x: Any) -> Any:
    return tf.logical_not(x)
