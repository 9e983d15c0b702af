"""The values of initial weights, bit for bit those of Keras 2.2.4 with TensorFlow on a CPU.

There a weight's value was the first result of a stateful random op with the graph seed 87654321
and the op seed that Keras had taken from NumPy. Such an op starts a Philox generator whose key is
the former and the upper half of whose counter is the latter. The stateless ops take the key and
the counter as they are, so they give the same numbers without a graph, a session or a state; for
the uniform distribution NumPy gives them too, and faster. What follows is the arithmetic of
`tf.random_uniform` and its kin, in the weight's own precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compiler import philox
from compiler.tensorflow import tf
from kir.initializers.draws import Draw, Filled, Given, Joined, RandomDraw

GRAPH_SEED = 87654321
_PHILOX = 1  # tf.random.Algorithm.PHILOX
_UINT64 = (1 << 64) - 1


def evaluate(draws: Sequence[Draw]) -> list[np.ndarray]:
    """The arrays that draws stand for; the caller may write to them.

    Draws that are equal give equal arrays, in whatever order and company they are computed.
    """
    return [_evaluate(draw) for draw in draws]


def _evaluate(draw: Draw) -> np.ndarray:
    if isinstance(draw, Given):
        return np.array(draw.array)
    if isinstance(draw, Joined):
        return np.concatenate([_evaluate(part) for part in draw.parts])
    dtype = np.dtype(tf.as_dtype(draw.dtype).as_numpy_dtype)
    if isinstance(draw, Filled):
        return _filled(draw, dtype)
    if draw.distribution == "uniform":
        unit = _uniform(draw, dtype)
        low, high = np.asarray(draw.a, dtype), np.asarray(draw.b, dtype)
        unit *= high - low
        unit += low
        return unit
    unit = _normal(draw)
    unit *= np.asarray(draw.b, dtype)
    unit += np.asarray(draw.a, dtype)
    return unit


def _filled(draw: Filled, dtype: np.dtype) -> np.ndarray:
    value = np.ravel(draw.value)
    if value.size == 1:
        return np.full(draw.shape, value[0], dtype)
    # As `K.constant`: too few values are continued by the last of them.
    array = np.full(draw.shape, value[-1], dtype)
    array.ravel()[: value.size] = value
    return array


def _uniform(draw: RandomDraw, dtype: np.dtype) -> np.ndarray:
    if draw.dtype in ("float32", "float64"):
        return philox.random_uniform(GRAPH_SEED, draw.seed & _UINT64, draw.shape, draw.dtype)
    return _stateless("StatelessRandomUniformV2", draw)


def _normal(draw: RandomDraw) -> np.ndarray:
    return _stateless(
        "StatelessTruncatedNormalV2"
        if draw.distribution == "truncated_normal"
        else "StatelessRandomNormalV2",
        draw,
    )


def _stateless(op: str, draw: RandomDraw) -> np.ndarray:
    # On the CPU, wherever the weight will lie: other devices cut the stream into other pieces.
    # Outside of any graph that is being traced: the value is wanted now.
    with tf.init_scope(), tf.device("CPU:0"):
        found: Any = getattr(tf.raw_ops, op)(
            shape=np.array(draw.shape, np.int32),
            key=np.array([GRAPH_SEED], np.uint64),
            counter=np.array([0, draw.seed & _UINT64], np.uint64),
            alg=_PHILOX,
            dtype=draw.dtype,
        )
    return np.asarray(found.numpy())  # `numpy` copies
