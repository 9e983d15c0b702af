"""Merges."""

from __future__ import annotations

import functools
from typing import Any

from kir import backend as K
from kir.layers.merge import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from runtime.export.onnx.registry import writes
from runtime.export.onnx.writing import Call

_KINDS: dict[type, str] = {
    Add: "Add",
    Average: "Add",
    Maximum: "Max",
    Minimum: "Min",
    Multiply: "Mul",
    Subtract: "Sub",
}


@writes(*_KINDS)
def write_elementwise(op: Any, call: Call, *inputs: str) -> str:
    b = call.builder
    kind = next(_KINDS[cls] for cls in type(op).__mro__ if cls in _KINDS)
    rank = max(t.rank or 0 for t in call.types)
    # Inputs of lower rank get axes of size 1 behind the batch.
    aligned = [
        x if t.rank == rank else b.unsqueeze(x, list(range(1, rank - (t.rank or 0) + 1)))
        for x, t in zip(inputs, call.types, strict=True)
    ]
    y = functools.reduce(lambda x, other: b.pointwise(kind, x, other), aligned)
    if not isinstance(op, Average):
        return y
    return b.pointwise("Div", y, call.constant(len(inputs)))


@writes(Concatenate)
def write_concatenate(op: Concatenate, call: Call, *inputs: str) -> str:
    return call.builder.concat(inputs, op.axis % (call.output.rank or 1))


@writes(Dot)
def write_dot(op: Dot, call: Call, a: str, b: str) -> str:
    axes = op.axes_of(*(t.rank or 0 for t in call.types))

    def product(a: Any, b: Any) -> Any:
        if op.normalize:
            a, b = K.l2_normalize(a, axis=axes[0]), K.l2_normalize(b, axis=axes[1])
        return K.batch_dot(a, b, axes)

    (result,) = call.trace(product, (a, call.types[0]), (b, call.types[1]))
    return result
