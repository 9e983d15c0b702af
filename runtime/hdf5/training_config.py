"""How a model was compiled, as the JSON text that a model file keeps."""

from __future__ import annotations

from typing import Any

from kir import optimizers
from kir.errors import FileFormatError


def training_config(model: Any) -> dict[str, Any]:
    """What `compile` was given, with Keras's keys in Keras's order."""
    return {
        "optimizer_config": {
            "class_name": type(model.optimizer).__name__,
            "config": model.optimizer.get_config(),
        },
        "loss": model.loss,
        "metrics": model.metrics,
        "sample_weight_mode": model.sample_weight_mode,
        "loss_weights": model.loss_weights,
    }


def own_training_config(model: Any) -> dict[str, Any]:
    """What `compile` was given beyond what Keras's layout has keys for; mostly nothing."""
    weighted = getattr(model, "weighted_metrics", None)
    return {"weighted_metrics": weighted} if weighted else {}


def compile_as_saved(model: Any, config: dict[str, Any], custom_objects: dict[str, Any]) -> None:
    """Compiles a model with the arguments that `training_config` gave.

    Args:
        model: the model.
        config: the mapping read back, `own_training_config`'s entries included.
        custom_objects: the user's losses, metrics and optimizers, by the names in `config`.

    Raises:
        FileFormatError: an entry is missing.
    """
    missing = [key for key in ("optimizer_config", "loss") if key not in config]
    if missing:
        raise FileFormatError(
            f"The file's training configuration has no {missing[0]!r}; it has {list(config)}. "
            "Load the model with compile=False and compile it yourself."
        )
    model.compile(
        optimizer=optimizers.deserialize(config["optimizer_config"], custom_objects),
        loss=_restored(config["loss"], custom_objects),
        metrics=_restored(config.get("metrics"), custom_objects),
        loss_weights=config.get("loss_weights"),
        sample_weight_mode=config.get("sample_weight_mode"),
        weighted_metrics=_restored(config.get("weighted_metrics"), custom_objects),
    )


def _restored(value: Any, custom_objects: dict[str, Any]) -> Any:
    """`value` with every name in it that the user has an object for replaced by the object."""
    if isinstance(value, list):
        return [_restored(v, custom_objects) for v in value]
    if isinstance(value, dict):
        return {k: _restored(v, custom_objects) for k, v in value.items()}
    if isinstance(value, str):
        return custom_objects.get(value, value)
    return value
