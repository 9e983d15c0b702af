"""What a recurrent layer is called with: the sequence, initial states, constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from kir import backend as K
from kir.engine.tensor import Tensor
from kir.errors import ConfigError
from kir.ir.graph import Value
from kir.ir.types import TensorType


def as_operand(x: Any) -> Value:
    """A tensor that no layer made, as an operand of a call."""
    if isinstance(x, Value):
        return x
    value = K.constant(x) if isinstance(x, np.ndarray) else x
    operand = Tensor(TensorType(value.dtype.name, tuple(value.shape)))
    operand.fixed_value = value  # type: ignore[attr-defined]
    return operand


def standardize_args(
    inputs: Any, initial_state: Any, constants: Any, num_constants: int | None
) -> tuple[Any, list[Any] | None, list[Any] | None]:
    """Inputs, initial states and constants of a call, which may stand in one list.

    Args:
        inputs: the sequence; or a list of it, the initial states and the constants.
        initial_state: one tensor, or several; None where there are none.
        constants: the same.
        num_constants: how many tensors at the end of the list are constants.

    Raises:
        ConfigError: states or constants both in the list and by keyword.
    """
    if isinstance(inputs, list | tuple):
        rest = list(inputs[1:])
        inputs = inputs[0]
        if rest and num_constants and constants is None:
            rest, constants = rest[:-num_constants], rest[-num_constants:]
        if rest:
            if initial_state is not None:
                raise ConfigError(
                    "Initial states are given in the list of inputs and as `initial_state`; give "
                    "them once."
                )
            initial_state = rest
    return inputs, _list_or_none(initial_state), _list_or_none(constants)


def _list_or_none(value: Any) -> list[Any] | None:
    if value is None:
        return None
    return list(value) if isinstance(value, list | tuple) else [value]


def generate_dropout_mask(ones: Any, rate: float, training: Any = None, count: int = 1) -> Any:
    """What a cell multiplies with to drop units: `ones` in inference, scaled zeros and ones else.

    Args:
        ones: a tensor of ones in the shape of what is dropped.
        rate: the fraction to drop, between 0 and 1.
        training: the phase; None for the program's.
        count: how many masks; a list of them if more than 1.
    """
    masks = [
        K.in_train_phase(lambda: K.dropout(ones, rate), ones, training=training)
        for _ in range(count)
    ]
    return masks if count > 1 else masks[0]
