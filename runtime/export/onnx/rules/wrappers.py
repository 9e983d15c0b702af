"""Layers around a layer."""

from __future__ import annotations

from typing import Any

from kir.ir.graph import Graph
from kir.layers.wrappers import Bidirectional, TimeDistributed
from runtime.export.onnx.registry import writes
from runtime.export.onnx.rules.recurrent import in_one_node
from runtime.export.onnx.rules.shapes import flip
from runtime.export.onnx.writing import Call, sizes_of


def _inner(op: Any, call: Call) -> Graph:
    """The calls inside the call."""
    if call.node.inner is None:
        call.node.inner = op._trace(call.types, list(call.node.masks), call.node.arguments)
    assert call.node.inner is not None
    return call.node.inner


@writes(TimeDistributed)
def write_time_distributed(op: TimeDistributed, call: Call, x: str) -> str:
    """All time steps at once, as samples of one large batch."""
    b, inner = call.builder, _inner(op, call)
    sample = sizes_of(inner.inputs[0].type)
    if sample[0]:
        # Of a fixed batch each step would be one call; what counts is that samples are apart.
        inner = op._trace([call.types[0].with_shape((None, *sizes_of(call.types[0])[1:]))], ())
    given = [_merge_time(call, x, sizes_of(call.types[0]))]
    if len(inner.inputs) > 1 and call.mask is not None:
        given.append(_merge_time(call, call.mask, sizes_of(call.node.masks[0].type)))  # type: ignore[union-attr]
    env = dict(zip(inner.inputs, given, strict=True))
    (y,) = call.writer.write(inner.outputs[:1], env, call.node)
    shape = sizes_of(call.output)
    if None not in shape[1:]:
        return b.reshape(y, shape)
    ends = b.op("Shape", x, start=0, end=2)
    return b.op("Reshape", y, b.op("Concat", ends, b.op("Shape", y, start=1), axis=0))


def _merge_time(call: Call, x: str, shape: tuple[int | None, ...]) -> str:
    """(batch, timesteps, ...) -> (batch * timesteps, ...)."""
    b = call.builder
    if None not in shape[2:]:
        return b.reshape(x, [-1, *shape[2:]])
    return b.op("Reshape", x, b.op("Concat", b.sizes([-1]), b.op("Shape", x, start=2), axis=0))


@writes(Bidirectional)
def write_bidirectional(op: Bidirectional, call: Call, *inputs: str) -> list[str]:
    inner = _inner(op, call)
    masks = [m for m in call.masks if m is not None]
    env = dict(zip(inner.inputs, [*inputs, *masks], strict=True))
    found = in_one_node(op, call, inner, env)
    if found is None:
        results = [v for node in inner.nodes for v in node.output_tensors]  # type: ignore[attr-defined]
        names = call.writer.write(results, env, call.node)
        half = len(names) // 2
        found = names[:half], names[half:]
        if op.return_sequences:
            found[1][0] = flip(call, found[1][0], [1])
    (y, *states), (back, *states_back) = found
    return [*_merge(op.merge_mode, call, y, back), *states, *states_back]


def _merge(mode: str | None, call: Call, y: str, back: str) -> list[str]:
    b = call.builder
    if mode is None:
        return [y, back]
    if mode == "concat":
        return [b.op("Concat", y, back, axis=-1)]
    if mode == "mul":
        return [b.op("Mul", y, back)]
    total = b.op("Add", y, back)
    return [b.op("Div", total, call.constant(2)) if mode == "ave" else total]
