"""How a model is compiled, in the words of Keras 3: to it and from it.

What has no counterpart is left out with a warning: the model predicts all the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from kir import losses, metrics
from kir.serde.keras3 import optimizers
from kir.serde.keras3.entries import Config, entry, function_name

# Losses and metrics by their names here and by their classes and functions there.
_CLASSES = {
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "SquaredHinge": "squared_hinge",
    "Hinge": "hinge",
    "CategoricalHinge": "categorical_hinge",
    "LogCosh": "logcosh",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "BinaryCrossentropy": "binary_crossentropy",
    "KLDivergence": "kullback_leibler_divergence",
    "Poisson": "poisson",
    "CosineSimilarity": "cosine_proximity",
}
_METRIC_CLASSES = {
    "BinaryAccuracy": "binary_accuracy",
    "CategoricalAccuracy": "categorical_accuracy",
    "SparseCategoricalAccuracy": "sparse_categorical_accuracy",
    "TopKCategoricalAccuracy": "top_k_categorical_accuracy",
    "SparseTopKCategoricalAccuracy": "sparse_top_k_categorical_accuracy",
    "LogCoshError": "logcosh",
}
_FUNCTIONS = {"log_cosh": "logcosh", "kl_divergence": "kullback_leibler_divergence"}

# What a loss of Keras 3 may be told without meaning something else than its name.
_USUAL = {
    "reduction": ("sum_over_batch_size", "mean", "auto"),
    "from_logits": (False,),
    "label_smoothing": (0, 0.0),
    "axis": (-1, None),
    "ignore_class": (None,),
    "threshold": (0.5,),
    "k": (5,),
    "dtype": None,
    "name": None,
    "fn": None,
}
_ACCURACY = ("accuracy", "acc")


class _UnknownError(Exception):
    """Something that the other version does not have; says what."""


def compile_config(model: Any) -> Config | None:
    """The arguments of `compile` for Keras 3; None, with a warning, where it cannot have them."""
    try:
        config = {
            "optimizer": optimizers.optimizer_config(model.optimizer),
            "loss": _mapped(model.loss, _written_loss),
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


def _mapped(value: Any, one: Callable[[Any], Any]) -> Any:
    if isinstance(value, list | tuple):
        return [_mapped(item, one) for item in value]
    if isinstance(value, Mapping) and "class_name" not in value:
        return {key: _mapped(item, one) for key, item in value.items()}
    return one(value)


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
    if value is None:
        return None
    name = _name(value, losses)
    by_name = {known: cls for cls, known in _CLASSES.items()}
    return entry("keras.losses", by_name[name], {"reduction": "sum_over_batch_size"})


def _written_metric(value: Any) -> Any:
    if value in _ACCURACY:
        return value
    name = _name(value, metrics)
    if name == "cosine_proximity":
        raise _UnknownError("cosine_proximity (of the opposite sign there)")
    return {known: other for other, known in _FUNCTIONS.items()}.get(name, name)


def compile_arguments(config: Mapping[str, Any], known: Mapping[str, Any]) -> Config | None:
    """The arguments of kir's `compile` that a config of Keras 3 stands for.

    Args:
        config: the archive's ``compile_config``.
        known: the user's own losses, metrics and optimizers by name.

    Returns:
        None, with a warning, if the optimizer or the loss is not known here.
    """
    try:
        arguments: Config = {
            "optimizer": optimizers.optimizer_from(config.get("optimizer")),
            "loss": _mapped(config.get("loss"), lambda v: _read_loss(v, known)),
        }
    except (_UnknownError, optimizers.UnknownOptimizerError) as error:
        warnings.warn(
            f"The model was *not* compiled, as its training configuration has {error}, which is "
            "of Keras 3. Compile it manually.",
            stacklevel=6,
        )
        return None
    arguments["loss_weights"] = config.get("loss_weights")
    for key in ("metrics", "weighted_metrics"):
        found = _kept(config.get(key), lambda v: _read_metric(v, known))
        if isinstance(found, list) and found and all(isinstance(m, list) for m in found):
            found = list(dict.fromkeys(name for group in found for name in group))
        arguments[key] = found or None
    return arguments


def _read(value: Any, known: Mapping[str, Any], classes: Mapping[str, str], module: Any) -> Any:
    name = function_name(value)
    if name is None and isinstance(value, Mapping):
        config = value.get("config")
        class_name = value.get("class_name")
        if class_name == "MeanMetricWrapper" and isinstance(config, Mapping):
            return _read(config.get("fn"), known, classes, module)
        name = classes.get(str(class_name))
        if not isinstance(config, Mapping) or not all(
            _USUAL.get(key, ()) is None or item in _USUAL.get(key, ())
            for key, item in config.items()
        ):
            name = None
    if isinstance(name, str) and name in known:
        return known[name]
    name = _FUNCTIONS.get(str(name), name)
    if not isinstance(name, str) or not callable(getattr(module, name, None)):
        raise _UnknownError(f"{value!r:.120}")
    return name


def _read_loss(value: Any, known: Mapping[str, Any]) -> Any:
    return None if value is None else _read(value, known, _CLASSES, losses)


def _read_metric(value: Any, known: Mapping[str, Any]) -> Any:
    if value in _ACCURACY:
        return value
    return _read(value, known, {**_CLASSES, **_METRIC_CLASSES}, metrics)
