"""Pillow and SciPy, imported when a function first needs them."""

from __future__ import annotations

import functools
import importlib
from types import ModuleType

from kir.errors import DependencyError

_DISTRIBUTIONS = {"PIL": "Pillow", "scipy": "SciPy"}


@functools.cache
def load(module: str, purpose: str) -> ModuleType:
    """Imports a module of Pillow or SciPy.

    Args:
        module: its name, e.g. 'PIL.Image'.
        purpose: what needs it, for the message if it is not installed.

    Raises:
        DependencyError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = _DISTRIBUTIONS[module.partition(".")[0]]
        raise DependencyError(
            f'{purpose} needs {package}, which is not installed. Run: pip install "kir[image]"'
        ) from error
