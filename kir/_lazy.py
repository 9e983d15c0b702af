"""Names of a module that are looked up elsewhere when they are first used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A `__getattr__` for a module.

    Keras's modules also offer what they import for themselves (`keras.layers.core.K`), and
    programs use that. Here it need not be imported before.

    Args:
        module: the module's `__name__`.
        homes: for each name the module ``a.b`` that it stands for, or ``a.b:name`` in it.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, attribute = homes[name].partition(":")
        found: Any = importlib.import_module(home)
        if attribute:
            found = getattr(found, attribute)
        setattr(sys.modules[module], name, found)
        return found

    return find
