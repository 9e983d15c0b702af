"""Fits weights as a file holds them to the layer that is to take them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kir.errors import ShapeError


def preprocess_weights_for_loading(
    layer: Any,
    weights: Sequence[np.ndarray],
    original_keras_version: str | None = None,
    original_backend: str | None = None,
    reshape: bool = False,
) -> list[np.ndarray]:
    """Converts a layer's stored weights to the order and the shapes that the layer has.

    Files of Keras 2 with the TensorFlow backend hold them so already, those of wrappers and of
    nested models included: their weights follow each other in the order of `layer.weights`.

    Args:
        layer: the layer that is to take them; only its name and weights are looked at.
        weights: the arrays, in file order.
        original_keras_version: of the program that wrote the file.
        original_backend: of the program that wrote the file.
        reshape: give an array of the right size but another shape the layer's shape.

    Returns:
        The arrays to assign. They need not fit: that is checked, and reported, by the caller.

    Raises:
        ShapeError: `reshape` was asked for and a size differs.
    """
    del original_keras_version, original_backend
    values = list(weights)
    if reshape and len(values) == len(layer.weights):
        return [
            _reshaped(layer.name, weight, value)
            for weight, value in zip(layer.weights, values, strict=True)
        ]
    return values


def _reshaped(layer_name: str, weight: Any, value: np.ndarray) -> np.ndarray:
    shape = tuple(weight.shape)
    if value.size != math.prod(shape):
        raise ShapeError(
            f"Layer {layer_name!r}, weight {weight.name!r}: cannot reshape the saved array of "
            f"shape {value.shape} ({value.size} numbers) to {shape} ({math.prod(shape)} numbers)."
        )
    return value.reshape(shape)
