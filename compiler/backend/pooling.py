"""Pooling over windows of images and volumes."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import (
    FIRST,
    as_tensor,
    as_tuple,
    channels_first,
    channels_last,
    upper_padding,
)
from compiler.tensorflow import tf
from kir.errors import ConfigError
from kir.settings import normalize_data_format


def _pool(
    x: Any,
    axes: int,
    pool_size: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    pool_mode: str,
) -> Any:
    modes = {"max": tf.nn.max_pool, "avg": tf.nn.avg_pool}
    if pool_mode not in modes:
        raise ConfigError(f"Invalid pool_mode: {pool_mode}; expected 'max' or 'avg'.")
    x = as_tensor(x)
    first = normalize_data_format(data_format) == FIRST
    out = modes[pool_mode](
        channels_last(x) if first else x,
        as_tuple(pool_size, axes),
        as_tuple(strides, axes),
        upper_padding(padding),
    )
    return channels_first(out) if first else out


def pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    return _pool(x, 2, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    return _pool(x, 3, pool_size, strides, padding, data_format, pool_mode)
