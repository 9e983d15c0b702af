"""Architectures of Keras 0.3, whose configs name the class `name` and have no `class_name`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir.errors import ConfigError
from kir.serde.upgrading.merges import merge_layers
from kir.serde.upgrading.report import Kind, Report


def from_keras_0(config: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """The same architecture in the structure of Keras 1.

    Args:
        config: the decoded text: ``{"name": "Sequential", "layers": [...]}`` or a Graph.
        report: takes the change.

    Raises:
        ConfigError: neither a Sequential nor a Graph.
    """
    kind = config.get("name")
    report.add(Kind.RENAMED, str(kind), "is written in the structure of Keras 0.3")
    if kind == "Sequential":
        used: set[str] = set()
        return {"class_name": "Sequential", "config": [_layer(e, used) for e in config["layers"]]}
    if kind == "Graph":
        return _graph(config, report)
    raise ConfigError(f"The model of Keras 0.3 is a {kind!r}; expected 'Sequential' or 'Graph'.")


def _layer(entry: Any, used: set[str], name: str | None = None) -> dict[str, Any]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise ConfigError(f"A layer of the model of Keras 0.3 is {entry!r:.80}; expected its name.")
    config = {key: value for key, value in entry.items() if key not in ("name", "custom_name")}
    class_name = entry["name"]
    stem = name or entry.get("custom_name") or class_name.lower()
    config["name"] = _unique(stem, used)
    shape = config.pop("input_shape", None)
    if shape is not None:
        config["batch_input_shape"] = (None, *shape)
    if class_name == "Merge":
        config["layers"] = [_nested(layer, used) for layer in config.get("layers") or ()]
    elif class_name == "Sequential":
        return _nested(entry, used)
    return {"class_name": class_name, "config": config}


def _nested(entry: Mapping[str, Any], used: set[str]) -> dict[str, Any]:
    if entry.get("name") == "Sequential":
        return {"class_name": "Sequential", "config": [_layer(e, used) for e in entry["layers"]]}
    return _layer(entry, used)


def _unique(stem: str, used: set[str]) -> str:
    name, count = stem, 1
    while name in used:
        count += 1
        name = f"{stem}_{count}"
    used.add(name)
    return name


def _graph(config: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """A Graph: named nodes, each with one input or several that are merged."""
    used: set[str] = set()
    layers: list[dict[str, Any]] = []
    for entry in config.get("input_config") or ():
        shape = {"batch_input_shape": (None, *entry["input_shape"])}
        inner = {"name": entry["name"], **shape, "dtype": _input_dtype(entry.get("dtype"))}
        made = {"class_name": "InputLayer", "name": entry["name"], "config": inner}
        layers.append({**made, "inbound_nodes": []})
        used.add(entry["name"])
    nodes = config.get("nodes") or {}
    for entry in config.get("node_config") or ():
        source = _source(entry, layers, report)
        layer = _layer(nodes[entry["name"]], used, entry["name"])
        layers.append({**layer, "name": entry["name"], "inbound_nodes": [[source]]})
    outputs = []
    for entry in config.get("output_config") or ():
        name = entry["name"]
        source = _source(entry, layers, report)
        if name in used:
            outputs.append([name, 0, 0])
            continue
        identity = {"name": name, "activation": "linear"}
        made = {"class_name": "Activation", "name": name, "config": identity}
        layers.append({**made, "inbound_nodes": [[source]]})
        outputs.append([name, 0, 0])
    inner = {
        "name": None,
        "layers": layers,
        "input_layers": [[e["name"], 0, 0] for e in config.get("input_config") or ()],
        "output_layers": outputs,
    }
    return {"class_name": "Model", "config": inner}


def _source(entry: Mapping[str, Any], layers: list[dict[str, Any]], report: Report) -> list[Any]:
    """Where a node's input comes from; several are merged first."""
    several = entry.get("inputs") or []
    if not several:
        return [entry["input"], 0, 0]
    name = f"{entry['name']}_merged"
    layers += merge_layers(
        name,
        {
            "mode": entry.get("merge_mode", "concat"),
            "concat_axis": entry.get("concat_axis", -1),
            "dot_axes": entry.get("dot_axes", -1),
        },
        [[[source, 0, 0] for source in several]],
        report,
    )
    return [name, 0, 0]


def _input_dtype(dtype: Any) -> str:
    return "int32" if dtype == "int" else "float32" if dtype in (None, "float") else str(dtype)
