"""Shapes: reshaping, joining, repeating, slicing, padding."""

from __future__ import annotations

import builtins
from typing import Any

from compiler.backend._tensors import (
    FIRST,
    as_tensor,
    channels_first,
    channels_last,
    mixed_shape,
    static_shape,
)
from compiler.tensorflow import tf
from kir.errors import ConfigError, InvalidChoiceError
from kir.settings import normalize_data_format


def reshape(x: Any, shape: Any) -> Any:
    return tf.reshape(x, shape)


def permute_dimensions(x: Any, pattern: Any) -> Any:
    return tf.transpose(x, pattern)


def flatten(x: Any) -> Any:
    return tf.reshape(x, [-1])


def batch_flatten(x: Any) -> Any:
    x = as_tensor(x)
    return tf.reshape(x, tf.stack([-1, tf.reduce_prod(tf.shape(x)[1:])]))


def expand_dims(x: Any, axis: int = -1) -> Any:
    return tf.expand_dims(x, axis)


def squeeze(x: Any, axis: Any) -> Any:
    return tf.squeeze(x, axis if isinstance(axis, int) else list(axis))


def concatenate(tensors: Any, axis: int = -1) -> Any:
    if all(isinstance(t, tf.SparseTensor) for t in tensors):
        rank = tensors[0].shape.rank
        return tf.sparse.concat(axis % rank, list(tensors))
    dense = [tf.sparse.to_dense(t) if isinstance(t, tf.SparseTensor) else t for t in tensors]
    return tf.concat(dense, axis)


def stack(x: Any, axis: int = 0) -> Any:
    return tf.stack(x, axis)


def repeat(x: Any, n: int) -> Any:
    """(batch, units) -> (batch, n, units)."""
    return tf.tile(tf.expand_dims(x, 1), tf.stack([1, n, 1]))


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    return tf.repeat(as_tensor(x), rep, axis)


def tile(x: Any, n: Any) -> Any:
    x = as_tensor(x)
    if isinstance(n, int):
        n = [n]
    if not tf.is_tensor(n) and len(n) < x.shape.rank:
        # NumPy's rule: missing counts are ones for the leading axes.
        n = [1] * (x.shape.rank - len(n)) + list(n)
    return tf.tile(x, n)


def reverse(x: Any, axes: Any) -> Any:
    return tf.reverse(x, [axes] if isinstance(axes, int) else list(axes))


def slice(x: Any, start: Any, size: Any) -> Any:
    return tf.slice(x, start, size)


def getitem(x: Any, key: Any) -> Any:
    """``x[key]``; `key` is a list of ints, None, '...', scalar tensors and {'slice': [...]}."""

    def decode(item: Any) -> Any:
        if isinstance(item, dict):
            return builtins.slice(*item["slice"])
        return Ellipsis if isinstance(item, str) else item

    return x[tuple(map(decode, key))]


def one_hot(indices: Any, num_classes: int) -> Any:
    return tf.one_hot(indices, num_classes, axis=-1)


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Any:
    return tf.pad(x, [[0, 0], _sides("K.temporal_padding", padding, 2), [0, 0]])


def spatial_2d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    return _pad_spatial(x, _sides("K.spatial_2d_padding", padding, 2), data_format)


def spatial_3d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    return _pad_spatial(x, _sides("K.spatial_3d_padding", padding, 3), data_format)


def _sides(function: str, padding: Any, count: int) -> list[Any]:
    if len(padding) != count:
        raise InvalidChoiceError(f"{function}: padding is {padding!r}; expected {count} entries.")
    return list(padding)


def _pad_spatial(x: Any, padding: Any, data_format: str | None) -> Any:
    sides = [list(p) for p in padding]
    none = [0, 0]
    first = normalize_data_format(data_format) == FIRST
    return tf.pad(x, [none, none, *sides] if first else [none, *sides, none])


def resize_images(
    x: Any, height_factor: int, width_factor: int, data_format: str, interpolation: str = "nearest"
) -> Any:
    """Enlarges by whole factors; 'bilinear' is the old kernel without half-pixel centres."""
    x = as_tensor(x)
    if interpolation not in ("nearest", "bilinear"):
        raise ConfigError(
            f"K.resize_images: interpolation={interpolation!r}; expected 'nearest' or 'bilinear'."
        )
    first = normalize_data_format(data_format) == FIRST
    if first:
        x = channels_last(x)
    known = static_shape(x)
    sizes = mixed_shape(x)
    factors = height_factor, width_factor
    target = tf.stack([sizes[1] * factors[0], sizes[2] * factors[1]])
    kernel = {
        "nearest": tf.raw_ops.ResizeNearestNeighbor,
        "bilinear": tf.raw_ops.ResizeBilinear,
    }[interpolation]
    out = kernel(images=x, size=target)
    out = tf.ensure_shape(
        out,
        [
            known[0],
            *(None if n is None else n * f for n, f in zip(known[1:3], factors, strict=True)),
            known[3],
        ],
    )
    return channels_first(out) if first else out


def resize_volumes(
    x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str
) -> Any:
    start = 2 if normalize_data_format(data_format) == FIRST else 1
    for axis, factor in enumerate((depth_factor, height_factor, width_factor), start):
        x = repeat_elements(x, factor, axis)
    return x
