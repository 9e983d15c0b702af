"""Core layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler import backend as K
from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
from kir.layers.core import (
    Activation,
    ActivityRegularization,
    Dense,
    Dropout,
    Flatten,
    Masking,
    Permute,
    RepeatVector,
    Reshape,
)


@lowers(Dense)
def lower_dense(op: Dense, call: Call, x: Any) -> Any:
    y = matmul_last_axis(x, call.weights.kernel)
    if op.use_bias:
        y = tf.nn.bias_add(y, call.weights.bias)
    return op.activation(y)


def matmul_last_axis(x: Any, kernel: Any) -> Any:
    """``x @ kernel`` over the last axis of x, as one matrix product."""
    if isinstance(x, tf.SparseTensor):
        return tf.sparse.sparse_dense_matmul(x, kernel)
    if x.shape.rank == 2:
        return tf.linalg.matmul(x, kernel)
    flat = tf.linalg.matmul(tf.reshape(x, [-1, kernel.shape[0]]), kernel)
    sizes = x.shape.as_list()[:-1]
    if sum(s is None for s in sizes) <= 1:
        shape: Any = [-1 if s is None else s for s in sizes] + [kernel.shape[-1]]
    else:
        shape = tf.concat([tf.shape(x)[:-1], [kernel.shape[-1]]], 0)
    y = tf.reshape(flat, shape)
    y.set_shape([*sizes, kernel.shape[-1]])
    return y


@lowers(Activation)
def lower_activation(op: Activation, call: Call, x: Any) -> Any:
    return op.activation(x)


@lowers(Dropout)
def lower_dropout(op: Dropout, call: Call, x: Any) -> Any:
    if not op.varies_with_phase():
        return x
    return in_training(call, lambda: dropout(x, op.rate, call.seed(0), op.mask_shape), x)


def in_training(call: Call, compute: Callable[[], Any], x: Any) -> Any:
    """What `compute` gives in the training phase, which may be a tensor; else `x`."""
    if isinstance(call.training, bool | int):
        return compute() if call.training else x
    return tf.cond(tf.cast(call.training, tf.bool), compute, lambda: x)


def noise_sizes(x: Any, noise_shape: Any) -> Any:
    """The shape of a random mask for `x`; None stands for the size of x."""
    sizes = tf.shape(x)
    if noise_shape is None:
        return sizes
    return tf.stack([sizes[i] if n is None else n for i, n in enumerate(noise_shape)])


def dropout(x: Any, rate: float, seed: Any, noise_shape: Any = None) -> Any:
    """Keeps each element with probability 1 - rate, scaled so that the mean stays."""
    draws = tf.random.stateless_uniform(noise_sizes(x, noise_shape), seed, dtype=x.dtype)
    y = tf.where(draws >= rate, x * (1.0 / (1.0 - rate)), tf.zeros([], x.dtype))
    y.set_shape(x.shape)
    return y


@lowers(Flatten)
def lower_flatten(op: Flatten, call: Call, x: Any) -> Any:
    if op.data_format == "channels_first":
        rank = x.shape.rank
        x = tf.transpose(x, [0, *range(2, rank), 1])
    return reshape_samples(x, [-1])


def reshape_samples(x: Any, sizes: list[int]) -> Any:
    """Gives each sample the shape `sizes`; one size may be -1."""
    if x.shape[0] is not None:
        return tf.reshape(x, [x.shape[0], *sizes])
    if -1 not in sizes:
        return tf.reshape(x, [-1, *sizes])
    if None not in x.shape.as_list()[1:]:
        known = 1
        for s in sizes:
            known *= s if s != -1 else 1
        total = 1
        for s in x.shape.as_list()[1:]:
            total *= s
        return tf.reshape(x, [-1, *(total // known if s == -1 else s for s in sizes)])
    return tf.reshape(x, tf.concat([tf.shape(x)[:1], sizes], 0))


@lowers(Reshape)
def lower_reshape(op: Reshape, call: Call, x: Any) -> Any:
    return reshape_samples(x, list(op.target_shape))


@lowers(Permute)
def lower_permute(op: Permute, call: Call, x: Any) -> Any:
    return tf.transpose(x, [0, *op.dims])


@lowers(RepeatVector)
def lower_repeat_vector(op: RepeatVector, call: Call, x: Any) -> Any:
    return K.repeat(x, op.n)


@lowers(ActivityRegularization)
def lower_activity_regularization(op: ActivityRegularization, call: Call, x: Any) -> Any:
    return x


@lowers(Masking)
def lower_masking(op: Masking, call: Call, x: Any) -> Any:
    present = K.any(K.not_equal(x, op.mask_value), axis=-1, keepdims=True)
    return x * tf.cast(present, x.dtype)
