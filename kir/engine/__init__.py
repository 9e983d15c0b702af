"""Layers, calls, networks: the objects that a Keras program builds."""

from __future__ import annotations

import importlib
from typing import Any

# Names that Keras programs import from here; found when asked for, as those modules need this one.
_NAMES = {
    "Input": "kir.engine.input_layer",
    "InputLayer": "kir.engine.input_layer",
    "InputSpec": "kir.engine.input_spec",
    "Layer": "kir.engine.base_layer",
    "Model": "kir.engine.training",
    "Network": "kir.engine.network",
    "Sequential": "kir.engine.sequential",
    "get_source_inputs": "kir.utils.layer_utils",
}

# Modules that programs reach by attribute, as Keras has imported them all.
_MODULES = (
    "base_layer",
    "input_layer",
    "network",
    "saving",
    "sequential",
    "topology",
    "training",
    "training_arrays",
    "training_generator",
    "training_utils",
)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"kir.engine.{name}")
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES, *_MODULES})
