"""Helpers for arrays of labels and features."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kir.errors import ConfigError, LabelError

__all__ = ["normalize", "to_categorical"]


def to_categorical(y: Any, num_classes: int | None = None, dtype: Any = "float32") -> np.ndarray:
    """Class numbers as one-hot rows.

    Args:
        y: class numbers from 0 to `num_classes` - 1, of any shape; a last axis of length 1 is
            dropped.
        num_classes: the length of a row; the largest class number plus one if None.
        dtype: the element type of the result.

    Shape:
        y: (...) or (..., 1) -> (..., num_classes)

    Raises:
        LabelError: a class number does not fit `num_classes`.
        ConfigError: there is no label, and `num_classes` is not given.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    labels = np.array(y, dtype="int")
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    labels = labels.ravel()
    if not num_classes and not labels.size:
        raise ConfigError("to_categorical: got no labels; pass `num_classes` as well.")
    classes = int(num_classes or np.max(labels) + 1)
    wanted = f"expected labels from 0 to {classes - 1}"
    outside = labels[(labels >= classes) | (labels < -classes)]
    if outside.size:
        raise LabelError(
            f"to_categorical: label {outside[0]} is out of bounds for {classes} classes; {wanted}. "
            "Leave `num_classes` out to have the classes counted."
        )
    if (labels < 0).any():
        # Keras 2.2: a negative label counts from the last class.
        warnings.warn(
            f"to_categorical: label {labels.min()} counts from the last class; {wanted}.",
            stacklevel=2,
        )
    categorical = np.zeros((labels.size, classes), dtype=dtype)
    categorical[np.arange(labels.size), labels] = 1
    return categorical.reshape((*shape, classes))


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """An array divided by its norms along an axis; where a norm is 0, the zeros stay.

    Args:
        x: an array.
        axis: the axis along which the norm is taken.
        order: which norm, 2 for the Euclidean one.

    Shape:
        x: any -> the same

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    norms = np.atleast_1d(np.linalg.norm(x, order, axis))
    norms[norms == 0] = 1
    return x / np.expand_dims(norms, axis)
