"""What the families of the backend share: conversion, ranks, and the order of the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.tensorflow import tf
from kir.errors import ConfigError
from kir.settings import floatx

FIRST = "channels_first"


def as_tensor(x: Any, dtype: Any = None) -> Any:
    """Returns `x` as a `tf.Tensor`; sparse tensors are passed through."""
    if isinstance(x, tf.SparseTensor):
        return x
    return tf.convert_to_tensor(x, dtype)


def as_pair(x: Any, y: Any) -> tuple[Any, Any]:
    """Converts two operands; a Python or NumPy operand takes the dtype of the tensor beside it."""
    if tf.is_tensor(x):
        return x, tf.convert_to_tensor(y, x.dtype)
    if tf.is_tensor(y):
        return tf.convert_to_tensor(x, y.dtype), y
    x = tf.convert_to_tensor(x)
    return x, tf.convert_to_tensor(y, x.dtype)


def number(x: Any) -> Any:
    """Booleans as `floatx` numbers, everything else as it is."""
    x = as_tensor(x)
    return tf.cast(x, floatx()) if x.dtype == tf.bool else x


def static_shape(x: Any) -> list[int | None]:
    """The shape as far as it is known, one entry per axis."""
    return x.shape.as_list()


def mixed_shape(x: Any) -> list[Any]:
    """The shape with an int where the size is known and a scalar tensor where it isn't."""
    sizes = static_shape(x)
    dynamic = tf.shape(x) if None in sizes else None
    return [n if dynamic is None or n is not None else dynamic[i] for i, n in enumerate(sizes)]


def channels_last(x: Any) -> Any:
    """Moves axis 1 to the end: no CPU kernel of TensorFlow takes the channels first."""
    rank = x.shape.rank
    return _transposed(x, [0, *range(2, rank), 1], [0, rank - 1, *range(1, rank - 1)])


def channels_first(x: Any) -> Any:
    """The inverse of `channels_last`."""
    rank = x.shape.rank
    return _transposed(x, [0, rank - 1, *range(1, rank - 1)], [0, *range(2, rank), 1])


def _transposed(x: Any, order: list[int], inverse: list[int]) -> Any:
    """The transpose of `x`; where `x` is a transpose by `inverse` itself, what that was made of."""
    if tf.is_symbolic_tensor(x) and x.op.type == "Transpose":
        source, made_by = x.op.inputs
        found = tf.get_static_value(made_by)
        if found is not None and found.tolist() == inverse:
            return source
    return tf.transpose(x, order)


def as_tuple(value: Any, n: int) -> tuple[int, ...]:
    """An int repeated `n` times, or a sequence as a tuple."""
    return (value,) * n if isinstance(value, int) else tuple(value)


def upper_padding(padding: str) -> Any:
    """TensorFlow's name of a padding mode.

    Raises:
        ConfigError: the mode is neither 'same' nor 'valid'.
    """
    from_keras = {"same": "SAME", "valid": "VALID"}
    if padding not in from_keras:
        raise ConfigError(f"Invalid padding: {padding}; expected 'same' or 'valid'.")
    return from_keras[padding]


def normal_axes(axis: Any) -> Any:
    """Axes in the form that TensorFlow takes: None, an int, or a list."""
    return list(axis) if isinstance(axis, Sequence) else axis
