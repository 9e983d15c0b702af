"""HDF5 files as data, and questions to the user.

The classes live in the runtime, which is looked up by name when one of them is first used.
"""

from __future__ import annotations

import importlib
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
    answer = input(question).strip().lower()
    while answer not in ("y", "n"):
        answer = input('Enter "y" (overwrite) or "n" (cancel).').strip().lower()
    if answer == "n":
        return False
    print("[TIP] Next time specify overwrite=True!")
    return True


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, class_name = _LAZY[name]
    found = getattr(importlib.import_module(module), class_name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
