"""Layers of Keras 1."""

from __future__ import annotations

from typing import Any

from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
from kir.layers.keras_1 import Highway, MaxoutDense


@lowers(MaxoutDense)
def lower_maxout_dense(op: MaxoutDense, call: Call, x: Any) -> Any:
    y = tf.tensordot(x, call.weights.W, [[1], [1]])
    if op.bias:
        y = y + call.weights.b
    return tf.reduce_max(y, 1)


@lowers(Highway)
def lower_highway(op: Highway, call: Call, x: Any) -> Any:
    weights = call.weights
    gate, y = tf.linalg.matmul(x, weights.W_carry), tf.linalg.matmul(x, weights.W)
    if op.bias:
        gate, y = gate + weights.b_carry, y + weights.b
    gate = tf.sigmoid(gate)
    return op.activation(y) * gate + (1.0 - gate) * x
