"""The hard sigmoid of Keras 3 has another slope: 1/6, where that of Keras 2 has 0.2.

``hard_sigmoid_2(z) == hard_sigmoid_3(1.2 * z)``, so a layer that applies it to
``x @ kernel + bias`` computes the same in the other version when the kernel and the bias are
multiplied by 1.2 (or divided by it). In gated recurrent layers those are the columns of the gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kir import activations

FACTOR = 1.2

_GATES = {
    # Which quarters or thirds of the columns go through the recurrent activation, and which
    # through the activation alone; None where the latter is applied to something else too.
    "LSTM": (4, (0, 1, 3), None),
    "ConvLSTM2D": (4, (0, 1, 3), None),
    "GRU": (3, (0, 1), (2,)),
    "SimpleRNN": (1, (), (0,)),
}


def factors(layer: Any) -> list[np.ndarray] | None:
    """What to multiply each of the layer's weights by for Keras 3; None where nothing changes."""
    weights = layer.weights
    if not weights or not _hard(layer):
        return None
    gates = _gates(layer)
    if gates is None:
        skip = type(layer).__name__.startswith("Separable")  # the depthwise kernel comes first
        return [np.asarray(1.0 if skip and i == 0 else FACTOR) for i in range(len(weights))]
    parts, recurrent, own = gates
    columns = np.ones(parts)
    if _is_hard(layer, "recurrent_activation"):
        columns[list(recurrent)] = FACTOR
    if _is_hard(layer, "activation") and own is not None:
        columns[list(own)] = FACTOR
    return [np.repeat(columns, w.type.shape[-1] // parts) for w in weights]


def scaled(arrays: Sequence[np.ndarray], by: Sequence[np.ndarray] | None) -> list[np.ndarray]:
    """The arrays times the factors, in their own dtypes."""
    if by is None:
        return list(arrays)
    return [(a * f).astype(a.dtype) for a, f in zip(arrays, by, strict=True)]


def check_scaling(layer: Any) -> str | None:
    """Why the layer's weights cannot be adapted; None if they can, or need not."""
    if not _hard(layer) or type(layer).__name__ == "Activation":
        return None
    gates = _gates(layer)
    if gates is not None and gates[2] is None and _is_hard(layer, "activation"):
        return (
            "its activation hard_sigmoid is applied to the state, and Keras 3 has another "
            "hard_sigmoid. Use 'sigmoid' and train again, or save the model as .kir."
        )
    config = layer.get_config()
    held = [
        key
        for key, value in config.items()
        if key.endswith(("_regularizer", "_constraint"))
        and value is not None
        and not key.startswith("activity")
    ]
    if held:
        return (
            f"Keras 3 has another hard_sigmoid, so its weights have to be scaled, and {held[0]} "
            "depends on their size. Remove it, or save the model as .kir."
        )
    return None


def _gates(layer: Any) -> Any:
    return _GATES.get(type(layer).__name__.removesuffix("Cell"))


def _is_hard(layer: Any, attribute: str) -> bool:
    return getattr(layer, attribute, None) is activations.hard_sigmoid


def _hard(layer: Any) -> bool:
    # Layers that hold others (wrappers) have no activation of their own that counts.
    if type(layer).__name__ in ("TimeDistributed", "Bidirectional", "RNN", "StackedRNNCells"):
        return False
    return _is_hard(layer, "activation") or _is_hard(layer, "recurrent_activation")
