"""What Keras 2's layers are written as where Keras 3 has no equal, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir.layers import Activation
from kir.serde.keras3.entries import Config, entry

MARK = "hard_sigmoid of Keras 2"
"""Stands for the activation as a layer in a config of Keras 3 that is being read."""

_SLOPE = {"scale": 0.2, "offset": 0.5}
_CLIP = {"max_value": 1.0}
MAX_DEPTH = 200


def hard_sigmoid(name: str, dtype: str | None, shape: Any) -> Config:
    """Keras 2's ``clip(0.2 * x + 0.5, 0, 1)`` as a layer; that of Keras 3 has the slope 1/6."""
    inside = [
        entry("keras.layers", "Rescaling", {**_SLOPE, "name": f"{name}_slope"}),
        entry("keras.layers", "ReLU", {**_CLIP, "name": f"{name}_clip"}),
    ]
    if dtype is not None:
        for part in inside:
            part["config"]["dtype"] = dtype
    config: Config = {"name": name, "layers": inside}
    if shape is not None:
        config["build_input_shape"] = list(shape)
    return entry("keras", "Sequential", config)


def marked(config: Any, depth: int = 0) -> Any:
    """A config of Keras 3 with those layers marked."""
    if depth > MAX_DEPTH:
        return config  # too deep for any reader, which says so
    if isinstance(config, list):
        return [marked(item, depth + 1) for item in config]
    if not isinstance(config, Mapping):
        return config
    if config.get("class_name") == "Sequential" and _is_hard_sigmoid(config.get("config")):
        return {**config, "class_name": MARK, "config": {"name": config["config"].get("name")}}
    return {key: marked(value, depth + 1) for key, value in config.items()}


def unmarked(config: Any) -> Any:
    """An upgraded config with the layers of Keras 2.2.4 in the places of the marks."""
    if isinstance(config, list):
        return [unmarked(item) for item in config]
    if not isinstance(config, Mapping):
        return config
    if config.get("class_name") == MARK:
        layer = Activation("hard_sigmoid", name=config["config"].get("name")).get_config()
        return {**config, "class_name": "Activation", "config": layer}
    return {key: unmarked(value) for key, value in config.items()}


def _is_hard_sigmoid(config: Any) -> bool:
    layers = config.get("layers") if isinstance(config, Mapping) else None
    if not isinstance(layers, list) or len(layers) not in (2, 3):
        return False
    inside = [one for one in layers if isinstance(one, Mapping)]
    inside = [one for one in inside if one.get("class_name") != "InputLayer"]
    if [one.get("class_name") for one in inside] != ["Rescaling", "ReLU"]:
        return False
    slope, clip = (one.get("config") for one in inside)
    if not isinstance(slope, Mapping) or not isinstance(clip, Mapping):
        return False
    return (
        all(slope.get(key) == value for key, value in _SLOPE.items())
        and all(clip.get(key) == value for key, value in _CLIP.items())
        and not clip.get("negative_slope")
        and not clip.get("threshold")
    )
