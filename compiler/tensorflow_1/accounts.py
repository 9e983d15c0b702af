"""All variables of a program for TensorFlow 1, those of Keras's layers and optimizers too."""

from __future__ import annotations

import weakref

from kir.engine.variable import Variable
from kir.settings import on_clear_session

# In order of creation.
_ALL: list[weakref.ref[Variable]] = []
on_clear_session(_ALL.clear)


def keep_account() -> None:
    """Notes every variable that is made from now on."""
    Variable.on_creation = staticmethod(lambda made: _ALL.append(weakref.ref(made)))  # type: ignore[assignment]


def all_variables() -> list[Variable]:
    """The variables of this session that are in use."""
    return [v for v in (reference() for reference in _ALL) if v is not None]
