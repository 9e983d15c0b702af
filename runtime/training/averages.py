"""Moving averages of batch normalization in files of tf.keras and Keras 3.

Keras 2.2.4 frees its averages of the value they start from, so that the first step of training
after loading a file replaces what the file says. Later versions average plainly: their models,
fine-tuned here, have to keep what they learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compiler.variables import average_states

# Steps after which the start of an average has no weight left, for any momentum in use.
_MANY_STEPS = 1e7


def keep_averages(model: Any) -> None:
    """Lets training go on averaging from the values that the moving averages have."""
    for layer in _layers(model):
        if type(layer).__name__ != "BatchNormalization" or not 0 <= layer.momentum < 1:
            continue
        for name in ("moving_mean", "moving_variance"):
            weight = getattr(layer, name, None)
            if weight is not None:
                biased, count = average_states(weight)
                biased.set_value(weight.get_value())
                count.set_value(np.asarray(_MANY_STEPS, count.type.dtype))


def _layers(layer: Any) -> Iterator[Any]:
    """The layers inside a model, however deep."""
    if getattr(layer, "is_network", False):
        for inner in layer.layers:
            yield from _layers(inner)
        return
    yield layer
    if any(cls.__name__ == "Wrapper" for cls in type(layer).__mro__):
        yield from _layers(layer.layer)
