"""Updates of variables."""

from __future__ import annotations

from typing import Any

from compiler.lowering.context import Context
from compiler.lowering.registry import lowers_op
from compiler.tensorflow import tf
from compiler.variables import average_states
from kir.engine.variable import Variable
from kir.errors import StateError
from kir.ir.graph import Node, Ref


def operand(node: Node, operands: list[Any], name: str, context: Context) -> Any:
    """The argument called `name`, as a tensor."""
    value = node.attributes[name]
    value = operands[value.index] if isinstance(value, Ref) else value
    return context.read(value) if isinstance(value, Variable) else value


def target(node: Node, operands: list[Any]) -> Variable:
    """The variable that an update changes."""
    reference = node.attributes["x"]
    variable = operands[reference.index] if isinstance(reference, Ref) else reference
    if not isinstance(variable, Variable):
        raise StateError(f"K.{node.op[2:]} changes a variable; got {variable!r}.")
    return variable


@lowers_op("k.update")
def lower_update(node: Node, operands: list[Any], context: Context) -> Any:
    variable = target(node, operands)
    value = tf.cast(operand(node, operands, "new_x", context), variable.type.dtype)
    context.assign(variable, value)
    return value


@lowers_op("k.update_add", "k.update_sub")
def lower_update_by(node: Node, operands: list[Any], context: Context) -> Any:
    variable = target(node, operands)
    name = "increment" if node.op == "k.update_add" else "decrement"
    change = tf.cast(operand(node, operands, name, context), variable.type.dtype)
    old = context.read(variable)
    value = old + change if name == "increment" else old - change
    context.assign(variable, value)
    return value


@lowers_op("k.moving_average_update")
def lower_moving_average_update(node: Node, operands: list[Any], context: Context) -> Any:
    """An exponential average, free of its initial value's bias (Kingma and Ba, 2014, section 3)."""
    variable = target(node, operands)
    value = tf.cast(operand(node, operands, "value", context), variable.type.dtype)
    momentum = operand(node, operands, "momentum", context)
    dtype = variable.type.dtype
    biased, count = average_states(variable)
    momentum = tf.cast(momentum, dtype)
    new_biased = context.read(biased) * momentum + value * (1.0 - momentum)
    new_count = context.read(count) + 1.0
    average = new_biased / (1.0 - tf.pow(momentum, new_count))
    context.assign(biased, new_biased)
    context.assign(count, new_count)
    context.assign(variable, average)
    return average
