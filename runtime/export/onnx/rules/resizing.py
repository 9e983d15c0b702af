"""Layers that change the sizes of the spatial axes."""

from __future__ import annotations

from typing import Any

from kir.layers.convolutional import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from runtime.export.onnx.registry import writes
from runtime.export.onnx.rules.convolutional import FIRST, enter, leave
from runtime.export.onnx.rules.shapes import enlarge, pad
from runtime.export.onnx.writing import Call


def _axes(op: Any) -> range:
    start = 2 if op.data_format == FIRST else 1
    return range(start, start + op.rank)


@writes(ZeroPadding1D, ZeroPadding2D, ZeroPadding3D)
def write_zero_padding(op: Any, call: Call, x: str) -> str:
    sides = [(0, 0)] * (op.rank + 2)
    given = [op.padding] if op.rank == 1 else op.padding
    for axis, side in zip(_axes(op), given, strict=True):
        sides[axis] = tuple(side)
    return pad(call, x, sides)


@writes(Cropping1D, Cropping2D, Cropping3D)
def write_cropping(op: Any, call: Call, x: str) -> str:
    b = call.builder
    given = [op.cropping] if op.rank == 1 else op.cropping
    end = 2**62
    starts = [before for before, _ in given]
    stops = [-after if after else end for _, after in given]
    return b.op("Slice", x, b.sizes(starts), b.sizes(stops), b.sizes(_axes(op)))


@writes(UpSampling1D, UpSampling2D, UpSampling3D)
def write_up_sampling(op: Any, call: Call, x: str) -> str:
    mode = {"nearest": "nearest", "bilinear": "linear"}[getattr(op, "interpolation", "nearest")]
    return leave(call, enlarge(call, enter(call, x), [1, 1, *op.size], mode))
