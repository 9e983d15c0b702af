"""TensorFlow's own optimizers inside a program.

Their slots are made before the program is traced: variables that are made in a trace have it run
twice, and an optimizer could not make them in the body of a loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.tensorflow import tf
from compiler.variables import resource
from kir.engine.variable import Variable


def prepare_native(optimizer: Any, params: Sequence[Variable]) -> None:
    """Makes the slots of an optimizer, and puts its learning rate into a variable."""
    variables = [resource(p) for p in params]
    with tf.init_scope():
        if isinstance(optimizer, tf.compat.v1.train.Optimizer):
            _hold_rate(optimizer)
            optimizer._create_slots(variables)
        elif callable(getattr(optimizer, "_create_all_weights", None)):  # before Keras 2.11
            optimizer._create_all_weights(variables)
        elif callable(getattr(optimizer, "build", None)):
            optimizer.build(variables)


def _hold_rate(optimizer: Any) -> None:
    """A rate in a variable is read in every step, so that callbacks can change it."""
    for name in ("_lr", "_learning_rate"):
        if isinstance(getattr(optimizer, name, None), int | float):
            rate = tf.constant(float(getattr(optimizer, name)))
            rate = tf.Variable(rate, trainable=False, name="lr")
            setattr(optimizer, name, rate)


def runs_in_loops(optimizer: Any) -> bool:
    """Whether the optimizer's step may stand in the body of a loop.

    `tf.compat.v1.train` is made for graphs. What others do in a step is theirs: they get one call
    a step.
    """
    return isinstance(optimizer, tf.compat.v1.train.Optimizer)


def apply_native(optimizer: Any, params: Sequence[Variable], grads: Sequence[Any]) -> None:
    """One step."""
    variables = [resource(p) for p in params]
    optimizer.apply_gradients(list(zip(grads, variables, strict=True)))
