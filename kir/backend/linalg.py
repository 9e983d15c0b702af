"""Products of tensors, transposition and look-up."""

from __future__ import annotations

from typing import Any

from kir.backend import type_rules as rules
from kir.backend.recording import op
from kir.ir.types import TensorType


@op(rules.dotted)
def dot(x: Any, y: Any) -> Any:
    """Contracts the last axis of `x` with the last but one of `y`.

    Args:
        x: a tensor of rank 2 or more, or a sparse matrix.
        y: a tensor of rank 2 or more.

    Shape:
        x: (..., n), y: (..., n, m) -> the other axes of `x`, then those of `y`; dtype: same as `x`.

    Raises:
        ShapeError: the two axes are of different sizes.
    """


def _matmul_type(x: Any, y: Any) -> TensorType | None:
    types = rules.known(x, y)
    if types is None or not types[0].rank == types[1].rank == 2:
        return None
    return rules.dotted(x, y)


@op(_matmul_type)
def matmul(x: Any, y: Any) -> Any:
    """``x @ y``: the matrix product over the last two axes."""


@op()
def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Product of each sample of `x` with the same sample of `y`.

    Args:
        x: a tensor of rank 2 or more.
        y: a tensor of rank 2 or more.
        axes: the axis to contract, the same for both or a pair; default the last of `x` and the
            last but one of `y`.

    Shape:
        (batch, i, n), (batch, n, j) -> (batch, i, j); a result of rank 1 becomes (batch, 1).
    """


def _transposed(x: Any) -> TensorType | None:
    types = rules.known(x)
    return types and types[0].with_shape(reversed(rules.sizes_of(types[0])))  # type: ignore[return-value]


@op(_transposed)
def transpose(x: Any) -> Any:
    """Reverses the order of the axes.

    Args:
        x: a tensor or variable.

    Shape:
        (n0, ..., nk) -> (nk, ..., n0); dtype: same as `x`.
    """


def _gathered(reference: Any, indices: Any) -> TensorType | None:
    types = rules.known(reference, indices)
    if types is None:
        return None
    return types[0].with_shape((*rules.sizes_of(types[1]), *rules.sizes_of(types[0])[1:]))


@op(_gathered)
def gather(reference: Any, indices: Any) -> Any:
    """Takes rows of a tensor.

    Args:
        reference: a tensor.
        indices: an integer tensor of places along its first axis.

    Shape:
        reference: (n, ...), indices: any shape of integers -> (*indices' shape, ...); dtype: same
        as `reference`.
    """
