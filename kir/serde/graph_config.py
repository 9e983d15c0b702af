"""From a graph of layer calls back to a live model.

A graph that was read from the text or the binary form says the same as a Keras config, in another
order: this module writes the config, and `kir.serde.config` makes the model. Nodes of other
dialects than layers' (`k.*`: the masks) are left out, as the layers make them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kir.engine.sequential import Sequential
from kir.engine.traced_layer import TracedClasses
from kir.errors import ConfigError
from kir.ir.attributes import Opaque, name_opaques
from kir.ir.graph import Graph, Node, Value, Weight, used_weights
from kir.ir.verifier import verify
from kir.serde.config import model_from_config
from kir.utils.generic_utils import custom_object_scope, get_custom_objects

# The dialects whose nodes are calls of layers: the built-in ones and a user's own.
BUILT_IN = "keras"
USER = "user"
_LAMBDA = f"{BUILT_IN}.Lambda"
_NETWORKS = (f"{BUILT_IN}.Model", f"{BUILT_IN}.Sequential")


def model_from_graph(graph: Graph, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The live model that a graph describes, with new initial weights.

    Args:
        graph: what `model.graph`, `kir.parse` or `kir.serde.proto.from_bytes` gave.
        custom_objects: classes and functions of the user's, by the names used in the graph.

    Raises:
        VerificationError: the graph breaks a rule, e.g. a type is not what the layer gives.
        ConfigError: the graph does not consist of layer calls, names an unknown layer, or has
            weights that are not those of its layers.
    """
    with custom_object_scope(dict(custom_objects or {})):
        verify(graph)
        classes = TracedClasses()
        config = _Writer(graph, classes=classes).entry()
        model = model_from_config(config, {**(custom_objects or {}), **classes.by_name})
    _set_trainable(model, graph)
    _check_weights(model, graph)
    return model


def config_from_graph(graph: Graph) -> dict[str, Any]:
    """The Keras config, ``{"class_name": ..., "config": {...}}``, that a graph stands for.

    Raises:
        ConfigError: the graph does not consist of layer calls, or has a layer of a user's that is
            not among the custom objects in scope.
    """
    return _Writer(graph).entry()


class _Writer:
    """Writes the config of one network."""

    def __init__(
        self,
        graph: Graph,
        class_name: str | None = None,
        classes: TracedClasses | None = None,
    ) -> None:
        self.graph = graph
        self.classes = classes  # for a user's layers, where they may be made of their calls
        self.class_name = class_name or str(graph.attributes.get("class_name", "Model"))
        # Where each value comes from: its layer, which call of it, which result of the call.
        self.places: dict[Value, tuple[str, int, int]] = {}

    def entry(self) -> dict[str, Any]:
        config = self.sequential() if _is_sequential(self.class_name) else self.functional()
        return {"class_name": self.class_name, "config": config}

    def sequential(self) -> dict[str, Any]:
        graph = self.graph
        calls = self.calls()
        if "layers" in graph.attributes:
            layers = name_opaques(graph.attributes["layers"])
        else:
            layers = [self.layer(node) for node in calls]
        shape = graph.attributes.get("build_input_shape")
        if graph.inputs and calls and shape is None:
            layers = [*self.explicit_input(calls[0]), *layers]
        config = {"name": graph.name, "layers": layers}
        return config if shape is None else {**config, "build_input_shape": shape}

    def explicit_input(self, first: Node) -> list[Any]:
        """The input of a Sequential as a layer, where its first layer does not stand for it.

        Keras 2.2: a Sequential's config leaves an InputLayer that was added out.
        """
        inputs = self.public_inputs()
        if len(inputs) > 1:
            raise ConfigError(
                f"The Sequential @{self.graph.name} has {len(inputs)} inputs; a Sequential has "
                'one. Say class_name = "Model".'
            )
        value, name = inputs[0], self.input_names()[0]
        declared = _input_config(value, name)
        given = first.region.inputs[:1] if first.region and _is_network(first) else ()
        if given:  # a nested model's input serves as that of the model around it
            implied = _input_config(given[0], f"{first.name}_input")
        else:
            config = first.attributes
            implied = {**declared, "name": f"{first.name}_input", "sparse": False}
            implied |= {key: config.get(key) for key in ("batch_input_shape", "dtype")}
        return [] if implied == declared else [{"class_name": "InputLayer", "config": declared}]

    def functional(self) -> dict[str, Any]:
        graph = self.graph
        layers: dict[str, dict[str, Any]] = {}
        for value, name in zip(self.public_inputs(), self.input_names(), strict=True):
            config = _input_config(value, name)
            layers[name] = {"name": name, "class_name": "InputLayer", "config": config}
            layers[name]["inbound_nodes"] = []
            self.places[value] = (name, 0, 0)
        for node in self.calls():
            entry = layers.get(node.name)
            if entry is None:
                entry = {"name": node.name, **self.layer(node), "inbound_nodes": []}
                layers[node.name] = entry
            calls = entry["inbound_nodes"]
            # Keras 2.2: a network's call 0 is its own definition.
            index = len(calls) + (1 if _is_network(node) else 0)
            calls.append(self.call(node))
            for value in node.outputs:
                self.places[value] = (node.name, index, value.index)
        return {
            "name": graph.name,
            "layers": list(layers.values()),
            "input_layers": [self.place(value, "input") for value in self.public_inputs()],
            "output_layers": [self.place(value, "output") for value in self.public_outputs()],
        }

    def public_inputs(self) -> Sequence[Value]:
        """The inputs without the masks that a nested model may also be given."""
        return self.graph.inputs[: self.graph.attributes.get("input_count")]

    def public_outputs(self) -> Sequence[Value]:
        """The outputs without the masks that a nested model also gives."""
        return self.graph.outputs[: self.graph.attributes.get("output_count")]

    def input_names(self) -> Sequence[str]:
        graph, inputs = self.graph, self.public_inputs()
        names = graph.attributes.get("input_names", [value.name for value in inputs])
        if len(names) != len(inputs) or not all(n and isinstance(n, str) for n in names):
            raise ConfigError(
                f"The inputs of the graph @{graph.name} are called {names!r}; expected a name for "
                f"each of the {len(inputs)} inputs."
            )
        return names

    def calls(self) -> list[Node]:
        return [n for n in self.graph.nodes if n.op.partition(".")[0] in (BUILT_IN, USER)]

    def layer(self, node: Node) -> dict[str, Any]:
        """The class and config of the layer that a node calls."""
        dialect, _, name = node.op.partition(".")
        if self.is_traced(node):
            return self.traced(node)
        if dialect == USER and name not in get_custom_objects():
            raise ConfigError(
                f"The graph @{self.graph.name} calls {node.name!r}, a layer of the class {name!r} "
                "of a user. Pass the class in `custom_objects`."
            )
        if not node.name:
            raise ConfigError(f"The graph @{self.graph.name} calls a {name} that has no name.")
        if node.region is not None and _is_network(node):
            return _Writer(node.region, name, self.classes).entry()
        if node.op == _LAMBDA:
            return {"class_name": name, "config": _lambda_config(node)}
        return {"class_name": name, "config": {"name": node.name, **name_opaques(node.attributes)}}

    def is_traced(self, node: Node) -> bool:
        """Whether the layer is made of its calls, as nothing else of it is known."""
        if self.classes is None or node.region is None or _is_network(node):
            return False
        dialect, _, name = node.op.partition(".")
        if dialect == USER:
            return name not in get_custom_objects()
        return node.op == _LAMBDA and _needs_outside(node) and not self._borrows(node)

    def _borrows(self, node: Node) -> bool:
        """Whether a function takes weights of other layers, which a copy would no longer follow."""
        assert node.region is not None
        taken = {w for inner in node.region.walk() for w in used_weights(inner)}
        others = (one for one in self.graph.nodes if one.name != node.name)
        return any(w in taken for one in others for w in one.weights)

    def traced(self, node: Node) -> dict[str, Any]:
        """The layer that the calls of this name in the graph are made of."""
        assert self.classes is not None
        calls = [one for one in self.graph.nodes if one.op == node.op and one.name == node.name]
        name = self.classes.name_of(node.op.partition(".")[2], any(one.masks for one in calls))
        trainable = node.attributes.get("trainable") is not False
        config = {"name": node.name, "trainable": trainable, "calls": calls}
        config |= {k: v for k, v in node.attributes.items() if k in ("batch_input_shape", "dtype")}
        return {"class_name": name, "config": config}

    def call(self, node: Node) -> list[Any]:
        arguments = name_opaques(node.arguments)
        if self.is_traced(node):
            # Everything that the region takes is an operand; its other arguments are in it.
            return [[*self.place(v, f"operand of {node.name!r}"), {}] for v in node.inputs]
        # States that a layer keeps are its own affair: they are operands, but no layer's results.
        operands = [v for v in node.inputs if not isinstance(v, Weight)]
        if node.region is not None:  # masks of a nested model's inputs stand behind them
            operands = operands[: node.region.attributes.get("input_count")]
            # What a traced function takes from outside is its own affair too.
            operands = operands[: len(operands) - node.region.attributes.get("captures", 0)]
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


def _is_network(node: Node) -> bool:
    """Whether the node calls a nested model; the region of a user's layer is what `call` did."""
    if node.region is None:
        return False
    return node.op in _NETWORKS or "class_name" in node.region.attributes


def _needs_outside(node: Node) -> bool:
    """Whether a Lambda's function takes variables, layers or tensors from outside."""
    function = node.attributes.get("function")
    if isinstance(function, Opaque) and function.value is not None:
        return False  # the live function is there
    assert node.region is not None
    inside = list(node.region.walk())
    return bool(node.region.attributes.get("captures")) or any(
        not one.op.startswith(("k.", "tf.")) or any(used_weights(one)) for one in inside
    )


def _is_sequential(class_name: str) -> bool:
    own = get_custom_objects().get(class_name)
    return class_name == "Sequential" or (isinstance(own, type) and issubclass(own, Sequential))


def _lambda_config(node: Node) -> dict[str, Any]:
    """A Lambda's configuration: the live function if there is one, else what it computed."""
    function = node.attributes.get("function")
    live = function.value if isinstance(function, Opaque) else None
    config = {"name": node.name, **name_opaques(node.attributes), "function": live or node.region}
    shape = node.attributes.get("output_shape")
    if isinstance(shape, Opaque):
        config["output_shape"] = shape.value
    return config


def _input_config(value: Value, name: str) -> dict[str, Any]:
    kind = value.type
    shape = {"batch_input_shape": kind.shape, "dtype": kind.dtype}
    return {**shape, "sparse": kind.sparse, "name": name}


def _set_trainable(model: Any, graph: Graph) -> None:
    """Freezes the networks that the graph calls frozen: Keras's configs do not tell of them."""
    if graph.attributes.get("trainable") is False:
        model.trainable = False
    for node in graph.nodes:
        if node.region is not None and _is_network(node):
            _set_trainable(model.get_layer(node.name), node.region)


def _check_weights(model: Any, graph: Graph) -> None:
    """Compares the types of the weights; a graph that a person wrote may leave weights out."""
    made = dict(_weights_of(model.graph, ""))
    for path, weights in _weights_of(graph, ""):
        types = [str(w.type) for w in weights]
        expected = [str(w.type) for w in made.get(path, ())]
        if types and types != expected:
            raise ConfigError(
                f"The graph @{graph.name} gives the layer {path!r} the weights "
                f"{[w.name for w in weights]} of types {types}; the layer has {expected}."
            )


def _weights_of(graph: Graph, prefix: str) -> Iterator[tuple[str, Sequence[Weight]]]:
    for node in graph.nodes:
        if node.region is None or not _is_network(node):
            yield prefix + node.name, node.weights
        else:
            yield from _weights_of(node.region, f"{prefix}{node.name}/")
