"""From a live model to a config that Keras 3 understands, and that computes the same.

Most layers have a namesake with the same numbers. Where the numbers differ the config says
something else that gives the right ones; where nothing does, writing fails and names the layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import kir.layers
from kir import activations
from kir.errors import UnsupportedError
from kir.serde.keras3.entries import Config, entry
from kir.serde.keras3.hard_sigmoid import check_scaling
from kir.serde.keras3.masks import reads_mask
from kir.serde.keras3.own_forms import hard_sigmoid

# Layers without a counterpart, and what to do instead.
_MISSING = {
    "Lambda": "It holds Python code. Replace it by layers, or save the model as .kir.",
    "LocallyConnected1D": "Keras 3 has no such layer.",
    "LocallyConnected2D": "Keras 3 has no such layer.",
    "Highway": "It is a layer of Keras 1.",
    "MaxoutDense": "It is a layer of Keras 1.",
    "ConvRNN2D": "Use ConvLSTM2D.",
    "ConvLSTM2DCell": "Use ConvLSTM2D.",
}

# What Keras 3 calls a class or an argument, where the name differs.
_CLASSES = {"ThresholdedReLU": "ReLU", "CuDNNGRU": "GRU", "CuDNNLSTM": "LSTM"}
_ARGUMENTS = {"LeakyReLU": {"alpha": "negative_slope"}, "ThresholdedReLU": {"theta": "threshold"}}

# Arguments that say how, not what, is computed; Keras 3 decides on them by itself.
_DROPPED = frozenset({"implementation", "batch_input_shape", "dtype", "input_length", "input_dim"})
_DROPPED_OF = {
    "SpatialDropout1D": {"noise_shape"},
    "SpatialDropout2D": {"noise_shape"},
    "SpatialDropout3D": {"noise_shape"},
    "UpSampling1D": {"data_format"},
}

_CUDNN = {
    "CuDNNLSTM": {"recurrent_activation": "sigmoid"},
    "CuDNNGRU": {"recurrent_activation": "sigmoid", "reset_after": True},
}

_MODULES = {"initializer": "keras.initializers", "regularizer": "keras.regularizers"}
_MODULES["constraint"] = "keras.constraints"

# Activations by their names here; those that Keras got after 2.2.4 are `kir._later_activations`.
_ACTIVATION_NAMES = {"hard_sigmoid_3": "hard_sigmoid", "swish": "silu"}
_ACTIVATIONS = frozenset(
    {"elu", "exponential", "hard_sigmoid", "linear", "relu", "selu", "sigmoid", "softmax"}
    | {"softplus", "softsign", "tanh", "hard_silu", "relu6", "leaky_relu", "mish"}
    | {*_ACTIVATION_NAMES}
)


def model_config(model: Any) -> Config:
    """The config of a model, which Keras 3 makes a model of that predicts the same.

    Raises:
        UnsupportedError: a layer has no counterpart; names it and says what to do.
    """
    return layer_config(model)


def layer_config(layer: Any) -> Config:
    """The config of one layer or nested model."""
    if "/" in layer.name:
        raise _unsupported(layer, "Keras 3 allows no '/' in names. Give the layer another name.")
    if getattr(layer, "is_network", False):
        from kir.engine.sequential import Sequential

        is_sequential = isinstance(layer, Sequential)
        return _sequential(layer) if is_sequential else _functional(layer)
    name = _class_name(layer)
    if name == "InputLayer":
        return _input(layer.name, layer._inbound_nodes[0].output_tensors[0].type)
    if name == "Activation" and layer.activation is activations.hard_sigmoid:
        node = layer._inbound_nodes[0] if layer._inbound_nodes else None
        shape = node.input_shapes[0] if node is not None else None
        return hard_sigmoid(layer.name, _dtype(layer), shape)
    _check(layer, name)
    renamed = _ARGUMENTS.get(name, {})
    dropped = _DROPPED | _DROPPED_OF.get(name, set())
    config = {
        renamed.get(key, key): _argument(layer, key, value)
        for key, value in layer.get_config().items()
        if key not in dropped or (key == "input_dim" and name == "Embedding")
    }
    config |= _CUDNN.get(name, {})
    dtype = _dtype(layer)
    if dtype is not None:
        config["dtype"] = dtype
    return entry("keras.layers", _CLASSES.get(name, name), config)


def _class_name(layer: Any) -> str:
    cls = type(layer)
    name: str = cls.__name__
    if getattr(kir.layers, name, None) is not cls:
        raise _unsupported(
            layer,
            "Keras 3 does not know the class. Save the model as .kir, or rebuild it in Keras 3 "
            "with a class of your own.",
        )
    if name in _MISSING:
        raise _unsupported(layer, _MISSING[name])
    return name


def _unsupported(layer: Any, reason: str) -> UnsupportedError:
    return UnsupportedError(
        f"{type(layer).__name__} {layer.name!r} cannot be written for Keras 3: {reason}"
    )


def _check(layer: Any, name: str) -> None:
    """Refuses settings for which Keras 3 computes something else."""
    problem = _PROBLEMS.get(name, lambda layer: None)(layer)
    if problem is None:
        problem = check_scaling(layer)
    if problem is not None:
        raise _unsupported(layer, problem)


def _bilinear(layer: Any) -> str | None:
    if layer.interpolation == "bilinear":
        return (
            "bilinear interpolation of Keras 2 takes other points between the pixels than that of "
            "Keras 3. Use interpolation='nearest', or save the model as .kir."
        )
    return None


def _masked_directions(layer: Any) -> str | None:
    if layer.return_sequences and reads_mask(layer):
        return (
            "for masked time steps it repeats the last result, where Keras 3 gives zeros. Save the "
            "model as .kir."
        )
    return None


def _constants(layer: Any) -> str | None:
    if layer.get_config().get("num_constants"):
        return "Keras 3 has no constants for the cells of recurrent layers."
    return None


def _stacked(layer: Any) -> str | None:
    if layer.return_state and type(layer.cell).__name__ == "StackedRNNCells":
        return "Keras 3 gives the states of stacked cells in lists of lists."
    return _constants(layer)


_PROBLEMS: Mapping[str, Callable[[Any], str | None]] = {
    "UpSampling2D": _bilinear,
    "Bidirectional": _masked_directions,
    "RNN": _stacked,
}


def _argument(layer: Any, key: str, value: Any) -> Any:
    kind = key.rpartition("_")[2]
    if kind in _MODULES:
        return None if value is None else _small_object(layer, key, kind, value)
    if kind == "activation" and value is not None:
        if value not in _ACTIVATIONS:
            raise _unsupported(layer, f"Keras 3 does not know the activation {value!r}.")
        return _ACTIVATION_NAMES.get(value, value)
    if key == "layer":
        return layer_config(layer.layer)
    if key == "cell":
        return layer_config(layer.cell)
    if key == "cells":
        return [layer_config(cell) for cell in layer.cells]
    return value


def _small_object(layer: Any, key: str, kind: str, value: Any) -> Any:
    if not isinstance(value, dict) or value["class_name"] not in _KNOWN[kind]:
        name = value["class_name"] if isinstance(value, dict) else value
        if kind == "initializer":
            return entry(_MODULES[kind], "Zeros", {})  # the weights' values come from the file
        raise _unsupported(layer, f"{key} is {name!r}, which Keras 3 does not know.")
    class_name, config = value["class_name"], dict(value["config"])
    if class_name == "VarianceScaling" and config.get("distribution") == "normal":
        config["distribution"] = "truncated_normal"
    if class_name == "Identity":
        config = {"gain": config.get("gain", 1.0)}
    return entry(_MODULES[kind], class_name, config)


_KNOWN = {
    "initializer": frozenset(
        {"Zeros", "Ones", "Constant", "RandomNormal", "RandomUniform", "TruncatedNormal"}
        | {"VarianceScaling", "Orthogonal", "Identity"}
    ),
    "regularizer": frozenset({"L1L2"}),
    "constraint": frozenset({"MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"}),
}


def _dtype(layer: Any) -> str | None:
    """The type that the layer computes in; None where that is not seen."""
    kinds = [w.type.dtype for w in layer.weights]
    for node in getattr(layer, "_inbound_nodes", ()):
        kinds += [x.type.dtype for x in node.output_tensors if hasattr(x, "type")]
    return next((kind for kind in kinds if "float" in kind), None)


def _input(name: str, type: Any) -> Config:
    config = {"batch_shape": list(type.shape), "dtype": type.dtype, "sparse": type.sparse}
    return entry("keras.layers", "InputLayer", {**config, "name": name})


def _sequential(model: Any) -> Config:
    layers = [layer_config(layer) for layer in model.layers]
    if model.inputs:
        layers.insert(0, _input(model.input_names[0], model.inputs[0].type))
    return entry("keras", "Sequential", {"name": model.name, "layers": layers})


def _functional(model: Any) -> Config:
    config = model.get_config()
    by_name = {layer.name: layer for layer in model.layers}
    layers = []
    for described in config["layers"]:
        layer = by_name[described["name"]]
        calls = [_call(model, by_name, layer, call) for call in described["inbound_nodes"]]
        layers.append({**layer_config(layer), "name": layer.name, "inbound_nodes": calls})
    written = {"name": model.name, "trainable": bool(model.trainable), "layers": layers}
    for key in ("input_layers", "output_layers"):
        found = [_coordinate(by_name, c) for c in config[key]]
        written[key] = found if len(found) > 1 else found[0]
    return entry("keras.src.models.functional", "Functional", written)


def _coordinate(by_name: Mapping[str, Any], coordinate: Any) -> list[Any]:
    """An input or output of the model; both Kerases count a functional model's definition."""
    from kir.engine.sequential import Sequential

    name, node, result = coordinate
    return [name, node - isinstance(by_name[name], Sequential), result]


def _call(model: Any, by_name: Mapping[str, Any], layer: Any, call: Any) -> Config:
    tensors = []
    arguments: Config = {}
    for name, node, result, *rest in call:
        source = by_name[name]
        tensors.append(_tensor(model, source, node - bool(source.is_network), result))
        arguments = rest[0] if rest else arguments
    given = {key: value for key, value in arguments.items() if value is not None}
    if given:
        raise _unsupported(
            layer, f"it is called with {', '.join(given)}, which Keras 3's files cannot say."
        )
    if len(tensors) == 1:
        return {"args": tensors, "kwargs": {}}
    if hasattr(layer, "cell") or hasattr(layer, "forward_layer"):
        return {"args": tensors[:1], "kwargs": {"initial_state": tensors[1:]}}
    return {"args": [tensors], "kwargs": {}}


def _tensor(model: Any, source: Any, node: int, result: int) -> Config:
    """A layer's result as an operand; Keras 3 does not count a nested model's definition here."""
    calls = [
        made
        for index, made in enumerate(source._inbound_nodes)
        if model._topology.contains(source, index)
    ]
    kind = calls[node].output_tensors[result].type
    config = {
        "shape": list(kind.shape) if kind.shape is not None else None,
        "dtype": kind.dtype,
        "keras_history": [source.name, node, result],
    }
    return {"class_name": "__keras_tensor__", "config": config}
