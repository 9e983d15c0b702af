"""Pooling over windows of images and volumes."""

from __future__ import annotations

from typing import Any

from kir.backend.checks import PADDING, POOL_MODE
from kir.backend.conv import convolved
from kir.backend.recording import op
from kir.backend.type_rules import known, sizes_of
from kir.ir.types import TensorType


def _pool_type(
    x: Any, pool_size: Any, strides: Any, padding: str, data_format: str, pool_mode: str
) -> TensorType | None:
    types = known(x)
    if types is None or isinstance(pool_size, int):
        return None
    shape = sizes_of(types[0])
    channels = shape[1] if data_format == "channels_first" else shape[-1]
    return convolved(x, tuple(pool_size), channels, channels, strides, padding, data_format)


@op(_pool_type, checks={"padding": PADDING, "pool_mode": POOL_MODE})
def pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """Pools images: the maximum or mean of each window.

    Args:
        x: images.
        pool_size: the window, (height, width), in pixels.
        strides: the distance of the windows, (down, right), in pixels.
        padding: 'valid' (windows inside only) or 'same' (as many windows as strides fit).
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.
        pool_mode: 'max' or 'avg'.

    Shape:
        (batch, rows, columns, channels), or with channels first -> the same with fewer rows and
        columns; dtype: same as `x`.

    Raises:
        ShapeError: `x` is not of rank 4, or the window is larger than it.
    """


@op(_pool_type, checks={"padding": PADDING, "pool_mode": POOL_MODE})
def pool3d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """Pools volumes: the maximum or mean of each window.

    Args:
        x: volumes.
        pool_size: the window, three sizes.
        strides: the distance of the windows, three numbers.
        padding: 'valid' (windows inside only) or 'same' (as many windows as strides fit).
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.
        pool_mode: 'max' or 'avg'.

    Shape:
        (batch, d1, d2, d3, channels), or with channels first -> the same with smaller spatial
        sizes; dtype: same as `x`.

    Raises:
        ShapeError: `x` is not of rank 5, or the window is larger than it.
    """
