"""Symbolic tensors as data: what they are in each step is computed anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kir import backend as K
from kir.engine.tensor import Tensor
from kir.engine.variable import Variable
from kir.errors import ConfigError


def are_symbolic(*data: Any) -> bool:
    """Whether tensors without values are among the data: arrays, lists and dicts of them."""
    return any(isinstance(value, Tensor) for value in _leaves(data))


def check_stepwise(x: Any, steps: int | None, name: str, validation_split: float = 0.0) -> None:
    """Checks what is asked of data that hold tensors or variables.

    Args:
        x: the inputs.
        steps: the number of steps.
        name: what the argument is called, for the message.
        validation_split: the fraction that is asked to be held out.

    Raises:
        ConfigError: the number is missing, or a part is to be held out.
    """
    if not any(isinstance(value, Tensor | Variable) for value in _leaves(x)):
        return
    if steps is None:
        raise ConfigError(
            f"If your data is in the form of symbolic tensors, you should specify the `{name}` "
            "argument (instead of the `batch_size` argument, because symbolic tensors are expected "
            "to produce batches of input data)."
        )
    if validation_split:
        raise ConfigError(
            "If your data is in the form of symbolic tensors, you cannot use `validation_split`. "
            "Pass validation_data and validation_steps."
        )


def evaluated(*data: Any) -> tuple[Any, ...]:
    """The data with the values of tensors in their place, all of one run."""
    if not are_symbolic(data):
        return data
    tensors = list(dict.fromkeys(v for v in _leaves(data) if isinstance(v, Tensor)))
    values = dict(zip(tensors, K.function([], tensors)([]), strict=True))
    found: tuple[Any, ...] = _replaced(data, values)
    return found


def batches(*data: Any) -> Iterator[Any]:
    """The data as batches without end, each of a run of its own.

    Args:
        *data: inputs, targets and sample weights, of which None are left out at the end.
    """
    kept = list(data)
    while kept and kept[-1] is None:
        kept.pop()
    while True:
        yield evaluated(*kept) if len(kept) > 1 else evaluated(*kept)[0]


def _leaves(data: Any) -> Iterator[Any]:
    if isinstance(data, list | tuple):
        for value in data:
            if not isinstance(value, int | float):
                yield from _leaves(value)
    elif isinstance(data, Mapping):
        yield from _leaves(list(data.values()))
    else:
        yield data


def _replaced(data: Any, values: Mapping[Any, Any]) -> Any:
    if isinstance(data, list | tuple):
        return type(data)([_replaced(value, values) for value in data])
    if isinstance(data, Mapping):
        return {key: _replaced(value, values) for key, value in data.items()}
    return values[data] if isinstance(data, Tensor) else data
