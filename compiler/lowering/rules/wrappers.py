"""Layers around a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
from kir.ir.graph import Graph, Value
from kir.ir.types import TensorType
from kir.layers.wrappers import Bidirectional, TimeDistributed, Wrapper


def _inner(op: Wrapper, call: Call, inputs: Sequence[Any]) -> Graph:
    """The calls inside the call; traced now for a call that no node holds."""
    if call.inner is None:
        masks = [m if m is None else Value(_type(m)) for m in call.masks]
        call.inner = op._trace([_type(x) for x in inputs], masks, call.arguments)
    assert call.inner is not None
    return call.inner


def _type(x: Any) -> TensorType:
    return TensorType(x.dtype.name, tuple(x.shape.as_list()))


def _evaluate(call: Call, inner: Graph, tensors: Sequence[Any]) -> list[Any]:
    """The results of the calls inside, hidden ones included.

    These are what updates read, perhaps when the call was evaluated long ago; TensorFlow leaves out
    what nothing reads.
    """
    env = dict(zip(inner.inputs, tensors, strict=True))
    found: list[Any] = call.context.evaluate(inner.outputs, env, call.context)
    return found


@lowers(TimeDistributed)
def lower_time_distributed(op: TimeDistributed, call: Call, x: Any) -> Any:
    inner = _inner(op, call, [x])
    if inner.inputs[0].type.shape[0]:  # type: ignore[index]
        return _each_step(call, inner, x)
    tensors = [_merge_time(x)]
    if len(inner.inputs) > 1:
        tensors.append(_merge_time(call.mask))
    y, *hidden = _evaluate(call, inner, tensors)
    return [_split_time(y, x), *hidden]


def _merge_time(x: Any) -> Any:
    """(batch, timesteps, ...) -> (batch * timesteps, ...)."""
    sizes = x.shape.as_list()[2:]
    if None in sizes:
        merged = tf.reshape(x, tf.concat([[-1], tf.shape(x)[2:]], 0))
    else:
        merged = tf.reshape(x, [-1, *sizes])
    merged.set_shape([None, *sizes])
    return merged


def _split_time(y: Any, x: Any) -> Any:
    """(batch * timesteps, ...) -> (batch, timesteps, ...), with the time steps of x."""
    steps = x.shape[1]
    sizes = y.shape.as_list()[1:]
    if steps is None or None in sizes:
        shape = tf.concat([tf.shape(x)[:2], tf.shape(y)[1:]], 0)
    else:
        shape = [-1, steps, *sizes]
    split = tf.reshape(y, shape)
    split.set_shape([x.shape[0], steps, *sizes])
    return split


def _each_step(call: Call, inner: Graph, x: Any) -> Any:
    """One time step after the other, in a loop."""
    (result,) = inner.outputs

    @tf.autograph.experimental.do_not_convert
    def step(parts: Any) -> Any:
        time, sample = parts
        with call.context.iteration(time):
            return _evaluate(call, inner, [sample])[0]

    rank = x.shape.rank
    samples = tf.transpose(x, [1, 0, *range(2, rank)])
    steps = tf.range(tf.shape(samples)[0])
    y = tf.map_fn(step, (steps, samples), fn_output_signature=tf.as_dtype(result.type.dtype))
    y = tf.transpose(y, [1, 0, *range(2, y.shape.rank)])
    y.set_shape([x.shape[0], x.shape[1], *y.shape.as_list()[2:]])
    return y


@lowers(Bidirectional)
def lower_bidirectional(op: Bidirectional, call: Call, *inputs: Any) -> Any:
    inner = _inner(op, call, inputs)
    masks = [m for m in call.masks if m is not None]
    count = sum(len(node.output_tensors) for node in inner.nodes)  # type: ignore[attr-defined]
    half = count // 2
    results = _evaluate(call, inner, [*inputs, *masks])
    (y, *states), (y_rev, *states_rev) = results[:half], results[half:count]
    if op.return_sequences:
        y_rev = tf.reverse(y_rev, [1])
    merged = _merge(op.merge_mode, y, y_rev)
    return [*merged, *states, *states_rev, *results[count:]]


def _merge(mode: str | None, y: Any, y_rev: Any) -> list[Any]:
    if mode is None:
        return [y, y_rev]
    if mode == "concat":
        return [tf.concat([y, y_rev], -1)]
    if mode == "mul":
        return [y * y_rev]
    total = y + y_rev
    return [total / 2 if mode == "ave" else total]
