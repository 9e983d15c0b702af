"""The `Merge` layer of Keras 1: one class for what are eight layers since Keras 2.

In a Sequential it came first and held the models that it merged, so that such a Sequential has
several inputs. It becomes a functional model of all their layers, as Keras 1 kept their weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir.errors import ConfigError
from kir.serde.upgrading.report import Kind, Report

_MODES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
    "cos": "Dot",
}
_ADVICE = "Pass a class that does the same: custom_objects={'Merge': YourClass}."

Place = list[Any]


def without_merges(entry: Any, report: Report) -> Any:
    """A model's entry with every `Merge` inside it replaced.

    Raises:
        ConfigError: a mode that is a function, or unknown.
    """
    if not isinstance(entry, Mapping):
        return entry
    config = entry.get("config")
    layers = config.get("layers") if isinstance(config, Mapping) else config
    if not isinstance(layers, list):
        return entry
    layers = [without_merges(layer, report) for layer in layers]
    if entry.get("class_name") == "Sequential":
        if layers and _is_merge(layers[0]):
            return _functional({**entry, "config": layers}, config, report)
        inner = {**config, "layers": layers} if isinstance(config, Mapping) else layers
        return {**entry, "config": inner}
    if not isinstance(config, Mapping):
        return entry
    replaced: list[Any] = []
    for layer in layers:
        replaced += _merged(layer, report) if _is_merge(layer) else [layer]
    return {**entry, "config": {**config, "layers": replaced}}


def merge_layers(
    name: str, config: Mapping[str, Any], calls: list[Any], report: Report
) -> list[dict[str, Any]]:
    """The layer, or two layers, that do what a `Merge` did.

    Args:
        name: the name that the result is referred to by.
        config: of the `Merge`.
        calls: its `inbound_nodes`.
        report: takes the change.
    """
    mode = config.get("mode", "sum")
    if config.get("mode_type", "raw") != "raw" or mode not in _MODES:
        raise ConfigError(
            f"Merge {name!r}: mode={mode!r:.60} has no equal in Keras 2.2.4. {_ADVICE}"
        )
    arguments: dict[str, Any] = {}
    if mode == "concat":
        arguments["axis"] = config.get("concat_axis", -1)
    elif mode in ("dot", "cos"):
        axes = config.get("dot_axes", -1)
        # Keras 0.3 wrote the axes of both tensors as lists.
        axes = (
            [a[0] if isinstance(a, list) else a for a in axes] if isinstance(axes, list) else axes
        )
        arguments |= {"axes": axes, "normalize": mode == "cos"}
    report.add(Kind.RENAMED, f"Merge {name!r}", f"mode={mode!r} is the layer {_MODES[mode]} here")
    if mode != "cos":
        return [_layer(_MODES[mode], name, arguments, calls)]
    # Keras 1 gave the cosine of two vectors the shape (batch, 1, 1).
    inner = f"{name}_cosine"
    shaped = [[[inner, number, 0, {}]] for number in range(len(calls))]
    return [
        _layer("Dot", inner, arguments, calls),
        _layer("Reshape", name, {"target_shape": (1, 1)}, shaped),
    ]


def _merged(entry: Mapping[str, Any], report: Report) -> list[dict[str, Any]]:
    config = entry.get("config") or {}
    name = str(entry.get("name") or config.get("name"))
    return merge_layers(name, config, list(entry.get("inbound_nodes") or ()), report)


def _is_merge(entry: Any) -> bool:
    return isinstance(entry, Mapping) and entry.get("class_name") == "Merge"


def _layer(class_name: str, name: str, config: dict[str, Any], calls: list[Any]) -> dict[str, Any]:
    entry = {"class_name": class_name, "config": {"name": name, **config}}
    return {**entry, "name": name, "inbound_nodes": calls}


class _Flattening:
    """Collects the layers of the models that are merged, each once."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.layers: dict[str, dict[str, Any]] = {}
        self.inputs: list[Place] = []

    def outputs_of(self, entry: Mapping[str, Any]) -> list[Place]:
        """Adds a model or a layer; where its results are."""
        config = entry.get("config")
        if isinstance(config, Mapping) and "input_layers" in config:
            for layer in config["layers"]:
                self.layers.setdefault(layer["name"], dict(layer))
            self.inputs += [p for p in config["input_layers"] if p not in self.inputs]
            return list(config["output_layers"])
        if entry.get("class_name") == "Sequential":
            return [self.chain(config if isinstance(config, list) else config["layers"])]
        return [self.chain([entry])]

    def chain(self, layers: list[Any]) -> Place:
        first, *rest = layers
        place = self.merge(first) if _is_merge(first) else self.first(first)
        for layer in rest:
            place = self.add(layer, [place])
        return place

    def merge(self, entry: Mapping[str, Any]) -> Place:
        config = entry["config"]
        places = [p for branch in config.get("layers") or () for p in self.outputs_of(branch)]
        calls = [[[*place[:3], {}] for place in places]]
        name = config.get("name", "merge")
        for layer in merge_layers(name, config, calls, self.report):
            self.layers.setdefault(layer["name"], layer)
        return [name, 0, 0]

    def first(self, entry: Mapping[str, Any]) -> Place:
        config = entry.get("config") or {}
        shape = config.get("batch_input_shape")
        if shape is None:
            raise ConfigError(
                f"{entry.get('class_name')} {config.get('name')!r} is the first layer of a model "
                "that is merged, and says no batch_input_shape."
            )
        if entry.get("class_name") == "InputLayer":
            self.layers.setdefault(config["name"], {**entry, "name": config["name"]})
            place = [config["name"], 0, 0]
            self.layers[config["name"]].setdefault("inbound_nodes", [])
            if place not in self.inputs:
                self.inputs.append(place)
            return place
        name = f"{config['name']}_input"
        dtype = config.get("input_dtype") or config.get("dtype") or "float32"
        placeholder = {"batch_input_shape": shape, "dtype": dtype}
        self.layers.setdefault(name, _layer("InputLayer", name, placeholder, []))
        if [name, 0, 0] not in self.inputs:
            self.inputs.append([name, 0, 0])
        return self.add(entry, [[name, 0, 0]])

    def add(self, entry: Mapping[str, Any], places: list[Place]) -> Place:
        name = entry["config"]["name"] if isinstance(entry["config"], Mapping) else entry["name"]
        known = self.layers.get(name)
        calls = [[*place[:3], {}] for place in places]
        if known is not None:  # a model that is merged with itself
            return [name, 0, 0]
        self.layers[name] = {**entry, "name": name, "inbound_nodes": [calls]}
        return [name, 0, 0]


def _functional(entry: Mapping[str, Any], config: Any, report: Report) -> dict[str, Any]:
    """A Sequential that begins with a `Merge`, as a functional model."""
    name = config.get("name") if isinstance(config, Mapping) else None
    flat = _Flattening(report)
    output = flat.chain(list(entry["config"]))
    report.add(
        Kind.RENAMED,
        f"Sequential {name!r}" if name else "Sequential",
        f"begins with a Merge of {len(flat.inputs)} inputs: it is a functional Model here",
    )
    inner = {
        "name": name,
        "layers": list(flat.layers.values()),
        "input_layers": flat.inputs,
        "output_layers": [output],
    }
    kept = {key: value for key, value in entry.items() if key not in ("class_name", "config")}
    return {**kept, "class_name": "Model", "config": inner}
