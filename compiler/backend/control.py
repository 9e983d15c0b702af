"""The learning phase, and choices between tensors."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import as_tensor
from compiler.lowering.context import current_context
from compiler.tensorflow import tf
from kir.errors import ShapeError


def learning_phase() -> Any:
    """The phase of the program that is being built; False outside of one."""
    context = current_context()
    return False if context is None else context.training


def choose(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """`then_expression` where the condition holds, else `else_expression`."""
    if isinstance(condition, bool | int):
        return then_expression if condition else else_expression
    condition = tf.cast(condition, tf.bool)
    first = as_tensor(then_expression)
    second = tf.convert_to_tensor(else_expression, first.dtype)
    rank = condition.shape.rank
    if rank == 0:
        return tf.cond(condition, lambda: tf.identity(first), lambda: tf.identity(second))
    missing = first.shape.rank - rank
    if missing < 0:
        raise ShapeError(
            "Rank of `condition` should be less than or equal to rank of `then_expression` and "
            f"`else_expression`. Got {condition.shape} and {first.shape}."
        )
    if missing:
        condition = tf.reshape(condition, tf.concat([tf.shape(condition), [1] * missing], 0))
    return tf.where(condition, first, second)


def branch(condition: Any, then: Any, otherwise: Any) -> Any:
    """A choice between functions, of which only the one that is needed is computed."""

    def call(expression: Any) -> Any:
        return expression() if callable(expression) else expression

    if isinstance(condition, bool | int):
        return call(then if condition else otherwise)
    condition = as_tensor(condition)
    if condition.shape.rank != 0:
        return choose(condition, call(then), call(otherwise))
    return tf.cond(tf.cast(condition, tf.bool), lambda: call(then), lambda: call(otherwise))


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    if callable(then_expression) or callable(else_expression):
        return branch(condition, then_expression, else_expression)
    return choose(condition, then_expression, else_expression)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    return branch(learning_phase() if training is None else training, x, alt)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    return in_train_phase(alt, x, training)
