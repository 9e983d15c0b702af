"""Batch normalization."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

from compiler.lowering.context import Call, Context
from compiler.lowering.registry import layer_rule, lowers, lowers_op
from compiler.tensorflow import tf
from kir.ir.graph import Node
from kir.layers.normalization import BatchNormalization


@lowers(BatchNormalization)
def lower_batch_normalization(op: BatchNormalization, call: Call, x: Any) -> list[Any]:
    """The result, then the statistics that the moving averages are updated with."""
    if call.training is False or call.training == 0:
        y = _infer(op, call, x)
        if not (call.is_used(1) or call.is_used(2)):
            return [y]
        return [y, *_averaged(op, x, *tf.nn.moments(x, _axes(op, x)))]
    y, mean, variance = _train(op, call, x)
    if not isinstance(call.training, bool | int):
        phase = tf.cast(call.training, tf.bool)
        y = tf.cond(phase, lambda: y, lambda: _infer(op, call, x))
    return [y, *_averaged(op, x, mean, variance)]


def _axes(op: BatchNormalization, x: Any) -> list[int]:
    rank = x.shape.rank
    return [i for i in range(rank) if i != op.axis % rank]


def _averaged(op: BatchNormalization, x: Any, mean: Any, variance: Any) -> list[Any]:
    """The batch statistics as the moving averages take them."""
    return [mean, variance * _correction(op, x)]


def _correction(op: BatchNormalization, x: Any) -> Any:
    """What the batch variance is multiplied by before it is averaged.

    Keras 2.2: N/(N - 1 - epsilon) always, and in four dimensions with the channels last another
    N/(N - 1), since TensorFlow's fused kernel returned the unbiased variance.
    """
    count = _count(op, x)
    factor = count / (count - (1.0 + op.epsilon))
    if x.shape.rank == 4 and op.axis % 4 == 3:
        factor *= count / (count - 1.0)
    return factor


def _count(op: BatchNormalization, x: Any) -> Any:
    """The number of values that each mean is over."""
    return tf.cast(tf.reduce_prod(tf.gather(tf.shape(x), _axes(op, x))), x.dtype)


def _train(op: BatchNormalization, call: Call, x: Any) -> tuple[Any, Any, Any]:
    """The result by the batch's own statistics, and these."""
    if x.shape.rank == 4 and op.axis % 4 == 3 and x.dtype == tf.float32:
        return _fused(op, call, x)
    mean, variance = tf.nn.moments(x, _axes(op, x))
    return _normalize(op, call, x, mean, variance), mean, variance


def _fused(op: BatchNormalization, call: Call, x: Any) -> tuple[Any, Any, Any]:
    """TensorFlow's kernel for images; the reference used it too, so rounding is alike."""
    ones = tf.ones([x.shape[3]], x.dtype)
    y, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=call.weights.gamma if op.scale else ones,
        offset=call.weights.beta if op.center else tf.zeros_like(ones),
        mean=tf.zeros([0], x.dtype),
        variance=tf.zeros([0], x.dtype),
        epsilon=op.epsilon,
        is_training=True,
    )
    count = _count(op, x)
    return y, mean, unbiased * ((count - 1.0) / count)


def _infer(op: BatchNormalization, call: Call, x: Any) -> Any:
    weights = call.weights
    return _normalize(op, call, x, weights.moving_mean, weights.moving_variance)


def _normalize(op: BatchNormalization, call: Call, x: Any, mean: Any, variance: Any) -> Any:
    gamma = call.weights.gamma if op.scale else None
    beta = call.weights.beta if op.center else None
    if op.axis % x.shape.rank != x.shape.rank - 1:
        sizes = [1] * x.shape.rank
        sizes[op.axis] = -1
        mean, variance = tf.reshape(mean, sizes), tf.reshape(variance, sizes)
        gamma = None if gamma is None else tf.reshape(gamma, sizes)
        beta = None if beta is None else tf.reshape(beta, sizes)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, op.epsilon)  # type: ignore[arg-type]


@lowers_op("kir.folded_batch_norm")
def lower_folded(node: Node, operands: list[Any], context: Context) -> Any:
    """A convolution or dense layer with the normalization of its result in its weights."""
    assert node.region is not None
    layer, norm = (inner.layer for inner in node.region.nodes)
    scale = tf.math.rsqrt(context.read(norm.moving_variance) + norm.epsilon)
    if norm.scale:
        scale = scale * context.read(norm.gamma)
    shift = -context.read(norm.moving_mean)
    if layer.use_bias:
        shift = shift + context.read(layer.bias)
    shift = shift * scale
    if norm.center:
        shift = shift + context.read(norm.beta)
    folded = copy.copy(layer)
    folded.use_bias = True
    call = Call(layer, context, [], {})
    call.weights = SimpleNamespace(kernel=context.read(layer.kernel) * scale, bias=shift)
    return layer_rule(type(layer))(folded, call, *operands)
