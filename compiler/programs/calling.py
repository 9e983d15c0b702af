"""Calling a concrete function with what it captured resolved once.

TensorFlow's own call path flattens arguments, checks them against the signature and collects the
captured variables on every call; for a small model that costs more than the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
    # What was traced where, which TensorFlow puts first, is kir's own code.
    text = text.rsplit("\n\n", 1)[-1].strip()
    where = ""
    if places:
        *scopes, op = places[-1].split("/")
        where = f"While computing {(scopes[-1] if scopes else op)!r}: "
    hint = ""
    if "indices" in text and "is not in" in text:
        hint = " An index has no row in the table: check the data, or make input_dim larger."
    elif "exhausted" in type(error).__name__.lower():
        hint = " Use a smaller batch_size."
    return ExecutionError(f"{where}{text}.{hint}".replace("..", "."))


def _located(concrete: Any, inputs: Sequence[Any], error: Exception) -> Exception:
    """The same error with the name of the op, which the short way of calling does not tell.

    The function runs once more for it; variables are left as the failed call left them.
    """
    kept = [(v, v.read_value()) for v in concrete.variables]
    try:
        concrete(*inputs)
    except tf.errors.OpError as again:
        return again
    finally:
        for variable, value in kept:
            variable.assign(value)
    return error


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
        except tf.errors.ResourceExhaustedError as error:
            raise explain(error) from None  # no memory is left to look for the place
        except tf.errors.InvalidArgumentError as error:
            raise explain(_located(concrete, inputs, error)) from None

    bound.concrete = concrete  # type: ignore[attr-defined]
    return bound
