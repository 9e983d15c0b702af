"""What the callbacks that watch one logged value have in common."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from kir.errors import KirError


def is_maximized(
    owner: str, mode: str, monitor: str, prefixes: Sequence[str] = (), stacklevel: int = 3
) -> bool:
    """Whether a larger value of `monitor` is better.

    Args:
        owner: the callback, as the warning about an unknown mode names it.
        mode: ``"min"``, ``"max"``, or ``"auto"`` to tell by the name.
        monitor: the name of the watched value.
        prefixes: beginnings of names that ``"auto"`` maximizes besides those that hold ``acc``.
        stacklevel: whose line the warning shows, 3 being the caller's caller.
    """
    if mode not in ("auto", "min", "max"):
        warnings.warn(
            f"{owner} mode {mode} is unknown, fallback to auto mode.",
            RuntimeWarning,
            stacklevel=stacklevel + 1,
        )
        mode = "auto"
    if mode == "auto":
        return "acc" in monitor or monitor.startswith(tuple(prefixes))
    return mode == "max"


def worst(maximized: bool) -> float:
    """The value that everything is better than."""
    return -np.inf if maximized else np.inf


def check_learning_rate(callback: str, model: Any, error: type[KirError]) -> None:
    """Raises `error` unless the model's optimizer has a learning rate."""
    optimizer = getattr(model, "optimizer", None)
    if not hasattr(optimizer, "lr"):
        raise error(
            f'{callback}: Optimizer must have a "lr" attribute; '
            f"{type(optimizer).__name__} has none. Use an optimizer of kir.optimizers."
        )
