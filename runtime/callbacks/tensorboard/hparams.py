"""What `compile` and `fit` were told, for TensorBoard's HParams page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.summary import session_end_pb
from tensorboard.plugins.hparams.summary_v2 import hparams_pb

from kir.errors import UnsupportedError

# The classes that TensorBoard's own `hparams.api` offers would load Keras 3; these messages are
# what it writes.


def start_summary(model: Any, params: Mapping[str, Any]) -> Any | None:
    """The message that a run with these settings begins; None if the model is not compiled."""
    found = settings(model, params)
    return hparams_pb(found) if found else None


def end_summary() -> Any:
    """The message that the run has ended well."""
    return session_end_pb(api_pb2.STATUS_SUCCESS)  # pyright: ignore[reportAttributeAccessIssue]


def settings(model: Any, params: Mapping[str, Any]) -> dict[str, bool | int | float | str]:
    """The arguments of `compile` by name, those of the optimizer, and the batch size.

    The page sorts by name and shows the first five: these are ``batch_size``, ``loss``, ``lr``,
    ``metrics`` and ``optimizer``, before ``optimizer.beta_1`` and the like.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not hasattr(model, "loss"):
        return {}
    found: dict[str, Any] = {"optimizer": _optimizer_name(optimizer)}
    for key, value in _arguments(optimizer).items():
        found[key if key == "lr" else f"optimizer.{key}"] = value
    for name in ("loss", "metrics", "loss_weights", "sample_weight_mode", "weighted_metrics"):
        value = getattr(model, name, None)
        if value is not None and (name == "loss" or value):
            found[name] = _text(value)
    found["batch_size"] = params.get("batch_size")
    return {name: value for name, value in found.items() if value is not None}


def _optimizer_name(optimizer: Any) -> str:
    # TensorFlow's own optimizers come wrapped.
    return type(getattr(optimizer, "optimizer", optimizer)).__name__


def _arguments(optimizer: Any) -> dict[str, Any]:
    try:
        config = optimizer.get_config()
    except (UnsupportedError, NotImplementedError, AttributeError):
        return {}
    return {key: _number(value) for key, value in config.items()}


def _number(value: Any) -> bool | int | float | str | None:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        # Held as float32, a rate of 0.1 has grown many digits.
        return float(str(np.float32(value)))
    return _text(value)


def _text(value: Any) -> str:
    """A loss, a metric or several of them as a person writes them."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, str | int | float) or value is None:
        return str(value)
    return str(getattr(value, "__name__", None) or type(value).__name__)
