"""Functions of the backend that rearrange elements."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from kir.ir.types import TensorType
from runtime.export.onnx.registry import writes_op
from runtime.export.onnx.rules.reductions import axes_of
from runtime.export.onnx.writing import Call, Operand

# Stands for "to the end" in slices, in both directions.
_END = 2**62


def shape_vector(call: Call, sizes: Any) -> str:
    """Sizes as a vector: numbers, and scalars that are known at run time only."""
    b = call.builder
    if isinstance(sizes, Operand):
        return b.cast(sizes, "int64")
    if not any(isinstance(s, Operand) for s in sizes):
        return b.sizes([-1 if s is None else int(s) for s in sizes])
    parts = [
        b.cast(b.reshape(s, [1]), "int64") if isinstance(s, Operand) else b.sizes([int(s)])
        for s in sizes
    ]
    return b.op("Concat", *parts, axis=0)


@writes_op("k.reshape")
def write_reshape(call: Call, x: Operand, shape: Any) -> str:
    return call.builder.op("Reshape", x, shape_vector(call, shape))


@writes_op("k.flatten")
def write_flatten(call: Call, x: Operand) -> str:
    return call.builder.reshape(x, [-1])


@writes_op("k.batch_flatten")
def write_batch_flatten(call: Call, x: Operand) -> str:
    return call.builder.reshape(x, [0, -1])


@writes_op("k.shape")
def write_shape(call: Call, x: Operand) -> str:
    return call.builder.cast(call.builder.op("Shape", x), call.dtype)


@writes_op("k.permute_dimensions")
def write_permute(call: Call, x: Operand, pattern: Sequence[int]) -> str:
    return call.builder.transpose(x, [int(i) for i in pattern])


@writes_op("k.transpose")
def write_transpose(call: Call, x: Operand) -> str:
    return call.builder.transpose(x, range(x.type.rank or 0)[::-1])


@writes_op("k.expand_dims")
def write_expand_dims(call: Call, x: Operand, axis: int = -1) -> str:
    return call.builder.unsqueeze(x, [axis])


@writes_op("k.squeeze")
def write_squeeze(call: Call, x: Operand, axis: int) -> str:
    return call.builder.squeeze(x, axes_of(axis, x.type.rank or 0))


@writes_op("k.concatenate")
def write_concatenate(call: Call, tensors: Sequence[Operand], axis: int = -1) -> str:
    return call.builder.concat(tensors, axis % (call.output.rank or 1))


@writes_op("k.stack")
def write_stack(call: Call, x: Sequence[Operand], axis: int = 0) -> str:
    b, place = call.builder, axis % (call.output.rank or 1)
    return b.op("Concat", *(b.unsqueeze(v, [place]) for v in x), axis=place)


@writes_op("k.repeat")
def write_repeat(call: Call, x: Operand, n: int) -> str:
    return call.builder.op("Tile", call.builder.unsqueeze(x, [1]), call.builder.sizes([1, n, 1]))


@writes_op("k.repeat_elements")
def write_repeat_elements(call: Call, x: Operand, rep: int, axis: int) -> str:
    scales = np.ones(x.type.rank or 0, "float32")
    scales[axis] = rep
    return enlarge(call, x, scales)


def enlarge(call: Call, x: str, scales: Any, mode: str = "nearest") -> str:
    """`x` with each axis so many times as long, as TensorFlow 1 did: without half-pixel centres."""
    factors = call.builder.constant(scales, "float32", "scales")
    return call.builder.op(
        "Resize",
        x,
        "",
        factors,
        mode=mode,
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor" if mode == "nearest" else None,
    )


@writes_op("k.tile")
def write_tile(call: Call, x: Operand, n: Any) -> str:
    counts = [n] if isinstance(n, int) else n
    if not isinstance(counts, Operand):
        counts = [1] * ((x.type.rank or 0) - len(counts)) + list(counts)
    return call.builder.op("Tile", x, shape_vector(call, counts))


@writes_op("k.reverse")
def write_reverse(call: Call, x: Operand, axes: Any) -> str:
    return flip(call, x, axes_of(axes, x.type.rank or 0))


def flip(call: Call, x: str, axes: list[int]) -> str:
    """`x` with these axes backwards."""
    b, count = call.builder, len(axes)
    return b.op(
        "Slice", x, b.sizes([-1] * count), b.sizes([-_END] * count), b.sizes(axes),
        b.sizes([-1] * count),
    )  # fmt: skip


@writes_op("k.slice")
def write_slice(call: Call, x: Operand, start: Any, size: Any) -> str:
    b = call.builder
    if any(isinstance(v, Operand) for v in (*start, *size)):
        call.fail("its bounds are tensors", "Make them numbers.")
    stops = [_END if n == -1 else s + n for s, n in zip(start, size, strict=True)]
    return b.op("Slice", x, b.sizes(start), b.sizes(stops), b.sizes(range(len(stops))))


@writes_op("k.one_hot")
def write_one_hot(call: Call, indices: Operand, num_classes: int) -> str:
    b = call.builder
    values = b.constant([0, 1], call.dtype)
    return b.op("OneHot", indices, b.constant(num_classes, "int64"), values, axis=-1)


@writes_op("k.temporal_padding")
def write_temporal_padding(call: Call, x: Operand, padding: Any = (1, 1)) -> str:
    return pad(call, x, [(0, 0), tuple(padding), (0, 0)])


@writes_op("k.spatial_2d_padding", "k.spatial_3d_padding")
def write_spatial_padding(call: Call, x: Operand, padding: Any, data_format: str) -> str:
    sides = [tuple(p) for p in padding]
    none = (0, 0)
    first = data_format == "channels_first"
    return pad(call, x, [none, none, *sides] if first else [none, *sides, none])


def pad(call: Call, x: str, sides: Sequence[tuple[int, int]]) -> str:
    """Zeros before and after each axis."""
    return call.builder.op(
        "Pad", x, call.builder.sizes([n for side in zip(*sides, strict=True) for n in side])
    )


@writes_op("k.getitem")
def write_getitem(call: Call, x: Operand, key: Sequence[Any]) -> str:
    if any(isinstance(v, Operand) or _has_operand(v) for v in key):
        call.fail("it is indexed with a tensor", "Use numbers, or K.gather.")
    b, axis = call.builder, 0
    bounds: list[tuple[int, int, int, int]] = []
    removed: list[int] = []
    added: list[int] = []
    for item in _without_ellipsis(key, x.type):
        if item is None:
            added.append(axis - len(removed) + len(added))
            continue
        if isinstance(item, dict):
            start, stop, step = item["slice"]
            step = 1 if step is None else step
            start = (0 if step > 0 else _END) if start is None else start
            stop = (_END if step > 0 else -_END) if stop is None else stop
            if (start, stop, step) != (0, _END, 1):
                bounds.append((start, stop, axis, step))
        else:
            bounds.append((item, item + 1 if item != -1 else _END, axis, 1))
            removed.append(axis)
        axis += 1
    y: str = x
    if bounds:
        y = b.op("Slice", y, *(b.sizes(column) for column in zip(*bounds, strict=True)))
    if removed:
        y = b.squeeze(y, removed)
    return b.unsqueeze(y, added) if added else y


def _has_operand(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(v, Operand) for v in value["slice"])


def _without_ellipsis(key: Sequence[Any], kind: TensorType) -> list[Any]:
    items = list(key)
    if "..." in items:
        place = items.index("...")
        taken = sum(1 for v in items if v is not None) - 1
        whole = {"slice": [None, None, None]}
        items[place : place + 1] = [whole] * builtins.max((kind.rank or 0) - taken, 0)
    return items
