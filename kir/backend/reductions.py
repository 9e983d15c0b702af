"""Reductions over axes, and cumulative sums and products.

`axis` is None for all axes, an int, or a list of ints; `keepdims` keeps reduced axes with size 1.
"""

from __future__ import annotations

from typing import Any

from kir import settings
from kir.backend import type_rules as rules
from kir.backend.recording import op
from kir.ir.types import TensorType


def _mean_type(x: Any, axis: Any = None, keepdims: bool = False) -> TensorType | None:
    found = rules.reduction(x, axis, keepdims)
    return found.with_dtype(settings.floatx()) if found and found.dtype == "bool" else found


@op(rules.reduction)
def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest element over axes.

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: same as `x`.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(rules.reduction)
def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest element over axes.

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: same as `x`.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(rules.reduction)
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum of the elements over axes.

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: same as `x`.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(rules.reduction)
def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product of the elements over axes.

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: same as `x`.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(_mean_type)
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The arithmetic mean over axes.

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: same as `x`; `floatx()` for
        booleans, and an integer for integers.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(_mean_type)
def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance over axes, divided by the number of elements (not by one less).

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: same as `x`; `floatx()` for
        booleans.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(_mean_type)
def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard deviation over axes: the square root of `var`.

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: same as `x`; `floatx()` for
        booleans.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(rules.reduction)
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))`` over axes, computed without overflow.

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: same as `x`.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(rules.bool_reduction)
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether any element over axes is true (not zero).

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: bool.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(rules.bool_reduction)
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether all elements over axes are true (not zero).

    Args:
        x: a tensor or variable.
        axis: the axis or axes to reduce: an int, a list of ints, or None for all; negative ones
            count from the end.
        keepdims: whether the reduced axes stay, with size 1.

    Shape:
        `x` of any shape -> the shape without the axes in `axis`; dtype: bool.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(rules.arg_reduction)
def argmax(x: Any, axis: int = -1) -> Any:
    """The place of the largest element along an axis, counted from 0; of equal ones the first.

    Args:
        x: a tensor or variable.
        axis: the axis; negative counts from the end.

    Shape:
        `x` of any shape -> the shape without `axis`; dtype: int64.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(rules.arg_reduction)
def argmin(x: Any, axis: int = -1) -> Any:
    """The place of the smallest element along an axis, counted from 0; of equal ones the first.

    Args:
        x: a tensor or variable.
        axis: the axis; negative counts from the end.

    Shape:
        `x` of any shape -> the shape without `axis`; dtype: int64.

    Raises:
        ShapeError: `x` has no such axis.
    """


@op(rules.same)
def cumsum(x: Any, axis: int = 0) -> Any:
    """The sums of the elements up to each place along an axis.

    Args:
        x: a tensor or variable.
        axis: the axis; negative counts from the end.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def cumprod(x: Any, axis: int = 0) -> Any:
    """The products of the elements up to each place along an axis.

    Args:
        x: a tensor or variable.
        axis: the axis; negative counts from the end.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """
