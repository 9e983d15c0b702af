"""Element-wise mathematics, and what the operators of symbolic tensors are recorded as."""

from __future__ import annotations

from typing import Any

from kir.backend import type_rules as rules
from kir.backend.recording import op


@op(rules.same)
def abs(x: Any) -> Any:
    """Element-wise absolute value, ``|x|``.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def square(x: Any) -> Any:
    """Element-wise square, ``x ** 2``.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def sqrt(x: Any) -> Any:
    """Element-wise square root; negative elements count as zero.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def exp(x: Any) -> Any:
    """Element-wise exponential, ``e ** x``.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def log(x: Any) -> Any:
    """Element-wise natural logarithm.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def round(x: Any) -> Any:
    """Rounds to the nearest integer, halves to the even one.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def sign(x: Any) -> Any:
    """Element-wise sign: -1, 0 or 1.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def sin(x: Any) -> Any:
    """Element-wise sine of angles in radians.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def cos(x: Any) -> Any:
    """Element-wise cosine of angles in radians.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.power)
def pow(x: Any, a: Any) -> Any:
    """Element-wise power, ``x ** a``.

    Args:
        x: a tensor or variable.
        a: the exponent: a number, tensor or variable.

    Shape:
        `x` and `a`: shapes that broadcast -> the broadcast shape; dtype: same as `x`.

    Raises:
        ShapeError: the shapes do not broadcast.
        DTypeError: the dtypes of two symbolic operands differ.
    """


def _clip_type(x: Any, min_value: Any, max_value: Any) -> Any:
    return rules.type_of(x)


@op(_clip_type)
def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """Limits the elements to an interval: ``max(min_value, min(x, max_value))``.

    Args:
        x: a tensor or variable.
        min_value: the lower limit.
        max_value: the upper limit; None for none, and never below `min_value`.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.binary)
def maximum(x: Any, y: Any) -> Any:
    """The larger of two tensors, element by element.

    Args:
        x: a tensor or variable.
        y: another, or a number.

    Shape:
        `x` and `y`: shapes that broadcast -> the broadcast shape; dtype: same as `x`.

    Raises:
        ShapeError: the shapes do not broadcast.
        DTypeError: the dtypes of two symbolic operands differ.
    """


@op(rules.binary)
def minimum(x: Any, y: Any) -> Any:
    """The smaller of two tensors, element by element.

    Args:
        x: a tensor or variable.
        y: another, or a number.

    Shape:
        `x` and `y`: shapes that broadcast -> the broadcast shape; dtype: same as `x`.

    Raises:
        ShapeError: the shapes do not broadcast.
        DTypeError: the dtypes of two symbolic operands differ.
    """


@op(rules.binary)
def add(x: Any, y: Any) -> Any:
    """``x + y``."""


@op(rules.binary)
def subtract(x: Any, y: Any) -> Any:
    """``x - y``."""


@op(rules.binary)
def multiply(x: Any, y: Any) -> Any:
    """``x * y``."""


@op(rules.division)
def divide(x: Any, y: Any) -> Any:
    """``x / y``."""


@op(rules.binary)
def floordiv(x: Any, y: Any) -> Any:
    """``x // y``."""


@op(rules.binary)
def mod(x: Any, y: Any) -> Any:
    """``x % y``."""


@op(rules.same)
def negative(x: Any) -> Any:
    """``-x``."""


@op(rules.binary)
def logical_and(x: Any, y: Any) -> Any:
    """``x & y``."""


@op(rules.binary)
def logical_or(x: Any, y: Any) -> Any:
    """``x | y``."""


@op(rules.binary)
def logical_xor(x: Any, y: Any) -> Any:
    """``x ^ y``."""


@op(rules.same)
def logical_not(x: Any) -> Any:
    """``~x``."""
