"""Attributes: the static, tensor-free parameters of an op, and what they may hold."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kir.ir.types import DTYPE_NAMES

# What an attribute may hold: None, bool, int, float, str, np.ndarray, Ref, Opaque, and lists,
# tuples and string-keyed dicts of these.
Attribute = Any

# How deep lists, tuples and dicts may nest. The binary form costs two protobuf messages a level,
# and protobuf reads at most 100.
MAX_ATTRIBUTE_DEPTH = 40

# The element types that an array inside an attribute may have.
ARRAY_DTYPES = frozenset(DTYPE_NAMES) - {"string"}


@dataclass(frozen=True, slots=True)
class Ref:
    """An operand's place inside an attribute: `Ref(0)` stands for the node's first input.

    Attributes:
        index: the operand's place among the node's inputs, from 0.
    """

    index: int


@dataclass(frozen=True, slots=True)
class Opaque:
    """A Python object that an attribute names but that no file can hold, e.g. a user's function.

    Two are equal when their names are: the object is what it means in this process only.

    Attributes:
        name: what the text form shows.
        value: the object; None after reading a file.
    """

    name: str
    value: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and other.name == self.name

    def __hash__(self) -> int:
        return hash(("Opaque", self.name))


def attributes_equal(a: Attribute, b: Attribute) -> bool:
    """Whether two attributes are the same: 1, 1.0 and True differ, 0.0 and -0.0 too; NaN is NaN.

    Args:
        a: an attribute.
        b: another.
    """
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (a == b and math.copysign(1.0, a) == math.copysign(1.0, b)) or (a != a and b != b)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(attributes_equal, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(attributes_equal(v, b[k]) for k, v in a.items())
    return a == b


def named_attributes_equal(a: Mapping[str, Attribute], b: Mapping[str, Attribute]) -> bool:
    """Whether two nodes have the same parameters; these go by name, so their order is free."""
    return a.keys() == b.keys() and all(attributes_equal(v, b[k]) for k, v in a.items())


def to_attribute(value: Any) -> Attribute:
    """Returns `value` as an attribute: what no file can hold becomes an `Opaque`.

    NumPy scalars become Python numbers, members of an enum their values, subclasses of the Python
    types (a named tuple) those types; arrays get the machine's byte order.

    Args:
        value: anything.
    """
    if value is None or isinstance(value, bool | Ref | Opaque):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    elif isinstance(value, enum.Enum):
        return to_attribute(value.value)
    for plain in (bool, int, float, str):
        if isinstance(value, plain):
            return value if type(value) is plain else plain(value)
    if isinstance(value, np.ndarray):
        native = value.dtype.newbyteorder("=")
        if native.name in ARRAY_DTYPES:
            return np.asarray(value, native)
        return to_attribute(value.tolist())
    if isinstance(value, tuple):
        return tuple(map(to_attribute, value))
    if isinstance(value, list):
        return list(map(to_attribute, value))
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {str(key): to_attribute(item) for key, item in value.items()}
    return Opaque(getattr(value, "__qualname__", None) or type(value).__qualname__, value)


def name_opaques(value: Attribute) -> Any:
    """An attribute as a configuration has it: an `Opaque`, such as a function, is its name."""
    if isinstance(value, Opaque):
        return value.name
    if isinstance(value, dict):
        return {key: name_opaques(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(name_opaques, value))
    return value


def attribute_problem(value: Attribute, operands: int, depth: int = 0) -> str | None:
    """What makes `value` no attribute of a node with so many operands; None if nothing does."""
    kind = type(value)
    if value is None or kind in _PLAIN:
        return None
    if kind in (list, tuple, dict):
        if depth == MAX_ATTRIBUTE_DEPTH:
            return f"it nests more than {MAX_ATTRIBUTE_DEPTH} levels deep"
        if kind is dict and not all(type(key) is str for key in value):
            return f"a dict has the keys {list(value)!r}; keys must be strings"
        for item in value.values() if kind is dict else value:
            if (problem := attribute_problem(item, operands, depth + 1)) is not None:
                return problem
        return None
    if kind is Ref:
        if 0 <= value.index < operands:
            return None
        return f"it refers to operand {value.index} of {operands}"
    if kind is np.ndarray:
        if value.dtype.name in ARRAY_DTYPES and value.dtype.isnative:
            return None
        return f"an array has the dtype {value.dtype.str!r}, which a file cannot hold"
    return f"it holds {value!r} of type {kind.__name__}"


_PLAIN = frozenset({bool, int, float, str, Opaque})
