"""The callbacks of Keras, for `fit`.

A thin module: the classes live in the runtime, which is looked up by name when one of them is first
used. Importing this module, or the classes, does not load TensorFlow.
"""

from __future__ import annotations

from kir._lazy import lazy_names
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
# What Keras's module offers because it imports it.
_HOMES = {
    "K": "kir.backend",
    "np": "numpy",
    "standardize_input_data": "kir.engine.training_utils:standardize_input_data",
}
_HOMES |= {name: f"runtime.callbacks:{name}" for name in _LAZY}
__all__ = ["Progbar"]
__all__ += _LAZY


__getattr__ = lazy_names(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
