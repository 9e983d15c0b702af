"""Time steps of recurrent cells, and the loop over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import helper

from kir.engine.tensor import Tensor
from kir.ir.types import TensorType
from kir.layers.convolutional_recurrent import ConvLSTM2DCell
from kir.layers.recurrent import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from kir.utils.generic_utils import has_arg
from runtime.export.onnx.builder import value_info
from runtime.export.onnx.registry import cell_rule, writes_cell
from runtime.export.onnx.rules.convolutional import onnx_kernel, padding_of
from runtime.export.onnx.writing import Call, Environment, sizes_of

Step = tuple[str, list[str]]


@dataclass(frozen=True)
class Loop:
    """What is done over time.

    Attributes:
        cell: computes a step.
        go_backwards: starts with the last time step.
        unroll: Keras's rule for masked steps: they repeat the last output, not the first state.
        mask: (batch, timesteps) of truth values, or None.
        keep_outputs: whether all outputs are wanted.
    """

    cell: Any
    go_backwards: bool
    unroll: bool
    mask: str | None
    keep_outputs: bool


@dataclass(frozen=True)
class CellCall:
    """A time step, as the rule of a cell sees it.

    Attributes:
        call: the layer's call.
        x: type of the step's input.
        states: types of the states.
    """

    call: Call
    x: TensorType
    states: Sequence[TensorType]

    @property
    def builder(self) -> Any:
        """Where the step is written."""
        return self.call.builder

    def weight(self, variable: Any, change: Any = lambda w: w) -> str:
        """A weight as a constant, perhaps changed."""
        value = change(variable.get_value())
        return self.call.builder.constant(value, self.x.dtype, variable.name)

    def activate(self, function: Any, x: str) -> str:
        """An activation function, applied to a value of the shape of the states."""
        return self.call.activate(function, x, self.states[0])


def run_loop(
    call: Call, loop: Loop, x: str, states: Sequence[str], kinds: Sequence[TensorType]
) -> list[str]:
    """A Scan over the time steps.

    Returns:
        The result (the outputs in the order of computation, or the last), and the last states.
    """
    b = call.builder
    shape = sizes_of(call.types[0])
    step_type = call.types[0].with_shape((shape[0], *shape[2:]))
    output = call.output
    if loop.keep_outputs:
        sizes = sizes_of(output)
        output = output.with_shape((sizes[0], *sizes[2:]))
    carried = list(states)
    if loop.mask is not None and loop.unroll:
        # Before the first unmasked step the last output is zeros.
        carried.append(
            b.op(
                "Mul",
                b.zeros([b.size(x, 0), *_known(sizes_of(output))], output.dtype),
                call.constant(0),
            )
        )  # type: ignore[arg-type]
    graph = _body(call, loop, step_type, kinds, output, len(carried))
    sequences = [x] if loop.mask is None else [x, loop.mask]
    found = b.op(
        "Scan",
        *carried,
        *sequences,
        outputs=len(carried) + 2,
        body=graph,
        num_scan_inputs=len(sequences),
        scan_input_axes=[1] * len(sequences),
        scan_input_directions=[int(loop.go_backwards)] * len(sequences),
        scan_output_axes=[1, 1],
    )
    ends, (outputs, _) = found[: len(kinds)], found[-2:]
    if loop.keep_outputs:
        return [outputs, *ends]
    # The last of all outputs; where it is the first state the runtime keeps no more than needed.
    return [b.squeeze(b.slice(outputs, 1, -1, 2**62), [1]), *ends]


def _body(
    call: Call,
    loop: Loop,
    step_type: TensorType,
    kinds: Sequence[TensorType],
    output: TensorType,
    carried: int,
) -> Any:
    b = call.builder
    types = [*kinds, output][:carried]
    with b.body() as nodes:
        olds = [b.name(f"{call.layer.name}/state") for _ in types]
        x = b.name(f"{call.layer.name}/step")
        inputs = [_declare(n, t) for n, t in zip([*olds, x], [*types, step_type], strict=True)]
        states = olds[: len(kinds)]
        y, new = step(loop.cell, CellCall(call, step_type, kinds), x, states)
        if loop.mask is not None:
            mask = b.name(f"{call.layer.name}/mask")
            inputs.append(value_info(mask, "bool", [None]))
            y, new = _masked(call, loop, mask, (y, new), states, olds[-1], output)
        results = [*new, *([y] if carried > len(kinds) else []), y, y]
        # Each is a value of its own: a state may be the output too.
        names = [b.op("Identity", r) for r in results]
    declared = [_declare(n, t) for n, t in zip(names, [*types, output, output], strict=True)]
    return helper.make_graph(nodes, f"{call.layer.name}_step", inputs, declared)


def _known(sizes: Sequence[int | None]) -> list[int]:
    """The sizes of a state, without the batch; the caller made sure that they are known."""
    return [n for n in sizes[1:] if n is not None]


def _declare(name: str, kind: TensorType) -> Any:
    return value_info(name, kind.dtype, [None, *sizes_of(kind)[1:]])


def _masked(
    call: Call,
    loop: Loop,
    mask: str,
    found: Step,
    states: Sequence[str],
    last: str,
    output: TensorType,
) -> Step:
    """A step whose masked samples keep their states."""
    b = call.builder
    y, new = found

    def choose(then: str, otherwise: str, rank: int) -> str:
        return b.op("Where", b.unsqueeze(mask, list(range(1, rank))), then, otherwise)

    rank = output.rank or 2
    chosen = [choose(n, o, rank) for n, o in zip(new, states, strict=True)]
    if loop.unroll:
        return choose(y, last, rank), chosen
    # Keras 2.2: a masked step of a loop gives the first state, whatever the last output was.
    return (chosen[0] if y == new[0] else choose(y, states[0], rank)), chosen


# -- steps


def step(cell: Any, at: CellCall, x: str, states: Sequence[str]) -> Step:
    """One time step: output and new states."""
    rule = cell_rule(type(cell))
    if rule is not None:
        found: Step = rule(cell, at, x, list(states))
        return found
    return _users_step(cell, at, x, states)


def _users_step(cell: Any, at: CellCall, x: str, states: Sequence[str]) -> Step:
    given = {"training": None} if has_arg(cell.call, "training") else {}
    tensors = [Tensor(t) for t in (at.x, *at.states)]
    output, new = cell.call(tensors[0], tensors[1:], **given)
    env: Environment = dict(zip(tensors, [x, *states], strict=True))
    y, *rest = at.call.writer.write([output, *new], env, at.call.node)
    return y, rest


def _affine(at: CellCall, x: str, kernel: Any, bias: Any = None, change: Any = lambda w: w) -> str:
    b = at.builder
    y = b.op("MatMul", x, at.weight(kernel, change))
    return y if bias is None else b.op("Add", y, bias)


def _preactivation(cell: SimpleRNNCell | LSTMCell, at: CellCall, x: str, h: str) -> str:
    """``x @ kernel + bias + h @ recurrent_kernel``."""
    bias = at.weight(cell.bias) if cell.use_bias else None
    of_input = _affine(at, x, cell.kernel, bias)
    return at.builder.op("Add", of_input, _affine(at, h, cell.recurrent_kernel))


@writes_cell(SimpleRNNCell)
def write_simple_rnn_cell(cell: SimpleRNNCell, at: CellCall, x: str, states: list[str]) -> Step:
    h = at.activate(cell.activation, _preactivation(cell, at, x, states[0]))
    return h, [h]


@writes_cell(LSTMCell)
def write_lstm_cell(cell: LSTMCell, at: CellCall, x: str, states: list[str]) -> Step:
    gates = at.builder.op("Split", _preactivation(cell, at, x, states[0]), outputs=4, axis=-1)
    return _lstm(cell, at, gates, states[1])


def _lstm(cell: Any, at: CellCall, parts: Sequence[str], c: str) -> Step:
    """What an LSTM makes of its gates i, f, c, o before their activations."""
    b = at.builder
    i, f, o = (at.activate(cell.recurrent_activation, parts[n]) for n in (0, 1, 3))
    candidate = at.activate(cell.activation, parts[2])
    new_c = b.op("Add", b.op("Mul", f, c), b.op("Mul", i, candidate))
    new_h = b.op("Mul", o, at.activate(cell.activation, new_c))
    return new_h, [new_h, new_c]


@writes_cell(GRUCell)
def write_gru_cell(cell: GRUCell, at: CellCall, x: str, states: list[str]) -> Step:
    b, h, units = at.builder, states[0], cell.units
    input_bias = state_bias = None
    if cell.use_bias:
        input_bias = at.weight(cell.bias, lambda w: w[0] if cell.reset_after else w)
        state_bias = at.weight(cell.bias, lambda w: w[1]) if cell.reset_after else None
    x_z, x_r, x_h = b.op("Split", _affine(at, x, cell.kernel, input_bias), outputs=3, axis=-1)
    gates = 3 if cell.reset_after else 2
    product = _affine(at, h, cell.recurrent_kernel, state_bias, lambda w: w[:, : gates * units])
    h_z, h_r, *inner = b.op("Split", product, outputs=gates, axis=-1)
    z = at.activate(cell.recurrent_activation, b.op("Add", x_z, h_z))
    r = at.activate(cell.recurrent_activation, b.op("Add", x_r, h_r))
    if cell.reset_after:
        h_h = b.op("Mul", r, *inner)
    else:
        reset = b.op("Mul", r, h)
        h_h = _affine(at, reset, cell.recurrent_kernel, None, lambda w: w[:, 2 * units :])
    candidate = at.activate(cell.activation, b.op("Add", x_h, h_h))
    rest = b.op("Sub", b.constant(1, at.x.dtype), z)
    new_h = b.op("Add", b.op("Mul", z, h), b.op("Mul", rest, candidate))
    return new_h, [new_h]


@writes_cell(StackedRNNCells)
def write_stacked_cells(cell: StackedRNNCells, at: CellCall, x: str, states: list[str]) -> Step:
    groups, types = cell.split_states(states), cell.split_states(at.states)
    kind, results = at.x, []
    for inner, group, kinds in zip(cell.cells, groups, types, strict=True):
        x, new = step(inner, CellCall(at.call, kind, kinds), x, group)
        kind = kinds[0]
        results.append(new)
    return x, cell.join_states(results)


@writes_cell(ConvLSTM2DCell)
def write_conv_lstm2d_cell(cell: ConvLSTM2DCell, at: CellCall, x: str, states: list[str]) -> Step:
    b, rank = at.builder, 4
    first = cell.data_format == "channels_first"
    shape = sizes_of(at.x)
    sizes = shape[2:] if first else shape[1:-1]
    x, h, c = (v if first else b.channels_first(v, rank) for v in (x, *states))
    ones = (1, 1)
    pads = padding_of(
        at.call, sizes, cell.kernel_size, cell.strides, cell.dilation_rate, cell.padding
    )
    settings = {"strides": cell.strides, "dilations": cell.dilation_rate, **pads}
    inputs = [x, at.weight(cell.kernel, onnx_kernel)]
    if cell.use_bias:
        inputs.append(at.weight(cell.bias, np.asarray))
    own = b.op("Conv", *inputs, kernel_shape=cell.kernel_size, **settings)
    # The state keeps its size, whatever that is.
    keep = padding_of(at.call, (None, None), cell.kernel_size, ones, ones, "same")
    kernel = at.weight(cell.recurrent_kernel, onnx_kernel)
    past = b.op("Conv", h, kernel, kernel_shape=cell.kernel_size, **keep)
    parts = b.op("Split", b.op("Add", own, past), outputs=4, axis=1)
    y, new = _lstm(cell, at, parts, c)
    if first:
        return y, new
    new = [b.channels_last(v, rank) for v in new]
    return new[0], new
