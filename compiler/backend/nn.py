"""Activations, cross-entropies, normalisation of vectors, ranking."""

from __future__ import annotations

from typing import Any

from compiler.backend._tensors import as_tensor, mixed_shape
from compiler.tensorflow import tf
from kir.errors import ConfigError
from kir.settings import epsilon


def relu(x: Any, alpha: Any = 0.0, max_value: Any = None, threshold: Any = 0.0) -> Any:
    """Rectifier: ``x`` above the threshold, ``alpha * (x - threshold)`` below it."""
    x = as_tensor(x)
    is_plain = not tf.is_tensor(threshold) and threshold == 0
    has_slope = tf.is_tensor(alpha) or alpha != 0
    if has_slope and max_value is None and is_plain and not tf.is_tensor(alpha):
        return tf.nn.leaky_relu(x, alpha)
    out = x * tf.cast(x > threshold, x.dtype) if not is_plain else tf.nn.relu(x)
    if max_value is not None:
        # relu6 has its own gradient at exactly 6, which Keras uses where it can.
        out = (
            tf.nn.relu6(x)
            if is_plain and max_value == 6
            else tf.clip_by_value(out, tf.cast(0, x.dtype), tf.cast(max_value, x.dtype))
        )
    if has_slope:
        out -= tf.cast(alpha, x.dtype) * tf.nn.relu(-x if is_plain else threshold - x)
    return out


def elu(x: Any, alpha: Any = 1.0) -> Any:
    x = as_tensor(x)
    out = tf.nn.elu(x)
    if not tf.is_tensor(alpha) and alpha == 1:
        return out
    return tf.where(x > 0, out, alpha * out)


def softmax(x: Any, axis: int = -1) -> Any:
    return tf.nn.softmax(x, axis)


def softplus(x: Any) -> Any:
    return tf.math.softplus(x)


def softsign(x: Any) -> Any:
    return tf.nn.softsign(x)


def sigmoid(x: Any) -> Any:
    return tf.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """``clip(0.2 x + 0.5, 0, 1)``."""
    x = as_tensor(x)
    half, fifth = tf.constant(0.5, x.dtype), tf.constant(0.2, x.dtype)
    return tf.clip_by_value(fifth * x + half, tf.cast(0, x.dtype), tf.cast(1, x.dtype))


def tanh(x: Any) -> Any:
    return tf.tanh(x)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    return tf.nn.l2_normalize(x, axis)


def in_top_k(predictions: Any, targets: Any, k: Any) -> Any:
    return tf.math.in_top_k(targets=targets, predictions=predictions, k=k)


def clip_probability(x: Any) -> Any:
    """Keeps probabilities away from 0 and 1, where the logarithm is infinite."""
    small = tf.constant(epsilon(), x.dtype)
    return tf.clip_by_value(x, small, 1.0 - small)


def _check_axis(x: Any, axis: int) -> None:
    if axis != -1 and axis not in range(x.shape.rank):
        raise ConfigError(
            f"Crossentropy over axis {axis} of a tensor of shape {x.shape}; "
            f"expected -1 or an axis below {x.shape.rank}."
        )


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """``-sum(target * log(p))`` where `p` is `output` scaled to the sum 1."""
    output = as_tensor(output)
    _check_axis(output, axis)
    target = as_tensor(target, None if tf.is_tensor(target) else output.dtype)
    if from_logits:
        return tf.nn.softmax_cross_entropy_with_logits(target, output, axis=axis)
    output = output / tf.reduce_sum(output, axis, keepdims=True)
    return -tf.reduce_sum(target * tf.math.log(clip_probability(output)), axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Cross-entropy with class indices as targets; `output` is not scaled."""
    output = as_tensor(output)
    _check_axis(output, axis)
    rank = output.shape.rank
    if axis not in (-1, rank - 1):
        output = tf.transpose(output, [*(i for i in range(rank) if i != axis), axis])
    if not from_logits:
        output = tf.math.log(clip_probability(output))
    classes = mixed_shape(output)[-1]
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.cast(tf.reshape(target, [-1]), tf.int64),
        logits=tf.reshape(output, [-1, classes]),
    )
    return tf.reshape(losses, mixed_shape(output)[:-1]) if rank >= 3 else losses


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Element-wise cross-entropy of probabilities."""
    output = as_tensor(output)
    target = as_tensor(target, None if tf.is_tensor(target) else output.dtype)
    if not from_logits:
        output = clip_probability(output)
        output = tf.math.log(output / (1 - output))
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=output)
