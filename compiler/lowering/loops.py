"""Loops over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.tensorflow import tf

# (input of the time step, states) -> (output, new states)
Step = Callable[[Any, list[Any]], tuple[Any, list[Any]]]


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


def unfold(
    step: Step,
    inputs: Any,
    states: Sequence[Any],
    mask: Any = None,
    *,
    go_backwards: bool = False,
    unroll: bool = False,
    keep_outputs: bool = True,
) -> Unfolded:
    """Applies `step` to one time step after the other.

    Args:
        step: what happens in a time step.
        inputs: (timesteps, batch, ...).
        states: initial states, each (batch, size); the first is what a masked step repeats.
        mask: (timesteps, batch) of truth values, or None.
        go_backwards: starts with the last time step.
        unroll: a copy of the step for each time step, whose number must be known.
        keep_outputs: whether all outputs are wanted.
    """
    if go_backwards:
        inputs = tf.reverse(inputs, [0])
        mask = None if mask is None else tf.reverse(mask, [0])
    if mask is not None:
        mask = tf.expand_dims(tf.cast(mask, tf.bool), -1)
    run = _unrolled if unroll else _looped
    return run(step, inputs, list(states), mask, keep_outputs)


def _unrolled(
    step: Step, inputs: Any, states: list[Any], mask: Any, keep_outputs: bool
) -> Unfolded:
    outputs: list[Any] = []
    for time in range(inputs.shape[0]):
        output, new_states = step(inputs[time], states)
        if mask is not None:
            # Keras 2.2: unrolled, a masked step repeats the last output, and before the first
            # one that is zeros, whatever the initial state.
            previous = outputs[-1] if outputs else tf.zeros_like(output)
            output = tf.where(mask[time], output, previous)
            new_states = _choose(mask[time], new_states, states)
        outputs.append(output)
        states = new_states
    return Unfolded(outputs[-1], tf.stack(outputs) if keep_outputs else None, states)


def _choose(mask: Any, new: list[Any], old: list[Any]) -> list[Any]:
    return [tf.where(mask, a, b) for a, b in zip(new, old, strict=True)]


def _looped(step: Step, inputs: Any, states: list[Any], mask: Any, keep_outputs: bool) -> Unfolded:
    static = inputs.shape[0]
    steps = static if static is not None else tf.shape(inputs)[0]
    element = tf.TensorArray(inputs.dtype, size=steps, element_shape=inputs.shape[1:])
    input_array = element.unstack(inputs)
    mask_array = None
    if mask is not None:
        mask_array = tf.TensorArray(tf.bool, size=steps, element_shape=mask.shape[1:]).unstack(mask)
    batch_shape = states[0].shape
    output_array = tf.TensorArray(
        inputs.dtype, size=steps if keep_outputs else 0, element_shape=batch_shape
    )

    def body(time: Any, array: Any, last: Any, *current: Any) -> tuple[Any, ...]:
        old = list(current)
        output, new = step(input_array.read(time), old)
        if mask_array is not None:
            here = mask_array.read(time)
            output = tf.where(here, output, old[0])
            new = _choose(here, new, old)
        if keep_outputs:
            array = array.write(time, output)
        return (time + 1, array, output, *new)

    _, array, last, *final = tf.while_loop(
        lambda time, *_: time < steps,
        body,
        (tf.constant(0), output_array, tf.zeros_like(states[0]), *states),
        maximum_iterations=static,
    )
    outputs = array.stack() if keep_outputs else None
    if outputs is not None:
        outputs.set_shape([static, *batch_shape])
    return Unfolded(last, outputs, final)
