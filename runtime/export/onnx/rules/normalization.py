"""Batch normalization."""

from __future__ import annotations

import numpy as np

from kir.layers.normalization import BatchNormalization
from runtime.export.onnx.registry import writes
from runtime.export.onnx.writing import Call


@writes(BatchNormalization)
def write_batch_normalization(op: BatchNormalization, call: Call, x: str) -> str:
    b, rank = call.builder, call.output.rank or 0
    axis = op.axis % rank
    mean, variance = call.weight("moving_mean"), call.weight("moving_variance")
    gamma = call.weight("gamma") if op.scale else np.ones_like(mean)
    beta = call.weight("beta") if op.center else np.zeros_like(mean)
    label = op.moving_mean.name.rpartition("/")[0]
    parameters = [
        b.constant(value, call.dtype, f"{label}/{name}")
        for name, value in (
            ("gamma", gamma), ("beta", beta), ("moving_mean", mean), ("moving_variance", variance)
        )
    ]  # fmt: skip
    # The node normalizes axis 1.
    order = [0, axis, *(i for i in range(1, rank) if i != axis)]
    back = [order.index(i) for i in range(rank)]
    y = b.op("BatchNormalization", b.transpose(x, order), *parameters, epsilon=float(op.epsilon))
    return b.transpose(y, back)
