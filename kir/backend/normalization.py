"""Batch normalisation."""

from __future__ import annotations

from typing import Any

from kir.backend.recording import op
from kir.backend.type_rules import known, sizes_of
from kir.ir.types import TensorType


def _normalized(x: Any, **_: Any) -> TensorType | None:
    types = known(x)
    return types[0] if types else None


@op(_normalized)
def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Any:
    """``(x - mean) / sqrt(var + epsilon) * gamma + beta``.

    Args:
        x: a tensor.
        mean: the mean to subtract.
        var: the variance to divide by.
        beta: the offset, or None.
        gamma: the scale, or None.
        axis: the axis that vectors among the parameters belong to.
        epsilon: added to the variance.

    Shape:
        `x` of any shape -> the same; `mean`, `var`, `beta`, `gamma`: shapes that broadcast to it,
        or vectors along `axis`; dtype: same as `x`.
    """


def _batch_normalized(x: Any, reduction_axes: Any, **_: Any) -> list[TensorType] | None:
    types = known(x)
    if types is None:
        return None
    shape = sizes_of(types[0])
    axes = {a % len(shape) for a in reduction_axes}
    moment = types[0].with_shape(n for i, n in enumerate(shape) if i not in axes)
    return [types[0], moment, moment]


@op(_batch_normalized)
def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float = 1e-3
) -> Any:
    """Normalises by the batch's own statistics.

    Args:
        x: a tensor.
        gamma: the scale, or None.
        beta: the offset, or None.
        reduction_axes: the axes of the statistics.
        epsilon: added to the variance.

    Returns:
        The normalised tensor, the mean and the variance. For images in `channels_last` order the
        variance is the unbiased one.

    Shape:
        `x` of any shape -> the same, and mean and variance of the sizes outside `reduction_axes`;
        dtype: same as `x`.
    """
