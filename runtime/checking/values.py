"""Weights whose numbers are none."""

from __future__ import annotations

import numpy as np


def bad_numbers(value: np.ndarray) -> str | None:
    """What is wrong with the numbers of a weight; None if all are finite."""
    count = value.size - int(np.isfinite(value).sum())
    if not count:
        return None
    return (
        f"{count} of its {value.size} numbers are NaN or infinite: training diverged before the "
        "file was written. Take an earlier checkpoint, and train with a lower rate or clipnorm."
    )
