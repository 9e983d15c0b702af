"""Products of tensors, and look-up."""

from __future__ import annotations

from typing import Any

from runtime.export.onnx.registry import writes_op
from runtime.export.onnx.rules.reductions import reduce
from runtime.export.onnx.writing import Call, Operand, sizes_of


@writes_op("k.dot")
def write_dot(call: Call, x: Operand, y: Operand) -> str:
    ranks = x.type.rank or 0, y.type.rank or 0
    if ranks[1] == 2:
        return call.builder.op("MatMul", x, y)
    call.fail(
        f"K.dot of {x.type} and {y.type} has no ONNX form here", "Use K.batch_dot, or a matrix."
    )


@writes_op("k.matmul")
def write_matmul(call: Call, x: Operand, y: Operand) -> str:
    return call.builder.op("MatMul", x, y)


@writes_op("k.gather")
def write_gather(call: Call, reference: Operand, indices: Any) -> str:
    b = call.builder
    return b.op(
        "Gather",
        reference,
        indices if isinstance(indices, Operand) else b.constant(indices, "int64"),
    )


@writes_op("k.bias_add")
def write_bias_add(call: Call, x: Operand, bias: Operand, data_format: str) -> str:
    b, rank, sizes = call.builder, x.type.rank or 0, sizes_of(bias.type)
    if data_format == "channels_first" and rank > 2:
        shape = [1, sizes[-1] or -1, *(sizes[:-1] or [1] * (rank - 2))]
        return b.op("Add", x, b.reshape(bias, [s or -1 for s in shape]))
    return b.op("Add", x, bias)


@writes_op("k.batch_dot")
def write_batch_dot(call: Call, x: Operand, y: Operand, axes: Any = None) -> str:
    """See `compiler.backend.linalg.batch_dot`, whose rules this repeats."""
    b = call.builder
    ranks = x.type.rank or 0, y.type.rank or 0
    axes = (axes, axes) if isinstance(axes, int) else axes or (ranks[0] - 1, ranks[1] - 2)
    rank, difference = max(ranks), ranks[0] - ranks[1]
    first: str = x
    second: str = y
    if difference > 0:
        second = b.unsqueeze(y, list(range(ranks[1], rank)))
    elif difference < 0:
        first = b.unsqueeze(x, list(range(ranks[0], rank)))
    if rank == 2:
        first = x if axes[0] == axes[1] else b.transpose(x, [1, 0])
        total = reduce(call, "ReduceSum", b.op("Mul", first, second), [axes[1]], False)
        return b.unsqueeze(total, [1])
    swapped = [*range(rank - 2), rank - 1, rank - 2]
    first = b.transpose(first, swapped) if axes[0] != rank - 1 else first
    second = b.transpose(second, swapped) if axes[1] == rank - 1 else second
    product = b.op("MatMul", first, second)
    if not difference:
        return product
    start = ranks[0] + ranks[1] - 3 if difference > 0 else ranks[0] - 1
    product = b.squeeze(product, list(range(start, start + abs(difference))))
    return b.unsqueeze(product, [1]) if rank - abs(difference) == 1 else product
