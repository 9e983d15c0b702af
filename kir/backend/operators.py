"""The operators and indexing of symbolic tensors and variables.

They work as on TensorFlow's tensors: `==` compares identities, everything else is element-wise and
recorded. The engine's `Symbolic` leaves them to this module, which knows the backend's functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kir.backend import comparison, elementwise, linalg, shapes
from kir.engine.tensor import Symbolic

BINARY: dict[str, Callable[..., Any]] = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.divide,
    "floordiv": elementwise.floordiv,
    "mod": elementwise.mod,
    "pow": elementwise.pow,
    "matmul": linalg.matmul,
    "and": elementwise.logical_and,
    "or": elementwise.logical_or,
    "xor": elementwise.logical_xor,
}
COMPARISONS: dict[str, Callable[..., Any]] = {
    "lt": comparison.less,
    "le": comparison.less_equal,
    "gt": comparison.greater,
    "ge": comparison.greater_equal,
}
UNARY: dict[str, Callable[..., Any]] = {
    "neg": elementwise.negative,
    "abs": elementwise.abs,
    "invert": elementwise.logical_not,
}


def _left(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(self, other)


def _right(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: function(self)


def encode_key(key: Any) -> list[Any]:
    """An index in the form that an attribute holds."""
    items = key if isinstance(key, tuple) else (key,)
    encoded: list[Any] = []
    for item in items:
        if isinstance(item, slice):
            encoded.append({"slice": [item.start, item.stop, item.step]})
        elif item is Ellipsis:
            encoded.append("...")
        elif isinstance(item, np.integer):
            encoded.append(int(item))
        else:
            encoded.append(item)
    return encoded


def _getitem(self: Any, key: Any) -> Any:
    return shapes.getitem(self, encode_key(key))


def _iter(self: Any) -> Iterator[Any]:
    sizes = self.type.shape
    if not sizes or sizes[0] is None:
        raise TypeError(f"{self!r} cannot be iterated: the size of its first axis is not known.")
    return (_getitem(self, i) for i in range(sizes[0]))


def install() -> None:
    """Gives the operators to the class of everything symbolic."""
    for name, function in BINARY.items():
        setattr(Symbolic, f"__{name}__", _left(function))
        setattr(Symbolic, f"__r{name}__", _right(function))
    for name, function in COMPARISONS.items():
        setattr(Symbolic, f"__{name}__", _left(function))
    for name, function in UNARY.items():
        setattr(Symbolic, f"__{name}__", _alone(function))
    Symbolic.__getitem__ = _getitem  # type: ignore[attr-defined]
    Symbolic.__iter__ = _iter  # type: ignore[attr-defined]
    # NumPy leaves `array * tensor` to the tensor.
    Symbolic.__array_ufunc__ = None  # type: ignore[attr-defined]
    Symbolic.__array_priority__ = 1000  # type: ignore[attr-defined]
