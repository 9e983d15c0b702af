"""Fits weights as a file holds them to the layer that is to take them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kir.errors import ShapeError
from kir.utils.conv_utils import convert_kernel
from runtime.hdf5.keras_1_weights import from_keras_1, stored_count, with_variance
from runtime.hdf5.recurrent_weights import convert_recurrent, shapes_to_come

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D")
# The kinds of layers that some rule here speaks of.
_KINDS = frozenset({*_CONVOLUTIONS, "BatchNormalization", "LSTM", "GRU", "CuDNNLSTM", "CuDNNGRU"})


def preprocess_weights_for_loading(
    layer: Any,
    weights: Sequence[np.ndarray],
    original_keras_version: str | None = None,
    original_backend: str | None = None,
    reshape: bool = False,
) -> list[np.ndarray]:
    """Converts a layer's stored weights to the order and the shapes that the layer has.

    Keras 0.3 kept the standard deviation of a batch normalization, Keras 1 other axes of kernels
    and an array for each gate; Theano convolved with kernels
    turned around; cuDNN's recurrent layers have another layout than the plain ones.

    Args:
        layer: the layer that is to take them.
        weights: the arrays, in file order.
        original_keras_version: of the program that wrote the file; files of Keras 1 do not say.
        original_backend: of the program that wrote the file.
        reshape: give an array of the right size but another shape the layer's shape.

    Returns:
        The arrays to assign. They need not fit: that is checked, and reported, by the caller.

    Raises:
        ShapeError: `reshape` was asked for and a size differs; or a GRU with and one without
            `reset_after`.
    """
    major = str(original_keras_version or "").partition(".")[0]
    era = int(major) if major in ("0", "1") else 2
    values = _converted(layer, list(weights), era, original_backend == "theano")
    if reshape and len(values) == len(layer.weights):
        return [
            _reshaped(layer.name, weight, value)
            for weight, value in zip(layer.weights, values, strict=True)
        ]
    return values


def _converted(
    layer: Any, values: list[np.ndarray], era: int, is_flipped: bool
) -> list[np.ndarray]:
    directions = getattr(layer, "_directions", None)
    if directions:  # Bidirectional
        half = len(values) // 2
        forward, backward = directions
        return [
            *_converted(forward, values[:half], era, is_flipped),
            *_converted(backward, values[half:], era, is_flipped),
        ]
    if getattr(layer, "is_network", False):
        return _converted_network(layer, values, era, is_flipped)
    if _is_wrapper(layer):
        return _converted(layer.layer, values, era, is_flipped)
    kind = kind_of(layer)
    if kind is None or not values:
        return values
    shapes = [tuple(weight.shape) for weight in layer.weights] or shapes_to_come(
        kind, layer, values
    )
    given = values
    if era == 0 and kind == "BatchNormalization":
        return with_variance(layer, values)
    if era < 2:
        values = from_keras_1(kind, layer, values)
    if kind in _CONVOLUTIONS:
        values = _convolution(kind, shapes, values, is_flipped)
    else:
        values = convert_recurrent(kind, layer.name, shapes, values)
    # A file without a version may be a newer one of another program: what fits, stays.
    if era < 2 and not is_flipped and _fits(given, shapes) and not _fits(values, shapes):
        return given
    return values


def _converted_network(
    network: Any, values: list[np.ndarray], era: int, is_flipped: bool
) -> list[np.ndarray]:
    """A nested model's weights: the trainable ones of all its layers, then the others."""
    layers = list(network.layers)
    counts = [_stored_counts(layer, era) for layer in layers]
    trainable = sum(count for count, _ in counts)
    if trainable + sum(count for _, count in counts) != len(values):
        return values  # the caller says that the counts differ
    first, second = 0, trainable
    found: list[np.ndarray] = []
    frozen: list[np.ndarray] = []
    for layer, (own, fixed) in zip(layers, counts, strict=True):
        given = values[first : first + own] + values[second : second + fixed]
        first, second = first + own, second + fixed
        made = _converted(layer, given, era, is_flipped)
        cut = len(made) - fixed
        found, frozen = found + made[:cut], frozen + made[cut:]
    return found + frozen


def _stored_counts(layer: Any, era: int) -> tuple[int, int]:
    """How many arrays of a layer's trainable weights, and of its others, a file holds."""
    own, fixed = len(layer.trainable_weights), len(layer.non_trainable_weights)
    if era == 2:
        return own, fixed
    directions = getattr(layer, "_directions", None)
    inner = directions or (layer.layers if getattr(layer, "is_network", False) else None)
    if inner is None and _is_wrapper(layer):
        inner = [layer.layer]
    if inner is not None:
        pairs = [_stored_counts(one, era) for one in inner]
        return sum(count for count, _ in pairs), sum(count for _, count in pairs)
    kind = kind_of(layer)
    return (own, fixed) if kind is None else (stored_count(kind, own), stored_count(kind, fixed))


def _is_wrapper(layer: Any) -> bool:
    """Whether the layer is one around another one, whose weights it has."""
    return any(cls.__name__ == "Wrapper" for cls in type(layer).__mro__)


def kind_of(layer: Any) -> str | None:
    """The class that rules speak of which the layer is, or derives from."""
    return next((cls.__name__ for cls in type(layer).__mro__ if cls.__name__ in _KINDS), None)


def _convolution(
    kind: str, shapes: Sequence[tuple[int, ...]], values: list[np.ndarray], is_flipped: bool
) -> list[np.ndarray]:
    """Kernels turned around, and those of some early files with the filters first."""
    values = list(values)
    for i in range(min(2 if kind == "ConvLSTM2D" else 1, len(values), len(shapes))):
        if is_flipped and 3 <= values[i].ndim <= 5:
            values[i] = convert_kernel(values[i])
        if values[i].ndim == 4 and values[i].shape != shapes[i]:
            turned = values[i].transpose(3, 2, 0, 1)
            values[i] = turned if turned.shape == shapes[i] else values[i]
    return values


def _fits(values: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]]) -> bool:
    return [value.shape for value in values] == list(shapes)


def _reshaped(layer_name: str, weight: Any, value: np.ndarray) -> np.ndarray:
    shape = tuple(weight.shape)
    if value.size != math.prod(shape):
        raise ShapeError(
            f"Layer {layer_name!r}, weight {weight.name!r}: cannot reshape the saved array of "
            f"shape {value.shape} ({value.size} numbers) to {shape} ({math.prod(shape)} numbers)."
        )
    return value.reshape(shape)
