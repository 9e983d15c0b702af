"""Activations that are layers."""

from __future__ import annotations

from typing import Any

from compiler import backend as K
from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.tensorflow import tf
from kir import activations
from kir.layers.advanced_activations import (
    ELU,
    LeakyReLU,
    PReLU,
    ReLU,
    Softmax,
    ThresholdedReLU,
)


@lowers(LeakyReLU)
def lower_leaky_relu(op: LeakyReLU, call: Call, x: Any) -> Any:
    return K.relu(x, alpha=float(op.alpha))


@lowers(PReLU)
def lower_p_relu(op: PReLU, call: Call, x: Any) -> Any:
    return tf.nn.relu(x) - call.weights.alpha * tf.nn.relu(-x)


@lowers(ELU)
def lower_elu(op: ELU, call: Call, x: Any) -> Any:
    return K.elu(x, float(op.alpha))


@lowers(ThresholdedReLU)
def lower_thresholded_relu(op: ThresholdedReLU, call: Call, x: Any) -> Any:
    return x * tf.cast(x > tf.cast(float(op.theta), x.dtype), x.dtype)


@lowers(Softmax)
def lower_softmax(op: Softmax, call: Call, x: Any) -> Any:
    return activations.softmax(x, axis=op.axis)


@lowers(ReLU)
def lower_relu(op: ReLU, call: Call, x: Any) -> Any:
    bound = None if op.max_value is None else float(op.max_value)
    return K.relu(x, alpha=float(op.negative_slope), max_value=bound, threshold=float(op.threshold))
