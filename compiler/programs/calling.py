"""Calling a concrete function with what it captured resolved once.

TensorFlow's own call path flattens arguments, checks them against the signature and collects the
captured variables on every call; for a small model that costs more than the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from compiler.tensorflow import tf
from kir.errors import ExecutionError

BoundFunction = Callable[..., list[Any]]

_PLACE = re.compile(r"\{\{(?:function_)?node ([^}]*)\}\}")


def explain(error: Exception) -> ExecutionError:
    """An error of TensorFlow's while a program ran, without its inner names.

    Ops are named after the layer that they belong to, which tells where it happened.
    """
    text = str(getattr(error, "message", error))
    places = [p for p in _PLACE.findall(text) if "__" not in p]
    text = _PLACE.sub("", text).split("[[")[0].split("[Op:")[0].strip()
    where = (
        f"While computing {places[-1].split('/')[-2]!r}: " if places and "/" in places[-1] else ""
    )
    hint = ""
    if "indices" in text and "is not in" in text:
        hint = " An index has no row in the table: check the data, or make input_dim larger."
    elif "exhausted" in type(error).__name__.lower():
        hint = " Use a smaller batch_size."
    return ExecutionError(f"{where}{text}.{hint}".replace("..", "."))


def bind(concrete: Any) -> BoundFunction:
    """A function from tensors to the list of the concrete function's tensors."""
    captured = list(concrete.captured_inputs)
    types = [o.dtype for o in concrete.outputs]
    call = tf.raw_ops.StatefulPartitionedCall
    # Shapes live in the host's memory, which only TensorFlow's own way of calling knows.
    holds_shapes = tf.int32 in types

    def bound(*inputs: Any) -> list[Any]:
        try:
            if holds_shapes:
                return list(concrete(*inputs))
            return call(args=[*inputs, *captured], Tout=types, f=concrete)
        except (tf.errors.InvalidArgumentError, tf.errors.ResourceExhaustedError) as error:
            raise explain(error) from None

    bound.concrete = concrete  # type: ignore[attr-defined]
    return bound
