"""Rules that give the type of a recorded call from the types of its operands.

A rule takes the call's arguments by name, each operand replaced by its `TensorType`. It answers
None where it does not know; the executor then traces the function once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kir.errors import DTypeError, ShapeError
from kir.ir.types import Shape, TensorType

Dim = int | None


def type_of(x: Any) -> TensorType | None:
    """The type of an operand or of a constant beside it; None for what no rule understands."""
    if isinstance(x, TensorType):
        return None if x.sparse else x
    if isinstance(x, bool):
        return TensorType("bool", ())
    if isinstance(x, int):
        return TensorType("int32", ())
    if isinstance(x, float):
        return TensorType("float32", ())
    if isinstance(x, np.ndarray):
        return TensorType(x.dtype.name, x.shape)
    if isinstance(x, list | tuple) and not any(isinstance(v, TensorType) for v in x):
        array = np.asarray(x)
        return None if array.dtype == object else TensorType(array.dtype.name, array.shape)
    return None


def known(*values: Any) -> list[TensorType] | None:
    """The types of all `values`; None unless every one is dense and of known rank."""
    types = [type_of(v) for v in values]
    if any(t is None or t.shape is None for t in types):
        return None
    return types  # type: ignore[return-value]


def sizes_of(kind: TensorType) -> Shape:
    """The shape of a type whose rank is known."""
    assert kind.shape is not None
    return kind.shape


def broadcast(*shapes: Shape) -> Shape:
    """The shape of an element-wise combination.

    Raises:
        ShapeError: two sizes of an axis differ and neither is 1.
    """
    rank = max(map(len, shapes))
    result: list[Dim] = []
    for sizes in zip(*((1,) * (rank - len(s)) + s for s in shapes), strict=True):
        wide = {n for n in sizes if n not in (None, 1)}
        if len(wide) > 1:
            raise ShapeError(
                "Element-wise operation on the shapes "
                + " and ".join(map(str, shapes))
                + "; the sizes of each axis must be equal or 1."
            )
        result.append(wide.pop() if wide else (None if None in sizes else 1))
    return tuple(result)


def same(x: Any, **_: Any) -> TensorType | None:
    """The result is of the operand's type."""
    return type_of(x)


def _pair(x: Any, y: Any) -> tuple[str, Shape] | None:
    types = known(x, y)
    if types is None:
        return None
    symbolic = [v for v in (x, y) if isinstance(v, TensorType)]
    dtypes = {t.dtype for t in symbolic}
    if len(dtypes) > 1:
        raise DTypeError(
            f"Operands of different dtypes: {symbolic[0]} and {symbolic[1]}; "
            "convert one of them with K.cast."
        )
    return dtypes.pop(), broadcast(sizes_of(types[0]), sizes_of(types[1]))


def binary(x: Any, y: Any, **_: Any) -> TensorType | None:
    """Element-wise with the dtype of the operands."""
    pair = _pair(x, y)
    return pair and TensorType(*pair)


def comparison(x: Any, y: Any, **_: Any) -> TensorType | None:
    """A boolean, element-wise."""
    pair = _pair(x, y)
    return pair and TensorType("bool", pair[1])


def division(x: Any, y: Any, **_: Any) -> TensorType | None:
    """True division: integers give float64, small ones float32."""
    pair = _pair(x, y)
    if pair is None:
        return None
    wide = {"int8": "float32", "uint8": "float32", "int16": "float32", "uint16": "float32"}
    dtype = pair[0] if "float" in pair[0] else wide.get(pair[0], "float64")
    return TensorType(dtype, pair[1])


def power(x: Any, a: Any, **_: Any) -> TensorType | None:
    """`binary` by the names of `K.pow`."""
    return binary(x, a)


def like(x: Any, dtype: str | None = None, **_: Any) -> TensorType | None:
    """The operand's shape, perhaps with another dtype."""
    found = type_of(x)
    return found if found is None or dtype is None else found.with_dtype(dtype)


def filled(shape: Any, dtype: str, **_: Any) -> TensorType | None:
    """A new tensor of a given shape, whose sizes may be operands."""
    sizes = shape_argument(shape)
    return None if sizes is None else TensorType(dtype, sizes)


def shape_argument(shape: Any) -> Shape | None:
    """A shape as far as it is known; None where not even the rank is."""
    if isinstance(shape, TensorType):
        rank = shape.shape[0] if shape.shape else None
        return None if rank is None else (None,) * rank
    if isinstance(shape, int):
        return (shape,)
    return tuple(int(n) if isinstance(n, int | float) else None for n in shape)


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Axes counted from 0; all of them for None.

    Raises:
        ShapeError: an axis that is not there.
    """
    if axis is None:
        return tuple(range(rank))
    chosen = (axis,) if isinstance(axis, int) else tuple(axis)
    for a in chosen:
        if not -rank <= a < rank:
            raise ShapeError(
                f"Axis {a} of a tensor of rank {rank}; expected -{rank} to {rank - 1}."
            )
    return tuple(a % rank for a in chosen)


def _reduced(shape: Shape, axis: Any, keepdims: bool) -> Shape:
    gone = axes_of(axis, len(shape))
    if keepdims:
        return tuple(1 if i in gone else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in gone)


def reduction(x: Any, axis: Any = None, keepdims: bool = False, **_: Any) -> TensorType | None:
    """The shape without the reduced axes, or with size 1 there."""
    types = known(x)
    if types is None or isinstance(axis, TensorType):
        return None
    return types[0].with_shape(_reduced(sizes_of(types[0]), axis, keepdims))


def bool_reduction(x: Any, axis: Any = None, keepdims: bool = False) -> TensorType | None:
    """A reduction to booleans."""
    found = reduction(x, axis, keepdims)
    return found and found.with_dtype("bool")


def arg_reduction(x: Any, axis: int = -1) -> TensorType | None:
    """A reduction to places, as int64."""
    found = reduction(x, axis)
    return found and found.with_dtype("int64")


def product(sizes: Iterable[Dim]) -> Dim:
    """The number of elements, if all sizes are known."""
    known_sizes = list(sizes)
    return None if None in known_sizes else math.prod(known_sizes)  # type: ignore[arg-type]


def reshaped(x: Any, shape: Any) -> TensorType | None:
    """The new shape; one size of -1 is computed."""
    found = type_of(x)
    sizes = shape_argument(shape)
    if found is None or sizes is None:
        return None
    given = isinstance(shape, Sequence)
    target = [None if n == -1 else n for n in sizes]
    open_places = [i for i, n in enumerate(target) if n is None]
    count = None if found.shape is None else product(found.shape)
    if given and -1 in shape and len(open_places) == 1 and count is not None:
        rest = product(n for n in target if n is not None) or 1
        if count % rest:
            raise ShapeError(f"K.reshape: cannot bring {found} to the shape {tuple(shape)}.")
        target[open_places[0]] = count // rest
    elif not open_places and count is not None and product(target) != count:
        raise ShapeError(
            f"K.reshape: cannot bring {found} to the shape {tuple(sizes)}: "
            f"{count} elements cannot fill {product(target)}."
        )
    return found.with_shape(target)


def dotted(x: Any, y: Any) -> TensorType | None:
    """The shape of `K.dot`."""
    types = known(x, y)
    if types is None:
        return None
    a, b = (sizes_of(t) for t in types)
    if len(a) < 2 or len(b) < 2:
        return None
    if None not in (a[-1], b[-2]) and a[-1] != b[-2]:
        raise ShapeError(
            f"K.dot: {types[0]} by {types[1]}: the last axis of the first ({a[-1]}) must be as "
            f"long as the last but one of the second ({b[-2]})."
        )
    return types[0].with_shape((*a[:-1], *b[:-2], b[-1]))


def joined(tensors: Any, axis: int = -1) -> TensorType | None:
    """The sum of the sizes along the axis."""
    types = known(*tensors)
    if not types:
        return None
    shapes = [sizes_of(t) for t in types]
    rank = len(shapes[0])
    place = axes_of(axis, rank)[0]
    sizes: list[Dim] = []
    for i in range(rank):
        column = [s[i] for s in shapes if len(s) == rank]
        found = {n for n in column if n is not None}
        if len(column) < len(shapes) or (i != place and len(found) > 1):
            raise ShapeError(
                "K.concatenate along axis "
                f"{axis}: {', '.join(map(str, types))}; the other axes must be equal."
            )
        sizes.append(None if None in column else sum(column) if i == place else column[0])  # type: ignore[arg-type]
        if i != place and found:
            sizes[-1] = found.pop()
    return types[0].with_shape(sizes)


def stacked(x: Any, axis: int = 0) -> TensorType | None:
    """A new axis as long as the list."""
    types = known(*x)
    if not types:
        return None
    shape = list(broadcast(*(sizes_of(t) for t in types)))
    shape.insert(axis % (len(shape) + 1), len(types))
    return types[0].with_shape(shape)
