"""How a model is compiled, in the words of Keras 3; `kir.serde.upgrading` has the way back.

What has no counterpart is left out with a warning: the model predicts all the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from kir import losses, metrics
from kir.serde.keras3 import optimizers
from kir.serde.keras3.entries import Config, entry
from kir.serde.upgrading.training import LOSS_FUNCTIONS, LOSSES, map_losses

_ACCURACY = ("accuracy", "acc")


class _UnknownError(Exception):
    """Something that the other version does not have; says what."""


def compile_config(model: Any) -> Config | None:
    """The arguments of `compile` for Keras 3; None, with a warning, where it cannot have them."""
    try:
        config = {
            "optimizer": optimizers.optimizer_config(model.optimizer),
            "loss": map_losses(model.loss, _written_loss),
        }
    except (_UnknownError, optimizers.UnknownOptimizerError) as error:
        warnings.warn(
            f"The model was written without its training configuration, as Keras 3 does not know "
            f"{error}. Compile it there before training.",
            stacklevel=5,
        )
        return None
    config |= {"loss_weights": model.loss_weights, "metrics": None, "weighted_metrics": None}
    for key in ("metrics", "weighted_metrics"):
        found = _kept(getattr(model, key, None), _written_metric)
        if isinstance(found, list) and len(model.outputs) > 1:
            found = [list(found) for _ in model.outputs]  # there, a list has an item an output
        config[key] = found or None
    return config


def _kept(value: Any, one: Callable[[Any], Any]) -> Any:
    """Metrics, without those that the other version does not know."""
    if isinstance(value, list | tuple):
        found = [_kept(item, one) for item in value]
        return [item for item in found if item is not None]
    if isinstance(value, Mapping) and "class_name" not in value:
        return {key: _kept(item, one) for key, item in value.items()}
    try:
        return None if value is None else one(value)
    except _UnknownError as error:
        warnings.warn(f"The metric {error} was left out: it has no counterpart.", stacklevel=7)
        return None


def _name(value: Any, module: Any) -> str:
    """The full name of one of kir's own functions, which users may shorten."""
    function = getattr(module, value, None) if isinstance(value, str) else value
    name: str = getattr(function, "__name__", repr(value))
    if function is None or getattr(module, name, None) is not function:
        raise _UnknownError(repr(value if isinstance(value, str) else name))
    return name


def _written_loss(value: Any) -> Any:
    name = _name(value, losses)
    by_name = {known: cls for cls, known in LOSSES.items()}
    return entry("keras.losses", by_name[name], {"reduction": "sum_over_batch_size"})


def _written_metric(value: Any) -> Any:
    if value in _ACCURACY:
        return value
    name = _name(value, metrics)
    if name == "cosine_proximity":
        raise _UnknownError("cosine_proximity (of the opposite sign there)")
    return {known: other for other, known in LOSS_FUNCTIONS.items()}.get(name, name)
