"""Recurrent layers."""

from __future__ import annotations

from typing import Any

from compiler.lowering.context import Call
from compiler.lowering.loops import Unfolded, unfold
from compiler.lowering.registry import lowers
from compiler.lowering.rules.core import dropout
from compiler.tensorflow import tf
from kir.layers.recurrent import LSTM, Recurrent


def to_time_major(x: Any) -> Any:
    """(batch, timesteps, ...) <-> (timesteps, batch, ...)."""
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def initial_states(op: Recurrent, x: Any, states: tuple[Any, ...]) -> list[Any]:
    if states:
        return list(states)
    batch = x.shape[0] if x.shape[0] is not None else tf.shape(x)[0]
    zeros = [tf.zeros([batch, size], x.dtype) for size in op.state_size]
    for zero, size in zip(zeros, op.state_size, strict=True):
        zero.set_shape([x.shape[0], size])
    return zeros


def gate_masks(call: Call, x: Any, size: Any, rate: float, first: int, gates: int) -> Any:
    """Dropout masks for the gates, the same for all time steps; None where nothing is dropped."""
    if (
        not 0 < rate < 1
        or call.training is False
        or (isinstance(call.training, int) and not call.training)
    ):
        return None
    batch = tf.shape(x)[0]
    ones = tf.ones(tf.stack([batch, size]), x.dtype)
    masks = [dropout(ones, rate, call.seed(first + i)) for i in range(gates)]
    if not isinstance(call.training, bool | int):
        phase = tf.cast(call.training, tf.bool)
        masks = [tf.where(phase, m, tf.ones_like(m)) for m in masks]
    return masks


def project_inputs(x: Any, kernel: Any, bias: Any, masks: Any) -> Any:
    """``x @ kernel + bias`` for all time steps and gates at once, time-major.

    It does not depend on the state, so it need not be done step by step.
    """
    steps, batch = tf.shape(x)[0], tf.shape(x)[1]
    if masks is None:
        flat = tf.reshape(x, [-1, x.shape[-1]])
        projected = tf.linalg.matmul(flat, kernel)
    else:
        parts = tf.split(kernel, len(masks), axis=1)
        projected = tf.concat(
            [
                tf.linalg.matmul(tf.reshape(x * mask, [-1, x.shape[-1]]), part)
                for mask, part in zip(masks, parts, strict=True)
            ],
            axis=1,
        )
    if bias is not None:
        projected = tf.nn.bias_add(projected, bias)
    width = kernel.shape[-1]
    static = [x.shape[0], x.shape[1]]
    shape = [s if s is not None else d for s, d in zip(static, (steps, batch), strict=True)]
    result = tf.reshape(projected, [*shape, width])
    result.set_shape([*static, width])
    return result


def project_state(h: Any, kernel: Any, masks: Any) -> Any:
    """``h @ recurrent_kernel`` for all gates, with recurrent dropout where there is any."""
    if masks is None:
        return tf.linalg.matmul(h, kernel)
    parts = tf.split(kernel, len(masks), axis=1)
    return tf.concat(
        [tf.linalg.matmul(h * m, part) for m, part in zip(masks, parts, strict=True)], axis=1
    )


def results(op: Recurrent, found: Unfolded) -> Any:
    """What the layer returns: the outputs as declared, then states that are wanted."""
    output = to_time_major(found.outputs) if op.return_sequences else found.last
    if op.return_state or op.stateful:
        return [output, *found.states]
    return output


@lowers(LSTM)
def lower_lstm(op: LSTM, call: Call, x: Any, *states: Any) -> Any:
    weights = call.weights
    input_masks = gate_masks(call, x, x.shape[-1], op.dropout, 0, 4)
    offset = 4 if 0 < op.dropout < 1 else 0
    state_masks = gate_masks(call, x, op.units, op.recurrent_dropout, offset, 4)
    kernel = weights.recurrent_kernel
    inputs = project_inputs(
        to_time_major(x), weights.kernel, weights.bias if op.use_bias else None, input_masks
    )

    def step(projected: Any, current: list[Any]) -> tuple[Any, list[Any]]:
        h, c = current
        i, f, candidate, o = tf.split(projected + project_state(h, kernel, state_masks), 4, axis=1)
        new_c = op.recurrent_activation(f) * c + op.recurrent_activation(i) * op.activation(
            candidate
        )
        new_h = op.recurrent_activation(o) * op.activation(new_c)
        return new_h, [new_h, new_c]

    mask = None if call.mask is None else tf.transpose(call.mask)
    found = unfold(
        step,
        inputs,
        initial_states(op, x, states),
        mask,
        go_backwards=op.go_backwards,
        unroll=op.unroll,
        keep_outputs=op.return_sequences,
    )
    return results(op, found)
