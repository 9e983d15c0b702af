"""The small objects of a config: initializers, regularizers, constraints, activations, dtypes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir.errors import ConfigError
from kir.serde.upgrading.origins import Dialect

_SCALED = {
    "GlorotUniform": (1.0, "fan_avg", "uniform"),
    "GlorotNormal": (1.0, "fan_avg", "normal"),
    "HeUniform": (2.0, "fan_in", "uniform"),
    "HeNormal": (2.0, "fan_in", "normal"),
    "LecunUniform": (1.0, "fan_in", "uniform"),
    "LecunNormal": (1.0, "fan_in", "normal"),
}
_INITIALIZERS = {
    "IdentityInitializer": "Identity",
    "OrthogonalInitializer": "Orthogonal",
    "TruncatedNormalV2": "TruncatedNormal",
    "ZerosV2": "Zeros",
    "OnesV2": "Ones",
    "ConstantV2": "Constant",
    "RandomNormalV2": "RandomNormal",
    "RandomUniformV2": "RandomUniform",
    "VarianceScalingV2": "VarianceScaling",
}
_DISTRIBUTIONS = {"truncated_normal": "normal"}

# Keras 3: x / 6 + 0.5, where Keras 2 has 0.2 * x + 0.5.
_KERAS_3_ACTIVATIONS = {
    "hard_sigmoid": "hard_sigmoid_3",
    "silu": "swish",
    "hard_swish": "hard_silu",
}


def plain_name(class_name: Any, custom: Mapping[str, Any] | frozenset[str]) -> Any:
    """A class's name without the package that it was registered for: ``pkg>Name``."""
    if isinstance(class_name, str) and ">" in class_name and class_name not in custom:
        return class_name.rpartition(">")[2]
    return class_name


def upgrade_initializer(entry: Any) -> Any:
    """An initializer as Keras 2.2.4 writes it; a name stays."""
    name, config = _parts(entry)
    if name is None:
        return entry
    config.pop("dtype", None)
    for key in ("input_axes", "output_axes"):  # Keras 3's, for kernels of unusual layout
        if config.get(key) is None:
            config.pop(key, None)
    if not isinstance(config.get("seed"), int | None):
        config["seed"] = None  # a generator of Keras 3, which is a state, not a number
    if name in _SCALED and not config.keys() - {"seed"}:
        scale, mode, distribution = _SCALED[name]
        scaled = {"scale": scale, "mode": mode, "distribution": distribution}
        return make_entry("VarianceScaling", {**scaled, "seed": config.get("seed")})
    if isinstance(config.get("distribution"), str):
        word = config["distribution"]
        config["distribution"] = _DISTRIBUTIONS.get(word, word)
    return make_entry(_INITIALIZERS.get(name, name), config)


def upgrade_regularizer(entry: Any) -> Any:
    """A regularizer as Keras 2.2.4 writes it: always an `L1L2`."""
    if isinstance(entry, Mapping) and "name" in entry and "class_name" not in entry:
        # Keras 1: {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}
        known = ("WeightRegularizer", "ActivityRegularizer", "L1L2Regularizer")
        if entry["name"] not in known:
            raise ConfigError(
                f"The regularizer {entry['name']!r} of Keras 1 has no equal in Keras 2.2.4."
            )
        return make_entry("L1L2", {key: entry.get(key, 0.0) for key in ("l1", "l2")})
    name, config = _parts(entry)
    if name in ("L1", "L2", "L1L2"):
        return make_entry("L1L2", {key: config.get(key) or 0.0 for key in ("l1", "l2")})
    return entry if name is None else make_entry(name, config)


def upgrade_constraint(entry: Any) -> Any:
    """A constraint as Keras 2.2.4 writes it."""
    if isinstance(entry, Mapping) and "name" in entry and "class_name" not in entry:
        # Keras 1: {"name": "MaxNorm", "m": 2, "axis": 0}
        config = {key: value for key, value in entry.items() if key != "name"}
        if "m" in config:
            config["max_value"] = config.pop("m")
        return make_entry(entry["name"], config)
    name, config = _parts(entry)
    return entry if name is None else make_entry(name, config)


def upgrade_activation(entry: Any, dialect: Dialect) -> Any:
    """An activation's name; functions that another Keras computes otherwise get another one."""
    name, _ = _parts(entry)
    if name == "function" and isinstance(entry.get("config"), str):
        entry = entry["config"]
    elif isinstance(entry, Mapping) and isinstance(entry.get("class_name"), str):
        raise ConfigError(
            f"the activation is a layer, {entry['class_name']}; Keras 2.2.4 takes a function. Add "
            "the layer behind this one instead"
        )
    if dialect is Dialect.KERAS_3 and isinstance(entry, str):
        return _KERAS_3_ACTIVATIONS.get(entry, entry)
    return "swish" if entry == "silu" else entry


def dtype_name(value: Any) -> Any:
    """The name in a dtype or a policy for dtypes."""
    if isinstance(value, Mapping):
        config = value.get("config")
        if isinstance(config, Mapping):
            return config.get("name")
        return value.get("name")  # tf.keras 2.1 to 2.3
    return value


def _parts(entry: Any) -> tuple[Any, dict[str, Any]]:
    """Class name and a copy of the config; (None, {}) for what is no such entry."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("class_name"), str):
        return None, {}
    config = entry.get("config")
    return plain_name(entry["class_name"], frozenset()), dict(
        config if isinstance(config, Mapping) else {}
    )


def make_entry(name: Any, config: dict[str, Any]) -> dict[str, Any]:
    """An object as Keras 2.2.4 writes it."""
    return {"class_name": name, "config": config}
