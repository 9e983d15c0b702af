"""Whether a converted file predicts what the original does."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kir.errors import FileFormatError, KirError

ROWS = 4
OPEN_SIZE = 64
"""What an open size (other than the batch) is for the comparison; fits most windows and strides."""

TOLERANCE = 1e-4
"""Largest difference in relation to the largest prediction, or to 1; sums in another order give
about 1e-6."""


def compare(model: Any, again: Any) -> float | None:
    """The largest difference of the two models' predictions on random data.

    Args:
        model: the model that was read.
        again: the model that is in the file that was written.

    Returns:
        None if the model cannot be run on random data, e.g. as an open size does not fit.

    Raises:
        FileFormatError: they predict something else.
    """
    inputs = [_data(x.type, i) for i, x in enumerate(model.inputs or ())]
    if not inputs:
        return None
    try:
        wanted = _predictions(model, inputs)
    except (KirError, ValueError, MemoryError):
        return None
    found = _predictions(again, inputs)
    largest = 0.0
    for a, b in zip(found, wanted, strict=True):
        scale = max(1.0, float(np.abs(b).max(initial=0.0)))
        difference = float(np.abs(a - b).max(initial=0.0)) / scale
        if a.shape != b.shape or not difference <= TOLERANCE:
            raise FileFormatError(
                f"The converted model predicts something else: its results differ by {difference} "
                "on random data. Please report the model; the original file is unchanged."
            )
        largest = max(largest, difference)
    return largest


def _data(type: Any, seed: int) -> np.ndarray:
    """Random data that serve as numbers, and rounded down as indices of any Embedding."""
    random = np.random.RandomState(seed)
    batch, *sizes = type.shape
    shape = [batch or ROWS, *(n or OPEN_SIZE for n in sizes)]
    return random.uniform(0.0, 1.99, shape).astype(type.dtype)


def _predictions(model: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.predict(inputs, batch_size=len(inputs[0]))
    return [np.asarray(a, float) for a in (found if isinstance(found, list) else [found])]
