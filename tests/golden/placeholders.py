"""Stand-ins for modules that a whole family's scripts import and few of its cases use.

Every script of the family `errors` begins with imports from `keras.preprocessing`. So that most of
them can be judged before kir has that package, its names exist here and raise when they are used.
This module goes when `kir.preprocessing` comes; a test asks for that.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import NoReturn

NAMES = {
    "keras.preprocessing": (),
    "keras.preprocessing.image": ("ImageDataGenerator",),
    "keras.preprocessing.sequence": ("TimeseriesGenerator", "pad_sequences"),
    "keras.preprocessing.text": ("Tokenizer",),
}


def are_needed() -> bool:
    return importlib.util.find_spec("kir.preprocessing") is None


def install() -> None:
    """Enters them into `sys.modules`, below the name `keras`."""
    for module_name, names in NAMES.items():
        module = ModuleType(module_name)
        for name in names:
            setattr(module, name, _placeholder(name))
        sys.modules[module_name] = module


def _placeholder(name: str) -> Callable[..., NoReturn]:
    def absent(*args: object, **kwargs: object) -> NoReturn:
        raise NotImplementedError(f"kir has no {name} yet")

    return absent
