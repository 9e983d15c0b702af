"""Weights of CuDNNLSTM and CuDNNGRU for LSTM and GRU, and back.

cuDNN keeps each gate's matrices transposed and has two biases, one for the inputs and one for the
state, where an LSTM has one (their sum) and a GRU with `reset_after` has both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kir.errors import ShapeError

_GATES = {"LSTM": 4, "CuDNNLSTM": 4, "GRU": 3, "CuDNNGRU": 3}


def convert_recurrent(
    kind: str, name: str, shapes: Sequence[Sequence[int]], weights: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """The arrays of one kind of recurrent layer for the other; arrays that fit stay as they are.

    Args:
        kind: the class of the layer that takes them.
        name: the layer's name.
        shapes: of its weights.
        weights: kernel, recurrent kernel and bias as stored.

    Raises:
        ShapeError: a GRU with and one without `reset_after`, which compute different things.
    """
    arrays = list(weights)
    if kind not in _GATES or len(arrays) != 3 or len(shapes) != 3:
        return arrays
    stored, wanted = arrays[2].shape, tuple(shapes[2])
    if stored == wanted or arrays[1].ndim != 2:
        return arrays
    gates, units = _GATES[kind], arrays[1].shape[0]
    plain, both, flat = (gates * units,), (2, gates * units), (2 * gates * units,)
    if gates == 4 and {stored, wanted} == {plain, flat}:
        bias = arrays[2].reshape(2, -1).sum(axis=0) if wanted == plain else _halves(arrays[2])
    elif gates == 3 and {stored, wanted} == {both, flat}:
        bias = arrays[2].reshape(wanted)
    elif gates == 3 and {stored, wanted} <= {plain, both, flat} and plain in (stored, wanted):
        raise ShapeError(
            f"Layer {name!r}, saved weights: {_kind_of_gru(stored, flat, plain)} is not compatible "
            f"with {_kind_of_gru(wanted, flat, plain)}, as the two compute different things. "
            "Build the GRU with reset_after=" + ("False." if stored == plain else "True.")
        )
    else:
        return arrays
    turn = _to_plain if stored == flat else _to_cudnn
    return [
        _each_gate(arrays[0], gates, turn),
        _each_gate(arrays[1], gates, np.transpose),
        bias.astype(arrays[2].dtype),
    ]


def _kind_of_gru(bias: tuple[int, ...], flat: tuple[int, ...], plain: tuple[int, ...]) -> str:
    if bias == flat:
        return "CuDNNGRU"
    return f"GRU(reset_after={bias != plain})"


def shapes_to_come(kind: str, layer: Any, weights: Sequence[np.ndarray]) -> list[tuple[int, ...]]:
    """The shapes that a GRU's weights will have which are not made yet; none of other layers."""
    if kind not in ("GRU", "CuDNNGRU") or len(weights) != 3 or weights[1].ndim != 2:
        return []
    size = 3 * layer.units
    bias = (2 * size,) if kind == "CuDNNGRU" else (2, size) if layer.reset_after else (size,)
    return [*(w.shape for w in weights[:2]), bias]


def _halves(bias: np.ndarray) -> np.ndarray:
    return np.tile(bias * 0.5, 2)


def _each_gate(
    weights: np.ndarray, gates: int, turn: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    return np.hstack([turn(part) for part in np.hsplit(weights, gates)])


def _to_plain(part: np.ndarray) -> np.ndarray:
    features, units = part.shape
    return part.reshape(units, features).T


def _to_cudnn(part: np.ndarray) -> np.ndarray:
    features, units = part.shape
    return part.T.reshape(features, units)
