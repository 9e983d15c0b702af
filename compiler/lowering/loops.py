"""Loops over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.tensorflow import tf

# Multiplies by the kernel of a number: (value, number) -> value @ kernel + bias.
Dot = Callable[[Any, int], Any]
# (input of the time step, states, products) -> (output, new states)
Step = Callable[[Any, list[Any], Dot], tuple[Any, list[Any]]]


@dataclass(frozen=True)
class Kernel:
    """What a step multiplies by.

    Attributes:
        matrix: (rows, columns).
        bias: (columns,), or None.
    """

    matrix: Any
    bias: Any = None

    def times(self, x: Any) -> Any:
        """``x @ matrix + bias``."""
        y = tf.linalg.matmul(x, self.matrix)
        return y if self.bias is None else tf.nn.bias_add(y, self.bias)


@dataclass(frozen=True)
class Loop:
    """What is done over time.

    Attributes:
        step: what happens in a time step.
        kernels: what `step` multiplies by; products by other means are its own affair.
        inputs: (timesteps, batch, ...).
        mask: (timesteps, batch) of truth values, or None.
        go_backwards: starts with the last time step.
        keep_outputs: whether all outputs are wanted.
    """

    step: Step
    kernels: Sequence[Kernel]
    inputs: Any
    mask: Any = None
    go_backwards: bool = False
    keep_outputs: bool = True

    def dot(self, x: Any, number: int) -> Any:
        """``x @ kernel + bias``."""
        return self.kernels[number].times(x)

    def place(self, time: Any, length: Any) -> Any:
        """Which of the inputs the step number `time` takes."""
        return length - 1 - time if self.go_backwards else time

    def masked(self, dot: Dot, x: Any, states: list[Any], mask: Any) -> tuple[Any, list[Any]]:
        """A step whose masked samples keep their states."""
        output, new = self.step(x, states, dot)
        if mask is None:
            return output, list(new)
        chosen = [choose(mask, n, o) for n, o in zip(new, states, strict=True)]
        # Keras 2.2: a masked step of a loop gives the first state, whatever the last output was.
        return chosen[0] if output is new[0] else choose(mask, output, states[0]), chosen


@dataclass(frozen=True)
class Unfolded:
    """What a loop over time gives.

    Attributes:
        last: output of the last step computed.
        outputs: of all steps in the order of computation, (timesteps, batch, ...); None if the
            caller had no use for them.
        states: after the last step.
    """

    last: Any
    outputs: Any
    states: list[Any]


def choose(mask: Any, new: Any, old: Any) -> Any:
    """`new` where the mask is true, else `old`, by samples: the mask has fewer axes."""
    sizes = [*mask.shape.as_list(), *([1] * (new.shape.rank - mask.shape.rank))]
    if sizes.count(None) <= 1:
        mask = tf.reshape(mask, [-1 if n is None else n for n in sizes])
    else:
        mask = tf.reshape(mask, tf.concat([tf.shape(mask), sizes[mask.shape.rank :]], 0))
    return tf.where(mask, new, old)


def unroll(loop: Loop, states: Sequence[Any]) -> Unfolded:
    """A copy of the step for each time step, whose number must be known."""
    times = range(loop.inputs.shape[0])
    states, outputs = list(states), []
    for time in reversed(times) if loop.go_backwards else times:
        output, new_states = loop.step(loop.inputs[time], states, loop.dot)
        if loop.mask is not None:
            # Keras 2.2: unrolled, a masked step repeats the last output, and before the first
            # one that is zeros, whatever the initial state.
            here, previous = loop.mask[time], outputs[-1] if outputs else tf.zeros_like(output)
            output = choose(here, output, previous)
            new_states = [choose(here, n, o) for n, o in zip(new_states, states, strict=True)]
        outputs.append(output)
        states = list(new_states)
    return Unfolded(outputs[-1], tf.stack(outputs) if loop.keep_outputs else None, states)


def run(loop: Loop, states: Sequence[Any]) -> Unfolded:
    """One step after the other in a loop of the graph."""
    static = loop.inputs.shape[0]
    length = length_of(loop.inputs)
    inputs = array_of(loop.inputs)
    masks = None if loop.mask is None else array_of(loop.mask)
    example, place = first_output(loop, list(states), loop.dot)
    array = new_array(example, length if loop.keep_outputs else 0)
    # Most cells give a state as their output: then the last state is the last output.
    carried = [tf.zeros_like(example)] if place is None else []

    def body(time: Any, array: Any, *current: Any) -> tuple[Any, ...]:
        old, here = list(current[len(carried) :]), loop.place(time, length)
        mask = None if masks is None else masks.read(here)
        output, new = loop.masked(loop.dot, inputs.read(here), old, mask)
        for n, o in zip(new, old, strict=True):
            n.set_shape(o.shape)
        if loop.keep_outputs:
            array = array.write(time, output)
        return (time + 1, array, *([output] if carried else []), *new)

    _, array, *final = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (tf.constant(0), array, *carried, *states),
        maximum_iterations=static,
    )
    states = final[len(carried) :]
    outputs = stacked(array, static) if loop.keep_outputs else None
    return Unfolded(final[0] if place is None else states[place], outputs, states)


def run_unrolled(loop: Loop, states: Sequence[Any]) -> Unfolded:
    """`run` without a loop: a copy of the step for each time step, whose number must be known."""
    length, current, outputs = loop.inputs.shape[0], list(states), []
    for time in range(length):
        here = loop.place(time, length)
        mask = None if loop.mask is None else loop.mask[here]
        output, current = loop.masked(loop.dot, loop.inputs[here], current, mask)
        outputs.append(output)
    return Unfolded(outputs[-1], tf.stack(outputs) if loop.keep_outputs else None, current)


def run_plain(loop: Loop, states: Sequence[Any]) -> Unfolded:
    """`run` without arrays of tensors, for targets that hold none of open size.

    Each step adds its output, placed by its number, to a tensor of zeros for all steps.
    """
    static = loop.inputs.shape[0]
    length = length_of(loop.inputs)
    example, place = first_output(loop, list(states), loop.dot)
    carried = [tf.zeros_like(example)] if place is None else []
    if loop.keep_outputs:
        sizes = tf.concat([[length], tf.shape(example)], 0)
        carried.append(tf.zeros(sizes, example.dtype))
    count = len(carried)

    def body(time: Any, *current: Any) -> tuple[Any, ...]:
        old, here = list(current[count:]), loop.place(time, length)
        mask = None if loop.mask is None else tf.gather(loop.mask, here)
        output, new = loop.masked(loop.dot, tf.gather(loop.inputs, here), old, mask)
        for n, o in zip(new, old, strict=True):
            n.set_shape(o.shape)
        kept = [output] if place is None else []
        if loop.keep_outputs:
            marks = tf.one_hot(time, length, dtype=output.dtype)
            marks = tf.reshape(marks, [-1] + [1] * output.shape.rank)
            kept.append(current[count - 1] + marks * output)
        return (time + 1, *kept, *new)

    shapes = [tf.TensorShape([]), *(v.shape for v in carried), *(s.shape for s in states)]
    if loop.keep_outputs:
        shapes[count] = tf.TensorShape([static, *example.shape])
    _, *final = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (tf.constant(0), *carried, *states),
        shape_invariants=tuple(shapes),
        maximum_iterations=static,
    )
    states = final[count:]
    outputs = final[count - 1] if loop.keep_outputs else None
    return Unfolded(final[0] if place is None else states[place], outputs, states)


def first_output(loop: Loop, states: list[Any], dot: Dot) -> tuple[Any, int | None]:
    """The output of the first step, and which of the new states it is, if it is one.

    It tells shape and dtype, and gives cells that make something in their first call, such as
    dropout masks, the occasion to do so outside of the loop. Nothing of it is computed.
    """
    output, new = loop.step(loop.inputs[0], states, dot)
    place = next((i for i, state in enumerate(new) if state is output), None)
    # A masked step gives the first state: any other one is not the output then.
    return output, place if loop.mask is None or place == 0 else None


# -- arrays with an element for each time step


def length_of(x: Any) -> Any:
    """The number of time steps."""
    return tf.shape(x)[0] if x.shape[0] is None else x.shape[0]


def array_of(x: Any) -> Any:
    """The time steps of a tensor."""
    return tf.TensorArray(x.dtype, size=length_of(x), element_shape=x.shape[1:]).unstack(x)


def new_array(element: Any, length: Any) -> Any:
    """An array for elements like this one."""
    return tf.TensorArray(element.dtype, size=length, element_shape=element.shape)


def stacked(array: Any, length: int | None) -> Any:
    """The elements as one tensor, (timesteps, ...)."""
    found = array.stack()
    found.set_shape([length, *found.shape[1:]])
    return found
