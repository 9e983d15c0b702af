"""The arguments of `compile` as tf.keras and Keras 3 wrote them, as those of Keras 2.2.4."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kir.errors import ConfigError
from kir.serde.upgrading.objects import plain_name
from kir.serde.upgrading.origins import Dialect, Origin
from kir.serde.upgrading.report import Kind, Report

# Losses by their classes there, and functions that have another name there, by their names here.
LOSSES = {
    "BinaryCrossentropy": "binary_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "CategoricalHinge": "categorical_hinge",
    "CosineSimilarity": "cosine_proximity",
    "Hinge": "hinge",
    "KLDivergence": "kullback_leibler_divergence",
    "LogCosh": "logcosh",
    "MeanAbsoluteError": "mean_absolute_error",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "MeanSquaredError": "mean_squared_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "Poisson": "poisson",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "SquaredHinge": "squared_hinge",
}
LOSS_FUNCTIONS = {
    "cosine_similarity": "cosine_proximity",
    "kl_divergence": "kullback_leibler_divergence",
    "log_cosh": "logcosh",
}
_METRICS = {
    **LOSSES,
    "Accuracy": "accuracy",
    "BinaryAccuracy": "binary_accuracy",
    "CategoricalAccuracy": "categorical_accuracy",
    "SparseCategoricalAccuracy": "sparse_categorical_accuracy",
    "TopKCategoricalAccuracy": "top_k_categorical_accuracy",
    "SparseTopKCategoricalAccuracy": "sparse_top_k_categorical_accuracy",
}
_SHORT_METRICS = ("accuracy", "acc", "crossentropy", "ce")
# What the optimizers of Keras 2.2.4 take, besides clipping.
_ARGUMENTS = {
    "SGD": ("momentum", "nesterov"),
    "RMSprop": ("rho", "epsilon"),
    "Adagrad": ("epsilon",),
    "Adadelta": ("rho", "epsilon"),
    "Adam": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "Adamax": ("beta_1", "beta_2", "epsilon"),
    "Nadam": ("beta_1", "beta_2", "epsilon"),
}
# Arguments that change nothing, with the values besides None for which that holds.
_HARMLESS: dict[str, tuple[Any, ...]] = {
    "centered": (False,),
    "gradient_accumulation_steps": (),
    "initial_accumulator_value": (0.0,),
    "loss_scale_factor": (),
    "momentum": (0.0,),
    "use_ema": (False,),
    "weight_decay": (0.0,),
}
_IGNORED = ("name", "jit_compile", "is_legacy_optimizer", "ema_momentum", "ema_overwrite_frequency")


def upgrade_training(
    config: Mapping[str, Any],
    origin: Origin,
    report: Report,
    custom: Mapping[str, Any],
    output_names: Sequence[str],
) -> dict[str, Any]:
    """A file's training configuration with the keys and values of Keras 2.2.4.

    Args:
        config: `training_config` as decoded.
        origin: what wrote it.
        report: takes the changes.
        custom: the user's own objects by name, which are left alone.
        output_names: of the model; lists of metrics for several outputs are in their order.

    Raises:
        ConfigError: an argument that changes how training goes has no equal here.
    """
    if origin.dialect < Dialect.TF_KERAS:
        return dict(config)
    upgraded = dict(config)
    if "optimizer_config" in config:
        upgraded["optimizer_config"] = _optimizer(config["optimizer_config"], report, custom)
    upgraded["loss"] = map_losses(config.get("loss"), lambda loss: _loss(loss, report, custom))
    for key in ("metrics", "weighted_metrics"):
        if config.get(key) is not None:
            upgraded[key] = _metrics(config[key], report, custom, output_names)
    return upgraded


def _optimizer(entry: Any, report: Report, custom: Mapping[str, Any]) -> Any:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
        return entry
    name = plain_name(entry.get("class_name"), frozenset(custom))
    if name in custom:
        return {"class_name": name, "config": dict(entry["config"])}
    if name == "LossScaleOptimizer":
        report.add(Kind.ASSUMED, "compile", "the loss is not scaled here, where all is float32")
        inner = entry["config"].get("inner_optimizer") or entry["config"].get("optimizer")
        return _optimizer(inner, report, custom)
    if name not in _ARGUMENTS:
        raise ConfigError(f"Keras 2.2.4 has no optimizer {name}")
    given = dict(entry["config"])
    is_newer = "is_legacy_optimizer" in given or "use_ema" in given
    made: dict[str, Any] = {}
    rate = given.pop("learning_rate", given.pop("lr", None))
    if rate is not None:
        made |= _learning_rate(rate, report)
    if name == "Nadam":
        # Later versions decay the momentum by 0.96 a step; before, by 0.96 ** schedule_decay.
        made["schedule_decay"] = 1.0 if is_newer else given.pop("decay", 0.004)
    elif given.get("decay"):
        made["decay"] = given["decay"]
    given.pop("decay", None)
    for key in _ARGUMENTS[name]:
        if key in given:
            made[key] = given.pop(key)
    _clipping(given, made)
    if name == "Adagrad" and given.pop("initial_accumulator_value", 0.0):
        report.add(Kind.ASSUMED, "compile", "Adagrad starts from accumulators of zero here")
    for key, value in given.items():
        if key in _IGNORED or value is None or value in _HARMLESS.get(key, ()):
            continue
        raise ConfigError(f"{name} of Keras 2.2.4 has no {key}; the file says {key}={value!r}")
    return {"class_name": name, "config": made}


def _learning_rate(rate: Any, report: Report) -> dict[str, Any]:
    if not isinstance(rate, Mapping):
        return {"lr": rate}
    config = rate.get("config") or {}
    start = config.get("initial_learning_rate")
    if rate.get("class_name") == "InverseTimeDecay" and not config.get("staircase"):
        return {"lr": start, "decay": config["decay_rate"] / config["decay_steps"]}
    raise ConfigError(
        f"the learning rate follows the schedule {rate.get('class_name')}; use a "
        "LearningRateScheduler callback"
    )


def _clipping(given: dict[str, Any], made: dict[str, Any]) -> None:
    if given.pop("clipnorm", None) is not None:
        raise ConfigError(
            "clipnorm was of each weight's gradient; that of Keras 2.2.4 is of all together"
        )
    for old, new in (("global_clipnorm", "clipnorm"), ("clipvalue", "clipvalue")):
        value = given.pop(old, None)
        if value is not None:
            made[new] = value


def _loss(entry: Any, report: Report, custom: Mapping[str, Any]) -> Any:
    if isinstance(entry, str):
        return entry if entry in custom else LOSSES.get(entry, LOSS_FUNCTIONS.get(entry, entry))
    name = plain_name(entry.get("class_name"), frozenset(custom))
    config = entry.get("config")
    if name == "function" and isinstance(config, str):
        return _loss(config, report, custom)
    if name in custom:
        return name
    config = config if isinstance(config, Mapping) else {}
    function = config.get("fn")
    found = LOSSES.get(name) or (function if isinstance(function, str) else None)
    if found is None:
        raise ConfigError(f"Keras 2.2.4 has no loss {name}")
    for key, harmless in (
        ("reduction", (None, "auto", "sum_over_batch_size")),
        ("from_logits", (None, False)),
        ("label_smoothing", (None, 0, 0.0)),
        ("ignore_class", (None,)),
        ("axis", (None, -1)),
    ):
        if config.get(key) not in harmless:
            raise ConfigError(f"the loss {found} of Keras 2.2.4 has no {key}={config[key]!r}")
    return found


def _metrics(
    given: Any, report: Report, custom: Mapping[str, Any], output_names: Sequence[str]
) -> Any:
    if isinstance(given, Mapping):
        return {
            key: _flat_metrics(value if isinstance(value, list) else [value], report, custom)
            for key, value in given.items()
        }
    if any(isinstance(item, list) or item is None for item in given):
        if len(given) == 1:
            return _flat_metrics(given[0] or [], report, custom)
        by_output = zip(output_names, given, strict=False)
        return {name: _flat_metrics(found or [], report, custom) for name, found in by_output}
    return _flat_metrics(given, report, custom)


def _flat_metrics(given: Any, report: Report, custom: Mapping[str, Any]) -> list[Any]:
    items = given if isinstance(given, list) else [given]
    found = [_metric(item, report, custom) for item in items]
    return [metric for metric in found if metric is not None]


def _metric(entry: Any, report: Report, custom: Mapping[str, Any]) -> Any:
    """A metric's name; None for one that Keras 2.2.4 has not, as it changes no training."""
    if isinstance(entry, str):
        return entry if entry in custom else _METRICS.get(entry, LOSS_FUNCTIONS.get(entry, entry))
    if not isinstance(entry, Mapping):
        return entry
    name = plain_name(entry.get("class_name"), frozenset(custom))
    config = entry.get("config")
    if name == "function" and isinstance(config, str):
        return _metric(config, report, custom)
    if name in custom:
        return name
    config = config if isinstance(config, Mapping) else {}
    if config.get("name") in _SHORT_METRICS:
        return config["name"]
    function = config.get("fn")
    if isinstance(function, Mapping):
        function = function.get("config")
    found = _METRICS.get(name) or (function if isinstance(function, str) else None)
    is_default = config.get("threshold", 0.5) == 0.5 and config.get("k", 5) == 5
    if found is None or not is_default:
        report.add(Kind.ASSUMED, "compile", f"the metric {name} is left out")
        return None
    return LOSS_FUNCTIONS.get(found, found)


def map_losses(value: Any, function: Callable[[Any], Any]) -> Any:
    """A loss, or a list or mapping of losses, with the function applied to each that is given."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return [map_losses(item, function) for item in value]
    if isinstance(value, Mapping) and "class_name" not in value:
        return {key: map_losses(item, function) for key, item in value.items()}
    return function(value)
