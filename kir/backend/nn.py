"""Activations, cross-entropies, normalisation of vectors, ranking."""

from __future__ import annotations

from typing import Any

from kir.backend import type_rules as rules
from kir.backend.recording import op
from kir.ir.types import TensorType


@op(rules.same)
def relu(x: Any, alpha: Any = 0.0, max_value: Any = None, threshold: Any = 0.0) -> Any:
    """Rectified linear unit.

    Args:
        x: a tensor or variable.
        alpha: the slope below the threshold.
        max_value: the largest value of the result.
        threshold: where the linear part begins; below it ``alpha * (x - threshold)``.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def elu(x: Any, alpha: Any = 1.0) -> Any:
    """Exponential linear unit: ``x`` where positive, else ``alpha * (exp(x) - 1)``.

    Args:
        x: a tensor or variable.
        alpha: the scale of the negative part: the result tends to ``-alpha``.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def softmax(x: Any, axis: int = -1) -> Any:
    """Normalised exponentials: ``exp(x) / sum(exp(x))`` along an axis.

    Args:
        x: a tensor or variable.
        axis: the axis over which the results sum to 1.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def softplus(x: Any) -> Any:
    """Smooth rectifier: ``log(exp(x) + 1)``.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def softsign(x: Any) -> Any:
    """``x / (|x| + 1)``, between -1 and 1.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def sigmoid(x: Any) -> Any:
    """Logistic function: ``1 / (1 + exp(-x))``, between 0 and 1.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def hard_sigmoid(x: Any) -> Any:
    """Piecewise linear approximation of the sigmoid: ``clip(0.2 * x + 0.5, 0, 1)``.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent, between -1 and 1.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


@op(rules.same)
def l2_normalize(x: Any, axis: Any = None) -> Any:
    """Scales to the L2 norm 1: ``x / sqrt(sum(x ** 2))``.

    Args:
        x: a tensor or variable.
        axis: the axis or axes along which a norm is taken; None for all.

    Shape:
        `x` and result: any shape; dtype: same as `x`.
    """


def _rank_type(predictions: Any, targets: Any, k: Any) -> TensorType | None:
    types = rules.known(targets)
    return types and types[0].with_dtype("bool")  # type: ignore[return-value]


@op(_rank_type)
def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Whether each target class is among the `k` largest predictions.

    Args:
        predictions: a score for each class.
        targets: class indices.
        k: how many of the largest predictions count.

    Shape:
        predictions: (batch, classes), targets: (batch,) of integers -> (batch,) of booleans.
    """


def _categorical(target: Any, output: Any, from_logits: Any, axis: int) -> TensorType | None:
    types = rules.known(target, output)
    if types is None:
        return None
    joint = rules.broadcast(rules.sizes_of(types[0]), rules.sizes_of(types[1]))
    return rules.reduction(types[1].with_shape(joint), axis)


@op(_categorical)
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Cross-entropy of class probabilities: ``-sum(target * log(output))`` over the classes.

    Args:
        target: the true distribution.
        output: the predicted one, which is scaled to the sum 1 first.
        from_logits: whether `output` holds logits instead.
        axis: the axis of the classes.

    Shape:
        (..., classes) twice -> (...)
    """


def _sparse_categorical(target: Any, output: Any, from_logits: Any, axis: int) -> TensorType | None:
    types = rules.known(output)
    if types is None:
        return None
    if types[0].rank == 2:
        flat = rules.known(target)
        count = rules.product(rules.sizes_of(flat[0])) if flat else None
        return types[0].with_shape((count if count is not None else types[0].shape[0],))  # type: ignore[index]
    return rules.reduction(types[0], axis)


@op(_sparse_categorical)
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Cross-entropy with class indices as targets: ``-log(output[target])``.

    Args:
        target: class indices.
        output: predicted probabilities (not scaled), or logits.
        from_logits: whether `output` holds logits.
        axis: the axis of the classes.

    Shape:
        target: (...) or (..., 1), output: (..., classes) -> (...), and (batch,) for rank 2; dtype:
        same as `output`.
    """


def _binary_type(target: Any, output: Any, from_logits: Any) -> TensorType | None:
    return rules.binary(target, output)


@op(_binary_type)
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Element-wise cross-entropy: ``-target * log(output) - (1 - target) * log(1 - output)``.

    Args:
        target: true values between 0 and 1.
        output: predicted probabilities, or logits.
        from_logits: whether `output` holds logits.

    Shape:
        target and output: one shape -> the same; dtype: same as `output`.
    """
