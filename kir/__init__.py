"""kir: Keras 2.2.4 as a compiled language, on current TensorFlow.

`import kir as keras` is all that a Keras 2 program changes. Submodules load when they are first
used, so that importing kir takes no time and no TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kir.aliases import install_as_keras as install_as_keras
    from kir.engine.input_layer import Input as Input
    from kir.engine.sequential import Sequential as Sequential
    from kir.engine.training import Model as Model
    from kir.serde.text import parse as parse

# The version of the language, as Keras programs ask for it; kir's own is in the package metadata.
__version__ = "2.2.4"

_SUBMODULES = (
    "activations",
    "applications",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "engine",
    "errors",
    "initializers",
    "ir",
    "layers",
    "legacy",
    "losses",
    "metrics",
    "models",
    "objectives",
    "optimizers",
    "preprocessing",
    "regularizers",
    "serde",
    "utils",
    "wrappers",
)
_NAMES = {
    "Input": "kir.engine.input_layer",
    "Model": "kir.engine.training",
    "Sequential": "kir.engine.sequential",
    "install_as_keras": "kir.aliases",
    "parse": "kir.serde.text",
}


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"kir.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'kir' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES, *_NAMES])
