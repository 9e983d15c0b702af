"""Tensors made from nothing or after the model of another tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.backend._tensors import as_tensor
from compiler.tensorflow import tf
from kir.settings import floatx


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    dtype = tf.as_dtype(dtype or floatx())
    if tf.is_tensor(value):
        value = tf.cast(value, dtype)
        return value if shape is None else tf.broadcast_to(value, shape)
    array = np.asarray(value)
    if dtype != tf.string:
        array = array.astype(dtype.as_numpy_dtype)
    if shape is not None:
        flat, size = array.reshape(-1), int(np.prod(shape))
        if 0 < flat.size < size:  # Keras 2.2: a short value is continued by its last element
            flat = np.concatenate([flat, np.repeat(flat[-1:], size - flat.size)])
        array = flat.reshape(tuple(shape))
    return tf.constant(array, dtype)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    return tf.zeros(shape, dtype or floatx())


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    return tf.ones(shape, dtype or floatx())


def eye(size: Any, dtype: Any = None, name: str | None = None) -> Any:
    return tf.eye(size, dtype=tf.as_dtype(dtype or floatx()))


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    return tf.zeros_like(x, dtype=dtype)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    return tf.ones_like(x, dtype=dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Any:
    if stop is None:
        # As NumPy does, a negative count gives nothing; tf.range would complain.
        count = tf.maximum(start, 0) if tf.is_tensor(start) else max(start, 0)
        result = tf.range(count, delta=step)
    else:
        result = tf.range(start, stop, step)
    return result if dtype == "int32" else tf.cast(result, dtype)


def identity(x: Any, name: str | None = None) -> Any:
    return x if isinstance(x, tf.SparseTensor) else tf.identity(x)


def cast(x: Any, dtype: Any) -> Any:
    return tf.cast(x, dtype)


def shape(x: Any) -> Any:
    return x.dense_shape if isinstance(x, tf.SparseTensor) else tf.shape(x)


def stop_gradient(variables: Any) -> Any:
    if isinstance(variables, list | tuple):
        return [tf.stop_gradient(v) for v in variables]
    return tf.stop_gradient(variables)


def print_tensor(x: Any, message: str = "") -> Any:
    x = as_tensor(x)
    with tf.control_dependencies([tf.print(message, x)]):
        return tf.identity(x)
