"""HDF5 files as data, and questions to the user.

The classes live in the runtime, which is looked up by name when one of them is first used.
"""

from __future__ import annotations

import importlib
import sys
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    H5Dict: Any
    HDF5Matrix: Any
    h5dict: Any

# Of each name the module and the class: Keras calls one class by two names.
_LAZY = {
    "H5Dict": ("runtime.hdf5.dictionary", "H5Dict"),
    "HDF5Matrix": ("runtime.hdf5.matrix", "HDF5Matrix"),
    "h5dict": ("runtime.hdf5.dictionary", "H5Dict"),
}

__all__ = ["H5Dict", "HDF5Matrix", "ask_to_proceed_with_overwrite", "h5dict"]


def ask_to_proceed_with_overwrite(filepath: Any) -> bool:
    """Asks the user whether a file may be overwritten.

    Args:
        filepath: the file that exists.
    """
    question = f"[WARNING] {filepath} already exists - overwrite? [y/n]"
    answer = _ask(question)
    while answer not in ("y", "n"):
        answer = _ask('Enter "y" (overwrite) or "n" (cancel).')
    if answer == "n":
        return False
    print("[TIP] Next time specify overwrite=True!")
    return True


def _ask(question: str) -> str:
    # Programs replace the `input` of six, by which Keras asked.
    moves = getattr(sys.modules.get("six"), "moves", None)
    # Not by getattr, which would make six keep what `input` is now.
    ask = getattr(moves, "__dict__", {}).get("input")
    if ask is None or isinstance(ask, BuiltinFunctionType):
        ask = input
    return str(ask(question)).strip().lower()


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, class_name = _LAZY[name]
    found = getattr(importlib.import_module(module), class_name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
