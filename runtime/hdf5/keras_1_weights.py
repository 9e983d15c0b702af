"""Weights as Keras 0.3 and 1 kept them: other axes of kernels, and one array for each gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Positions of kernel, recurrent kernel and bias of each gate, in the order of the gates of Keras 2.
# Keras 1 wrote the LSTM's gates i, c, f, o.
_GATES = {9: (0, 3, 6), 12: (0, 6, 3, 9)}
_GATED = {"GRU": 9, "LSTM": 12, "ConvLSTM2D": 12}


def stored_count(kind: str, count: int) -> int:
    """How many arrays Keras 1 kept for a layer that has `count` trainable weights now."""
    return _GATED.get(kind, count) if count else 0


def from_keras_1(kind: str, layer: Any, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The arrays of one layer as Keras 2 keeps them.

    Args:
        kind: the class of the layer, or the built-in one that it derives from.
        layer: the layer; its arguments say how its kernel lies.
        weights: the arrays in the order of Keras 1's file.
    """
    arrays = list(weights)
    if kind in _GATED and len(arrays) == _GATED[kind]:
        arrays = _joined_gates(arrays)
        if kind == "ConvLSTM2D" and _is_channels_first(layer):
            arrays[:2] = [_turned(a, (2, 3, 1, 0)) for a in arrays[:2]]
        return arrays
    if kind in _KERNELS and arrays:
        arrays[0] = _KERNELS[kind](layer, arrays[0])
    return arrays


def with_variance(layer: Any, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """A batch normalization's arrays with the variance, where Keras 0.3 kept the deviation.

    It divided by ``deviation + epsilon``; since Keras 1 it is ``sqrt(variance + epsilon)``.
    """
    arrays = list(weights)
    if len(arrays) == 4:
        arrays[3] = (arrays[3] + layer.epsilon) ** 2 - layer.epsilon
    return arrays


def _joined_gates(arrays: list[np.ndarray]) -> list[np.ndarray]:
    gates = _GATES[len(arrays)]
    return [np.concatenate([arrays[g + part] for g in gates], axis=-1) for part in range(3)]


def _turned(kernel: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    return kernel.transpose(order) if kernel.ndim == len(order) else kernel


def _is_channels_first(layer: Any) -> bool:
    return getattr(layer, "data_format", None) == "channels_first"


def _conv_1d(layer: Any, kernel: np.ndarray) -> np.ndarray:
    """(length, 1, features, filters), and before that (filters, features, length, 1)."""
    if kernel.ndim != 4:
        return kernel
    (length,) = layer.kernel_size
    if kernel.shape[:2] != (length, 1) or kernel.shape[3] != layer.filters:
        kernel = kernel.transpose(2, 3, 1, 0)
    return kernel[:, 0, :, :]


def _conv_2d(layer: Any, kernel: np.ndarray) -> np.ndarray:
    return _turned(kernel, (2, 3, 1, 0)) if _is_channels_first(layer) else kernel


def _transposed_2d(layer: Any, kernel: np.ndarray) -> np.ndarray:
    return _turned(kernel, (2, 3, 0, 1) if _is_channels_first(layer) else (0, 1, 3, 2))


def _conv_3d(layer: Any, kernel: np.ndarray) -> np.ndarray:
    return _turned(kernel, (2, 3, 4, 1, 0)) if _is_channels_first(layer) else kernel


_KERNELS = {
    "Conv1D": _conv_1d,
    "Conv2D": _conv_2d,
    "Conv2DTranspose": _transposed_2d,
    "Conv3D": _conv_3d,
}
