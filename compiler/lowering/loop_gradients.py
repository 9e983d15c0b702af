"""Loops over time whose gradient is a loop of its own.

TensorFlow's gradient of a loop keeps every intermediate value of every step, and adds up the
gradient of each kernel step by step. Here the forward loop keeps what the steps started from and
the products by the kernels; the backward loop computes the rest of a step again from those, and the
gradient of a kernel is one product over all time steps, after the loop. That takes about two thirds
of the time. Only steps that reach their weights through `Loop.dot` alone can be run so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.lowering.loops import (
    Kernel,
    Loop,
    Unfolded,
    array_of,
    first_output,
    length_of,
    new_array,
    stacked,
)
from compiler.tensorflow import tf


@dataclass(frozen=True)
class _Product:
    """A product in the step.

    Attributes:
        kernel: number of the kernel.
        state: which of the states it is that is multiplied; None if it is something else.
        value, result: examples of both sides.
    """

    kernel: int
    state: int | None
    value: Any
    result: Any


def run(loop: Loop, states: Sequence[Any]) -> Unfolded:
    """As `loops.run`, to be differentiated."""
    counts = len(loop.kernels), sum(k.bias is not None for k in loop.kernels)
    place: list[int | None] = []

    @tf.custom_gradient
    def compute(*arguments: Any) -> tuple[list[Any], Callable[..., list[Any]]]:
        inputs, *rest = arguments
        biases = iter(rest[counts[0] : sum(counts)])
        kernels = [
            Kernel(matrix, None if k.bias is None else next(biases))
            for k, matrix in zip(loop.kernels, rest, strict=False)
        ]
        own = _Differentiated(
            Loop(loop.step, kernels, inputs, loop.mask, loop.go_backwards, loop.keep_outputs),
            rest[sum(counts) :],
        )
        place.append(own.place)
        return own.forward(), own.backward

    matrices = [k.matrix for k in loop.kernels]
    biases = [k.bias for k in loop.kernels if k.bias is not None]
    results = compute(loop.inputs, *matrices, *biases, *states)
    last, *final = results[: 1 + len(states)]
    # The last state is the last output in most cells; only one of the two then has a gradient.
    last = last if place[0] is None else final[place[0]]
    return Unfolded(last, results[-1] if loop.keep_outputs else None, final)


class _Differentiated:
    """A loop, what its forward run keeps, and its backward run."""

    def __init__(self, loop: Loop, states: Sequence[Any]) -> None:
        self.loop = loop
        self.states = list(states)
        self.static = loop.inputs.shape[0]
        self.length = length_of(loop.inputs)
        self.products: list[_Product] = []
        self.example, self.place = first_output(loop, self.states, self._note)
        # What is multiplied and is no state has to be kept.
        self.kept = [p for p in self.products if p.state is None]

    def _note(self, x: Any, number: int) -> Any:
        result = self.loop.dot(x, number)
        state = next((i for i, s in enumerate(self.states) if s is x), None)
        self.products.append(_Product(number, state, x, result))
        return result

    def forward(self) -> list[Any]:
        """The last output, the last states, and all outputs where they are wanted."""
        loop, length = self.loop, self.length
        inputs = array_of(loop.inputs)
        masks = None if loop.mask is None else array_of(loop.mask)
        examples = [
            *([self.example] if loop.keep_outputs else []),
            *self.states,
            *(p.result for p in self.products),
            *(p.value for p in self.kept),
        ]
        arrays = [new_array(x, length) for x in examples]

        def body(time: Any, arrays: Any, last: Any, states: Any) -> tuple[Any, ...]:
            values, results = [], []

            def dot(x: Any, number: int) -> Any:
                results.append(loop.dot(x, number))
                values.append(x)
                return results[-1]

            here = loop.place(time, length)
            mask = None if masks is None else masks.read(here)
            output, new = loop.masked(dot, inputs.read(here), list(states), mask)
            kept = [v for v, p in zip(values, self.products, strict=True) if p.state is None]
            written = [*([output] if loop.keep_outputs else []), *states, *results, *kept]
            arrays = [a.write(time, x) for a, x in zip(arrays, written, strict=True)]
            return time + 1, arrays, [] if not last else [output], new

        carried = [tf.zeros_like(self.example)] if self.place is None else []
        _, arrays, last, final = tf.while_loop(
            lambda time, *_: time < length,
            body,
            (tf.constant(0), arrays, carried, self.states),
            maximum_iterations=self.static,
        )
        outputs = [stacked(arrays.pop(0), self.static)] if loop.keep_outputs else []
        count, products = len(self.states), len(self.products)
        self.old_states = arrays[:count]
        self.results = arrays[count : count + products]
        self.kept_values = arrays[count + products :]
        return [last[0] if last else tf.identity(final[self.place]), *final, *outputs]

    def _replay(self, x: Any, states: list[Any], mask: Any, results: list[Any]) -> Any:
        """A step again from its products, which it does not compute anew."""
        given = iter(zip(self.products, results, strict=True))

        def dot(value: Any, number: int) -> Any:
            product, result = next(given)
            assert product.kernel == number
            kernel = self.loop.kernels[number]
            weights = [kernel.matrix] if kernel.bias is None else [kernel.matrix, kernel.bias]
            return _linked(value, result, *weights)

        return self.loop.masked(dot, x, states, mask)

    def backward(self, *upstream: Any) -> list[Any]:
        """Gradients of inputs, kernels, biases and initial states."""
        loop, length, count = self.loop, self.length, len(self.states)
        by_last = list(upstream[:1]) if self.place is None else []
        by_states = list(upstream[1 : 1 + count])
        by_outputs = array_of(upstream[-1]) if loop.keep_outputs else None
        inputs = array_of(loop.inputs)
        masks = None if loop.mask is None else array_of(loop.mask)
        arrays = [
            new_array(x, length) for x in (loop.inputs[0], *(p.result for p in self.products))
        ]

        def body(time: Any, arrays: Any, by_last: Any, by_states: Any) -> tuple[Any, ...]:
            here = loop.place(time, length)
            x, states = inputs.read(here), [a.read(time) for a in self.old_states]
            # A second derivative finds its way through what was multiplied, see `_linked`.
            results = [tf.stop_gradient(a.read(time)) for a in self.results]
            mask = None if masks is None else masks.read(here)
            sources = [x, *results, *states]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(sources)
                output, new = self._replay(x, states, mask, results)
            targets, given = list(new), list(by_states)
            for by_output in (by_last, [] if by_outputs is None else [by_outputs.read(time)]):
                if self.place is None:
                    targets += [output] * len(by_output)
                    given += by_output
                elif by_output:
                    given[self.place] += by_output[0]
            found = tape.gradient(targets, sources, given, tf.UnconnectedGradients.ZERO)
            cut = 1 + len(results)
            arrays = [
                a.write(here if i == 0 else time, g)
                for i, (a, g) in enumerate(zip(arrays, found[:cut], strict=True))
            ]
            # Only the step that is last has the gradient of the last output.
            return time - 1, arrays, [tf.zeros_like(g) for g in by_last], found[cut:]

        _, arrays, _, by_initial = tf.while_loop(
            lambda time, *_: time >= 0,
            body,
            (tf.convert_to_tensor(length - 1), arrays, by_last, by_states),
            maximum_iterations=self.static,
        )
        by_inputs, *by_results = [stacked(a, self.static) for a in arrays]
        return [by_inputs, *self._by_kernels(by_results), *by_initial]

    def _by_kernels(self, by_results: Sequence[Any]) -> list[Any]:
        """Gradients of the kernels, then of the biases, each from all time steps at once."""
        matrices: list[Any] = [None] * len(self.loop.kernels)
        biases: list[Any] = [None] * len(self.loop.kernels)
        kept = iter(self.kept_values)
        for product, by_result in zip(self.products, by_results, strict=True):
            array = next(kept) if product.state is None else self.old_states[product.state]
            value = array.stack()
            flat = tf.reshape(by_result, [-1, by_result.shape[-1]])
            by_matrix = tf.linalg.matmul(
                tf.reshape(value, [-1, value.shape[-1]]), flat, transpose_a=True
            )
            number = product.kernel
            matrices[number] = _sum(matrices[number], by_matrix)
            biases[number] = _sum(biases[number], tf.reduce_sum(flat, 0))
        for number, kernel in enumerate(self.loop.kernels):
            if matrices[number] is None:
                matrices[number] = tf.zeros_like(kernel.matrix)
                biases[number] = tf.zeros(kernel.matrix.shape[-1:], kernel.matrix.dtype)
        used = [b for b, k in zip(biases, self.loop.kernels, strict=True) if k.bias is not None]
        return [*matrices, *used]


def _sum(before: Any, more: Any) -> Any:
    return more if before is None else before + more


@tf.custom_gradient
def _linked(
    value: Any, result: Any, matrix: Any, *bias: Any
) -> tuple[Any, Callable[[Any], list[Any]]]:
    """`result`, which is ``value @ matrix + bias``, as if it were computed here.

    The gradients of the weights are for second derivatives only; else nobody asks for them.
    """

    def gradient(upstream: Any) -> list[Any]:
        by_value = tf.linalg.matmul(upstream, matrix, transpose_b=True)
        by_matrix = tf.linalg.matmul(value, upstream, transpose_a=True)
        return [by_value, upstream, by_matrix, *(tf.reduce_sum(upstream, 0) for _ in bias)]

    return tf.identity(result), gradient
