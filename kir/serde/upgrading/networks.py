"""Configs of whole models, from any Keras to Keras 2.2.4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kir.errors import ConfigError
from kir.serde.upgrading import calls, newer_layers, objects
from kir.serde.upgrading.layers import Context, upgrade_layer
from kir.serde.upgrading.mask_operations import is_operation, without_masks
from kir.serde.upgrading.origins import Dialect
from kir.serde.upgrading.report import Kind

_FUNCTIONAL = ("Model", "Functional")
_FUNCTION_LAYERS = ("TFOpLambda", "TensorFlowOpLayer", "SlicingOpLambda")


def upgrade_entry(entry: Any, context: Context) -> Any:
    """A layer or a model, with all that is inside it."""
    if not isinstance(entry, Mapping):
        return entry
    kind = _kind(entry)
    if kind == "functional":
        return _functional(entry, context)
    if kind == "sequential":
        return _sequential(entry, context)
    return upgrade_layer(entry, context, lambda inner: upgrade_entry(inner, context))


def makes_masks(config: Any) -> bool:
    """Whether a layer anywhere in a config makes masks."""
    stack = [config]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            if value.get("class_name") == "Masking" or value.get("mask_zero") is True:
                return True
            stack.extend(value.values())
        elif isinstance(value, list | tuple):
            stack.extend(value)
    return False


def _kind(entry: Mapping[str, Any]) -> str:
    config = entry.get("config")
    if isinstance(config, Mapping) and "layers" in config and "input_layers" in config:
        return "functional"
    is_list = isinstance(config, list)
    if entry.get("class_name") == "Sequential" and (
        is_list or (isinstance(config, Mapping) and "layers" in config)
    ):
        return "sequential"
    return "layer"


def is_network(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a model's, whose calls Keras 2 counts from 1."""
    return _kind(entry) != "layer"


def _class_of(entry: Mapping[str, Any], context: Context) -> Any:
    written = objects.plain_name(entry.get("class_name"), context.custom)
    if written in _FUNCTIONAL and written not in context.custom:
        if written != "Model":
            name = entry["config"].get("name")
            context.report.add(Kind.RENAMED, f"{written} {name!r}", "is called Model here")
        return "Model"
    return written


def _sequential(entry: Mapping[str, Any], context: Context) -> dict[str, Any]:
    config = entry["config"]
    layers = config if isinstance(config, list) else config["layers"]
    if not isinstance(layers, list | tuple):
        return dict(entry)
    upgraded: Any = [upgrade_entry(layer, context) for layer in layers]
    if isinstance(config, Mapping):
        kept = {key: config[key] for key in ("name", "build_input_shape") if config.get(key)}
        upgraded = {"name": None, **_own_input_shape(upgraded), **kept, "layers": upgraded}
    return {"class_name": _class_of(entry, context), "config": upgraded}


def _own_input_shape(layers: list[Any]) -> dict[str, Any]:
    """The shape of an input that is a layer of a Sequential, for the model itself to keep.

    Keras 2.2: a Sequential writes no InputLayer, and would lose the shape with it.
    """
    first = layers[0] if layers else None
    if not isinstance(first, Mapping) or first.get("class_name") != "InputLayer":
        return {}
    config = first.get("config")
    shape = config.get("batch_input_shape") if isinstance(config, Mapping) else None
    return {"build_input_shape": shape} if shape else {}


def _functional(entry: Mapping[str, Any], context: Context) -> dict[str, Any]:
    config = entry["config"]
    given = [layer for layer in config["layers"] if isinstance(layer, Mapping)]
    if len(given) != len(config["layers"]):
        return dict(entry)
    given = without_masks(given, config["output_layers"])
    layers = [_member(layer, context) for layer in given]
    inputs, outputs = calls.ends(config["input_layers"]), calls.ends(config["output_layers"])
    shifts = _shifts(layers, [*inputs, *outputs])

    def shift(name: str) -> int:
        return shifts.get(name, 0)

    for layer in layers:
        layer["inbound_nodes"] = calls.renumber(layer["inbound_nodes"], shift)
    upgraded = {
        "name": config.get("name"),
        "layers": layers,
        "input_layers": [calls.moved(place, shift) for place in inputs],
        "output_layers": [calls.moved(place, shift) for place in outputs],
    }
    return {"class_name": _class_of(entry, context), "config": upgraded}


def _member(entry: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """A layer of a functional model, with its calls."""
    config = entry.get("config")
    name = entry.get("name")
    if name is None and isinstance(config, Mapping):
        name = config.get("name")
    label = f"{entry.get('class_name')} {name!r}"
    made = calls.to_lists(entry.get("inbound_nodes"), label)
    layer = _operation(entry, label, made, context)
    if layer is None:
        layer = upgrade_entry(entry, context)
    if is_network(layer):
        made = [_without_phase(call, label, context) for call in made]
    return {"name": name, **layer, "inbound_nodes": made}


def _operation(
    entry: Mapping[str, Any], label: str, made: list[Any], context: Context
) -> dict[str, Any] | None:
    """A function of tensors that tf.keras or Keras 3 keeps as a layer; None for other layers."""
    config = entry.get("config")
    if not isinstance(config, Mapping) or context.origin.dialect < Dialect.TF_KERAS:
        return None
    written = entry.get("class_name")
    if written in _FUNCTION_LAYERS:
        function = str(config.get("function", written))
        found = newer_layers.FUNCTIONS.get(function)
    elif is_operation(entry):
        function = str(written)
        found = function if function in newer_layers.OPERATIONS else None
    else:
        return None
    takes_two = all(len(call) == 2 for call in made)
    if found is None or not takes_two or written in context.custom:
        if written in context.custom:
            return None
        raise ConfigError(
            f"{label} applies the function {function!r}"
            + ("" if takes_two else " to something else than two tensors")
            + ", which no layer of Keras 2.2.4 does. Build the model with a Lambda layer instead "
            f"and load the weights, or pass a layer class: custom_objects={{{written!r}: ...}}."
        )
    for call in made:
        for operand in call:
            operand[3] = {}
    context.report.add(Kind.RENAMED, label, f"the function is the layer {found} here")
    return {"class_name": found, "config": {"name": config.get("name") or entry.get("name")}}


def _without_phase(call: list[Any], label: str, context: Context) -> list[Any]:
    """A model is called without `training` here."""
    kept = []
    for item in call:
        arguments = dict(item[3])
        phase = arguments.pop("training", None)
        if phase is not None:
            context.report.add(
                Kind.ASSUMED,
                label,
                f"was called with training={phase}; here it follows the model around it. Freeze "
                "its layers to keep their statistics in training",
            )
        kept.append([*item[:3], arguments])
    return kept


def _shifts(layers: list[dict[str, Any]], places: list[Any]) -> dict[str, int]:
    """How far the numbers of calls of nested models have to be moved.

    In Keras 2 a model's call 0 is its own definition, so that calls in other models start at 1;
    others count a Sequential's calls from 0.
    """
    networks = {layer["name"] for layer in layers if is_network(layer)}
    lowest: dict[str, int] = {}
    for name, number in _references(layers, places):
        if name in networks:
            lowest[name] = min(number, lowest.get(name, number))
    return {name: 1 for name, number in lowest.items() if number == 0}


def _references(layers: list[dict[str, Any]], places: list[Any]) -> Iterator[tuple[str, int]]:
    for layer in layers:
        for call in layer["inbound_nodes"]:
            for item in call:
                yield item[0], item[1]
    for place in places:
        yield place[0], place[1]
