"""Models that are a list of layers."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kir.engine.base_layer import Layer
from kir.engine.input_layer import Input, InputLayer
from kir.engine.training import Model
from kir.errors import ConfigError, DTypeError, SeveralOutputsError
from kir.ir.attributes import to_attribute


class Sequential(Model):
    """A linear stack of layers.

    Args:
        layers: layers to add.
        name: the model's name.

    The first layer needs `input_shape` (or `batch_input_shape`); without one the model is built
    when it first sees data, or by `build(input_shape)`.

    Reference:
        https://keras.io/models/sequential (Keras 2.2.4).
    """

    def __init__(self, layers: Sequence[Any] | None = None, name: str | None = None) -> None:
        self._init_base(name)
        self._build_input_shape: Any = None
        self._layer_names: set[str] = set()
        for layer in layers or ():
            self.add(layer)

    @property
    def layers(self) -> list[Any]:
        """The layers, without the automatic input."""
        if self._layers and isinstance(self._layers[0], InputLayer):
            return self._layers[1:]
        return self._layers[:]

    @property
    def model(self) -> Sequential:
        """The model itself; Keras 1 kept a functional model here."""
        return self

    def add(self, layer: Any) -> None:
        """Adds a layer at the end.

        Raises:
            DTypeError: `layer` is no layer.
            SeveralOutputsError: it has several outputs.
        """
        if not isinstance(layer, Layer):
            raise DTypeError(
                f"Sequential {self.name!r}: The added layer must be an instance of class Layer. "
                f"Found: {layer!r} ({type(layer).__name__})."
            )
        if layer.name in self._layer_names:
            raise ConfigError(
                f"Sequential {self.name!r} has a layer called {layer.name!r} already; every layer "
                "of a model needs a name of its own. Give one of them another `name`."
            )
        self.built = False
        if not self._layers:
            self._add_first(layer)
        elif self.outputs:
            self._set_output(layer(self.outputs[0]))
        self._layers.append(layer)
        self._layer_names.add(layer.name)
        if self.inputs:
            self._mark_stale()

    def _add_first(self, layer: Any) -> None:
        if isinstance(layer, InputLayer):
            self._set_output(layer._inbound_nodes[-1].output_tensors[0])
        else:
            shape, dtype = _first_shape(layer)
            if shape is None:
                return
            x = Input(batch_shape=shape, dtype=dtype, name=layer.name + "_input")
            self._layers.append(x._keras_history[0])
            self._set_output(layer(x))
        self.inputs = (
            [self._layers[0]._inbound_nodes[0].output_tensors[0]]
            if self._layers
            else [self.outputs[0]]
        )

    def _set_output(self, output: Any) -> None:
        if isinstance(output, list):
            raise SeveralOutputsError(
                f"Sequential {self.name!r}: All layers in a Sequential model should have a single "
                "output tensor. For multi-output layers, use the functional API."
            )
        self.outputs = [output]

    def _mark_stale(self) -> None:
        self.built = True
        self._is_graph_network = True
        self._set_ends()

    def pop(self) -> None:
        """Removes the last layer.

        Raises:
            DTypeError: there is none.
        """
        if not self.layers:
            raise DTypeError(f"Sequential {self.name!r}: There are no layers in the model.")
        self._layer_names.discard(self._layers.pop().name)
        self.built = False
        if not self.layers:
            self.outputs = self.inputs = []
        elif self.outputs:
            last = self._layers[-1]
            last._outbound_nodes = []
            self.outputs = [last._inbound_nodes[-1].output_tensors[0]]
            self._mark_stale()

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights for inputs of this shape (with the batch axis)."""
        if self.inputs:
            self.built = True
            return
        if not self._layers:
            raise ConfigError(f"Sequential {self.name!r} has no layers; add some first.")
        if input_shape is None:
            raise ConfigError(
                f"Sequential {self.name!r} does not know its input shape. Give the first layer "
                "input_shape=..., or call build(input_shape) with the batch axis."
            )
        self._build_input_shape = tuple(input_shape)
        first = self._layers[0]
        x = Input(batch_shape=self._build_input_shape, name=first.name + "_input")
        layers = self._layers
        self._layers = [x._keras_history[0], *layers]
        output: Any = x
        for layer in layers:
            output = layer(output)
        self.inputs = [x]
        self._set_output(output)
        self._mark_stale()

    def _set_inputs(self, arrays: Sequence[Any]) -> None:
        """Builds a model without a declared shape for the data that it first sees."""
        self.build((None, *np.shape(arrays[0])[1:]))

    def _graph_attributes(self) -> dict[str, Any]:
        attributes = super()._graph_attributes()
        if self._build_input_shape is not None:
            attributes["build_input_shape"] = self._build_input_shape
        if not self.inputs:
            # Nothing was called yet, so that no node tells of the layers.
            attributes["layers"] = to_attribute(self.get_config()["layers"])
        return attributes

    def get_config(self) -> dict[str, Any]:
        """Name and layers, with Keras's keys in Keras's order."""
        layers = [
            {"class_name": type(layer).__name__, "config": layer.get_config()}
            for layer in self.layers
        ]
        config: dict[str, Any] = {"name": self.name, "layers": copy.deepcopy(layers)}
        if self._build_input_shape is not None:
            config["build_input_shape"] = self._build_input_shape
        return config

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Makes the model that a config describes; older versions wrote a list of layers."""
        from kir.serde.config import sequential_from_config

        return sequential_from_config(cls, config, custom_objects)

    def predict_proba(self, x: Any, batch_size: int = 32, verbose: int = 0) -> np.ndarray:
        """Predictions, with a warning where they are no probabilities.

        Shape:
            (samples, ...) -> (samples, classes).
        """
        import warnings

        found: np.ndarray = self.predict(x, batch_size, verbose)
        if found.min() < 0.0 or found.max() > 1.0:
            warnings.warn(
                "Network returning invalid probability values, outside of [0, 1]: the last layer "
                "should be a softmax or sigmoid.",
                stacklevel=2,
            )
        return found

    def predict_classes(self, x: Any, batch_size: int = 32, verbose: int = 0) -> np.ndarray:
        """The most likely class of each sample, as whole numbers.

        With one output unit: 1 where it is above 0.5.
        """
        found = self.predict(x, batch_size=batch_size, verbose=verbose)
        if found.shape[-1] > 1:
            return np.asarray(found.argmax(axis=-1))
        return np.asarray((found > 0.5).astype("int32"))


def _first_shape(layer: Any) -> tuple[Any, Any]:
    """Batch shape and dtype of a Sequential's input; a nested model's first layer may tell."""
    first = layer
    while getattr(first, "is_network", False):
        if not first.layers:
            raise ConfigError(f"The model {first.name!r} has no layers; it cannot come first.")
        first = first._layers[0]
    shape = getattr(first, "batch_input_shape", None)
    return shape, getattr(first, "dtype", None)
