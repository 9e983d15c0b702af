"""Automatic names, and the name scopes that give variables their full names.

Keras takes variable names from TensorFlow's name scopes: the layer's name, made unique by a
number if a scope of that name was entered before in the same session.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import numpy as np

from kir import settings


def snake_case(name: str) -> str:
    """`Conv2D` -> `conv2d`, `MaxPooling2D` -> `max_pooling2d`, as Keras names layers."""
    words = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    result = re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
    return result if result[:1] != "_" else "private" + result


def automatic_name(prefix: str) -> str:
    """The next name of its kind in this session: `dense_1`, `dense_2`, ..."""
    return f"{prefix}_{settings.get_uid(prefix)}"


class _Scopes:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.used: dict[str, int] = {}
        self.stack: list[str] = []

    def unique(self, name: str) -> str:
        full = "/".join([*self.stack[-1:], name])
        key = full.lower()
        count = self.used.get(key, 0)
        self.used[key] = count + 1
        if count:
            candidate = f"{full}_{count}"
            while candidate.lower() in self.used:
                count += 1
                candidate = f"{full}_{count}"
            self.used[key] = count + 1
            self.used[candidate.lower()] = 1
            return candidate
        return full


_SCOPES = _Scopes()


@contextlib.contextmanager
def name_scope(name: str) -> Iterator[str]:
    """A ``with`` block in which every name that is made gets ``name/`` in front, made unique.

    Args:
        name: the scope's name; inner scopes are joined by ``/``.
    """
    full = _SCOPES.unique(name)
    _SCOPES.stack.append(full)
    try:
        yield full
    finally:
        _SCOPES.stack.pop()


def current_scope() -> str:
    """The full name of the scope around; empty where there is none."""
    return _SCOPES.stack[-1] if _SCOPES.stack else ""


def variable_name(name: str) -> str:
    """The full, unique name of a variable made now, such as ``dense_1/kernel:0``."""
    return _SCOPES.unique(name) + ":0"


def unique_name(name: str) -> str:
    """The full, unique name of an operation made now, such as ``block/scores``."""
    return _SCOPES.unique(name)


def mark_used(name: str) -> None:
    """Takes a name for something that is no variable (an input)."""
    _SCOPES.unique(name)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Layers made inside leave no trace: in names, in counters, in NumPy's random numbers."""
    used, stack = dict(_SCOPES.used), list(_SCOPES.stack)
    uids, state = settings.uids(), np.random.get_state()
    try:
        yield
    finally:
        _SCOPES.used, _SCOPES.stack = used, stack
        settings.set_uids(uids)
        np.random.set_state(state)


def reset_scopes() -> None:
    """Forgets all names: a new session."""
    _SCOPES.reset()


settings.on_clear_session(reset_scopes)
