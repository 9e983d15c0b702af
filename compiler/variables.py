"""TensorFlow variables behind kir's."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.tensorflow import tf
from kir.engine.variable import Variable
from kir.ir.types import TensorType


def resource(variable: Variable) -> Any:
    """The `tf.Variable` of `variable`; made from its value when first asked for."""
    if variable.resource is None:
        value = variable.host_value()
        # Created outside of whatever function is being traced: it outlives the trace.
        with tf.init_scope():
            variable.resource = tf.Variable(
                value, trainable=variable.trainable, name=variable.name.split(":")[0]
            )
        variable._array = None
    return variable.resource


def hidden(variable: Variable, name: str, shape: tuple[int, ...], dtype: str) -> Variable:
    """State that belongs to `variable` and that Keras keeps out of `weights` and files.

    It starts at zero.
    """
    states: dict[str, Variable] = variable.__dict__.setdefault("hidden_states", {})
    if name not in states:
        state = Variable(TensorType(dtype, shape), f"{variable.name[:-2]}/{name}:0", None)
        state.set_value(np.zeros(shape, dtype))
        states[name] = state
    return states[name]
