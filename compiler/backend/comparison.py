"""Element-wise comparison; the result is boolean."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import as_pair
from compiler.tensorflow import tf


def equal(x: Any, y: Any) -> Any:
    return tf.equal(*as_pair(x, y))


def not_equal(x: Any, y: Any) -> Any:
    return tf.not_equal(*as_pair(x, y))


def greater(x: Any, y: Any) -> Any:
    return tf.greater(*as_pair(x, y))


def greater_equal(x: Any, y: Any) -> Any:
    return tf.greater_equal(*as_pair(x, y))


def less(x: Any, y: Any) -> Any:
    return tf.less(*as_pair(x, y))


def less_equal(x: Any, y: Any) -> Any:
    return tf.less_equal(*as_pair(x, y))
