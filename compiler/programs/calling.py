"""Calling a concrete function with what it captured resolved once.

TensorFlow's own call path flattens arguments, checks them against the signature and collects the
captured variables on every call; for a small model that costs more than the model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.tensorflow import tf

BoundFunction = Callable[..., list[Any]]


def bind(concrete: Any) -> BoundFunction:
    """A function from tensors to the list of the concrete function's tensors."""
    captured = list(concrete.captured_inputs)
    types = [o.dtype for o in concrete.outputs]
    call = tf.raw_ops.StatefulPartitionedCall

    def bound(*inputs: Any) -> list[Any]:
        return call(args=[*inputs, *captured], Tout=types, f=concrete)

    bound.concrete = concrete  # type: ignore[attr-defined]
    return bound
