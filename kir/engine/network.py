"""Networks: layers that are made of layers."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kir.engine import nesting, subclassing, topology
from kir.engine.base_layer import Layer
from kir.engine.executor import executor
from kir.engine.inlining import expansion, losses_of, updates_of
from kir.engine.input_layer import InputLayer
from kir.engine.layer_effects import each_once
from kir.engine.layer_weights import assign_weights
from kir.engine.names import automatic_name, snake_case
from kir.engine.network_files import NetworkFiles
from kir.engine.node import LayerCall, Node, record_history
from kir.engine.tensor import Tensor, contains_symbolic
from kir.engine.variable import Variable, compute_initial_values
from kir.errors import ConfigError, NoTensorError, StateError, UnsupportedError
from kir.ir.graph import Graph, topological_order
from kir.ir.types import TensorType
from kir.legacy.conversion import INTERFACES
from kir.utils.generic_utils import to_list, unpack_singleton

# Where a network's ends have to come from.
_ORIGINS = {
    "input": "Input tensors to a Model must come from `keras.layers.Input`",
    "output": "Output tensors to a Model must be the output of a Keras `Layer`",
}


class Network(NetworkFiles, Layer):
    """A directed acyclic graph of layers, itself a layer.

    Args:
        inputs: symbolic tensors made by `Input`, one or a list.
        outputs: symbolic tensors that depend on the inputs, one or a list.
        name: the network's name.
    """

    is_network = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names = ("inputs", "outputs", "name")
        args, kwargs = INTERFACES["Network"].convert(type(self).__name__, args, kwargs)
        given = dict(zip(names, args, strict=False)) | kwargs
        if "inputs" in given and "outputs" in given:
            self._init_base(given.get("name"))
            self._init_graph(given["inputs"], given["outputs"])
        else:
            self._init_base(given.get("name"))
            self._init_subclassed()

    def _init_base(self, name: str | None = None) -> None:
        if not name:
            name = automatic_name(snake_case(type(self).__name__))
        self._init_common({"name": name})
        self._is_compiled = False
        self._is_graph_network = False
        self.optimizer: Any = None
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self._found_topology: topology.Topology | None = None
        self._layers: list[Any] = []

    def _init_subclassed(self) -> None:
        if not self._brings_call():
            raise StateError(
                f"{type(self).__name__} {self.name!r} needs inputs and outputs: "
                "Model(inputs, outputs). A subclass may bring its own `call` instead."
            )

    @classmethod
    def _brings_call(cls) -> bool:
        """Whether the class is a user's with a `call` of its own, whose layers are attributes."""
        return cls.call is not Network.call

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Layer) and self._brings_call():
            subclassing.track(self, value)
        super().__setattr__(name, value)

    def _init_graph(self, inputs: Any, outputs: Any) -> None:
        self.inputs = to_list(inputs, allow_tuple=True)
        self.outputs = to_list(outputs, allow_tuple=True)
        for x in self.inputs:
            self._check_member(x, "input")
        for x in self.outputs:
            self._check_member(x, "output")
        if len(set(self.inputs)) != len(self.inputs):
            raise ConfigError(
                f"{self._label()}: The list of inputs passed to the model is redundant. All inputs "
                f"should only appear once. Found: {self.inputs}."
            )
        for x in self.inputs:
            layer = x._keras_history[0]
            if not isinstance(layer, InputLayer):
                raise ConfigError(
                    f"{self._label()}: Model inputs must come from `keras.layers.Input`; {x!r} is "
                    f"the output of layer {layer.name!r}."
                )
        self.built = True
        self._is_graph_network = True
        self._set_ends()
        self._layers = list(self._topology.layers)

    def _check_member(self, x: Any, what: str) -> None:
        if not isinstance(x, Tensor) or not hasattr(x, "_keras_history"):
            raise NoTensorError(
                f"{self._label()}: {_ORIGINS[what]} (thus holding past layer metadata). Found: "
                f"{x!r}. Wrap other functions than layers in a Lambda layer."
            )

    @property
    def _topology(self) -> topology.Topology:
        """The walk over the network; made anew after a layer was added."""
        if self._found_topology is None:
            self._found_topology = topology.find_topology(self.inputs, self.outputs)
        return self._found_topology

    @property
    def _nodes_by_depth(self) -> dict[int, list[Node]]:
        return self._topology.nodes_by_depth

    @property
    def _layers_by_depth(self) -> dict[int, list[Any]]:
        return self._topology.layers_by_depth

    @property
    def _network_nodes(self) -> set[str]:
        """The keys of the calls that are part of the network."""
        return {
            f"{layer.name}_ib-{index}"
            for layer in self._topology.layers
            for index in range(len(layer._inbound_nodes))
            if self._topology.contains(layer, index)
        }

    # Names of the years before 2.2.
    container_nodes = _network_nodes
    nodes_by_depth = property(lambda self: self._nodes_by_depth)
    layers_by_depth = property(lambda self: self._layers_by_depth)
    input_layers = property(lambda self: self._input_layers)
    output_layers = property(lambda self: self._output_layers)

    def _set_ends(self) -> None:
        """Notes where the network begins and ends."""
        self._found_topology = None
        self._input_layers = [x._keras_history[0] for x in self.inputs]
        self._output_layers = [x._keras_history[0] for x in self.outputs]
        self._input_coordinates = [x._keras_history for x in self.inputs]
        self._output_coordinates = [x._keras_history for x in self.outputs]
        self.input_names = [layer.name for layer in self._input_layers]
        self.output_names = [layer.name for layer in self._output_layers]
        self._record_own_node()

    def _record_own_node(self) -> None:
        """A network's first inbound node is its own definition, so that calls start at 1."""
        node = LayerCall(
            outbound_layer=self,
            input_tensors=self.inputs,
            input_masks=[None for _ in self.inputs],
            output_types=[],
            public_count=0,
            output_masks=[x.mask for x in self.outputs],
            weights=(),  # a Sequential makes this node anew with each layer
        )
        for x in self.inputs:
            x._keras_history[0]._outbound_nodes.remove(node)
        node.inbound_layers, node.node_indices, node.tensor_indices = [], [], []
        node.output_tensors = list(self.outputs)
        node.output_shapes = [x._keras_shape for x in self.outputs]
        self._inbound_nodes[:1] = [node]

    def build(self, input_shape: Any = None) -> None:
        """Builds a model with a `call` of its own for inputs of these shapes."""
        if self._brings_call() and not self.inputs:
            several = isinstance(input_shape, list)
            shapes = input_shape if several else [input_shape]
            subclassing.build_for_shapes(self, shapes, self.__dict__.get("_input_dtype"))
        self.built = True

    def _set_inputs(self, arrays: Any) -> None:
        """Builds a model with a `call` of its own for the data that it first sees.

        A network that was made of inputs and outputs gets back its inputs, where a program took
        them away.

        Args:
            arrays: the data; or for such a network its inputs, one or a list.

        Raises:
            ConfigError: there are inputs already.
        """
        if self.inputs:
            raise ConfigError(f"Model inputs are already set: those of {self._label()}.")
        if self._brings_call():
            subclassing.build_for_shapes(self, subclassing.shapes_of_data(arrays))
            return
        given = to_list(arrays)
        if self._is_graph_network and [getattr(x, "_keras_history", None) for x in given] != [
            *self._input_coordinates
        ]:
            raise ConfigError(
                f"{self._label()} was made of inputs and outputs: it can get back the same inputs, "
                "not others. Make a model of the new inputs: Model(x, model(x))."
            )
        self.inputs = given

    # -- members

    @property
    def layers(self) -> list[Any]:
        """The layers, in the order of their weights in files."""
        return self._layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer called `name`, or the one at `index` of `self.layers`.

        Raises:
            ConfigError: there is none.
        """
        if index is not None:
            if len(self.layers) <= index:
                raise ConfigError(
                    f"Was asked to retrieve layer at index {index} but model only has "
                    f"{len(self.layers)} layers ({self._label()})."
                )
            return self.layers[index]
        if not name:
            raise ConfigError("get_layer(): Provide either a layer name or layer index.")
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = ", ".join(repr(layer.name) for layer in self.layers[:20])
        raise ConfigError(f"No such layer: {name}. The layers of {self._label()} are {known}.")

    @property
    def graph(self) -> Graph:
        """The network as a graph of the intermediate representation.

        Its nodes are live: they show the layers' configurations as these are when asked.
        `kir.serde.graph_config.model_from_graph` makes the network again, from this graph or from
        what was read from its text or binary form.
        """
        masks = [m for m in (x.mask for x in self.outputs) if m is not None]
        calls = self._topology.calls() if self._is_graph_network else []
        results = [node.outputs[0] for node in calls if node.outputs]
        nodes = topological_order([*results, *self.outputs, *masks], stop=self.inputs)
        return Graph(self.name, self.inputs, self.outputs, nodes, self._graph_attributes())

    def _graph_attributes(self) -> dict[str, Any]:
        """What a file has to say of the network besides its calls."""
        attributes: dict[str, Any] = {"class_name": type(self).__name__}
        if not self.trainable:
            attributes["trainable"] = False
        if [x.name for x in self.inputs] != self._input_names():
            attributes["input_names"] = self._input_names()
        return attributes

    def _input_names(self) -> list[str]:
        return [x._keras_history[0].name for x in self.inputs]

    @property
    def trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        """The weights that training changes, layer by layer; none if the network is frozen."""
        if not self.trainable:
            return []
        return [w for layer in self.layers for w in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Variable]:  # type: ignore[override]
        """The weights that training does not change."""
        frozen = [w for layer in self.layers for w in layer.non_trainable_weights]
        if self.trainable:
            return frozen
        return [w for layer in self.layers for w in layer.trainable_weights] + frozen

    def get_weights(self) -> list[np.ndarray]:
        """The values of all weights, layer by layer, as NumPy arrays."""
        weights = self._weights_by_layer()
        compute_initial_values(weights)
        return [w.get_value() for w in weights]

    def _weights_by_layer(self) -> list[Variable]:
        return [w for layer in self.layers for w in layer.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of all weights, in the order of `get_weights()`.

        Keras 2.2: weights for which there are no arrays keep their values; here with a warning.

        Raises:
            ShapeError: an array of another shape than its weight.
        """
        own = self._weights_by_layer()
        if len(weights) != len(own):
            count = min(len(weights), len(own))
            ignored = (
                f"the {len(weights) - count} further arrays are ignored"
                if len(weights) > count
                else f"{', '.join(repr(w.name) for w in own[count:][:8])} stay as they are"
            )
            warnings.warn(
                f"{self._label()} has {len(own)} weights; set_weights() got {len(weights)} "
                f"arrays: {ignored}.",
                stacklevel=2,
            )
            own, weights = own[:count], weights[:count]
        assign_weights(self._label(), own, weights)

    def count_params(self) -> int:
        """The number of scalars in the weights."""
        if not self.built:
            return super().count_params()
        return sum(int(np.prod(w.type.shape)) for w in self.weights)  # type: ignore[arg-type]

    @property
    def losses(self) -> list[Any]:
        """The losses of all layers that count for this network, each once."""
        found: list[Any] = []
        for layer in self.layers:
            relevant = self._is_graph_network
            found += self._relevant(layer, "get_losses_for") if relevant else layer.losses
        return each_once([*found, *self._losses])

    @property
    def updates(self) -> list[Any]:
        """The updates of all layers that count for this network, each once."""
        if not self.trainable and not self.stateful:
            return []
        found = [u for layer in self.layers for u in self._updates_of(layer)]
        return each_once([*found, *self._updates])

    def _updates_of(self, layer: Any) -> list[Any]:
        """What a layer updates in this network."""
        if self._is_graph_network:
            return self._relevant(layer, "get_updates_for")
        return list(layer.updates)

    def _relevant(self, layer: Any, getter: str) -> list[Any]:
        """What a layer added for those of its calls that are part of this network."""
        found: list[Any] = []
        for index, node in enumerate(layer._inbound_nodes):
            if self._topology.contains(layer, index):
                found += getattr(layer, getter)(node.input_tensors)
        return found + getattr(layer, getter)(None)

    @property
    def state_updates(self) -> list[Any]:
        """The updates of the states of stateful layers."""
        return [u for layer in self.layers if layer.stateful for u in self._updates_of(layer)]

    @property
    def stateful(self) -> bool:  # type: ignore[override]
        """Whether a layer keeps states from batch to batch."""
        return any(layer.stateful for layer in self.layers)

    def reset_states(self) -> None:
        """Sets the states of all stateful layers to zero."""
        for layer in self.layers:
            if layer.stateful and hasattr(layer, "reset_states"):
                layer.reset_states()

    def varies_with_phase(self) -> bool:
        """Whether an output differs between training and inference."""
        return any(x._uses_learning_phase for x in self.outputs)

    @property
    def uses_learning_phase(self) -> bool:  # type: ignore[override]
        """Whether an output differs between training and inference."""
        return any(x._uses_learning_phase for x in self.outputs)

    @property
    def input_spec(self) -> Any:
        """Ranks and shapes of the inputs, the batch size left open."""
        from kir.engine.input_spec import ModelInputSpec

        specs = [
            ModelInputSpec(shape=(None, *x._keras_shape[1:]), ndim=len(x._keras_shape))
            for x in self.inputs
            if x._keras_shape is not None
        ]
        return unpack_singleton(specs)

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        """Follows from the inputs; the base class sets it to None."""

    # -- calls

    def infer(self, *inputs: TensorType) -> Any:
        """The types of the outputs for inputs of these types."""
        types = self._types_for([t.shape for t in inputs])
        return types if len(types) > 1 else types[0]

    def _types_for(self, shapes: Sequence[Any]) -> list[TensorType]:
        """The output types for inputs of these shapes, by inferring every call again.

        An input of unknown rank is taken for one of the shape that the network was made for.
        """
        own = [x._keras_shape for x in self.inputs]
        shapes = [o if s is None else tuple(s) for s, o in zip(shapes, own, strict=True)]
        if shapes == own:
            return [x.type for x in self.outputs]
        known: dict[Any, TensorType] = {
            x: x.type.with_shape(s) for x, s in zip(self.inputs, shapes, strict=True)
        }
        for node in self.graph.nodes:
            if not isinstance(node, Node):
                continue  # a mask: no output's type depends on it
            operands = [known.get(x, x.type) for x in node.input_tensors]
            found = node.outbound_layer._infer_call(operands, node.arguments)
            known.update(
                zip(node.output_tensors, found if isinstance(found, list) else [found], strict=True)
            )
        return [known[x] for x in self.outputs]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of these shapes."""
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        if len(shapes) != len(self.inputs):
            raise ConfigError(
                f"Invalid input_shape argument {input_shape}: model has {len(self.inputs)} tensor "
                f"inputs ({self._label()})."
            )
        return unpack_singleton([t.shape for t in self._types_for(shapes)])

    def compute_mask(self, inputs: Any, mask: Any) -> Any:  # type: ignore[override]
        """The masks of the outputs."""
        return unpack_singleton([x.mask for x in self.outputs])

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The network applied to tensors."""
        return executor().call_layer(type(self), self, inputs, {"mask": mask})

    def run_internal_graph(self, inputs: Any, masks: Any = None) -> Any:
        """Results, masks and shapes for other input tensors, without entering a call."""
        if contains_symbolic(inputs):
            tensors, given = to_list(inputs), {} if masks is None else {"mask": masks}
            node, _ = self._make_node(inputs, tensors, given)
            results = node.output_tensors
            return results, node.output_masks, [x._keras_shape for x in results]
        found = executor().call_layer(type(self), self, inputs, {"mask": masks})
        outputs = to_list(found)
        return outputs, [None] * len(outputs), [tuple(x.shape) for x in outputs]

    def _make_node(
        self, inputs: Any, tensors: list[Tensor], kwargs: dict[str, Any]
    ) -> tuple[Node, bool]:
        if self._is_graph_network and len(tensors) != len(self.inputs):
            raise ConfigError(
                f"{self._label()} takes {len(self.inputs)} inputs; got {len(tensors)}: {tensors}."
            )
        return nesting.make_call(self, tensors, dict(kwargs))

    def internal_types(self, *inputs: TensorType) -> list[TensorType]:
        """The masks that come with the outputs."""
        return [v.type for v in nesting.plain_body(self)[0].outputs[len(self.outputs) :]]

    def draw_seeds(self) -> tuple[int, ...]:
        """Keras 2.2: a model's call calls every layer again, so that each draws seeds anew.

        They only move NumPy's generator: random numbers differ from call to call as it is.
        """
        if not self._is_graph_network:
            return ()  # its `call` was called
        for depth in sorted(self._nodes_by_depth, reverse=True):
            for node in self._nodes_by_depth[depth]:
                if node.outputs:
                    node.outbound_layer.draw_seeds()
        return ()

    # -- what calls of the network change and add to the loss

    def _regularization_losses(self) -> list[Any]:
        return [loss for layer in self.layers for loss in layer.get_losses_for(None)]

    def node_updates(self, node: Any) -> list[Any]:
        """The updates of the layers inside, for one call of the network."""
        return updates_of(expansion(node).nodes)

    def node_losses(self, node: Any) -> list[Any]:
        """The losses of the calls inside, for one call of the network."""
        return losses_of(expansion(node).nodes)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Updates that depend on `inputs`; for None those that depend on no input."""
        found = super().get_updates_for(inputs)
        if not self.trainable and not self.stateful:
            return found
        return [*found, *nesting.of_calls(self, inputs, self.node_updates)]

    def get_losses_for(self, inputs: Any = None) -> list[Any]:
        """Losses that depend on `inputs`; for None those that depend on no input."""
        found = super().get_losses_for(inputs)
        return [*found, *nesting.of_calls(self, inputs, self.node_losses)]

    # -- configuration

    def get_config(self) -> dict[str, Any]:
        """Layers, their calls, inputs and outputs, with Keras's keys in Keras's order.

        Raises:
            UnsupportedError: the model is a subclass with a `call` of its own, whose architecture
                is code.
        """
        if not self._is_graph_network:
            raise UnsupportedError(
                f"{self._label()} has a `call` of its own: its architecture is Python code, which "
                "no config describes. Save its weights with save_weights(), or write it as a "
                "functional model."
            )
        numbers = self._node_numbers()
        layers = []
        for layer in self.layers:
            inbound = []
            for index, node in enumerate(layer._inbound_nodes):
                if self._topology.contains(layer, index) and node.inbound_layers:
                    inbound.append(_call_config(node, numbers))
            layers.append(
                {
                    "name": layer.name,
                    "class_name": type(layer).__name__,
                    "config": layer.get_config(),
                    "inbound_nodes": inbound,
                }
            )
        config = {
            "name": self.name,
            "layers": layers,
            "input_layers": [_coordinate(c, numbers) for c in self._input_coordinates],
            "output_layers": [_coordinate(c, numbers) for c in self._output_coordinates],
        }
        return copy.deepcopy(config)

    def _node_numbers(self) -> dict[tuple[int, int], int]:
        """Numbers of the calls in the config: those of other networks do not count."""
        numbers: dict[tuple[int, int], int] = {}
        for layer in self.layers:
            kept = 1 if layer.is_network else 0
            for index in range(len(layer._inbound_nodes)):
                if self._topology.contains(layer, index):
                    numbers[id(layer), index] = kept
                    kept += 1
        return numbers

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        """Makes the network that a config describes."""
        from kir.serde.config import network_from_config

        return network_from_config(cls, config, custom_objects)


def _call_config(node: Node, numbers: Mapping[tuple[int, int], int]) -> list[Any]:
    # One dict for all operands: YAML marks it as shared.
    arguments = dict(node.arguments)
    return [
        [layer.name, numbers.get((id(layer), index), 0), tensor_index, arguments]
        for layer, index, tensor_index in zip(
            node.inbound_layers, node.node_indices, node.tensor_indices, strict=True
        )
    ]


def _coordinate(history: tuple[Any, int, int], numbers: Mapping[tuple[int, int], int]) -> list[Any]:
    layer, index, tensor_index = history
    return [layer.name, numbers[id(layer), index], tensor_index]


__all__ = ["Network", "record_history"]
