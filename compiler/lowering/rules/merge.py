"""Merges."""

from __future__ import annotations

from typing import Any

from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
from kir.layers.merge import Add, Concatenate


def align_ranks(inputs: tuple[Any, ...]) -> list[Any]:
    """Gives inputs of lower rank axes of size 1 behind the batch axis, so that samples align."""
    rank = max(x.shape.rank for x in inputs)
    aligned = []
    for x in inputs:
        for _ in range(rank - x.shape.rank):
            x = tf.expand_dims(x, 1)
        aligned.append(x)
    return aligned


@lowers(Add)
def lower_add(op: Add, call: Call, *inputs: Any) -> Any:
    first, *rest = align_ranks(inputs)
    for x in rest:
        first = first + x
    return first


@lowers(Concatenate)
def lower_concatenate(op: Concatenate, call: Call, *inputs: Any) -> Any:
    return tf.concat(inputs, op.axis)
