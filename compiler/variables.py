"""TensorFlow variables behind kir's."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

from compiler.tensorflow import internal, tf
from kir.engine.variable import Variable
from kir.ir.graph import Graph
from kir.ir.types import TensorType

# What a user's function made while a program was traced: nothing else may hold it.
_MADE_IN: weakref.WeakKeyDictionary[Any, list[Variable]] = weakref.WeakKeyDictionary()


def resource(variable: Variable) -> Any:
    """The `tf.Variable` of `variable`; made from its value when first asked for."""
    if variable.resource is None:
        value: Any = variable.host_value()
        if not tf.executing_eagerly():
            _MADE_IN.setdefault(tf.compat.v1.get_default_graph(), []).append(variable)
        # Made outside of whatever function is being traced, which it outlives. By its own class,
        # as a `tf.function` that is traced again refuses what `tf.Variable` makes.
        with tf.init_scope():
            made = internal("ops.resource_variable_ops").ResourceVariable  # type: ignore[attr-defined]
            variable.resource = made(
                value, trainable=variable.trainable, name=variable.name.split(":")[0]
            )
        variable._array = None
    return variable.resource


def materialize(graph: Graph, more: Iterable[Any] = ()) -> None:
    """Makes the `tf.Variable`s of all weights of a graph, and of variables among `more`.

    One that is made while a function is traced lives as long as the function.
    """
    for variable in variables_of(graph, more):
        resource(variable)


def variables_of(graph: Graph, more: Iterable[Any] = ()) -> list[Variable]:
    """All variables that a graph reads or changes, hidden ones included, and those of `more`."""
    found: dict[Variable, None] = {}
    for node in graph.walk():
        for value in (*node.weights, *node.inputs):
            if isinstance(value, Variable):
                found[value] = None
                found.update(dict.fromkeys(value.__dict__.get("hidden_states", {}).values()))
        if node.op == "k.moving_average_update":
            for value in node.inputs:
                if isinstance(value, Variable):
                    found.update(dict.fromkeys(average_states(value)))
    found.update(dict.fromkeys(v for v in more if isinstance(v, Variable)))
    return list(found)


def average_states(variable: Variable) -> tuple[Variable, Variable]:
    """What a moving average without bias keeps besides itself: a sum, and a count of steps."""
    dtype = variable.type.dtype
    shape: Any = variable.type.shape
    return hidden(variable, "biased", shape, dtype), hidden(variable, "local_step", (), dtype)


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
