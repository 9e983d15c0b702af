"""Loops over time steps and elements with a function that works on tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compiler.backend._tensors import as_tensor
from compiler.tensorflow import tf
from kir.errors import ConfigError, ShapeError

Step = Callable[[Any, list[Any]], tuple[Any, Sequence[Any]]]


def time_major(x: Any) -> Any:
    """(batch, time, ...) <-> (time, batch, ...)."""
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def rnn(
    step_function: Step,
    inputs: Any,
    initial_states: Sequence[Any],
    go_backwards: bool = False,
    mask: Any = None,
    constants: Sequence[Any] | None = None,
    unroll: bool = False,
    input_length: int | None = None,
) -> tuple[Any, Any, list[Any]]:
    """Iterates over the time axis; the outputs stay in the order in which they are computed."""
    inputs = as_tensor(inputs)
    rank = inputs.shape.rank
    if rank is not None and rank < 3:
        raise ShapeError(
            f"K.rnn: inputs have the shape {inputs.shape}. Input should be at least 3D."
        )
    steps = time_major(inputs)
    if mask is not None:
        mask = tf.cast(mask, tf.bool)
        mask = time_major(mask if mask.shape.rank == rank else tf.expand_dims(mask, -1))
    if go_backwards and not unroll:
        steps = tf.reverse(steps, [0])
        mask = None if mask is None else tf.reverse(mask, [0])
    fixed = list(constants or ())
    states = [as_tensor(s) for s in initial_states]

    def step(x: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        output, new = step_function(x, [*states, *fixed])
        return output, list(new)

    if unroll:
        last, outputs, states = _unrolled(step, steps, states, mask, go_backwards)
    else:
        last, outputs, states = _looped(step, steps, states, mask, input_length)
    return last, time_major(outputs), states


def _where(mask: Any, new: Any, old: Any) -> Any:
    """Chooses by samples; the mask is (batch, 1)."""
    extra = new.shape.rank - mask.shape.rank
    if extra > 0:
        mask = tf.reshape(mask, tf.concat([tf.shape(mask), [1] * extra], 0))
    return tf.where(mask, new, old)


def _unrolled(
    step: Step, inputs: Any, states: list[Any], mask: Any, go_backwards: bool
) -> tuple[Any, Any, list[Any]]:
    length = inputs.shape[0]
    if not length:
        raise ShapeError("K.rnn: Unrolling requires a fixed number of timesteps.")
    outputs: list[Any] = []
    for time in reversed(range(length)) if go_backwards else range(length):
        output, new = step(inputs[time], states)
        if mask is not None:
            # Keras 2.2: unrolled, a masked step repeats the last output, and before the first
            # one that is zeros, whatever the initial state.
            output = _where(mask[time], output, outputs[-1] if outputs else tf.zeros_like(output))
            new = [_where(mask[time], n, s) for n, s in zip(new, states, strict=True)]
        outputs.append(output)
        states = list(new)
    return outputs[-1], tf.stack(outputs), states


def _looped(
    step: Step, inputs: Any, states: list[Any], mask: Any, input_length: int | None
) -> tuple[Any, Any, list[Any]]:
    if mask is not None and not states:
        raise ConfigError(
            "K.rnn: no initial states provided! With a mask the first state must be the output "
            "of the step before."
        )
    static = inputs.shape[0]
    length = tf.shape(inputs)[0] if static is None else static
    if input_length is not None:
        length = tf.minimum(length, input_length) if static is None else min(static, input_length)
    # The first step outside the loop tells the output's type; nothing of it is computed.
    example, _ = step(inputs[0], states)
    array = tf.TensorArray(example.dtype, size=length, element_shape=example.shape)

    def body(time: Any, array: Any, last: Any, *old: Any) -> tuple[Any, ...]:
        output, new = step(tf.gather(inputs, time), list(old))
        new = list(new)
        for n, s in zip(new, old, strict=True):
            n.set_shape(s.shape)
        if mask is not None:
            here = tf.gather(mask, time)
            output = _where(here, output, old[0])
            new = [_where(here, n, s) for n, s in zip(new, old, strict=True)]
        return (time + 1, array.write(time, output), output, *new)

    start = tf.zeros_like(example)
    _, array, last, *states = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (tf.constant(0), array, start, *states),
        parallel_iterations=32,
        swap_memory=True,
    )
    outputs = array.stack()
    if static is not None and isinstance(length, int):
        outputs.set_shape([length, *example.shape])
    return last, outputs, states


def map_fn(fn: Callable[..., Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    several = isinstance(elems, list | tuple)
    values = tuple(map(as_tensor, elems)) if several else as_tensor(elems)
    if dtype is None and several:
        dtype = values[0].dtype
    return tf.map_fn(fn, values, fn_output_signature=dtype)


def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    return tf.foldl(fn, elems, initializer=initializer)


def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    return tf.foldr(fn, elems, initializer=initializer)
