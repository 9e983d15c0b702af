"""Element-wise comparison; the result is boolean."""

from __future__ import annotations

from typing import Any

from kir.backend import type_rules as rules
from kir.backend.recording import op


@op(rules.comparison)
def equal(x: Any, y: Any) -> Any:
    """Whether elements are equal: ``x == y``.

    Args:
        x: a tensor or variable.
        y: another, or a number.

    Shape:
        `x` and `y`: shapes that broadcast -> the broadcast shape; dtype: bool.

    Raises:
        ShapeError: the shapes do not broadcast.
        DTypeError: the dtypes of two symbolic operands differ.
    """


@op(rules.comparison)
def not_equal(x: Any, y: Any) -> Any:
    """Whether elements differ: ``x != y``.

    Args:
        x: a tensor or variable.
        y: another, or a number.

    Shape:
        `x` and `y`: shapes that broadcast -> the broadcast shape; dtype: bool.

    Raises:
        ShapeError: the shapes do not broadcast.
        DTypeError: the dtypes of two symbolic operands differ.
    """


@op(rules.comparison)
def greater(x: Any, y: Any) -> Any:
    """Whether elements of `x` are greater than those of `y`: ``x > y``.

    Args:
        x: a tensor or variable.
        y: another, or a number.

    Shape:
        `x` and `y`: shapes that broadcast -> the broadcast shape; dtype: bool.

    Raises:
        ShapeError: the shapes do not broadcast.
        DTypeError: the dtypes of two symbolic operands differ.
    """


@op(rules.comparison)
def greater_equal(x: Any, y: Any) -> Any:
    """Whether elements of `x` are at least those of `y`: ``x >= y``.

    Args:
        x: a tensor or variable.
        y: another, or a number.

    Shape:
        `x` and `y`: shapes that broadcast -> the broadcast shape; dtype: bool.

    Raises:
        ShapeError: the shapes do not broadcast.
        DTypeError: the dtypes of two symbolic operands differ.
    """


@op(rules.comparison)
def less(x: Any, y: Any) -> Any:
    """Whether elements of `x` are less than those of `y`: ``x < y``.

    Args:
        x: a tensor or variable.
        y: another, or a number.

    Shape:
        `x` and `y`: shapes that broadcast -> the broadcast shape; dtype: bool.

    Raises:
        ShapeError: the shapes do not broadcast.
        DTypeError: the dtypes of two symbolic operands differ.
    """


@op(rules.comparison)
def less_equal(x: Any, y: Any) -> Any:
    """Whether elements of `x` are at most those of `y`: ``x <= y``.

    Args:
        x: a tensor or variable.
        y: another, or a number.

    Shape:
        `x` and `y`: shapes that broadcast -> the broadcast shape; dtype: bool.

    Raises:
        ShapeError: the shapes do not broadcast.
        DTypeError: the dtypes of two symbolic operands differ.
    """
