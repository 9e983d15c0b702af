"""Where Keras 3 keeps the weights of each layer: paths of groups in ``model.weights.h5``.

A group is named by the attributes and the classes on the way to a layer, not by the layer's name:
``layers/dense_1/vars/0`` is the kernel of the second Dense layer, ``.../cell/vars`` holds those of
a recurrent layer, ``.../forward_layer/cell/vars`` those of one direction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kir.engine.variable import Variable
from kir.errors import ConfigError


@dataclass(frozen=True)
class Place:
    """A group with the weights of one layer or cell.

    Attributes:
        path: of the group, without ``/vars``.
        layer: the layer or cell here.
        weights: its weights, in the order in which Keras 3 numbers them.
    """

    path: str
    layer: Any
    weights: Sequence[Variable]


def places(config: Mapping[str, Any], model: Any) -> Iterator[Place]:
    """All groups of a model's weights.

    Args:
        config: the model in the form of Keras 3, which tells the classes there and their order.
        model: the model here, with layers of the same names.
    """
    return _places(config, model, "")


def _places(entry: Mapping[str, Any], layer: Any, path: str) -> Iterator[Place]:
    config = entry["config"]
    if getattr(layer, "is_network", False):
        for name, child in containers(entry):
            found = layer.get_layer(child["config"]["name"])
            yield from _places(child, found, f"{path}layers/{name}/")
    elif not layer.weights:
        return
    elif hasattr(layer, "forward_layer"):
        for one in ("forward_layer", "backward_layer"):
            yield from _places(config["layer"], getattr(layer, one), f"{path}{one}/")
    elif "layer" in config:
        yield from _places(config["layer"], layer.layer, f"{path}layer/")
    elif type(layer).__name__.startswith("CuDNN"):
        yield Place(f"{path}cell", layer, layer.weights)
    elif hasattr(layer, "cell"):
        yield from _cell_places(layer, f"{path}cell")
    else:
        yield Place(path.rstrip("/"), layer, layer.weights)


def _cell_places(layer: Any, path: str) -> Iterator[Place]:
    cell = layer.cell
    if hasattr(cell, "cells"):
        names = _unique(type(one).__name__ for one in cell.cells)
        for name, one in zip(names, cell.cells, strict=True):
            yield Place(f"{path}/cells/{name}", one, one.weights)
    else:
        # The layer's own class tells LSTM from ConvLSTM2D.
        yield Place(path, cell, cell.weights)


def containers(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The layers of a model in the form of Keras 3, each with the name of its group.

    Raises:
        ConfigError: there is no list of layers.
    """
    layers = entry["config"].get("layers")
    if not isinstance(layers, list):
        raise ConfigError(f"The config of a {entry.get('class_name')} has no list of layers.")
    skipped = {"InputLayer"} if entry["class_name"] == "Sequential" else set()
    kept = [child for child in layers if is_layer(child) and child.get("class_name") not in skipped]
    yield from zip(_unique(child["class_name"] for child in kept), kept, strict=True)


def is_layer(entry: Any) -> bool:
    """Whether an entry of a functional model is a layer: it may also be a function's call."""
    return ".ops." not in f"{entry.get('module')}."


def _unique(class_names: Any) -> Iterator[str]:
    used: dict[str, int] = {}
    for class_name in class_names:
        name = _snake_case(class_name)
        count = used.get(name)
        used[name] = 0 if count is None else count + 1
        yield name if count is None else f"{name}_{used[name]}"


def _snake_case(name: str) -> str:
    words = re.sub(r"\W+", "", name)
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", words)
    return re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
