"""Reductions over axes, and cumulative sums and products.

`axis` is None for all axes, an int, or a list of ints; `keepdims` keeps reduced axes with size 1.
"""

from __future__ import annotations

from typing import Any

from kir.backend import common
from kir.backend import type_rules as rules
from kir.backend.recording import op
from kir.ir.types import TensorType


def _mean_type(x: Any, axis: Any = None, keepdims: bool = False) -> TensorType | None:
    found = rules.reduction(x, axis, keepdims)
    return found.with_dtype(common.floatx()) if found and found.dtype == "bool" else found


@op(rules.reduction)
def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest element."""


@op(rules.reduction)
def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest element."""


@op(rules.reduction)
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum."""


@op(rules.reduction)
def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product."""


@op(_mean_type)
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean; booleans count as numbers of `floatx`, integers give an integer."""


@op(_mean_type)
def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance, divided by the number of elements."""


@op(_mean_type)
def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard deviation, divided by the number of elements."""


@op(rules.reduction)
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))``, computed without overflow."""


@op(rules.bool_reduction)
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether any element is true (non-zero)."""


@op(rules.bool_reduction)
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether all elements are true (non-zero)."""


@op(rules.arg_reduction)
def argmax(x: Any, axis: int = -1) -> Any:
    """The place of the largest element along an axis, as int64."""


@op(rules.arg_reduction)
def argmin(x: Any, axis: int = -1) -> Any:
    """The place of the smallest element along an axis, as int64."""


@op(rules.same)
def cumsum(x: Any, axis: int = 0) -> Any:
    """The sums of the elements up to each place along an axis."""


@op(rules.same)
def cumprod(x: Any, axis: int = 0) -> Any:
    """The products of the elements up to each place along an axis."""
