"""Random draws by TensorFlow's stateful ops.

The ops carry the seed pair that Keras's graphs carried: with an operation seed and no graph seed
TensorFlow 1 used 87654321 for the latter. The n-th run of such an op in a graph gives the n-th
draw of the same sequence as there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.lowering.context import GRAPH_SEED
from compiler.tensorflow import tf
from kir.settings import floatx


def _seed(seed: int | None) -> int:
    return np.random.randint(10_000_000) if seed is None else seed


def _kind(dtype: Any) -> Any:
    return tf.as_dtype(dtype or floatx())


def _draw(op: Any, shape: Any, dtype: Any, seed: int | None) -> Any:
    # XLA keeps no state for these ops, but draws anew in each run all the same.
    return op(shape=shape, dtype=_kind(dtype), seed=GRAPH_SEED, seed2=_seed(seed))


def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: int | None = None
) -> Any:
    unit = _draw(tf.raw_ops.RandomStandardNormal, _sizes(shape), dtype, seed)
    return unit * tf.cast(stddev, unit.dtype) + tf.cast(mean, unit.dtype)


def random_uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: int | None = None
) -> Any:
    kind = _kind(dtype)
    low, high = tf.cast(minval, kind), tf.cast(maxval, kind)
    if kind.is_integer:
        return tf.raw_ops.RandomUniformInt(
            shape=_sizes(shape), minval=low, maxval=high, seed=GRAPH_SEED, seed2=_seed(seed)
        )
    return _draw(tf.raw_ops.RandomUniform, _sizes(shape), kind, seed) * (high - low) + low


def random_binomial(shape: Any, p: Any = 0.0, dtype: Any = None, seed: int | None = None) -> Any:
    unit = random_uniform(shape, dtype=dtype, seed=seed)
    return tf.cast(unit <= tf.cast(p, unit.dtype), unit.dtype)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: int | None = None
) -> Any:
    unit = _draw(tf.raw_ops.TruncatedNormal, _sizes(shape), dtype, seed)
    return unit * tf.cast(stddev, unit.dtype) + tf.cast(mean, unit.dtype)


def dropout(x: Any, level: Any, noise_shape: Any = None, seed: int | None = None) -> Any:
    """Drops a fraction `level` of the elements and scales the others by ``1 / (1 - level)``."""
    x = tf.convert_to_tensor(x)
    if not x.dtype.is_floating:
        x = tf.cast(x, floatx())
    seed = _seed(seed)
    if not tf.is_tensor(level) and level == 0:
        return tf.identity(x)
    keep = tf.cast(1.0 - level, x.dtype)
    sizes = tf.shape(x)
    if noise_shape is not None:
        # None stands for the size of x.
        if not tf.is_tensor(noise_shape):
            noise_shape = [sizes[i] if n is None else n for i, n in enumerate(noise_shape)]
        sizes = noise_shape
    noise = _draw(tf.raw_ops.RandomUniform, _sizes(sizes), x.dtype, seed)
    out = x / keep * tf.floor(keep + noise)
    out.set_shape(x.shape)
    return out


def _sizes(shape: Any) -> Any:
    """A shape as an int32 tensor; entries may be scalar tensors."""
    if tf.is_tensor(shape):
        return shape
    if any(map(tf.is_tensor, shape)):
        return tf.stack([tf.cast(n, tf.int32) for n in shape])
    return tf.constant([int(n) for n in shape], tf.int32)
