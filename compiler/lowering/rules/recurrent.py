"""Recurrent layers and their cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import isfunction
from typing import Any

from compiler.lowering import loop_gradients, loops
from compiler.lowering.cells import CellCall, Steps, sizes_of, steps_of
from compiler.lowering.context import Call
from compiler.lowering.loops import Dot, Kernel, Step, Unfolded
from compiler.lowering.registry import lowers, lowers_cell
from compiler.lowering.rules.core import dropout, matmul_last_axis
from compiler.tensorflow import tf
from kir.layers.recurrent import RNN, GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from kir.layers.recurrent.cells import output_size, state_sizes

Function = Callable[[Any], Any]
Product = Callable[[Any, Dot], Any]


# -- layers


@lowers(RNN)
def lower_rnn(op: RNN, call: Call, x: Any, *operands: Any) -> Any:
    states, constants = op.split_operands(operands)
    # (timesteps, batch, ...): each step's inputs then lie together.
    inputs = to_time_major(x)
    whole = CellCall(call, sizes_of(x), x.dtype, constants)
    steps = steps_of(op.cell, whole.of(op.cell, [whole.sizes[0], *whole.sizes[2:]], call.seeds))
    states = states or initial_states(op, x, whole.sizes)
    return results(op, run_steps(op, call, steps, inputs, states))


def to_time_major(x: Any) -> Any:
    """(batch, timesteps, ...) <-> (timesteps, batch, ...)."""
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def initial_states(op: RNN, x: Any, sizes: Sequence[Any]) -> list[Any]:
    """What a layer starts from where no states are given: zeros, unless a user's class differs."""
    if not type(op).get_initial_state.__module__.startswith("kir."):
        return list(op.get_initial_state(x))
    return [zeros([sizes[0], size], x.dtype) for size in state_sizes(op.cell)]


def zeros(sizes: Sequence[Any], dtype: Any) -> Any:
    """Zeros of a shape whose unknown sizes are scalar tensors."""
    found = tf.zeros(sizes, dtype)
    found.set_shape([None if tf.is_tensor(n) else n for n in sizes])
    return found


def run_steps(op: RNN, call: Call, steps: Steps, inputs: Any, states: Sequence[Any]) -> Unfolded:
    """A layer's loop over its time-major inputs."""
    loop = loops.Loop(
        steps.step,
        steps.kernels,
        steps.project(inputs),
        None if call.mask is None else tf.cast(to_time_major(call.mask), tf.bool),
        op.go_backwards,
        op.return_sequences,
    )
    if op.unroll:
        return loops.unroll(loop, states)
    if call.context.loop_style != "arrays":
        own_way = {"plain": loops.run_plain, "unrolled": loops.run_unrolled}
        return own_way[call.context.loop_style](loop, states)
    # In a program that trains there will be a gradient; it keeps more than inference needs.
    own = steps.is_closed and call.training is True and not tf.executing_eagerly()
    return (loop_gradients if own else loops).run(loop, states)


def results(op: RNN, found: Unfolded) -> Any:
    """What the layer returns: the outputs as declared, then states that are wanted."""
    output = to_time_major(found.outputs) if op.return_sequences else found.last
    if op.return_state or op.stateful:
        return [output, *found.states]
    return output


# -- dropout


def gate_masks(
    call: CellCall, sizes: Sequence[Any], rate: float, first: int, gates: int, shared: bool = False
) -> list[Any] | None:
    """Dropout masks for the gates, the same for all time steps; None where nothing is dropped.

    Args:
        call: the cell's call.
        sizes: the shape of a mask.
        rate: fraction that is dropped.
        first: place of the first mask's seed among the cell's.
        gates: number of gates.
        shared: one mask for all of them.
    """
    training = call.call.training
    is_known = isinstance(training, bool | int)
    if not 0 < rate < 1 or (is_known and not training):
        return None
    ones = tf.ones(sizes, call.dtype)
    ones.set_shape([None if tf.is_tensor(n) else n for n in sizes])
    masks = [dropout(ones, rate, call.call.seed(first + i)) for i in range(1 if shared else gates)]
    if not is_known:
        masks = [tf.where(tf.cast(training, tf.bool), m, ones) for m in masks]
    return masks


def cell_masks(cell: Any, call: CellCall, state: Sequence[Any]) -> tuple[Any, Any]:
    """The dropout masks of a cell's inputs and of its state."""
    gates = max(len(cell.gates), 1)
    shared = getattr(cell, "implementation", 1) != 1
    of_inputs = gate_masks(call, call.sizes, cell.dropout, 0, gates, shared)
    # Seeds were drawn for all gates, as Keras does, whether each has a mask or not.
    first = gates if 0 < cell.dropout < 1 else 0
    return of_inputs, gate_masks(call, state, cell.recurrent_dropout, first, gates, shared)


def split_kernel(kernel: Any, bias: Any, masks: list[Any] | None) -> list[Kernel]:
    """The kernels for `masked_product`: one, or each gate's part."""
    if masks is None or len(masks) == 1:
        return [Kernel(kernel, bias)]
    count = len(masks)
    biases = [None] * count if bias is None else tf.split(bias, count)
    return [Kernel(*pair) for pair in zip(tf.split(kernel, count, axis=1), biases, strict=True)]


def masked_product(x: Any, dot: Dot, masks: list[Any] | None) -> Any:
    """``x @ kernel + bias`` with dropout: one mask for all gates, or one for each."""
    if masks is None:
        return dot(x, 0)
    products = [dot(x * mask, number) for number, mask in enumerate(masks)]
    return products[0] if len(products) == 1 else tf.concat(products, -1)


def projection(kernel: Any, bias: Any, masks: list[Any] | None) -> Function:
    """``x @ kernel + bias`` for one time step or for all."""
    kernels = split_kernel(kernel, bias, masks)

    def dot(x: Any, number: int) -> Any:
        y = matmul_last_axis(x, kernels[number].matrix)
        return y if kernels[number].bias is None else tf.nn.bias_add(y, kernels[number].bias)

    return lambda x: masked_product(x, dot, masks)


def is_plain(*functions: Any) -> bool:
    """Whether functions are activations of the language: those have no weights."""
    return all(isfunction(f) and f.__module__ == "kir.activations" for f in functions)


# -- cells


@lowers_cell(SimpleRNNCell)
def lower_simple_rnn_cell(cell: SimpleRNNCell, call: CellCall) -> Steps:
    weights = call.weights
    input_masks, state_masks = cell_masks(cell, call, [call.sizes[0], cell.units])

    def step(projected: Any, states: list[Any], dot: Dot) -> tuple[Any, list[Any]]:
        h = cell.activation(projected + masked_product(states[0], dot, state_masks))
        return h, [h]

    bias = weights.bias if cell.use_bias else None
    return Steps(
        projection(weights.kernel, bias, input_masks),
        step,
        split_kernel(weights.recurrent_kernel, None, state_masks),
        is_plain(cell.activation),
    )


@lowers_cell(LSTMCell)
def lower_lstm_cell(cell: LSTMCell, call: CellCall) -> Steps:
    weights = call.weights
    input_masks, state_masks = cell_masks(cell, call, [call.sizes[0], cell.units])
    bias = weights.bias if cell.use_bias else None
    return Steps(
        projection(weights.kernel, bias, input_masks),
        lstm_step(
            lambda h, dot: masked_product(h, dot, state_masks),
            cell.activation,
            cell.recurrent_activation,
        ),
        split_kernel(weights.recurrent_kernel, None, state_masks),
        is_plain(cell.activation, cell.recurrent_activation),
    )


def lstm_step(
    product: Product, activation: Function, recurrent_activation: Function, axis: int = -1
) -> Step:
    """The step of an LSTM; `product` is what is added to the gates for the state."""

    def step(projected: Any, states: list[Any], dot: Dot) -> tuple[Any, list[Any]]:
        h, c = states
        i, f, candidate, o = tf.split(projected + product(h, dot), 4, axis=axis)
        new_c = recurrent_activation(f) * c + recurrent_activation(i) * activation(candidate)
        new_h = recurrent_activation(o) * activation(new_c)
        return new_h, [new_h, new_c]

    return step


@lowers_cell(GRUCell)
def lower_gru_cell(cell: GRUCell, call: CellCall) -> Steps:
    weights, units = call.weights, cell.units
    input_masks, state_masks = cell_masks(cell, call, [call.sizes[0], units])
    input_bias, state_bias = weights.bias if cell.use_bias else None, None
    if cell.reset_after and cell.use_bias:
        input_bias, state_bias = tf.unstack(input_bias)
    by_gate = state_masks if cell.implementation == 1 else None
    kernel = weights.recurrent_kernel
    if cell.reset_after:
        kernels = split_kernel(kernel, state_bias, by_gate)
        step = gru_step_reset_after(
            lambda h, dot: masked_product(h, dot, by_gate),
            cell.activation,
            cell.recurrent_activation,
        )
    else:
        gates = None if by_gate is None else by_gate[:2]
        kernels = split_kernel(kernel[:, : 2 * units], None, gates)
        kernels.append(Kernel(kernel[:, 2 * units :]))
        step = _gru_step(cell, by_gate)
    if state_masks is not None and by_gate is None:
        step = _dropping_state(step, state_masks[0])
    return Steps(
        projection(weights.kernel, input_bias, input_masks),
        step,
        kernels,
        is_plain(cell.activation, cell.recurrent_activation),
    )


def _dropping_state(step: Step, mask: Any) -> Step:
    # Keras 2.2: with implementation 2 the dropped state also takes the old state's place in the
    # mixture that makes the new one.
    return lambda projected, states, dot: step(projected, [states[0] * mask], dot)


def _gru_step(cell: GRUCell, masks: list[Any] | None) -> Step:
    """The step of a GRU whose reset gate acts before the matrix product."""
    of_gates = None if masks is None else masks[:2]
    last = 1 if masks is None else 2

    def step(projected: Any, states: list[Any], dot: Dot) -> tuple[Any, list[Any]]:
        h = states[0]
        x_z, x_r, x_h = tf.split(projected, 3, axis=-1)
        h_z, h_r = tf.split(masked_product(h, dot, of_gates), 2, axis=-1)
        z, r = cell.recurrent_activation(x_z + h_z), cell.recurrent_activation(x_r + h_r)
        dropped = h if masks is None else h * masks[2]
        candidate = cell.activation(x_h + dot(r * dropped, last))
        new_h = z * h + (1 - z) * candidate
        return new_h, [new_h]

    return step


def gru_step_reset_after(
    product: Product, activation: Function, recurrent_activation: Function
) -> Step:
    """The step of a GRU whose reset gate acts after the matrix product, `product`."""

    def step(projected: Any, states: list[Any], dot: Dot) -> tuple[Any, list[Any]]:
        h = states[0]
        x_z, x_r, x_h = tf.split(projected, 3, axis=-1)
        h_z, h_r, h_h = tf.split(product(h, dot), 3, axis=-1)
        z, r = recurrent_activation(x_z + h_z), recurrent_activation(x_r + h_r)
        new_h = z * h + (1 - z) * activation(x_h + r * h_h)
        return new_h, [new_h]

    return step


@lowers_cell(StackedRNNCells)
def lower_stacked_rnn_cells(cell: StackedRNNCells, call: CellCall) -> Steps:
    parts: list[Steps] = []
    sizes, seeds = call.sizes, call.call.seeds
    for inner in cell.cells:
        count = getattr(inner, "seed_count", int)()
        parts.append(steps_of(inner, call.of(inner, sizes, seeds[:count])))
        seeds = seeds[count:]
        sizes = [sizes[0], output_size(inner)]

    def step(x: Any, states: list[Any], dot: Dot) -> tuple[Any, list[Any]]:
        new_states = []
        for i, (part, group) in enumerate(zip(parts, cell.split_states(states), strict=True)):
            # The first cell's inputs are projected for all time steps, before the loop.
            x, new = part.step(part.project(x) if i else x, group, part.dot)
            new_states.append(new)
        return x, cell.join_states(new_states)

    return Steps(parts[0].project, step)
