"""Reductions and running totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runtime.export.onnx.registry import writes_op
from runtime.export.onnx.writing import Call, Operand

_KINDS = {
    "max": "ReduceMax",
    "min": "ReduceMin",
    "prod": "ReduceProd",
    "mean": "ReduceMean",
    "logsumexp": "ReduceLogSumExp",
}


def axes_of(axis: Any, rank: int) -> list[int]:
    """The axes that an argument `axis` names, from the front."""
    if axis is None:
        return list(range(rank))
    chosen: Sequence[int] = axis if isinstance(axis, list | tuple) else [axis]
    return [a % rank for a in chosen]


def reduce(call: Call, kind: str, x: str, axes: list[int], keepdims: bool) -> str:
    """A reduction; ONNX gives a sum's axes as an input, the others' as an attribute."""
    if kind == "ReduceSum":
        return call.builder.op(kind, x, call.builder.sizes(axes), keepdims=int(keepdims))
    return call.builder.op(kind, x, axes=axes, keepdims=int(keepdims))


def _rank(call: Call, x: Operand) -> int:
    if x.type.rank is None:
        call.fail("the rank of its input is not known", "Give the input a shape.")
    return x.type.rank


@writes_op(*(f"k.{name}" for name in _KINDS))
def write_reduction(call: Call, x: Operand, axis: Any = None, keepdims: bool = False) -> str:
    axes = axes_of(axis, _rank(call, x))
    value = x
    if call.op == "k.mean" and x.type.dtype != call.dtype:
        value = call.builder.cast(x, call.dtype)  # type: ignore[assignment]
    return reduce(call, _KINDS[call.op[2:]], value, axes, keepdims)


@writes_op("k.sum")
def write_sum(call: Call, x: Operand, axis: Any = None, keepdims: bool = False) -> str:
    return reduce(call, "ReduceSum", x, axes_of(axis, _rank(call, x)), keepdims)


@writes_op("k.var", "k.std")
def write_variance(call: Call, x: Operand, axis: Any = None, keepdims: bool = False) -> str:
    b, axes = call.builder, axes_of(axis, _rank(call, x))
    value = x if x.type.dtype == call.dtype else b.cast(x, call.dtype)
    spread = b.op("Sub", value, reduce(call, "ReduceMean", value, axes, True))
    variance = reduce(call, "ReduceMean", b.op("Mul", spread, spread), axes, keepdims)
    return variance if call.op == "k.var" else b.op("Sqrt", variance)


@writes_op("k.any", "k.all")
def write_truth(call: Call, x: Operand, axis: Any = None, keepdims: bool = False) -> str:
    b = call.builder
    kind = "ReduceMax" if call.op == "k.any" else "ReduceMin"
    value = x if x.type.dtype == "bool" else b.cast(x, "bool")
    # ONNX reduces no truth values; of integers every runtime reduces these.
    number = b.op("Cast", value, to=6)
    return b.cast(reduce(call, kind, number, axes_of(axis, _rank(call, x)), keepdims), "bool")


@writes_op("k.argmax", "k.argmin")
def write_arg(call: Call, x: Operand, axis: int = -1) -> str:
    kind = "ArgMax" if call.op == "k.argmax" else "ArgMin"
    return call.builder.op(kind, x, axis=axis % _rank(call, x), keepdims=0)


@writes_op("k.cumsum")
def write_cumsum(call: Call, x: Operand, axis: int = 0) -> str:
    return call.builder.op("CumSum", x, call.builder.constant(axis, "int64"))


@writes_op("k.l2_normalize")
def write_l2_normalize(call: Call, x: Operand, axis: Any = None) -> str:
    b = call.builder
    square = b.op("Mul", x, x)
    total = reduce(call, "ReduceSum", square, axes_of(axis, _rank(call, x)), True)
    # As TensorFlow: a sum of squares below 1e-12 counts as that.
    length = b.op("Sqrt", b.op("Max", total, b.constant(1e-12, x.type.dtype)))
    return b.op("Div", x, length)
