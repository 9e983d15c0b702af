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
    "get_source_inputs": "kir.utils.layer_utils",
}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
