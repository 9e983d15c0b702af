"""Loops over time steps and elements with a function of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kir.backend import regions
from kir.backend.creation import constant
from kir.backend.recording import compute
from kir.backend.type_rules import known, sizes_of, type_of
from kir.engine.tensor import Tensor, contains_symbolic, executing
from kir.errors import ConfigError, ShapeError
from kir.ir.graph import Value
from kir.ir.types import TensorType, check_dtype

_NUMBERS = (int, float, np.generic, np.ndarray)


def _type(value: Any) -> TensorType:
    found = value.type if isinstance(value, Value) else type_of(value)
    if found is None:
        raise ShapeError(f"Expected a dense tensor; got {value!r}.")
    return found


def _parameters(types: list[TensorType], prefix: str) -> list[Tensor]:
    return [Tensor(t, f"{prefix}_{i}") for i, t in enumerate(types)]


def _nested(flat: list[Tensor], like: list[Any]) -> list[Any]:
    """`flat` in the structure of `like`, whose items may be lists (a mask for each gate)."""
    rest = iter(flat)
    return [
        [next(rest) for _ in item] if isinstance(item, list | tuple) else next(rest)
        for item in like
    ]


def rnn(
    step_function: Callable[..., Any],
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Any = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: int | None = None,
) -> Any:
    """Iterates over the time axis of a tensor.

    Args:
        step_function: ``(input, states) -> (output, new_states)`` for one step, where `input` is
            (samples, ...) and `states` are the states followed by the constants.
        inputs: (samples, time, ...), at least of rank 3.
        initial_states: a list of tensors.
        go_backwards: whether to begin with the last step. The outputs stay in the order in which
            they are computed.
        mask: (samples, time); at a false step the states stay, and the output is the first state
            (in a loop) or the output before (unrolled).
        constants: tensors, or lists of them, that every step gets.
        unroll: whether to make a copy of the step for each time instead of a loop.
        input_length: the largest number of steps.

    Returns:
        The last output, the outputs (samples, time, ...), and the list of last states.

    Shape:
        inputs: (batch, time, ...) -> (batch, ...), (batch, time, ...), and the states' shapes;
        dtype: that of the step's output.

    Raises:
        ShapeError: `inputs` of a rank below 3, or an unknown number of steps to unroll.
    """
    nested = list(constants or [])
    flat = [c for n in nested for c in (n if isinstance(n, list | tuple) else [n])]
    constants = [constant(c) if isinstance(c, _NUMBERS) else c for c in flat]
    arguments = {
        "inputs": inputs,
        "initial_states": list(initial_states),
        "go_backwards": bool(go_backwards),
        "mask": mask,
        "constants": constants,
        "unroll": bool(unroll),
        "input_length": input_length if input_length is None else int(input_length),
    }
    if executing() or not contains_symbolic([inputs, *initial_states, *constants, mask]):
        return compute("rnn", {"step_function": step_function, **arguments, "constants": nested})
    types = known(_type(inputs))
    shape = sizes_of(types[0]) if types else ()
    if len(shape) < 3:
        raise ShapeError(f"K.rnn: inputs are {inputs!r}. Input should be at least 3D.")
    if unroll and not shape[1]:
        raise ShapeError("K.rnn: Unrolling requires a fixed number of timesteps.")
    if mask is not None and not unroll and not arguments["initial_states"]:
        raise ConfigError(
            "K.rnn: no initial states provided! With a mask the first state must be the output "
            "of the step before."
        )
    step = Tensor(TensorType(_type(inputs).dtype, (shape[0], *shape[2:])), "input")
    states = _parameters([_type(s) for s in initial_states], "state")
    fixed = _parameters([_type(c) for c in constants], "constant")
    given = [*states, *_nested(fixed, nested)]
    body = regions.trace("step", lambda: step_function(step, given), [step, *states, *fixed])
    output, *new_states = body.types
    if len(new_states) != len(states):
        raise ConfigError(
            f"K.rnn: the step function returned {len(new_states)} states; expected {len(states)}."
        )
    steps = shape[1] if input_length is None or shape[1] is None else min(shape[1], input_length)
    results = [
        output,
        _over_time(output, steps),
        *(_type(s) if unroll is False else t for s, t in zip(states, new_states, strict=True)),
    ]
    last, outputs, *final = regions.record_region("k.rnn", arguments, body, results)
    return last, outputs, final


def _over_time(output: TensorType, steps: int | None) -> TensorType:
    if not output.shape:
        return TensorType(output.dtype, None)
    return output.with_shape((output.shape[0], steps, *output.shape[1:]))


def _elements(elems: Any) -> tuple[list[Any], bool]:
    """The tensors that are iterated together, and whether the function gets them in a tuple."""
    several = isinstance(elems, list | tuple)
    return (list(elems), True) if several else ([elems], False)


def _slices(values: list[Any]) -> list[Tensor]:
    types = [_type(v) for v in values]
    for found in types:
        if not found.shape:
            raise ShapeError(f"Cannot iterate over {found}; expected rank 1 or more.")
    return _parameters([t.with_shape(sizes_of(t)[1:]) for t in types], "element")


def map_fn(fn: Callable[..., Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """Applies a function to each element along the first axis, and stacks the results.

    Args:
        fn: takes an element (a tuple of elements where `elems` is a tuple).
        elems: a tensor, or a tuple of tensors of equal length.
        name: a label.
        dtype: the element type of the result.

    Shape:
        elems: (n, ...) -> (n, *shape of a result of `fn`); dtype: `dtype`, or that of the results.

    Raises:
        ShapeError: `elems` is a scalar.
    """
    values, several = _elements(elems)
    if executing() or not contains_symbolic(values):
        return compute("map_fn", {"fn": fn, "elems": elems, "dtype": dtype})
    element = _slices(values)
    body = regions.trace("fn", lambda: fn(tuple(element) if several else element[0]), element)
    length = (_type(values[0]).shape or (None,))[0]
    types = [t.with_shape((length, *t.shape)) if t.shape is not None else t for t in body.types]
    if dtype is not None and len(types) == 1:
        types = [types[0].with_dtype(check_dtype(dtype))]
    outputs = regions.record_region("k.map_fn", {"elems": values}, body, types)
    return outputs if isinstance(body.result, list) else outputs[0]


def _fold(op: str, fn: Callable[..., Any], elems: Any, initializer: Any) -> Any:
    values, several = _elements(elems)
    if executing() or not contains_symbolic([*values, initializer]):
        return compute(op, {"fn": fn, "elems": elems, "initializer": initializer})
    element = _slices(values)
    start = element[0].type if initializer is None else _type(initializer)
    state = Tensor(start, "accumulator")
    body = regions.trace(
        "fn", lambda: fn(state, tuple(element) if several else element[0]), [state, *element]
    )
    arguments = {"elems": values, "initializer": initializer}
    return regions.record_region(f"k.{op}", arguments, body, body.types)[0]


def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """Combines the elements along the first axis, from the first to the last.

    Args:
        fn: ``(accumulator, element) -> accumulator``.
        elems: a tensor.
        initializer: the first accumulator; default the first element.
        name: a label.

    Shape:
        elems: (n, ...) -> the shape of the accumulator; dtype: that of the accumulator.

    Raises:
        ShapeError: `elems` is a scalar.
    """
    return _fold("foldl", fn, elems, initializer)


def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """Combines the elements along the first axis, from the last to the first.

    Args:
        fn: ``(accumulator, element) -> accumulator``.
        elems: a tensor.
        initializer: the first accumulator; default the last element.
        name: a label.

    Shape:
        elems: (n, ...) -> the shape of the accumulator; dtype: that of the accumulator.

    Raises:
        ShapeError: `elems` is a scalar.
    """
    return _fold("foldr", fn, elems, initializer)
