"""Draws: what a weight's initial value will be, decided but not yet computed.

Creating a weight takes the seed from NumPy's global generator at once, as Keras does, so that the
order of creation decides which weight gets which numbers. The numbers themselves are computed
when something asks for them, many weights at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kir import backend as K
from kir.errors import ConfigError, ShapeError
from kir.ir.types import check_dtype
from kir.utils.generic_utils import has_arg

Distribution = Literal["uniform", "normal", "truncated_normal"]


@dataclass(frozen=True, slots=True)
class Filled:
    """An array in which every element has the same value.

    Attributes:
        value: the value; an array is allowed too, as in `K.constant`.
        shape: the array's shape.
        dtype: the array's dtype.
    """

    value: Any
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class RandomDraw:
    """Random numbers that depend on `seed` alone.

    Attributes:
        distribution: which distribution.
        a: the lower bound of a uniform distribution; the mean of a normal one.
        b: the upper bound of a uniform distribution; the standard deviation of a normal one
            (before it is cut off at two of them, where it is truncated).
        seed: the seed of the operation.
        shape: the array's shape.
        dtype: the array's dtype.
    """

    distribution: Distribution
    a: float
    b: float
    seed: int
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """An array that is already there.

    Attributes:
        array: the array.
    """

    array: np.ndarray


@dataclass(frozen=True, slots=True)
class Joined:
    """Several draws one after the other along the first axis.

    Attributes:
        parts: the draws, in order.
    """

    parts: tuple[Any, ...]


Draw = Filled | RandomDraw | Given | Joined


def draw_seed(seed: int | None) -> int:
    """`seed`, or one taken from NumPy's global generator."""
    # Keras 2.2 writes randint(10e6): seeds are below ten million.
    return int(np.random.randint(10_000_000)) if seed is None else int(seed)


def known_shape(shape: Sequence[Any], owner: str) -> tuple[int, ...]:
    """`shape` as a tuple of ints.

    Raises:
        ShapeError: a size is unknown or negative.
    """
    if any(size is None or size < 0 for size in shape):
        raise ShapeError(
            f"{owner}: a weight of shape {tuple(shape)} cannot be made; expected every size to be "
            "known. Give the layer's input_shape with these axes filled in."
        )
    return tuple(int(size) for size in shape)


def draw_initial_value(
    initializer: Callable[..., Any], shape: Sequence[int], dtype: str | None = None
) -> Draw:
    """The draw of any initializer: one of ours, or a user's function.

    Args:
        initializer: an `Initializer`, or a function ``f(shape)`` or ``f(shape, dtype=None)`` that
            returns an array, a TensorFlow tensor or a value of `K`.
        shape: the weight's shape.
        dtype: the weight's dtype; `K.floatx()` if None.

    Raises:
        ConfigError: the function returned something of another shape.
    """
    dtype = check_dtype(dtype or K.floatx())
    if _draws_without_computing(initializer):
        found: Draw = initializer.draw(shape, dtype)  # type: ignore[attr-defined]
        return found
    name = getattr(initializer, "__name__", type(initializer).__name__)
    wanted = known_shape(shape, name)
    value = initializer(wanted, dtype=dtype) if _takes_dtype(initializer) else initializer(wanted)
    array = np.asarray(_to_array(value), dtype=dtype)
    if array.shape != wanted:
        raise ConfigError(
            f"The initializer {name} returned an array of shape {array.shape} for a weight of "
            f"shape {wanted}."
        )
    return Given(array)


def _draws_without_computing(initializer: Any) -> bool:
    # A user's subclass may override `__call__` only: then the `draw` it inherits is not its own.
    for cls in type(initializer).__mro__:
        if "draw" in vars(cls):
            return True
        if "__call__" in vars(cls):
            return False
    return False


def _takes_dtype(initializer: Any) -> bool:
    try:
        return has_arg(initializer, "dtype")
    except (TypeError, ValueError):  # a builtin without a signature
        return False


def _to_array(value: Any) -> Any:
    if hasattr(value, "__array__") or np.isscalar(value) or isinstance(value, list | tuple):
        return value
    return K.eval(value)
