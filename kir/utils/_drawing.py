"""A model as a graph of boxes for Graphviz: one a layer, nested models as clusters of their own."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from typing import Any

from kir.errors import ConfigError, DependencyError, DTypeError

RANKDIRS = ("TB", "LR", "BT", "RL")

# Fill colours by a layer's class or the module that declares it, dark enough for print and light
# under text.
_COLOURS = {
    "Dense": "#dcefd8",
    "InputLayer": "#ffffff",
    "convolutional": "#d6e6f5",
    "convolutional_recurrent": "#d6e6f5",
    "cudnn_recurrent": "#e4dcf2",
    "embeddings": "#f7dde6",
    "local": "#d6e6f5",
    "merge": "#fae3d0",
    "normalization": "#f5f1cf",
    "pooling": "#d5efeb",
    "recurrent": "#e4dcf2",
}
_OTHER_COLOUR = "#f0f0f0"
# What has a meaning in Graphviz's strings, and in the labels of records.
_IN_STRINGS = '\\"'
_IN_RECORDS = _IN_STRINGS + "{}|<>"
_FONT = "Helvetica,Arial,sans-serif"
_LINE = "#5a6570"


def load_pydot() -> Any:
    """The package pydot.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        return importlib.import_module("pydot")
    except ImportError as error:
        raise DependencyError(
            'Pictures of models are drawn by pydot and Graphviz. Run: pip install "kir[viz]"'
        ) from error


class Drawing:
    """Draws one model, and the models in it.

    Args:
        model: the model.
        show_shapes: whether boxes hold the shapes of inputs and outputs.
        show_layer_names: whether boxes hold the names of the layers beside their classes.
        rankdir: which way the edges point: ``'TB'`` down, ``'LR'`` right, ``'BT'`` up, ``'RL'``
            left.

    Raises:
        DTypeError: `model` is no model.
        ConfigError: an unknown direction.
        DependencyError: pydot is not installed.
    """

    def __init__(self, model: Any, show_shapes: bool, show_layer_names: bool, rankdir: str) -> None:
        if not getattr(model, "is_network", False):
            raise DTypeError(
                f"Only models can be drawn; got {model!r:.80} ({type(model).__name__})."
            )
        if rankdir not in RANKDIRS:
            raise ConfigError(
                f"`rankdir` is {rankdir!r}; expected one of {', '.join(map(repr, RANKDIRS))}."
            )
        self.pydot = load_pydot()
        self.show_shapes = show_shapes
        self.show_layer_names = show_layer_names
        self.is_horizontal = rankdir in ("LR", "RL")
        self.clusters = 0
        self.names: dict[Any, str] = {}  # of the boxes
        self.dot = self.pydot.Dot("model", graph_type="digraph", rankdir=rankdir)
        self.dot.set("fontname", _q(_FONT))
        self.dot.set_node_defaults(
            shape="record", style=_q("rounded,filled"), fontname=_q(_FONT), color=_q(_LINE)
        )
        self.dot.set_edge_defaults(color=_q(_LINE), arrowsize="0.7")
        self._draw_model(model, self.dot, "")

    def _draw_model(self, model: Any, graph: Any, path: str) -> None:
        """Draws the layers of a model and the edges between them into a graph or a cluster."""
        for layer in drawn_layers(model):
            if layer not in self.names:
                self._draw_layer(
                    model, layer, graph, f"{path}/{layer.name}" if path else layer.name
                )
        edges = [
            (self.names[_end(source, index)], self.names[_start(layer, position)])
            for source, index, layer, position in _connections(model)
        ]
        for one, other in dict.fromkeys(edges):
            graph.add_edge(self.pydot.Edge(one, other))

    def _draw_layer(self, model: Any, layer: Any, graph: Any, path: str) -> None:
        self.names[layer] = _q(_escape(path, _IN_STRINGS))
        inner = inner_model(layer)
        if inner is None:
            label = self._record(model, layer)
            graph.add_node(
                self.pydot.Node(self.names[layer], label=_q(label), fillcolor=_q(_colour(layer)))
            )
            return
        label = _escape(self._title(layer), _IN_STRINGS)
        self.clusters += 1
        cluster = self.pydot.Cluster(str(self.clusters), label=_q(label), color=_q("#9aa5b1"))
        cluster.set("labeljust", "l")  # beside the edge that comes in, not under it
        cluster.set("style", _q("rounded,filled"))
        cluster.set("fillcolor", _q("#f8fafc"))
        graph.add_subgraph(cluster)
        self._draw_model(inner, cluster, path)

    def _title(self, layer: Any) -> str:
        """Name and class; those of a wrapped layer in brackets."""
        names, classes = layer.name, type(layer).__name__
        wrapped = _wrapped(layer)
        if wrapped is not None:
            names += f"({wrapped.name})"
            classes += f"({type(wrapped).__name__})"
        return f"{names}: {classes}" if self.show_layer_names else classes

    def _record(self, model: Any, layer: Any) -> str:
        """The label of a box: a table of one row, in Graphviz's record syntax."""
        title = _escape(self._title(layer))
        if not self.show_shapes:
            return title
        shapes = "|".join(f"{{{_escape(text)}}}" for text in _shapes(model, layer))
        label = f"{title}|{{input:|output:}}|{{{shapes}}}"
        # Graphviz lays records out along the edges; braces turn them back.
        return f"{{{label}}}" if self.is_horizontal else label


def drawn_layers(model: Any) -> list[Any]:
    """The layers of a model, with the automatic input of a Sequential."""
    return list(model._topology.layers) if model._is_graph_network else list(model.layers)


def inner_model(layer: Any) -> Any:
    """The model that a layer is or wraps, if its layers are known; else None."""
    for one in (layer, _wrapped(layer)):
        if one is not None and one.is_network and one.layers:
            return one if one._is_graph_network or _is_chain(one) else None
    return None


def _wrapped(layer: Any) -> Any:
    """The layer inside a wrapper such as TimeDistributed."""
    from kir.layers import Wrapper  # the layers need this package's functions to be declared

    return layer.layer if isinstance(layer, Wrapper) else None


def _is_chain(model: Any) -> bool:
    """Whether a model is a Sequential, whose layers are connected even before it is built."""
    from kir.models import Sequential

    return isinstance(model, Sequential)


def _calls(model: Any, layer: Any) -> list[Any]:
    """The calls of a layer that are part of a model; of a user's own model all that it made."""
    if not model._is_graph_network:
        return [node for node in layer._inbound_nodes if node.inbound_layers]
    inbound = enumerate(layer._inbound_nodes)
    return [node for index, node in inbound if model._topology.contains(layer, index)]


def _connections(model: Any) -> Iterator[tuple[Any, int, Any, int]]:
    """(layer, number of its result, layer that takes it, as its input number) for each edge."""
    layers = drawn_layers(model)
    members = set(layers)
    for layer in layers:
        for node in _calls(model, layer):
            pairs = zip(node.inbound_layers, node.tensor_indices, strict=True)
            for position, (source, index) in enumerate(pairs):
                if source in members:
                    yield source, index, layer, position
    if not model._is_graph_network and _is_chain(model):
        for one, other in itertools.pairwise(layers):
            yield one, 0, other, 0


def _start(layer: Any, position: int) -> Any:
    """The layer, in nested models the one inside, that gets a layer's input number `position`."""
    while (model := inner_model(layer)) is not None:
        if model._is_graph_network:
            layer = model._input_layers[min(position, len(model._input_layers) - 1)]
        else:
            layer, position = model.layers[0], 0
    return layer


def _end(layer: Any, index: int) -> Any:
    """The layer, in nested models the one inside, that computes a layer's result `index`."""
    while (model := inner_model(layer)) is not None:
        if model._is_graph_network:
            layer, _, index = model._output_coordinates[index]
        else:
            layer, index = model.layers[-1], 0
    return layer


def _shapes(model: Any, layer: Any) -> tuple[str, str]:
    """The shapes of inputs and outputs as text; 'multiple' where calls differ."""
    calls = _calls(model, layer)
    if not calls:
        return "?", "?"
    texts = []
    for shapes in ([c.input_shapes for c in calls], [c.output_shapes for c in calls]):
        different = {_text(s[0] if len(s) == 1 else s) for s in shapes}
        texts.append(different.pop() if len(different) == 1 else "multiple")
    return texts[0], texts[1]


def _text(shape: Any) -> str:
    """A shape or a list of shapes as Python writes them; some layers compute with NumPy."""
    if isinstance(shape, list):
        return f"[{', '.join(map(_text, shape))}]"
    return str(shape and tuple(None if size is None else int(size) for size in shape))


def _colour(layer: Any) -> str:
    """The colour of the family that a layer, or the layer inside a wrapper, belongs to."""
    for cls in type(_wrapped(layer) or layer).__mro__:
        package, _, module = cls.__module__.removeprefix("kir.").partition(".")
        if cls.__name__ in _COLOURS:
            return _COLOURS[cls.__name__]
        if package == "layers":
            return _COLOURS.get(module.partition(".")[0], _OTHER_COLOUR)
    return _OTHER_COLOUR


def _escape(text: str, special: str = _IN_RECORDS) -> str:
    return "".join(f"\\{c}" if c in special else c for c in text)


def _q(text: str) -> str:
    """A quoted identifier; left to itself pydot would take ``a:b`` for a port of a node."""
    return f'"{text}"'
