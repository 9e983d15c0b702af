"""Recurrent layers: one node where ONNX has one, else a loop over the cell's time step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kir import activations
from kir.ir.graph import Graph
from kir.layers.convolutional_recurrent import ConvRNN2D
from kir.layers.cudnn_recurrent import CuDNNGRU, CuDNNLSTM
from kir.layers.recurrent import RNN, GRUCell, LSTMCell, SimpleRNNCell
from kir.layers.recurrent.cells import state_sizes
from runtime.export.onnx.registry import writes
from runtime.export.onnx.rules.cells import Loop, run_loop
from runtime.export.onnx.rules.shapes import flip
from runtime.export.onnx.writing import Call

# What ONNX's recurrent nodes know, with alpha and beta.
_ACTIVATIONS: dict[Any, tuple[str, list[float], list[float]]] = {
    activations.tanh: ("Tanh", [], []),
    activations.sigmoid: ("Sigmoid", [], []),
    activations.relu: ("Relu", [], []),
    activations.hard_sigmoid: ("HardSigmoid", [0.2], [0.5]),
    activations.elu: ("Elu", [1.0], []),
    activations.softsign: ("Softsign", [], []),
    activations.softplus: ("Softplus", [], []),
    activations.linear: ("Affine", [1.0], [0.0]),
}


@dataclass
class Gates:
    """A recurrent node's weights in ONNX's layout, for one direction.

    Attributes:
        kind: LSTM, GRU or RNN.
        kernel: (gates * units, features).
        recurrent_kernel: (gates * units, units).
        bias: (2 * gates * units,), of inputs and of states; None for none.
        functions: the activations of the direction.
        attributes: further ones of the node.
        name: prefix of the weights' names.
    """

    kind: str
    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray | None
    functions: list[Any]
    attributes: dict[str, Any]
    name: str


def _reordered(matrix: np.ndarray, order: Sequence[int], gates: int) -> np.ndarray:
    """Gates along the last axis, put in another order."""
    parts = np.split(matrix, gates, axis=-1)
    return np.concatenate([parts[i] for i in order], axis=-1)


def _gates_of_cell(cell: Any, prefix: str) -> Gates | None:
    """The weights of a built-in cell; None for any other."""
    kinds = {SimpleRNNCell: "RNN", LSTMCell: "LSTM", GRUCell: "GRU"}
    kind = kinds.get(type(cell))
    if kind is None:
        return None
    functions = {
        "RNN": lambda: [cell.activation],
        "GRU": lambda: [cell.recurrent_activation, cell.activation],
        "LSTM": lambda: [cell.recurrent_activation, cell.activation, cell.activation],
    }[kind]()
    if any(f not in _ACTIVATIONS for f in functions):
        return None
    bias = cell.bias.get_value() if cell.use_bias else None
    after = bool(getattr(cell, "reset_after", False))
    if bias is not None and not after:
        bias = np.stack([bias, np.zeros_like(bias)])
    kernels = cell.kernel.get_value(), cell.recurrent_kernel.get_value()
    return _gates(kind, *kernels, bias, functions, after, prefix)


def _gates(
    kind: str, kernel: Any, recurrent: Any, bias: Any, functions: list[Any], after: bool, name: str
) -> Gates:
    # Keras: i, f, c, o and z, r, h; ONNX: i, o, f, c and z, r, h.
    order = {"RNN": [0], "LSTM": [0, 3, 1, 2], "GRU": [0, 1, 2]}[kind]
    count = len(order)
    return Gates(
        kind,
        _reordered(kernel, order, count).T,
        _reordered(recurrent, order, count).T,
        None if bias is None else _reordered(bias, order, count).reshape(-1),
        functions,
        {"linear_before_reset": int(after)} if kind == "GRU" else {},
        name,
    )


def run_node(
    call: Call, directions: Sequence[Gates], x: str, states: Sequence[str], direction: str
) -> tuple[str, list[str]]:
    """One recurrent node.

    Args:
        call: the layer's call.
        directions: the weights, one or two.
        x: (batch, timesteps, features).
        states: (directions, batch, units) each; none for zeros.
        direction: forward, reverse or bidirectional.

    Returns:
        All outputs (timesteps, directions, batch, units) in the order of time, and the last states
        (directions, batch, units).
    """
    b, one = call.builder, directions[0]
    units = one.recurrent_kernel.shape[1]
    columns: list[list[Any]] = [
        [g.kernel for g in directions],
        [g.recurrent_kernel for g in directions],
    ]
    names = ["kernel", "recurrent_kernel"]
    if one.bias is not None:
        columns.append([g.bias for g in directions])
        names.append("bias")
    weights = [
        b.constant(np.stack(parts), call.dtype, f"{one.name}/{name}")
        for parts, name in zip(columns, names, strict=True)
    ]
    inputs = [b.transpose(x, [1, 0, 2]), *weights]
    if states:
        inputs += [""] * (5 - len(inputs)) + list(states)
    chosen = [_ACTIVATIONS[f] for g in directions for f in g.functions]
    found = b.op(
        one.kind,
        *inputs,
        outputs=3 if one.kind == "LSTM" else 2,
        hidden_size=units,
        direction=direction,
        activations=[name for name, _, _ in chosen],
        activation_alpha=[v for _, alpha, _ in chosen for v in alpha] or None,
        activation_beta=[v for _, _, beta in chosen for v in beta] or None,
        **one.attributes,
    )
    return found[0], found[1:]


def _is_plain(op: RNN, call: Call) -> bool:
    """Whether a node can stand for the layer: a mask takes a loop."""
    own_start = not type(op).get_initial_state.__module__.startswith("kir.")
    return call.mask is None and not own_start


def _check_stateless(op: RNN, call: Call) -> None:
    if op.stateful:
        call.fail(
            "it is stateful, and an ONNX graph keeps nothing from one run to the next",
            "Build the model with stateful=False, or with return_state=True and the states as "
            "inputs; or export to savedmodel or tfjs, which keep states.",
        )


@writes(RNN)
def write_rnn(op: RNN, call: Call, x: str, *operands: str) -> list[str]:
    _check_stateless(op, call)
    states, constants = op.split_operands(operands)
    gates = _gates_of_cell(op.cell, _prefix(op)) if _is_plain(op, call) else None
    if gates is None or constants:
        return _by_loop(op, call, x, states, constants)
    return _by_node(op, call, gates, x, states)


def _prefix(op: RNN) -> str:
    return str(op.weights[0].name).rpartition("/")[0] or op.name


def _by_node(op: RNN, call: Call, gates: Gates, x: str, states: Sequence[str]) -> list[str]:
    b = call.builder
    given = [b.unsqueeze(s, [0]) for s in states]
    direction = "reverse" if op.go_backwards else "forward"
    outputs, last = run_node(call, [gates], x, given, direction)
    ends = [b.squeeze(s, [0]) for s in last]
    if not op.return_sequences:
        return [ends[0], *ends]
    y = b.transpose(b.squeeze(outputs, [1]), [1, 0, 2])
    # Keras lists outputs in the order in which they are computed.
    return [flip(call, y, [1]) if op.go_backwards else y, *ends]


def _by_loop(
    op: RNN, call: Call, x: str, states: Sequence[str], constants: Sequence[str]
) -> list[str]:
    if constants:
        call.fail("its cell takes constants", "Give the cell what it needs as an input.")
    b = call.builder
    kinds = op._state_types(call.types[0])
    if not states:
        if not type(op).get_initial_state.__module__.startswith("kir."):
            call.fail("its class has a get_initial_state of its own", "Give initial_state instead.")
        batch = b.size(x, 0)
        states = [b.zeros([batch, *_known(call, t.shape)], t.dtype) for t in kinds]
    loop = Loop(op.cell, op.go_backwards, bool(op.unroll), call.mask, op.return_sequences)
    return run_loop(call, loop, x, states, kinds)


def _known(call: Call, shape: Any) -> list[int]:
    if None in shape[1:]:
        call.fail(
            "the size of its states depends on the input's, which is not known",
            "Give the model's input a full shape.",
        )
    return list(shape[1:])


@writes(ConvRNN2D)
def write_conv_rnn2d(op: ConvRNN2D, call: Call, x: str, *operands: str) -> list[str]:
    _check_stateless(op, call)
    states, constants = op.split_operands(operands)
    return _by_loop(op, call, x, states, constants)


@writes(CuDNNLSTM, CuDNNGRU)
def write_cudnn(op: Any, call: Call, x: str, *operands: str) -> list[str]:
    _check_stateless(op, call)
    states, _ = op.split_operands(operands)
    return _by_node(op, call, _gates_of_cudnn(op), x, states)


def _gates_of_cudnn(op: Any) -> Gates:
    kind = "LSTM" if isinstance(op, CuDNNLSTM) else "GRU"
    functions = [activations.sigmoid, activations.tanh, activations.tanh]
    kernels = [_plain(w.get_value(), op.gate_count) for w in (op.kernel, op.recurrent_kernel)]
    bias = np.stack(np.split(op.bias.get_value(), 2))
    functions = functions if kind == "LSTM" else functions[:2]
    return _gates(kind, kernels[0], kernels[1], bias, functions, True, _prefix(op))


def _plain(kernel: np.ndarray, gates: int) -> np.ndarray:
    """A kernel as other layers have it: cuDNN holds each gate's part transposed."""
    parts = np.split(kernel, gates, axis=1)
    return np.concatenate([p.reshape(p.shape[::-1]).T for p in parts], axis=1)


def _gates_of(op: Any) -> Gates | None:
    if isinstance(op, CuDNNLSTM | CuDNNGRU):
        return _gates_of_cudnn(op)
    return _gates_of_cell(op.cell, _prefix(op))


def in_one_node(
    op: Any, call: Call, inner: Graph, env: dict[Any, str]
) -> tuple[list[str], list[str]] | None:
    """Both directions of a Bidirectional in one node.

    Returns:
        For each direction the result, in the order of time, and the last states where wanted; None
        if they do not fit in one node.
    """
    first, second = (node.layer for node in inner.nodes)
    plain = isinstance(first, RNN) and not isinstance(first, ConvRNN2D) and call.mask is None
    if not plain or first.stateful or (first.go_backwards, second.go_backwards) != (False, True):
        return None
    if not all(_is_plain(layer, call) and not layer._num_constants for layer in (first, second)):
        return None
    directions = [_gates_of(layer) for layer in (first, second)]
    a, z = directions
    if a is None or z is None or (a.bias is None) != (z.bias is None):
        return None
    if (a.kind, a.attributes, a.kernel.shape) != (z.kind, z.attributes, z.kernel.shape):
        return None
    b = call.builder
    x, *given = [env[v] for v in inner.inputs]
    count = len(state_sizes(first.cell))
    starts = [
        b.op("Concat", b.unsqueeze(given[i], [0]), b.unsqueeze(given[count + i], [0]), axis=0)
        for i in range(len(given) // 2)
    ]
    outputs, last = run_node(call, [a, z], x, starts, "bidirectional")
    return _split(first, call, outputs, last)


def _split(op: Any, call: Call, outputs: str, last: list[str]) -> tuple[list[str], list[str]]:
    b = call.builder
    ends = [b.op("Split", s, b.sizes([1, 1]), outputs=2, axis=0) for s in last]
    found: tuple[list[str], list[str]] = ([], [])
    if op.return_sequences:
        halves = b.op("Split", outputs, b.sizes([1, 1]), outputs=2, axis=1)
        results = [b.transpose(b.squeeze(half, [1]), [1, 0, 2]) for half in halves]
    else:
        results = [b.squeeze(ends[0][i], [0]) for i in (0, 1)]
    for i in (0, 1):
        found[i].append(results[i])
        if op.return_state:
            found[i].extend(b.squeeze(end[i], [0]) for end in ends)
    return found
