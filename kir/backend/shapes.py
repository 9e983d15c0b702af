"""Shapes: reshaping, joining, repeating, slicing, padding, resizing."""

from __future__ import annotations

import builtins
from typing import Any

from kir.backend import type_rules as rules
from kir.backend.checks import INTERPOLATION, pairs
from kir.backend.recording import op
from kir.backend.type_rules import known, type_of
from kir.errors import RankError, ShapeError
from kir.ir.types import Shape, TensorType


@op(rules.reshaped)
def reshape(x: Any, shape: Any) -> Any:
    """Gives the elements a new shape, in row-major order.

    Args:
        x: a tensor or variable.
        shape: the sizes, one of which may be -1 for what is left; symbolic sizes are allowed.

    Shape:
        `x` of any shape -> `shape`; dtype: same as `x`.

    Raises:
        ShapeError: the number of elements does not fit the shape.
    """


def _permuted(x: Any, pattern: Any) -> TensorType | None:
    types = known(x)
    if types is None:
        return None
    shape = rules.sizes_of(types[0])
    if sorted(pattern) != list(range(len(shape))):
        raise ShapeError(
            f"K.permute_dimensions: pattern {tuple(pattern)} for {types[0]}; "
            "expected each axis once."
        )
    return types[0].with_shape(shape[i] for i in pattern)


@op(_permuted)
def permute_dimensions(x: Any, pattern: Any) -> Any:
    """Reorders the axes: axis i of the result is axis ``pattern[i]`` of `x`.

    Args:
        x: a tensor or variable.
        pattern: each axis once, counted from 0.

    Shape:
        (n0, n1, ...) -> (n[pattern[0]], n[pattern[1]], ...); dtype: same as `x`.

    Raises:
        ShapeError: `pattern` does not name each axis once.
    """


def _flat(x: Any) -> TensorType | None:
    types = known(x)
    return types and types[0].with_shape((rules.product(rules.sizes_of(types[0])),))  # type: ignore[return-value]


@op(_flat)
def flatten(x: Any) -> Any:
    """Makes `x` a vector, in row-major order.

    Args:
        x: a tensor or variable.

    Shape:
        `x` of any shape -> (number of elements,); dtype: same as `x`.
    """


def _batch_flat(x: Any) -> TensorType | None:
    types = known(x)
    return types and types[0].with_shape((None, None))  # type: ignore[return-value]


@op(_batch_flat)
def batch_flatten(x: Any) -> Any:
    """Makes `x` a matrix: all axes but the first become one.

    Args:
        x: a tensor or variable.

    Shape:
        (batch, ...) -> (batch, elements of a sample); dtype: same as `x`.
    """


def _expanded(x: Any, axis: int) -> TensorType | None:
    types = known(x)
    if types is None:
        return None
    shape = list(rules.sizes_of(types[0]))
    place = axis + len(shape) + 1 if axis < 0 else axis
    if not 0 <= place <= len(shape):
        raise ShapeError(f"K.expand_dims: axis {axis} for {types[0]}.")
    shape.insert(place, 1)
    return types[0].with_shape(shape)


@op(_expanded)
def expand_dims(x: Any, axis: int = -1) -> Any:
    """Adds an axis of size 1.

    Args:
        x: a tensor or variable.
        axis: the place of the new axis; negative counts from the end, -1 appends it.

    Shape:
        `x` of any shape -> its sizes with a 1 at `axis`; dtype: same as `x`.

    Raises:
        ShapeError: there is no such place.
    """


def _squeezed(x: Any, axis: Any) -> TensorType | None:
    types = known(x)
    if types is None:
        return None
    shape = rules.sizes_of(types[0])
    gone = rules.axes_of(axis, len(shape))
    if any(shape[i] not in (1, None) for i in gone):
        raise ShapeError(f"K.squeeze: axis {axis} of {types[0]} is not of size 1.")
    return types[0].with_shape(n for i, n in enumerate(shape) if i not in gone)


@op(_squeezed)
def squeeze(x: Any, axis: int) -> Any:
    """Removes an axis of size 1.

    Args:
        x: a tensor or variable.
        axis: the axis; negative counts from the end.

    Shape:
        `x` with size 1 at `axis` -> the other sizes; dtype: same as `x`.

    Raises:
        ShapeError: there is no such axis, or its size is not 1.
    """


@op(rules.joined)
def concatenate(tensors: Any, axis: int = -1) -> Any:
    """Joins tensors along an axis that they have.

    Args:
        tensors: a list of tensors or variables.
        axis: the axis; negative counts from the end.

    Shape:
        tensors of equal sizes on all other axes -> the same with the sizes along `axis` added;
        dtype: same as the tensors.

    Raises:
        ShapeError: the ranks or the sizes of other axes differ.
    """


@op(rules.stacked)
def stack(x: Any, axis: int = 0) -> Any:
    """Joins tensors along a new axis.

    Args:
        x: a list of tensors of one shape.
        axis: the place of the new axis; negative counts from the end.

    Shape:
        n tensors of one shape -> that shape with n at `axis`; dtype: same as the tensors.

    Raises:
        ShapeError: the shapes differ.
    """


def _repeated(x: Any, n: Any) -> TensorType | None:
    types = known(x)
    if types is None:
        return None
    shape = rules.sizes_of(types[0])
    if len(shape) != 2:
        raise RankError(f"K.repeat: {types[0]}; expected rank 2, (batch, units).")
    return types[0].with_shape((shape[0], n if isinstance(n, int) else None, shape[1]))


@op(_repeated)
def repeat(x: Any, n: int) -> Any:
    """Repeats each row of a matrix along a new time axis.

    Args:
        x: a matrix.
        n: how often.

    Shape:
        (batch, units) -> (batch, n, units); dtype: same as `x`.

    Raises:
        ShapeError: `x` is not of rank 2.
    """


def _elements_repeated(x: Any, rep: Any, axis: int) -> TensorType | None:
    types = known(x)
    if types is None:
        return None
    shape = list(rules.sizes_of(types[0]))
    place = rules.axes_of(axis, len(shape))[0]
    size = shape[place]
    shape[place] = size * rep if size is not None and isinstance(rep, int) else None
    return types[0].with_shape(shape)


@op(_elements_repeated)
def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Repeats each element along an axis, as `numpy.repeat` does.

    Args:
        x: a tensor or variable.
        rep: how often.
        axis: the axis; negative counts from the end.

    Shape:
        `x` of any shape -> the same with ``rep`` times the size at `axis`; dtype: same as `x`.

    Raises:
        ShapeError: `x` has no such axis.
    """


def _tiled(x: Any, n: Any) -> TensorType | None:
    types = known(x)
    counts = [n] if isinstance(n, int) else n
    if types is None or isinstance(n, TensorType) or not all(isinstance(c, int) for c in counts):
        return None
    shape = rules.sizes_of(types[0])
    counts = [1] * (len(shape) - len(counts)) + list(counts)
    return types[0].with_shape(
        None if size is None else size * c for size, c in zip(shape, counts, strict=True)
    )


@op(_tiled)
def tile(x: Any, n: Any) -> Any:
    """Repeats the whole tensor along its axes, as `numpy.tile` does.

    Args:
        x: a tensor or variable.
        n: how often along each axis; an int is for the last axis.

    Shape:
        (n0, n1, ...) -> (n0 * n[0], n1 * n[1], ...); dtype: same as `x`.
    """


def _reversed(x: Any, axes: Any) -> TensorType | None:
    return type_of(x)


@op(_reversed)
def reverse(x: Any, axes: Any) -> Any:
    """Reverses the order of the elements along axes.

    Args:
        x: a tensor or variable.
        axes: an axis or a list of axes.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


def _sliced(x: Any, start: Any, size: Any) -> TensorType | None:
    types = known(x)
    parts = (start, size)
    if types is None or not all(
        isinstance(p, list | tuple) and all(isinstance(n, int) for n in p) for p in parts
    ):
        return None
    shape = rules.sizes_of(types[0])
    if not len(shape) == len(start) == len(size):
        raise ShapeError(
            f"K.slice: start {start} and size {size} of {types[0]}; expected {len(shape)} numbers "
            "in both, one for each axis."
        )
    rows = zip(shape, start, size, strict=True)
    return types[0].with_shape(
        n if n >= 0 else None if whole is None else whole - first for whole, first, n in rows
    )


@op(_sliced)
def slice(x: Any, start: Any, size: Any) -> Any:
    """Cuts out a block of a tensor.

    Args:
        x: a tensor or variable.
        start: the first place along each axis.
        size: the number of elements along each axis, -1 for all that follow.

    Shape:
        (n0, n1, ...) -> `size`; dtype: same as `x`.
    """


def _one_hot_type(indices: Any, num_classes: Any) -> TensorType | None:
    types = known(indices)
    if types is None:
        return None
    depth = num_classes if isinstance(num_classes, int) else None
    return TensorType("float32", (*rules.sizes_of(types[0]), depth))


@op(_one_hot_type)
def one_hot(indices: Any, num_classes: int) -> Any:
    """Turns class indices into vectors with a single 1; an index outside gives zeros.

    Args:
        indices: a tensor of integers from 0 on.
        num_classes: the length of the vectors.

    Shape:
        (...) of integers -> (..., num_classes); dtype: float32.
    """


def _padded(shape: Shape, padding: Any, first: int) -> Shape:
    sizes = list(shape)
    for i, (before, after) in enumerate(padding, first):
        size = sizes[i]
        sizes[i] = None if size is None else size + before + after
    return tuple(sizes)


def _padded_rule(x: Any, padding: Any, data_format: str = "channels_last") -> TensorType | None:
    types = known(x)
    if types is None:
        return None
    of_axes = [padding] if isinstance(padding[0], int) else padding
    shape = rules.sizes_of(types[0])
    if len(shape) != len(of_axes) + 2:
        raise ShapeError(f"Padding of {types[0]}; expected rank {len(of_axes) + 2}.")
    first = 2 if data_format == "channels_first" else 1
    return types[0].with_shape(_padded(shape, of_axes, first))


@op(_padded_rule, checks={"padding": pairs(1)})
def temporal_padding(x: Any, padding: Any = (1, 1)) -> Any:
    """Adds zero steps before and after a sequence.

    Args:
        x: sequences.
        padding: (steps before, steps after).

    Shape:
        (batch, steps, channels) -> (batch, before + steps + after, channels); dtype: same as `x`.

    Raises:
        ShapeError: `x` is not of rank 3.
    """


@op(_padded_rule, checks={"padding": pairs(2)})
def spatial_2d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Adds zero rows and columns around images.

    Args:
        x: images.
        padding: ((top, bottom), (left, right)), in pixels.
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.

    Shape:
        (batch, rows, columns, channels) -> (batch, top + rows + bottom, left + columns + right,
        channels); (batch, channels, rows, columns) with channels first; dtype: same as `x`.

    Raises:
        ShapeError: `x` is not of rank 4.
    """


@op(_padded_rule, checks={"padding": pairs(3)})
def spatial_3d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Adds zeros around volumes, along three axes.

    Args:
        x: volumes.
        padding: ((before, after), (before, after), (before, after)) for the three spatial axes.
        data_format: the order of the axes, 'channels_last' or 'channels_first'; default
            `image_data_format()`.

    Shape:
        (batch, d1, d2, d3, channels) -> the same with ``before + after`` added to each spatial
        size; (batch, channels, d1, d2, d3) with channels first; dtype: same as `x`.

    Raises:
        ShapeError: `x` is not of rank 5.
    """


def _grown(x: Any, factors: tuple[Any, ...], data_format: str) -> TensorType | None:
    types = known(x)
    if types is None:
        return None
    sizes = list(rules.sizes_of(types[0]))
    for i, factor in enumerate(factors, 2 if data_format == "channels_first" else 1):
        size = sizes[i]
        sizes[i] = None if size is None else size * factor
    return types[0].with_shape(sizes)


def _image_type(
    x: Any, height_factor: Any, width_factor: Any, data_format: str, interpolation: str
) -> TensorType | None:
    found = _grown(x, (height_factor, width_factor), data_format)
    return found.with_dtype("float32") if found and interpolation == "bilinear" else found


@op(_image_type, checks={"interpolation": INTERPOLATION})
def resize_images(
    x: Any,
    height_factor: int,
    width_factor: int,
    data_format: str,
    interpolation: str = "nearest",
) -> Any:
    """Enlarges images by whole factors.

    Args:
        x: images.
        height_factor: how much higher.
        width_factor: how much wider.
        data_format: the order of the axes.
        interpolation: 'nearest' or 'bilinear' (without half-pixel centres, as Keras 2.2 did).

    Shape:
        (batch, rows, columns, channels) -> (batch, rows * height_factor, columns * width_factor,
        channels), or with channels first; dtype: same as `x`, float32 for 'bilinear'.
    """


def _volume_type(
    x: Any, depth_factor: Any, height_factor: Any, width_factor: Any, data_format: str
) -> TensorType | None:
    return _grown(x, (depth_factor, height_factor, width_factor), data_format)


@op(_volume_type)
def resize_volumes(
    x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str
) -> Any:
    """Enlarges volumes by whole factors, repeating elements.

    Args:
        x: volumes.
        depth_factor: how many times as deep.
        height_factor: how many times as high.
        width_factor: how many times as wide.
        data_format: 'channels_last' or 'channels_first'.

    Shape:
        (batch, depth, height, width, channels), or with channels first -> the same with each
        spatial size times its factor; dtype: same as `x`.
    """


def _item_type(x: Any, key: Any) -> TensorType | None:
    types = known(x)
    if types is None:
        return None
    shape = list(rules.sizes_of(types[0]))
    taken = sum(item is not None and item != "..." for item in key)
    rest = len(shape) - taken
    sizes: list[int | None] = []
    if "..." not in [item if isinstance(item, str) else None for item in key]:
        key = [*key, "..."]
    for item in key:
        if item is None:
            sizes.append(1)
        elif isinstance(item, str):
            sizes.extend(shape[:rest])
            del shape[:rest]
        elif isinstance(item, dict):
            size = shape.pop(0)
            bounds = item["slice"]
            if bounds == [None, None, None]:
                sizes.append(size)
            elif size is None or any(isinstance(b, TensorType) for b in bounds):
                sizes.append(None)  # how much of the axis is left is not known
            else:
                sizes.append(len(range(size)[builtins.slice(*bounds)]))
        elif isinstance(item, int):
            size = shape.pop(0)
            if size is not None and not -size <= item < size:
                raise ShapeError(f"Index {item} of an axis of size {size} in {types[0]}.")
        elif isinstance(item, TensorType) and item.shape == ():
            shape.pop(0)
        else:
            return None
    return types[0].with_shape(sizes)


@op(_item_type)
def getitem(x: Any, key: Any) -> Any:
    """``x[key]``; `key` is a list of ints, None, '...', scalar tensors and {'slice': [...]}."""
