"""The model as TensorBoard's conceptual graph shows it: a box for each layer.

TensorBoard makes that graph from a configuration in the manner of Keras 3: it passes over the
connections of older ones. It also loses connections where a nested model is shared or follows
another one. So the layers of nested models are written side by side here, by names such as
``encoder/dense_1``, which TensorBoard groups by the slash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kir.engine.inlining import is_network_call
from kir.ir.graph import Graph, Value

Places = dict[Value, tuple[str, ...]]


def conceptual_config(model: Any) -> dict[str, Any]:
    """The configuration that TensorBoard draws, for `json.dumps`."""
    layers = _Layers()
    places = {value: (layers.add_input(name, value),) for name, value in _inputs(model)}
    layers.add_calls(model.graph, places, "")
    ends = sorted({name for value in model.outputs for name in layers.sources(value, places)})
    return {
        "class_name": "Functional",
        "config": {
            "name": model.name,
            "layers": list(layers.entries.values()),
            "input_layers": [name for name, _ in _inputs(model)],
            "output_layers": [[name, 0, 0] for name in ends],
        },
    }


def _inputs(network: Any) -> Iterator[tuple[str, Value]]:
    return zip(network.input_names, network.inputs, strict=True)


class _Layers:
    """The layers in the order in which they are met; each once, however often it is called."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self._edges: set[tuple[str, str]] = set()

    def add_input(self, name: str, value: Value) -> str:
        self._entry(name, "InputLayer", value.type.dtype)
        return name

    def add_calls(self, graph: Graph, places: Places, prefix: str) -> None:
        """Enters the calls of a graph; notes in `places` which layers its values come from."""
        for node in graph.nodes:
            if node.layer is None:
                continue
            name = prefix + node.layer.name
            sources = [self.sources(v, places) for v in node.inputs]
            if is_network_call(node):
                self._add_network(node, sources, places, name)
                continue
            self._entry(name, type(node.layer).__name__, node.outputs[0].type.dtype)
            for source in dict.fromkeys(s for group in sources for s in group):
                self._connect(source, name)
            places.update((v, (name,)) for v in node.outputs)

    def _add_network(
        self, node: Any, sources: list[tuple[str, ...]], places: Places, name: str
    ) -> None:
        """The calls inside a nested model; its inputs are boxes of their own."""
        region, inner = node.region, {}
        for value, label, group in zip(
            region.inputs, node.layer.input_names, sources, strict=False
        ):
            inner[value] = (self.add_input(f"{name}/{label}", value),)
            for source in group:
                self._connect(source, inner[value][0])
        self.add_calls(region, inner, f"{name}/")
        for output, value in zip(node.outputs, region.outputs, strict=False):
            places[output] = self.sources(value, inner)

    def sources(self, value: Value, places: Places) -> tuple[str, ...]:
        """The layers that a value comes from, past functions that are no layer's."""
        found: dict[str, None] = {}
        seen: set[Value] = set()
        stack = [value]
        while stack:
            value = stack.pop()
            if value in seen:
                continue
            seen.add(value)
            if value in places:
                found.update(dict.fromkeys(places[value]))
            elif value.producer is not None:
                stack += reversed(value.producer.inputs)
        return tuple(found)

    def _entry(self, name: str, class_name: str, dtype: str) -> None:
        if name not in self.entries:
            self.entries[name] = {
                "name": name,
                # TensorBoard takes ASCII only.
                "class_name": class_name.encode("ascii", "replace").decode(),
                "config": {"name": name, "dtype": dtype},
                "inbound_nodes": [],
            }

    def _connect(self, source: str, name: str) -> None:
        if (source, name) not in self._edges and source != name:
            self._edges.add((source, name))
            self.entries[name]["inbound_nodes"].append(_inbound(source))


def _inbound(source: str) -> Mapping[str, Any]:
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": [source, 0, 0]}}
    return {"args": [tensor], "kwargs": {}}
