"""Copies of models: the same architecture with new weights."""

from __future__ import annotations

from typing import Any

from kir.engine.input_layer import Input, InputLayer
from kir.engine.sequential import Sequential
from kir.engine.tensor import Tensor
from kir.engine.training import Model
from kir.errors import ConfigError
from kir.utils.generic_utils import to_list, unpack_singleton


def clone_model(model: Any, input_tensors: Any = None) -> Any:
    """A model of the same architecture, with layers and weights of its own.

    Layers are made from their configurations, so the clone starts from new initial weights.

    Args:
        model: a functional or sequential model.
        input_tensors: tensors to build the clone on, in the order of the model's inputs; None
            makes new inputs like the model's.

    Raises:
        ConfigError: `model` is no model, or there is another number of tensors than inputs.

    Reference:
        https://keras.io/models/about-keras-models (Keras 2.2.4).
    """
    if not isinstance(model, Model):
        raise ConfigError(
            f"clone_model(): Expected `model` argument to be a `Model` instance, got {model!r} "
            f"({type(model).__name__})."
        )
    if isinstance(model, Sequential):
        return _clone_sequential(model, input_tensors)
    if not model._is_graph_network:
        raise ConfigError(
            f"clone_model() needs the graph of {model._label()}; a model that subclasses Model and "
            "brings its own `call` has none. Make another object of the class."
        )
    return _clone_functional(model, input_tensors)


def _clone_layer(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


def _inputs_for(model: Any, input_tensors: Any) -> list[Tensor]:
    given = to_list(input_tensors)
    if len(given) != len(model.inputs):
        raise ConfigError(
            f"clone_model() got {len(given)} input tensors; {model._label()} has "
            f"{len(model.inputs)} inputs."
        )
    return [
        x if hasattr(x, "_keras_history") else Input(tensor=x, name=f"input_wrapper_for_{name}")
        for x, name in zip(given, model.input_names, strict=True)
    ]


def _clone_sequential(model: Any, input_tensors: Any) -> Any:
    layers = [_clone_layer(layer) for layer in model.layers]
    if input_tensors is None:
        return Sequential(layers=layers, name=model.name)
    given = to_list(input_tensors)
    if len(given) != 1:
        raise ConfigError(
            f"clone_model() got {len(given)} input tensors; {model._label()} has one input."
        )
    (x,) = given
    if not hasattr(x, "_keras_history"):
        x = Input(tensor=x, name=f"input_wrapper_for_{getattr(x, 'name', 'tensor')}")
    origin = x._keras_history[0]
    if not isinstance(origin, InputLayer):
        raise ConfigError(
            f"clone_model() cannot put the Sequential {model.name!r} on {x!r}, which the layer "
            f"{origin.name!r} made; expected a tensor made by Input(). Use a functional model."
        )
    return Sequential(layers=[origin, *layers], name=model.name)


def _clone_functional(model: Any, input_tensors: Any) -> Any:
    layers: dict[Any, Any] = {}
    if input_tensors is None:
        inputs = [
            Input(
                batch_shape=layer.batch_input_shape,
                dtype=layer.dtype,
                sparse=layer.sparse,
                name=layer.name,
            )
            for layer in model._input_layers
        ]
    else:
        inputs = _inputs_for(model, input_tensors)
    known: dict[Any, Any] = dict(zip(model.inputs, inputs, strict=True))
    by_depth = model._nodes_by_depth
    # Keras makes the layers by depth, which is the order that their weights' seeds are drawn in.
    for depth in sorted(by_depth, reverse=True):
        for node in by_depth[depth]:
            layer = node.outbound_layer
            if not node.outputs:
                continue  # an input
            if layer not in layers:
                layers[layer] = _clone_layer(layer)
            operands = [known[x] for x in node.input_tensors]
            found = layers[layer](unpack_singleton(operands), **node.arguments)
            known.update(zip(node.output_tensors, to_list(found), strict=True))
    outputs = [known[x] for x in model.outputs]
    return Model(inputs, unpack_singleton(outputs), name=model.name)
