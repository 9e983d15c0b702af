"""Core layers, embeddings, and activations that are layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from kir import backend as K
from kir.layers.advanced_activations import (
    ELU,
    LeakyReLU,
    PReLU,
    ReLU,
    Softmax,
    ThresholdedReLU,
)
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
from kir.layers.embeddings import Embedding
from kir.layers.keras_1 import Highway, MaxoutDense
from kir.layers.noise import AlphaDropout, GaussianDropout, GaussianNoise
from runtime.export.onnx.registry import writes
from runtime.export.onnx.writing import Call


@writes(Dense)
def write_dense(op: Dense, call: Call, x: str) -> str:
    b = call.builder
    kernel = call.constant(call.weight("kernel"), "kernel")
    if call.types[0].rank == 2 and op.use_bias:
        y = b.op("Gemm", x, kernel, call.constant(call.weight("bias"), "bias"))
    else:
        y = b.op("MatMul", x, kernel)
        if op.use_bias:
            y = b.op("Add", y, call.constant(call.weight("bias"), "bias"))
    return call.activate(op.activation, y)


@writes(Activation)
def write_activation(op: Activation, call: Call, x: str) -> str:
    return call.activate(op.activation, x)


@writes(Dropout, AlphaDropout, GaussianDropout, GaussianNoise, ActivityRegularization)
def write_identity(op: Any, call: Call, x: str) -> str:
    # At inference they do nothing; a call with training=True is refused before.
    return x


@writes(Flatten)
def write_flatten(op: Flatten, call: Call, x: str) -> str:
    if op.data_format == "channels_first":
        x = call.builder.channels_last(x, call.types[0].rank or 0)
    return call.builder.reshape(x, [0, -1])


@writes(Reshape)
def write_reshape(op: Reshape, call: Call, x: str) -> str:
    return call.builder.reshape(x, [0, *op.target_shape])


@writes(Permute)
def write_permute(op: Permute, call: Call, x: str) -> str:
    return call.builder.transpose(x, [0, *op.dims])


@writes(RepeatVector)
def write_repeat_vector(op: RepeatVector, call: Call, x: str) -> str:
    b = call.builder
    return b.op("Tile", b.unsqueeze(x, [1]), b.sizes([1, op.n, 1]))


@writes(Masking)
def write_masking(op: Masking, call: Call, x: str) -> str:
    b, last = call.builder, (call.types[0].rank or 0) - 1
    different = b.op("Not", b.op("Equal", x, call.constant(op.mask_value)))
    present = b.op("ReduceMax", b.cast(different, call.dtype), axes=[last], keepdims=1)
    return b.op("Mul", x, present)


@writes(Embedding)
def write_embedding(op: Embedding, call: Call, x: str) -> str:
    b = call.builder
    table = call.constant(call.weight("embeddings"), "embeddings")
    indices = x if call.types[0].dtype in ("int32", "int64") else b.cast(x, "int32")
    return b.op("Gather", table, indices)


@writes(LeakyReLU)
def write_leaky_relu(op: LeakyReLU, call: Call, x: str) -> str:
    return call.builder.pointwise("LeakyRelu", x, alpha=float(op.alpha))


@writes(PReLU)
def write_p_relu(op: PReLU, call: Call, x: str) -> str:
    return call.builder.op("PRelu", x, call.constant(call.weight("alpha"), "alpha"))


@writes(ELU)
def write_elu(op: ELU, call: Call, x: str) -> str:
    return call.builder.pointwise("Elu", x, alpha=float(op.alpha))


@writes(ThresholdedReLU)
def write_thresholded_relu(op: ThresholdedReLU, call: Call, x: str) -> str:
    return call.builder.pointwise("ThresholdedRelu", x, alpha=float(op.theta))


@writes(Softmax)
def write_softmax(op: Softmax, call: Call, x: str) -> str:
    # Keras 2.2: of two axes it is always the last one.
    axis = -1 if call.output.rank == 2 else op.axis
    return call.builder.op("Softmax", x, axis=axis)


@writes(ReLU)
def write_relu(op: ReLU, call: Call, x: str) -> str:
    b, level = call.builder, float(op.threshold)
    if op.max_value is None and not level:
        slope = float(op.negative_slope)
        return b.pointwise("LeakyRelu", x, alpha=slope) if slope else b.pointwise("Relu", x)
    if op.max_value is not None and not level and not op.negative_slope:
        top = call.constant(np.array(op.max_value))
        return b.pointwise("Clip", x, call.constant(0), top)
    bound = None if op.max_value is None else float(op.max_value)
    slope = float(op.negative_slope)
    return call.activate(
        lambda value: K.relu(value, alpha=slope, max_value=bound, threshold=level), x
    )


@writes(MaxoutDense)
def write_maxout_dense(op: MaxoutDense, call: Call, x: str) -> str:
    b = call.builder
    # (batch, 1, 1, features) by (pieces, features, units).
    y = b.op("MatMul", b.unsqueeze(x, [1, 2]), call.constant(call.weight("W"), "W"))
    y = b.squeeze(y, [2])
    if op.bias:
        y = b.op("Add", y, call.constant(call.weight("b"), "b"))
    return b.op("ReduceMax", y, axes=[1], keepdims=0)


@writes(Highway)
def write_highway(op: Highway, call: Call, x: str) -> str:
    b = call.builder

    def affine(kernel: str, bias: str) -> str:
        y = b.op("MatMul", x, call.constant(call.weight(kernel), kernel))
        return b.op("Add", y, call.constant(call.weight(bias), bias)) if op.bias else y

    gate = b.op("Sigmoid", affine("W_carry", "b_carry"))
    y = b.op("Mul", call.activate(op.activation, affine("W", "b")), gate)
    return b.op("Add", y, b.op("Mul", b.op("Sub", call.constant(1), gate), x))
