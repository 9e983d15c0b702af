"""Recurrent layers whose states are pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler import backend as K
from compiler.lowering.cells import CellCall, Steps, sizes_of, steps_of
from compiler.lowering.context import Call
from compiler.lowering.loops import Dot
from compiler.lowering.registry import lowers, lowers_cell
from compiler.lowering.rules.recurrent import (
    cell_masks,
    lstm_step,
    results,
    run_steps,
    to_time_major,
    zeros,
)
from compiler.tensorflow import tf
from kir.layers.convolutional_recurrent import ConvLSTM2DCell, ConvRNN2D
from kir.layers.recurrent.cells import state_sizes
from kir.layers.spatial import channel_axis, image_shape, spatial_sizes
from kir.utils.conv_utils import conv_output_length


@lowers(ConvRNN2D)
def lower_conv_rnn2d(op: ConvRNN2D, call: Call, x: Any, *operands: Any) -> Any:
    states, constants = op.split_operands(operands)
    inputs = to_time_major(x)
    whole = CellCall(call, sizes_of(x), x.dtype, constants)
    steps = steps_of(op.cell, whole.of(op.cell, [whole.sizes[0], *whole.sizes[2:]], call.seeds))
    states = states or _initial_states(op, x, whole.sizes)
    return results(op, run_steps(op, call, steps, inputs, states))


def _initial_states(op: ConvRNN2D, x: Any, sizes: Sequence[Any]) -> list[Any]:
    if not type(op).get_initial_state.__module__.startswith("kir."):
        return list(op.get_initial_state(x))
    data_format = op.cell.data_format
    picture = op.picture_sizes(spatial_sizes((sizes[0], *sizes[2:]), data_format))
    return [
        zeros(image_shape(sizes[0], picture, n, data_format), x.dtype) for n in state_sizes(op.cell)
    ]


def over_frames(convolve: Any, x: Any) -> Any:
    """A convolution of one time step's pictures, or of those of all time steps at once."""
    if x.shape.rank == 4:
        return convolve(x)
    sizes = sizes_of(x)
    y = convolve(tf.reshape(x, [-1, *sizes[2:]]))
    found = tf.reshape(y, [sizes[0], sizes[1], *sizes_of(y)[1:]])
    found.set_shape([*x.shape[:2], *y.shape[1:]])
    return found


@lowers_cell(ConvLSTM2DCell)
def lower_conv_lstm2d_cell(cell: ConvLSTM2DCell, call: CellCall) -> Steps:
    weights = call.weights
    axis = channel_axis(cell.data_format)
    picture = spatial_sizes(tuple(call.sizes), cell.data_format)
    settings = zip(picture, cell.kernel_size, cell.strides, cell.dilation_rate, strict=True)
    sizes = [conv_output_length(n, k, cell.padding, s, d) for n, k, s, d in settings]
    state = image_shape(call.sizes[0], sizes, cell.filters, cell.data_format)
    input_masks, state_masks = cell_masks(cell, call, state)

    def by_gate(convolve: Any, x: Any, kernel: Any, masks: list[Any] | None) -> Any:
        if masks is None:
            return convolve(x, kernel)
        parts = tf.split(kernel, len(masks), axis=-1)
        return tf.concat([convolve(x * m, p) for m, p in zip(masks, parts, strict=True)], axis)

    def convolve_inputs(x: Any, kernel: Any) -> Any:
        return over_frames(lambda frames: cell.input_conv(frames, kernel, None, cell.padding), x)

    def project(x: Any) -> Any:
        y = by_gate(convolve_inputs, x, weights.kernel, input_masks)
        if not cell.use_bias:
            return y
        return over_frames(
            lambda frames: K.bias_add(frames, weights.bias, data_format=cell.data_format), y
        )

    def product(h: Any, dot: Dot) -> Any:
        return by_gate(cell.recurrent_conv, h, weights.recurrent_kernel, state_masks)

    step = lstm_step(product, cell.activation, cell.recurrent_activation, axis)
    return Steps(project, step)
