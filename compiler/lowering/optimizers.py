"""How optimizers take a step.

TensorFlow's fused kernels are used where their arithmetic is Keras 2.2.4's; they read and write a
weight once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compiler.lowering.context import Context
from compiler.tensorflow import tf
from compiler.variables import resource
from kir.engine.variable import Variable
from kir.errors import ConfigError
from kir.optimizers import SGD, Adam, Optimizer, RMSprop

Rule = Callable[[Any, Context, Sequence[Variable], Sequence[Any]], None]
_RULES: dict[type, Rule] = {}


def takes_step(cls: type) -> Callable[[Rule], Rule]:
    """Registers how an optimizer updates the weights."""

    def register(rule: Rule) -> Rule:
        _RULES[cls] = rule
        return rule

    return register


def apply_gradients(
    optimizer: Optimizer, context: Context, params: Sequence[Variable], grads: Sequence[Any]
) -> None:
    """One step: clips the gradients, updates the weights, then applies their constraints."""
    rule = next((_RULES[c] for c in type(optimizer).__mro__ if c in _RULES), None)
    if rule is None:
        raise ConfigError(f"The optimizer {type(optimizer).__name__} has no rule for its step.")
    rule(optimizer, context, params, clip(optimizer, grads))
    for p in params:
        if p.constraint is not None:
            variable = resource(p)
            variable.assign(p.constraint(variable.read_value()))


def clip(optimizer: Optimizer, grads: Sequence[Any]) -> list[Any]:
    """Dense gradients within the optimizer's bounds; `clipnorm` is one norm over all of them."""
    dense = [tf.convert_to_tensor(g) for g in grads]
    clipnorm = getattr(optimizer, "clipnorm", 0)
    if clipnorm and clipnorm > 0:
        norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(g)) for g in dense]))
        dense = [tf.where(norm >= clipnorm, g * (clipnorm / norm), g) for g in dense]
    clipvalue = getattr(optimizer, "clipvalue", 0)
    if clipvalue and clipvalue > 0:
        dense = [tf.clip_by_value(g, -clipvalue, clipvalue) for g in dense]
    return dense


def learning_rate(optimizer: Any, context: Context) -> Any:
    """The rate of this step; advances the step counter."""
    iterations = context.read(optimizer.iterations)
    rate = context.read(optimizer.lr)
    if optimizer.initial_decay > 0:
        decay = context.read(optimizer.decay)
        rate = rate * (1.0 / (1.0 + decay * tf.cast(iterations, decay.dtype)))
    context.assign(optimizer.iterations, iterations + 1)
    return rate


@takes_step(SGD)
def step_sgd(
    optimizer: SGD, context: Context, params: Sequence[Variable], grads: Sequence[Any]
) -> None:
    """Sutskever et al., 2013; with momentum 0 plain gradient descent."""
    rate = learning_rate(optimizer, context)
    momentum = context.read(optimizer.momentum)
    for p, m, g in zip(params, optimizer.moments, grads, strict=True):
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=resource(p).handle,
            accum=resource(m).handle,
            lr=rate,
            grad=g,
            momentum=momentum,
            use_nesterov=optimizer.nesterov,
        )


@takes_step(RMSprop)
def step_rmsprop(
    optimizer: RMSprop, context: Context, params: Sequence[Variable], grads: Sequence[Any]
) -> None:
    """Hinton, 2012."""
    rate = learning_rate(optimizer, context)
    rho = context.read(optimizer.rho)
    for p, a, g in zip(params, optimizer.accumulators, grads, strict=True):
        # The fused kernel adds epsilon under the root; Keras adds it to the root.
        average = rho * context.read(a) + (1.0 - rho) * tf.square(g)
        resource(a).assign(average)
        resource(p).assign_sub(rate * g / (tf.sqrt(average) + optimizer.epsilon))


@takes_step(Adam)
def step_adam(
    optimizer: Adam, context: Context, params: Sequence[Variable], grads: Sequence[Any]
) -> None:
    """Kingma and Ba, 2014, algorithm 1 with the corrections in the rate."""
    step = tf.cast(context.read(optimizer.iterations), "float32") + 1.0
    rate = learning_rate(optimizer, context)
    beta_1, beta_2 = context.read(optimizer.beta_1), context.read(optimizer.beta_2)
    shared = {
        "beta1_power": tf.pow(beta_1, tf.cast(step, beta_1.dtype)),
        "beta2_power": tf.pow(beta_2, tf.cast(step, beta_2.dtype)),
        "lr": rate,
        "beta1": beta_1,
        "beta2": beta_2,
        "epsilon": tf.constant(optimizer.epsilon, beta_1.dtype),
    }
    for i, (p, g) in enumerate(zip(params, grads, strict=True)):
        slots = {
            "var": resource(p).handle,
            "m": resource(optimizer.first_moments[i]).handle,
            "v": resource(optimizer.second_moments[i]).handle,
        }
        if optimizer.amsgrad:
            vhat = resource(optimizer.largest_moments[i]).handle
            tf.raw_ops.ResourceApplyAdamWithAmsgrad(**slots, vhat=vhat, **shared, grad=g)
        else:
            tf.raw_ops.ResourceApplyAdam(**slots, **shared, grad=g)
