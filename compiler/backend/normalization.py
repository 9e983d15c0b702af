"""Batch normalisation."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import as_tensor
from compiler.tensorflow import tf


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Any:
    """``(x - mean) / sqrt(var + epsilon) * gamma + beta``; `beta` and `gamma` may be None.

    Statistics of rank 1 belong to `axis`; others are broadcast as they are.
    """
    x = as_tensor(x)
    rank = x.shape.rank

    def fit(p: Any) -> Any:
        if p is None:
            return None
        p = as_tensor(p)
        if rank is None or p.shape.rank != 1 or axis in (-1, rank - 1):
            # A vector along the last axis is broadcast without help. What a caller has already
            # shaped as (1, ..., channels) for the last axis is given its rank back.
            return p
        shape = [1] * rank
        shape[axis] = -1
        return tf.reshape(p, shape)

    return tf.nn.batch_normalization(x, fit(mean), fit(var), fit(beta), fit(gamma), epsilon)


def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float = 1e-3
) -> tuple[Any, Any, Any]:
    """Normalises by the batch's own statistics; returns also its mean and variance."""
    x = as_tensor(x)
    rank, axes = x.shape.rank, sorted(a % x.shape.rank for a in reduction_axes)
    if axes == [0, 1, 2] and rank == 4 and x.dtype in (tf.float32, tf.float16, tf.bfloat16):
        return _fused(x, gamma, beta, epsilon)
    mean, variance = tf.nn.moments(x, axes)
    if axes == list(range(rank - 1)):
        parts: list[Any] = [mean, variance, beta, gamma]
    else:
        sizes = [
            1 if i in axes else (-1 if x.shape[i] is None else x.shape[i]) for i in range(rank)
        ]
        parts = [None if p is None else tf.reshape(p, sizes) for p in (mean, variance, beta, gamma)]
    y = tf.nn.batch_normalization(x, *parts, variance_epsilon=epsilon)
    return y, mean, variance


def _fused(x: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Images: the fused kernel, whose variance is the unbiased one (Keras 2.2 returns it so)."""
    channels = x.shape[-1] if x.shape[-1] is not None else tf.shape(x)[-1]
    kind = tf.float32
    scale = tf.ones([channels], kind) if gamma is None else tf.cast(gamma, kind)
    offset = tf.zeros([channels], kind) if beta is None else tf.cast(beta, kind)
    # The kernel takes no smaller epsilon.
    return tf.compat.v1.nn.fused_batch_norm(
        x, scale, offset, epsilon=max(epsilon, 1.001e-5), data_format="NHWC"
    )
