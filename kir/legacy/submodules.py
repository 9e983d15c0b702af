"""How Keras's networks and preprocessing, packages of their own, were told which Keras to use.

There is one here, so that what they are told has no effect.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from kir.errors import ArgumentError, ConfigError

NAMES = ("backend", "layers", "models", "utils", "engine")
# What a network is given.
_INJECTED = NAMES[:4]


def get_keras_submodule(name: str) -> ModuleType:
    """A module of Keras.

    Args:
        name: 'backend', 'layers', 'models', 'utils' or 'engine'.

    Raises:
        ConfigError: another name.
    """
    if name not in NAMES:
        expected = ", ".join(map(repr, NAMES))
        raise ConfigError(f"Can only retrieve one of {expected}. Requested: {name!r}")
    return importlib.import_module(f"kir.{name}")


def set_keras_submodules(**modules: Any) -> None:
    """Does nothing: there is one Keras.

    Args:
        **modules: modules of Keras by their names.
    """
    for name in modules:
        get_keras_submodule(name)


def get_submodules_from_kwargs(kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Modules of Keras: backend, layers, models and utils.

    Args:
        kwargs: those that are to be others, by these names; it may hold no other names.

    Raises:
        ArgumentError: another name.
    """
    for name in kwargs:
        if name not in _INJECTED:
            raise ArgumentError(f"Invalid keyword argument: {name}")
    return tuple(kwargs.get(name) or get_keras_submodule(name) for name in _INJECTED)


def keras_modules_injection(base_fun: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is given the modules of Keras as keywords.

    Args:
        base_fun: takes `backend`, `layers`, `models` and `utils` beside its own arguments.
    """

    @functools.wraps(base_fun)
    def injected(*args: Any, **kwargs: Any) -> Any:
        return base_fun(*args, **kwargs, **{n: get_keras_submodule(n) for n in _INJECTED})

    return injected
