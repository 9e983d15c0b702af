"""Losses and metrics of a program, and the fused cross-entropies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.lowering.captures import captured, judge, type_of
from compiler.lowering.context import Context
from compiler.lowering.registry import lowers_op
from compiler.lowering.scopes import grouped
from compiler.tensorflow import tf
from kir import settings
from kir.engine.user_code import explain
from kir.ir.graph import Node


@lowers_op("kir.objective")
def lower_objective(node: Node, operands: list[Any], context: Context) -> Any:
    """Mean of a loss or metric over samples, by mask and sample weights as Keras 2.2.4 does.

    A masked loss is divided by the mean of the mask, a weighted one by the fraction of weights
    that are not zero.
    """
    taken = node.attributes["captured"].value if "captured" in node.attributes else ()
    count = len(operands) - len(taken)
    y_true, y_pred, *rest = operands[:count]
    attribute = node.attributes["function"]
    function = attribute.value or FUSED[attribute.name]
    output = node.attributes.get("output")
    has_mask = node.attributes.get("has_mask", False)
    mask = rest.pop(0) if has_mask else None
    weights = rest.pop(0) if rest else None
    given = captured(dict(zip(taken, operands[count:], strict=True)))
    with grouped("loss" if node.name.endswith("_loss") else "metrics", node.name):
        try:
            with given:
                if output is None:
                    score = function(y_true, y_pred)
                else:
                    score = judge(function, y_true, y_pred, output.value)
        except tf.errors.OpError:
            raise  # about values, not about the function
        except Exception as error:
            types = (type_of(y_true), type_of(y_pred))
            raise explain(error, f"The loss or metric {node.name!r}", types) from None
        return reduce_score(score, mask, weights)


def reduce_score(score: Any, mask: Any, weights: Any) -> Any:
    if mask is not None:
        mask = tf.cast(mask, score.dtype)
        score = score * mask
        score = score / tf.reduce_mean(mask)
    if weights is not None:
        extra = score.shape.rank - weights.shape.rank
        if extra > 0:
            score = tf.reduce_mean(score, list(range(score.shape.rank - extra, score.shape.rank)))
        score = score * weights
        present = tf.cast(tf.not_equal(weights, 0), score.dtype)
        score = score / tf.reduce_mean(present)
    return tf.reduce_mean(score)


@lowers_op("kir.total")
def lower_total(node: Node, operands: list[Any], context: Context) -> Any:
    """The weighted sum of all losses."""
    factors = node.attributes["factors"]
    dtype = tf.as_dtype(node.outputs[0].type.dtype)
    with grouped("loss", node.name):
        terms = [tf.cast(tf.reduce_sum(x) if x.shape.rank else x, dtype) for x in operands]
        scaled = [x if f == 1.0 else x * f for x, f in zip(terms, factors, strict=True)]
        total = scaled[0]
        for term in scaled[1:]:
            total = total + term
    return total


def _clip_bounds(dtype: Any) -> tuple[Any, Any]:
    eps = tf.constant(settings.epsilon(), dtype)
    return eps, 1.0 - eps


def _clipped_log_softmax(logits: Any) -> Any:
    low, high = _clip_bounds(logits.dtype)
    return tf.clip_by_value(tf.nn.log_softmax(logits), tf.math.log(low), tf.math.log(high))


def softmax_crossentropy(y_true: Any, logits: Any) -> Any:
    """Of the softmax of `logits`, as `K.categorical_crossentropy` has it."""
    return -tf.reduce_sum(tf.cast(y_true, logits.dtype) * _clipped_log_softmax(logits), -1)


def sparse_softmax_crossentropy(y_true: Any, logits: Any) -> Any:
    """Of the softmax of `logits`, as `K.sparse_categorical_crossentropy` has it.

    Keras 2.2: the logarithms of the clipped probabilities serve as logits again, so that many
    clipped classes add to the loss. A label outside the classes is an error.
    """
    labels = tf.cast(tf.reshape(y_true, tf.shape(logits)[:-1]), tf.int64)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, _clipped_log_softmax(logits))


@tf.custom_gradient
def _sigmoid_crossentropy(y_true: Any, logits: Any) -> tuple[Any, Callable[..., Any]]:
    low, high = _clip_bounds(logits.dtype)
    bound = tf.math.log(high / (1.0 - high))
    lower = tf.math.log(low / (1.0 - low))
    clipped = tf.clip_by_value(logits, lower, bound)
    loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=clipped)

    def gradient(upstream: Any) -> tuple[Any, Any]:
        p = tf.sigmoid(logits)
        inside = tf.cast((p >= low) & (p <= high), logits.dtype)
        return -clipped * upstream, (p - y_true) * inside * upstream

    return loss, gradient


def sigmoid_crossentropy(y_true: Any, logits: Any) -> Any:
    y_true = tf.cast(y_true, logits.dtype)
    each: Any = _sigmoid_crossentropy(y_true, logits)
    return tf.reduce_mean(each, -1)


FUSED: dict[str, Callable[..., Any]] = {
    "softmax_crossentropy": softmax_crossentropy,
    "sparse_softmax_crossentropy": sparse_softmax_crossentropy,
    "sigmoid_crossentropy": sigmoid_crossentropy,
}
