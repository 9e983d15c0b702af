"""Tensors made from nothing or after the model of another tensor."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from kir import settings
from kir.backend import type_rules as rules
from kir.backend.recording import compute, define, op, type_rule
from kir.engine.tensor import Tensor, contains_symbolic, executing, record
from kir.ir.types import TensorType, check_dtype


def _constant_type(value: Any, dtype: str, **_: Any) -> TensorType:
    return TensorType(dtype, np.shape(value))


define("constant", _constant_type, {})
_CONSTANT = type_rule(_constant_type)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """Makes a constant tensor.

    Args:
        value: a number, an array or nested lists.
        dtype: the element type; default `floatx()`.
        shape: the tensor's shape; a shorter value is continued by its last element.
        name: a label.

    Shape:
        -> `shape`, or that of `value`; dtype: `dtype`.

    Example:
        >>> from kir import backend as K
        >>> K.eval(K.constant(3, shape=(2, 2))).tolist()
        [[3.0, 3.0], [3.0, 3.0]]
    """
    kind = settings.floatx() if dtype is None else check_dtype(dtype)
    if executing() or kind in ("string", "bfloat16") or contains_symbolic(value):
        return compute("constant", {"value": value, "dtype": kind, "shape": shape})
    array = np.asarray(value).astype(kind)
    if shape is not None:
        flat, size = array.reshape(-1), int(np.prod(shape))
        if 0 < flat.size < size:
            flat = np.concatenate([flat, np.repeat(flat[-1:], size - flat.size)])
        array = flat.reshape(tuple(shape))
    return record("k.constant", {"value": array, "dtype": kind}, _CONSTANT)


@op(rules.like)
def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Makes zeros in the shape of `x`.

    Args:
        x: a tensor or variable.
        dtype: the element type; default that of `x`.
        name: a label.

    Shape:
        `x` of any shape -> the same; dtype: `dtype`, or that of `x`.
    """


@op(rules.like)
def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Makes ones in the shape of `x`.

    Args:
        x: a tensor or variable.
        dtype: the element type; default that of `x`.
        name: a label.

    Shape:
        `x` of any shape -> the same; dtype: `dtype`, or that of `x`.
    """


def _is_int32(value: Any) -> bool:
    return value.dtype == "int32" if isinstance(value, TensorType) else isinstance(value, Integral)


def _range_type(start: Any, stop: Any, step: Any, dtype: str) -> TensorType | None:
    if dtype == "int32" and not all(_is_int32(v) for v in (start, stop, step) if v is not None):
        return None  # that of the numbers
    if any(isinstance(v, TensorType) for v in (start, stop, step)):
        return TensorType(dtype, (None,))
    first, last = (0, start) if stop is None else (start, stop)
    return TensorType(dtype, (max(0, int(np.ceil((last - first) / step))),))


@op(_range_type, symbolic=True)
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Any:
    """Makes the sequence ``start, start + step, ...`` up to before `stop`.

    Args:
        start: the first number; if `stop` is None, the end of a sequence from 0.
        stop: the end, not included.
        step: the difference of neighbours.
        dtype: the element type. Keras 2.2: the default leaves the type of the numbers, so that
            ``arange(0.0, 4.0)`` is floating.

    Shape:
        -> (ceil((stop - start) / step),); dtype: `dtype`, or that of the numbers.
    """


@op(rules.same)
def identity(x: Any, name: str | None = None) -> Any:
    """Returns a tensor with the content of `x`.

    Args:
        x: a tensor or variable.
        name: a label.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


def _cast_type(x: Any, dtype: str) -> TensorType | None:
    return rules.like(x, dtype)


@op(_cast_type)
def cast(x: Any, dtype: Any) -> Any:
    """Converts to another element type.

    Args:
        x: a tensor or variable.
        dtype: 'float16', 'float32', 'float64', 'int32', 'bool', ...

    Shape:
        `x` of any shape -> the same; dtype: `dtype`.
    """


def _shape_type(x: Any) -> TensorType | None:
    return TensorType("int32", (x.rank,)) if isinstance(x, TensorType) and not x.sparse else None


@op(_shape_type)
def shape(x: Any) -> Any:
    """Returns the shape of `x` as a symbolic integer vector; `int_shape` gives a tuple.

    Args:
        x: a tensor or variable.

    Shape:
        `x` of any shape -> (rank,); dtype: int32.
    """


def _stopped(variables: Any) -> Any:
    if isinstance(variables, list | tuple):
        return rules.known(*variables)
    return rules.type_of(variables)


@op(_stopped)
def stop_gradient(variables: Any) -> Any:
    """Returns `variables` as constants with respect to all others.

    Args:
        variables: a tensor or a list of tensors.

    Shape:
        as `variables`; dtype: same.
    """


@op(rules.same)
def print_tensor(x: Any, message: str = "") -> Any:
    """Returns `x` and prints its value whenever it is computed, on standard error.

    Args:
        x: a tensor or variable.
        message: printed before the value.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


def is_constant(x: Any) -> bool:
    """Whether `x` is a recorded constant."""
    return isinstance(x, Tensor) and x.producer is not None and x.producer.op == "k.constant"
