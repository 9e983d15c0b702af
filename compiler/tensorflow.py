"""TensorFlow, imported without the Keras 3 that it would bring along.

The last act of TensorFlow's own ``__init__`` is an import of ``keras.src.optimizers`` (or of
``tf_keras.src.optimizers``), wrapped in a ``try`` that swallows an ImportError. It registers
classes that kir never uses and costs about a second, 110 MB and 500 modules. So for as long as
the import lasts, a finder in front of ``sys.meta_path`` lets ``keras`` and ``tf_keras`` be *found*
(TensorFlow asks where they lie to complete its ``__path__``) but not *loaded*. Afterwards it is
gone: ``tf.keras``, ``from tensorflow.keras import layers`` and ``import keras`` work as ever.

The import is also kept quiet (see `_quiet_start`), and GPU memory is set to grow with what is used:
``TF_FORCE_GPU_ALLOW_GROWTH=false`` before the import gives TensorFlow's own way back.

The guard stands aside if ``KIR_KEEP_KERAS=1`` is set, or if TensorFlow or a Keras is loaded
already (there is nothing left to save). Should a later TensorFlow no longer swallow the error,
it is imported once more without the guard.

Every other module of ``compiler`` and ``runtime`` writes ``from compiler.tensorflow import tf``.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from types import ModuleType
from typing import TYPE_CHECKING

from kir.aliases import unwrapped
from kir.errors import DependencyError

__all__ = ["internal", "tf"]

KEEP_KERAS = "KIR_KEEP_KERAS"
KERAS_PACKAGES = ("keras", "tf_keras")
LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
GPU_MEMORY_GROWTH = "TF_FORCE_GPU_ALLOW_GROWTH"
NVIDIA_DRIVER = "/proc/driver/nvidia/version"
CHATTER = re.compile(rb"[IW]\d{4} [\d:. ]+\S+\] |WARNING: All log messages before absl::Init")


class _RefuseKeras(MetaPathFinder, Loader):
    """Finds Keras where it really lies, and refuses to execute it."""

    def __init__(self) -> None:
        self.has_refused = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in KERAS_PACKAGES:
            return None
        real = self._find_real(fullname, path, target)
        if real is None:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=real.origin, is_package=True)
        spec.submodule_search_locations = real.submodule_search_locations
        return spec

    def _find_real(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> importlib.machinery.ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    return spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        self.has_refused = True
        raise ImportError(f"{module.__name__!r} is kept out while TensorFlow is imported")


@contextmanager
def _keras_kept_out() -> Iterator[_RefuseKeras]:
    finder = _RefuseKeras()
    sys.meta_path.insert(0, finder)
    try:
        yield finder
    finally:
        sys.meta_path.remove(finder)


def _is_guard_wanted() -> bool:
    loaded = any(name in sys.modules for name in ("tensorflow", *KERAS_PACKAGES))
    return not loaded and os.environ.get(KEEP_KERAS, "0") in ("", "0")


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Holds back what TensorFlow's C++ side writes about itself while it is loaded.

    ``TF_CPP_MIN_LOG_LEVEL`` does the later messages, but those from before its logging is set up
    (oneDNN, missing CUDA drivers) go straight to file descriptor 2 whatever the level is. So
    that descriptor leads to a file for as long as the import lasts, and what is not one of them
    is passed on afterwards. A user who has set the variable gets every line.
    """
    if LOG_LEVEL in os.environ:
        yield
        return
    # Level 3 also hides errors. Without a driver there is one at every start, of a failed cuInit.
    os.environ[LOG_LEVEL] = "2" if os.path.exists(NVIDIA_DRIVER) else "3"
    try:
        stderr = os.dup(2)
    except OSError:  # a process without standard error
        yield
        return
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held_back.seek(0)
            rest = [line for line in held_back if not CHATTER.match(line)]
            if rest:
                os.write(2, b"".join(rest))


def _import_guarded() -> ModuleType:
    if not _is_guard_wanted():
        return importlib.import_module("tensorflow")
    with _keras_kept_out() as guard:
        try:
            return importlib.import_module("tensorflow")
        except ImportError:
            if not guard.has_refused:
                raise
    return importlib.import_module("tensorflow")


def _import_tensorflow() -> ModuleType:
    # TensorFlow would take all of a GPU's memory at its first use; the user's own setting stays.
    os.environ.setdefault(GPU_MEMORY_GROWTH, "true")
    try:
        with _quiet_start():
            return unwrapped(_import_guarded())
    except ModuleNotFoundError as error:
        if error.name != "tensorflow":
            raise
        raise DependencyError(
            "TensorFlow is not installed; kir needs it to compute (building, checking and "
            "converting architectures works without). Install it with: pip install tensorflow"
        ) from error


if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = _import_tensorflow()


def internal(name: str) -> ModuleType:
    """A module of TensorFlow's that has no public name, such as ``util.tf_export``."""
    return importlib.import_module(f"tensorflow.python.{name}")
