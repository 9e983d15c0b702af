"""From a graph of layer calls back to a live model.

A graph that was read from the text or the binary form says the same as a Keras config, in another
order: this module writes the config, and `kir.serde.config` makes the model. Nodes of other
dialects than layers' (`k.*`: the masks) are left out, as the layers make them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kir.errors import ConfigError
from kir.ir.attributes import Attribute, Opaque
from kir.ir.graph import Graph, Node, Value, Weight
from kir.serde.config import model_from_config
from kir.utils.generic_utils import get_custom_objects

# The dialects whose nodes are calls of layers: the built-in ones and a user's own.
BUILT_IN = "keras"
USER = "user"


def model_from_graph(graph: Graph, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The live model that a graph describes, with new initial weights.

    Args:
        graph: what `model.graph`, `kir.parse` or `kir.serde.proto.from_bytes` gave.
        custom_objects: classes and functions of the user's, by the names used in the graph.

    Raises:
        ConfigError: the graph does not consist of layer calls, or names an unknown layer.
    """
    model = model_from_config(config_from_graph(graph, custom_objects), custom_objects)
    _set_trainable(model, graph)
    return model


def config_from_graph(
    graph: Graph, custom_objects: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The Keras config, ``{"class_name": ..., "config": {...}}``, that a graph stands for.

    Raises:
        ConfigError: the graph does not consist of layer calls, or has a layer of the user's that
            is not among the custom objects.
    """
    known = {*get_custom_objects(), *(custom_objects or ())}
    return _Writer(graph, known).entry()


class _Writer:
    """Writes the config of one network."""

    def __init__(self, graph: Graph, known: set[str]) -> None:
        self.graph = graph
        self.known = known
        # Where each value comes from: its layer, which call of it, which result of the call.
        self.places: dict[Value, tuple[str, int, int]] = {}
        self.class_name = str(graph.attributes.get("class_name", "Model"))

    def entry(self) -> dict[str, Any]:
        is_list = self.class_name == "Sequential"
        config = self.sequential() if is_list else self.functional()
        return {"class_name": self.class_name, "config": config}

    def sequential(self) -> dict[str, Any]:
        graph = self.graph
        if "layers" in graph.attributes:
            layers = _plain(graph.attributes["layers"])
        else:
            layers = [self.layer(node) for node in self.calls()]
        shape = graph.attributes.get("build_input_shape")
        if graph.inputs and shape is None and layers:
            layers = self.with_input(layers)
        config = {"name": graph.name, "layers": layers}
        return config if shape is None else {**config, "build_input_shape": shape}

    def with_input(self, layers: list[Any]) -> list[Any]:
        """The layers, after an explicit input where the first layer does not stand for it.

        Keras 2.2: a Sequential's config leaves an InputLayer that was added out.
        """
        (value,) = self.graph.inputs
        implied = {**_input_of(layers[0]), "name": f"{layers[0]['config']['name']}_input"}
        (name,) = self.input_names()
        declared = _input_config(value, name)
        if {key: implied.get(key) for key in declared} == declared:
            return layers
        return [{"class_name": "InputLayer", "config": declared}, *layers]

    def functional(self) -> dict[str, Any]:
        graph = self.graph
        layers: dict[str, dict[str, Any]] = {}
        for value, name in zip(graph.inputs, self.input_names(), strict=True):
            config = _input_config(value, name)
            layers[name] = {"name": name, "class_name": "InputLayer", "config": config}
            layers[name]["inbound_nodes"] = []
            self.places[value] = (name, 0, 0)
        # The first call of a network that a config counts is its own definition.
        for node in self.calls():
            entry = layers.get(node.name)
            if entry is None:
                entry = {"name": node.name, **self.layer(node), "inbound_nodes": []}
                layers[node.name] = entry
            calls = entry["inbound_nodes"]
            index = len(calls) + (1 if node.region is not None else 0)
            calls.append(self.call(node))
            for value in node.outputs:
                self.places[value] = (node.name, index, value.index)
        return {
            "name": graph.name,
            "layers": list(layers.values()),
            "input_layers": [self.place(value, "input") for value in graph.inputs],
            "output_layers": [self.place(value, "output") for value in graph.outputs],
        }

    def input_names(self) -> Sequence[str]:
        names = self.graph.attributes.get("input_names")
        return names if names is not None else [value.name for value in self.graph.inputs]

    def calls(self) -> list[Node]:
        return [n for n in self.graph.nodes if n.op.partition(".")[0] in (BUILT_IN, USER)]

    def layer(self, node: Node) -> dict[str, Any]:
        """The class and config of the layer that a node calls."""
        dialect, _, name = node.op.partition(".")
        if dialect == USER and name not in self.known:
            raise ConfigError(
                f"The graph @{self.graph.name} calls {node.name!r}, a layer of the class {name!r} "
                "of a user. Pass the class in `custom_objects`."
            )
        if not node.name:
            raise ConfigError(f"The graph @{self.graph.name} calls a {name} that has no name.")
        if node.region is not None:
            entry = _Writer(node.region, self.known).entry()
            return {"class_name": name, "config": entry["config"]}
        return {"class_name": name, "config": {"name": node.name, **_plain(node.attributes)}}

    def call(self, node: Node) -> list[Any]:
        arguments = _plain(node.arguments)
        # States that a layer keeps are its own affair: they are operands, but no layer's results.
        operands = [v for v in node.inputs if not isinstance(v, Weight)]
        return [[*self.place(v, f"operand of {node.name!r}"), arguments] for v in operands]

    def place(self, value: Value, role: str) -> list[Any]:
        found = self.places.get(value)
        if found is None:
            source = value.producer.op if value.producer is not None else "nothing"
            raise ConfigError(
                f"An {role} of the graph @{self.graph.name} is {value!r}, made by {source}; only "
                "what layers return can be part of a model. Wrap other functions in a Lambda layer."
            )
        return list(found)


def _input_config(value: Value, name: str) -> dict[str, Any]:
    kind = value.type
    shape = {"batch_input_shape": kind.shape, "dtype": kind.dtype}
    return {**shape, "sparse": kind.sparse, "name": name}


def _input_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a Sequential concludes about its input from its first layer; {} if nothing."""
    config = entry["config"]
    while "layers" in config:
        if not config["layers"]:
            return {}
        config = config["layers"][0]["config"]
    shape = config.get("batch_input_shape")
    if shape is None:
        return {}
    dtype = config.get("dtype")
    return {"batch_input_shape": tuple(shape), "dtype": dtype, "sparse": False}


def _plain(value: Attribute) -> Any:
    """What a config says where an attribute names a function: the function's name."""
    if isinstance(value, Opaque):
        return value.name
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value


def _set_trainable(model: Any, graph: Graph) -> None:
    """Freezes the networks that the graph calls frozen: Keras's configs do not tell of them."""
    if graph.attributes.get("trainable") is False:
        model.trainable = False
    for node in graph.nodes:
        if node.region is not None and node.name and node.op.startswith(f"{BUILT_IN}."):
            _set_trainable(model.get_layer(node.name), node.region)
