"""The callbacks of Keras, for `fit`.

A thin module: the classes live in the runtime, which is looked up by name when one of them is first
used. Importing this module, or the classes, does not load TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import Any

from kir.utils.progbar import Progbar as Progbar

_LAZY = (
    "BaseLogger",
    "BatchLogs",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "TensorBoard",
    "TerminateOnNaN",
)
__all__ = ["Progbar"]
__all__ += _LAZY


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module("runtime.callbacks"), name)
    globals()[name] = found  # so that the next look-up does not come here
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
