"""Functions of ours that stand among TensorFlow's: recorded where they meet symbolic values."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from compiler.dispatch import record_call
from kir.engine.tensor import contains_symbolic, executing


def recorded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds a node for the call if an argument is symbolic; else computes."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if executing() or not contains_symbolic([list(args), kwargs]):
            return function(*args, **kwargs)
        return record_call(function, "", args, kwargs)

    return call
