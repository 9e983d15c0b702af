"""How optimizers take a step.

TensorFlow's fused kernels are used where their arithmetic is Keras 2.2.4's; they read and write a
weight once.
"""

from __future__ import annotations

from typing import Any

from compiler.lowering.native_optimizers import apply_native
from compiler.lowering.optimizers import Stepping, takes_step
from compiler.tensorflow import tf
from compiler.variables import resource
from kir.engine.variable import Variable
from kir.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, Nadam, RMSprop, TFOptimizer


def _handles(**variables: Variable) -> dict[str, Any]:
    return {key: resource(variable).handle for key, variable in variables.items()}


def _scalars(p: Variable, **numbers: Any) -> dict[str, Any]:
    """Numbers in the dtype of a weight, as fused kernels want them."""
    dtype = p.type.dtype
    return {
        key: tf.cast(value, dtype) if tf.is_tensor(value) else tf.constant(value, dtype)
        for key, value in numbers.items()
    }


@takes_step(SGD)
def step_sgd(step: Stepping) -> None:
    rate, momentum = step.learning_rate(), step.read("momentum")
    for p, g, m in step.each("momentum"):
        tf.raw_ops.ResourceApplyKerasMomentum(
            **_handles(var=p, accum=m),
            **_scalars(p, lr=rate, momentum=momentum),
            grad=g,
            use_nesterov=step.optimizer.nesterov,
        )


@takes_step(RMSprop)
def step_rmsprop(step: Stepping) -> None:
    rate, rho = step.learning_rate(), step.read("rho")
    for p, g, a in step.each("average"):
        # The fused kernel adds epsilon under the root; Keras adds it to the root.
        average = rho * step.context.read(a) + (1.0 - rho) * tf.square(g)
        resource(a).assign(average)
        resource(p).assign_sub(rate * g / (tf.sqrt(average) + step.optimizer.epsilon))


@takes_step(Adagrad)
def step_adagrad(step: Stepping) -> None:
    rate = step.learning_rate()
    for p, g, a in step.each("sum"):
        tf.raw_ops.ResourceApplyAdagradV2(
            **_handles(var=p, accum=a),
            **_scalars(p, lr=rate, epsilon=step.optimizer.epsilon),
            grad=g,
        )


@takes_step(Adadelta)
def step_adadelta(step: Stepping) -> None:
    rate, rho = step.learning_rate(), step.optimizer.rho
    for p, g, a, d in step.each("average", "step_average"):
        tf.raw_ops.ResourceApplyAdadelta(
            **_handles(var=p, accum=a, accum_update=d),
            **_scalars(p, lr=rate, rho=rho, epsilon=step.optimizer.epsilon),
            grad=g,
        )


@takes_step(Adam)
def step_adam(step: Stepping) -> None:
    number, rate = step.number(), step.learning_rate()
    beta_1, beta_2 = step.read("beta_1"), step.read("beta_2")
    shared = {
        "beta1_power": tf.pow(beta_1, number),
        "beta2_power": tf.pow(beta_2, number),
        "lr": rate,
        "beta1": beta_1,
        "beta2": beta_2,
        "epsilon": tf.constant(step.optimizer.epsilon, beta_1.dtype),
    }
    for p, g, m, v, largest in step.each("first", "second", "largest"):
        numbers = _scalars(p, **shared)
        if step.optimizer.amsgrad:
            handles = _handles(var=p, m=m, v=v, vhat=largest)
            tf.raw_ops.ResourceApplyAdamWithAmsgrad(**handles, **numbers, grad=g)
        else:
            tf.raw_ops.ResourceApplyAdam(**_handles(var=p, m=m, v=v), **numbers, grad=g)


@takes_step(Adamax)
def step_adamax(step: Stepping) -> None:
    number, rate = step.number(), step.learning_rate()
    beta_1, beta_2 = step.read("beta_1"), step.read("beta_2")
    shared = {
        "beta1_power": tf.pow(beta_1, number),
        "lr": rate,
        "beta1": beta_1,
        "beta2": beta_2,
        "epsilon": tf.constant(step.optimizer.epsilon, beta_1.dtype),
    }
    for p, g, m, largest in step.each("first", "largest"):
        handles = _handles(var=p, m=m, v=largest)
        tf.raw_ops.ResourceApplyAdaMax(**handles, **_scalars(p, **shared), grad=g)


@takes_step(Nadam)
def step_nadam(step: Stepping) -> None:
    optimizer, context = step.optimizer, step.context
    number, rate = step.number(), step.learning_rate()
    beta_1, beta_2 = step.read("beta_1"), step.read("beta_2")

    def momentum_at(number: Any) -> Any:
        base = tf.constant(0.96, beta_1.dtype)
        return beta_1 * (1.0 - 0.5 * tf.pow(base, number * optimizer.schedule_decay))

    now, ahead = momentum_at(number), momentum_at(number + 1.0)
    schedule = context.read(optimizer.m_schedule) * now
    context.assign(optimizer.m_schedule, schedule)
    correction = 1.0 - tf.pow(beta_2, number)
    for p, g, m, v in step.each("first", "second"):
        first = beta_1 * context.read(m) + (1.0 - beta_1) * g
        second = beta_2 * context.read(v) + (1.0 - beta_2) * tf.square(g)
        resource(m).assign(first)
        resource(v).assign(second)
        gradient = (1.0 - now) * (g / (1.0 - schedule))
        momentum = ahead * (first / (1.0 - schedule * ahead))
        root = tf.sqrt(second / correction) + optimizer.epsilon
        resource(p).assign_sub(rate * (gradient + momentum) / root)


@takes_step(TFOptimizer)
def step_native(step: Stepping) -> None:
    optimizer = step.optimizer
    step.context.assign(optimizer.iterations, step.read("iterations") + 1)
    apply_native(optimizer.optimizer, step.params, step.grads)
