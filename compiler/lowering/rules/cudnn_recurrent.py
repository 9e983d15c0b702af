"""Recurrent layers with cuDNN's weights, by the same loops as the others."""

from __future__ import annotations

from typing import Any

from compiler.lowering.cells import Steps, sizes_of
from compiler.lowering.context import Call
from compiler.lowering.loops import Kernel
from compiler.lowering.registry import lowers
from compiler.lowering.rules.recurrent import (
    gru_step_reset_after,
    initial_states,
    lstm_step,
    projection,
    results,
    run_steps,
    to_time_major,
)
from compiler.tensorflow import tf
from kir.layers.cudnn_recurrent import CuDNNGRU, CuDNNLSTM


def plain_kernel(kernel: Any, gates: int) -> Any:
    """A kernel as other layers have it: cuDNN holds each gate's part transposed."""
    rows = kernel.shape[0]
    parts = tf.split(kernel, gates, axis=1)
    return tf.concat(
        [tf.transpose(tf.reshape(part, [part.shape[1], rows])) for part in parts], axis=1
    )


def _run(op: Any, call: Call, x: Any, operands: Any, step_of: Any) -> Any:
    weights, gates = call.weights, op.gate_count
    input_bias, state_bias = tf.split(weights.bias, 2)
    kernel = Kernel(plain_kernel(weights.recurrent_kernel, gates), state_bias)
    project = projection(plain_kernel(weights.kernel, gates), input_bias, None)
    states, _ = op.split_operands(operands)
    states = states or initial_states(op, x, sizes_of(x))
    step = step_of(lambda h, dot: dot(h, 0), tf.tanh, tf.sigmoid)
    steps = Steps(project, step, [kernel], is_closed=True)
    return results(op, run_steps(op, call, steps, to_time_major(x), states))


@lowers(CuDNNGRU)
def lower_cudnn_gru(op: CuDNNGRU, call: Call, x: Any, *operands: Any) -> Any:
    return _run(op, call, x, operands, gru_step_reset_after)


@lowers(CuDNNLSTM)
def lower_cudnn_lstm(op: CuDNNLSTM, call: Call, x: Any, *operands: Any) -> Any:
    return _run(op, call, x, operands, lstm_step)
