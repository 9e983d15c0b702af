"""A Sequential saved without its input, as Keras 2.2 saved one with an explicit InputLayer.

Keras 2.2 leaves an InputLayer that was added out of a Sequential's config, so that its own
`load_model` fails: the model is not built, and has no weights to load into. kir keeps the input in
an attribute of its own that other readers ignore; in files of Keras it is inferred from the weights
of the first layer that has some.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import h5py

from kir.errors import FileFormatError
from kir.serde.upgrading import Kind, Report
from runtime.hdf5 import layout
from runtime.hdf5.reading import StoredWeights, find_weights, member

INPUT = "kir_input"

# Layers without weights that leave the shape as it is.
_SHAPELESS = {
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Masking",
}
# How many axes lie between the batch and the channels.
_WINDOWS = {"Conv1D": 1, "Conv2D": 2, "Conv3D": 3, "SeparableConv1D": 1, "SeparableConv2D": 2}
_WINDOWS |= {"DepthwiseConv2D": 2}
_SEQUENCES = ("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU", "Bidirectional")


def write_input(group: h5py.Group, model: Any) -> None:
    """Keeps the input of a Sequential whose config does not say it."""
    layers = getattr(model, "_layers", ())
    if type(model).__name__ != "Sequential" or len(layers) < 2:
        return
    first, second = layers[:2]
    implied = getattr(second, "batch_input_shape", None) or getattr(second, "is_network", False)
    if type(first).__name__ == "InputLayer" and not implied and not model._build_input_shape:
        layout.write_text(group, INPUT, json.dumps(first.get_config()))


def with_input(group: h5py.Group, config: Any, report: Report) -> Any:
    """A model's config with the input that it lacks; the config itself if it lacks none.

    Raises:
        FileFormatError: it lacks one, and the file does not tell it.
    """
    layers = _layers_without_input(config)
    if layers is None:
        return config
    stored = find_weights(member(group, layout.MODEL_WEIGHTS, h5py.Group))
    if not any(layer.arrays.names for layer in stored.layers):
        return config  # nothing to load: it is built when it first sees data
    given = layout.read_text(group, INPUT) if INPUT in group.attrs else None
    made = _read(given) if given else _inferred(layers, stored, report)
    entry = {"class_name": "InputLayer", "config": made}
    inner = config["config"]
    if isinstance(inner, list):
        return {**config, "config": [entry, *layers]}
    return {**config, "config": {**inner, "layers": [entry, *layers]}}


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"Attribute {INPUT!r} of the file is no JSON ({error}).") from error


def _layers_without_input(config: Any) -> list[Any] | None:
    """The layers of a Sequential that says no input shape; None for any other model."""
    if not isinstance(config, Mapping) or config.get("class_name") != "Sequential":
        return None
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, Mapping) else inner
    if not isinstance(layers, list) or not layers:
        return None
    if not isinstance(layers[0], Mapping) or not isinstance(layers[0].get("config"), Mapping):
        return None
    if isinstance(inner, Mapping) and inner.get("build_input_shape"):
        return None
    first = layers[0]["config"]
    if "layers" in first or first.get("batch_input_shape") or first.get("batch_shape"):
        return None  # a model inside, or a shape
    if layers[0].get("class_name") in ("InputLayer", "Merge"):
        return None
    return layers


def _inferred(layers: list[Any], stored: StoredWeights, report: Report) -> dict[str, Any]:
    arrays = {layer.name: layer.arrays for layer in stored.layers}
    for entry in layers:
        config = entry.get("config") if isinstance(entry, Mapping) else None
        if not isinstance(config, Mapping):
            break
        kind = str(entry.get("class_name"))
        found = arrays.get(str(config.get("name")))
        if found is not None and found.names:
            shape = _input_shape(kind, config, found.datasets()[0].shape)
            if shape is None:
                break
            report.add(
                Kind.REPAIRED,
                "Sequential",
                f"was saved without its InputLayer; the shape {shape} follows from the weights of "
                f"{config.get('name')!r}",
            )
            return {"batch_input_shape": shape, "name": f"{layers[0]['config'].get('name')}_input"}
        if kind not in _SHAPELESS:
            break
    raise FileFormatError(
        f"The Sequential in {stored.layers[0].arrays.group.file.filename!r} was saved without its "
        "InputLayer (a fault of Keras 2.2), and its weights do not tell the shape. Load the "
        "architecture, build it for your input and load the weights: "
        "model = model_from_config(json.loads(file.attrs['model_config'])); "
        "model.build((None, ...)); model.load_weights(path)."
    )


def _input_shape(
    kind: str, config: Mapping[str, Any], kernel: tuple[int, ...]
) -> tuple[int | None, ...] | None:
    """The shape of what a layer with this first weight takes; None if that does not follow."""
    if kind == "Dense" and len(kernel) == 2:
        return (None, kernel[0])
    if kind in _SEQUENCES and len(kernel) == 2:
        return (None, None, kernel[0])
    if kind in _WINDOWS and len(kernel) == _WINDOWS[kind] + 2:
        sizes, channels = (None,) * _WINDOWS[kind], kernel[-2]
        if config.get("data_format") == "channels_first":
            return (None, channels, *sizes)
        return (None, *sizes, channels)
    return None
