"""How layers and functions are written; importing this package registers the rules."""

from runtime.export.onnx.rules import (
    cells,
    convolutional,
    core,
    elementwise,
    images,
    linalg,
    local,
    merge,
    normalization,
    pooling,
    recurrent,
    reductions,
    resizing,
    shapes,
    tensorflow,
    wrappers,
)

__all__ = [
    "cells",
    "convolutional",
    "core",
    "elementwise",
    "images",
    "linalg",
    "local",
    "merge",
    "normalization",
    "pooling",
    "recurrent",
    "reductions",
    "resizing",
    "shapes",
    "tensorflow",
    "wrappers",
]
