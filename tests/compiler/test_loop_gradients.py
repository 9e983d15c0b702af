"""Loops with a gradient of their own: the same numbers as TensorFlow's, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.lowering import loop_gradients, loops
from compiler.lowering.loops import Kernel, Loop
from compiler.tensorflow import tf

pytestmark = pytest.mark.tf

STEPS, BATCH, SIZE = 4, 3, 2


def lstm(x, states, dot):
    h, c = states
    i, f, g, o = tf.split(x + dot(h, 0), 4, axis=-1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    h = tf.sigmoid(o) * tf.tanh(c)
    return h, [h, c]


def gru(x, states, dot):
    h = states[0]
    z, r = tf.split(tf.sigmoid(x[:, : 2 * SIZE] + dot(h, 0)), 2, axis=-1)
    h = z * h + (1 - z) * tf.tanh(x[:, 2 * SIZE :] + dot(r * h, 1))
    return h, [h]


def odd(x, states, dot):
    """The output is no state, a kernel is used twice, another one never."""
    h = tf.tanh(x + dot(states[0], 1) + dot(states[0] * states[1], 1))
    return 2 * h, [h, states[1]]


CELLS = {
    "lstm": (lstm, 4 * SIZE, 2, [4 * SIZE]),
    "gru": (gru, 3 * SIZE, 1, [2 * SIZE, SIZE]),
    "odd": (odd, SIZE, 2, [SIZE, SIZE]),
}


def random(*shape):
    return tf.constant(np.random.normal(size=shape))


def derivatives(
    runner, cell, mask, go_backwards, keep_outputs, arguments, factors, jit=False, static=True
):
    step, _, states, widths = CELLS[cell]

    def compute(*tensors):
        inputs, rest = tensors[0], list(tensors[1 + states :])
        kernels = [Kernel(rest.pop(0), rest.pop(0)) for _ in widths]
        loop = Loop(step, kernels, inputs, mask, go_backwards, keep_outputs)
        found = runner.run(loop, tensors[1 : 1 + states])
        total = tf.reduce_sum(found.last * factors[0])
        for i, state in enumerate(found.states):
            total += tf.reduce_sum(state * factors[0] ** (i + 2))
        if keep_outputs:
            total += tf.reduce_sum(found.outputs * factors[1])
        first = tf.gradients(total, tensors, unconnected_gradients="zero")
        if jit:
            return [total, *first]
        norm = tf.add_n([tf.reduce_sum(g * g) for g in first])
        return [total, *first, *tf.gradients(norm, tensors, unconnected_gradients="zero")]

    free = {0: 2, **dict.fromkeys(range(1, 1 + states), 1)} if not static else {}
    specs = [
        tf.TensorSpec([None] * free.get(i, 0) + a.shape.as_list()[free.get(i, 0) :], a.dtype)
        for i, a in enumerate(arguments)
    ]
    function = tf.function(compute, autograph=False, jit_compile=jit)
    return function.get_concrete_function(*specs)(*arguments)


def make(cell):
    _, width, states, widths = CELLS[cell]
    arguments = [random(STEPS, BATCH, width), *(random(BATCH, SIZE) for _ in range(states))]
    for size in widths:
        arguments += [random(SIZE, size), random(size)]
    return arguments, [random(BATCH, SIZE), random(STEPS, BATCH, SIZE)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("masked", "go_backwards", "keep_outputs"),
    [(False, False, False), (True, True, True), (True, False, False)],
)
def test_first_and_second_derivatives(cell, masked, go_backwards, keep_outputs):
    mask = tf.constant(np.random.uniform(size=(STEPS, BATCH)) < 0.6) if masked else None
    given = cell, mask, go_backwards, keep_outputs, *make(cell)
    wanted = derivatives(loops, *given)
    for got, want in zip(derivatives(loop_gradients, *given), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-8)


def test_unknown_batch_and_length():
    given = "gru", None, True, True, *make("gru")
    wanted = derivatives(loops, *given)
    for got, want in zip(derivatives(loop_gradients, *given, static=False), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-8)


def test_compiled_by_xla():
    given = "lstm", None, False, True, *make("lstm")
    wanted = derivatives(loops, *given, jit=True)
    for got, want in zip(derivatives(loop_gradients, *given, jit=True), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10)
