"""Types of recorded calls for which the language has no rule: found by tracing the call once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compiler import backend
from compiler.lowering.captures import placeholder, type_of
from compiler.tensorflow import tf
from kir.backend.recording import substitute
from kir.engine.tensor import execution
from kir.errors import KirError, ShapeError
from kir.ir.graph import Opaque, Ref
from kir.ir.types import TensorType
from kir.settings import settings_key

_CACHE: dict[Any, Any] = {}
_LIMIT = 4096


def infer(op: str, attributes: Mapping[str, Any], types: Sequence[TensorType]) -> Any:
    """The result type of a call, or the list of types if the function returns a list.

    Args:
        op: the op's name, ``k.<function>``.
        attributes: the call's arguments by name, operands as `Ref`.
        types: the operands' types.

    Raises:
        ShapeError: TensorFlow refuses the operands.
    """
    key = (op, tuple(types), frozen(attributes), settings_key())
    if key not in _CACHE:
        found = _trace(op, attributes, types)
        if has_opaque(attributes):
            return found  # the same name may stand for another function next time
        if len(_CACHE) >= _LIMIT:
            _CACHE.clear()
        _CACHE[key] = found
    found = _CACHE[key]
    return list(found) if isinstance(found, list) else found


def _trace(op: str, attributes: Mapping[str, Any], types: Sequence[TensorType]) -> Any:
    function = getattr(backend, op.removeprefix("k."))
    with tf.Graph().as_default(), execution():
        operands = [placeholder(t) for t in types]
        arguments = {k: _unwrap(substitute(v, operands)) for k, v in attributes.items()}
        try:
            result = function(**arguments)
        except KirError:
            raise
        except (ValueError, TypeError, IndexError) as error:
            got = ", ".join(map(str, types))
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ShapeError(f"{op} of {got}: {reason}") from error
        if isinstance(result, list | tuple):
            return [type_of(r) for r in result]
        return type_of(result)


def _unwrap(value: Any) -> Any:
    if isinstance(value, Opaque):
        return value.value
    if isinstance(value, list | tuple):
        return type(value)(map(_unwrap, value))
    return value


def has_opaque(value: Any) -> bool:
    """Whether an attribute holds a Python object of the user."""
    if isinstance(value, Mapping):
        return any(map(has_opaque, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_opaque, value))
    return isinstance(value, Opaque)


def frozen(value: Any) -> Any:
    """A hashable stand-in for an attribute; types are kept apart (1 is not True)."""
    if isinstance(value, Mapping):
        return tuple((k, frozen(v)) for k, v in value.items())
    if isinstance(value, list | tuple):
        return (type(value).__name__, *map(frozen, value))
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Ref):
        return value
    return type(value).__name__, value if value.__hash__ else repr(value)
