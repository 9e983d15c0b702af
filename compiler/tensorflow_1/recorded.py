"""Functions that TensorFlow does not dispatch: recorded where they meet symbolic values."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from compiler.dispatch import record_call
from kir.engine.tensor import contains_symbolic, executing


def recorded(function: Callable[..., Any], path: str = "", always: bool = False) -> Any:
    """The function, with a node for its call where an argument is symbolic, or always.

    Args:
        function: ours, or TensorFlow's.
        path: TensorFlow's public path of it, without ``tf.``; empty for one of ours.
        always: whether to record the call on plain values too.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if executing() or not (always or contains_symbolic([list(args), kwargs])):
            return function(*args, **kwargs)
        return record_call(function, path, args, kwargs)

    return call
