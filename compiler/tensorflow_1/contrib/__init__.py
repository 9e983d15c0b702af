"""`tf.contrib`: what programs beside Keras used most of it."""

from __future__ import annotations

import importlib
from typing import Any

from kir.errors import MissingAttributeError

# `from tensorflow.contrib import x` looks for the module x by this name.
__name__ = "tensorflow.contrib"

_MODULES = {
    "image": "compiler.tensorflow_1.contrib.image",
    "keras": "kir",
    "layers": "compiler.tensorflow_1.contrib.layers",
    "learn": "compiler.tensorflow_1.contrib.learn",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise MissingAttributeError(
            f"TensorFlow has no tf.contrib any more, and kir offers no tf.contrib.{name}. Use the "
            "layers and functions of Keras, or what tf.* offers for it."
        )
    return importlib.import_module(_MODULES[name])
