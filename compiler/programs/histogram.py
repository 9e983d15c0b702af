"""Histograms of tensors, counted where the tensors lie.

The buckets are as wide as those of TensorFlow's own summaries, a tenth more than the one before
towards both sides, but found by a logarithm: TensorFlow's operation searches a list for every
element, takes five times as long, and runs on the host only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from compiler.tensorflow import tf

SMALLEST = 1e-12
RATIO = 1.1
# Buckets to either side of the one around zero; the outermost begins at about 1e20.
SIDE = math.ceil(math.log(1e20 / SMALLEST) / math.log(RATIO))
COUNT = 2 * SIDE + 1

_edges = SMALLEST * RATIO ** np.arange(SIDE + 1)
# Where each bucket ends: from below -1e20, by the one around zero, to above 1e20.
LIMITS = np.concatenate([-_edges[SIDE - 1 :: -1], _edges])

# What is known of the elements besides their buckets, in this order.
FACTS: tuple[str, ...] = ("count", "left_out", "minimum", "maximum", "sum", "sum_of_squares")


def count(value: Any) -> tuple[Any, Any]:
    """Counts the finite elements of a tensor by buckets.

    Args:
        value: a tensor of numbers; of a sparse one, or of slices, the elements that are there.

    Returns:
        (COUNT,) int64 numbers of elements, and (len(FACTS),) float64 facts.
    """
    if isinstance(value, tf.SparseTensor | tf.IndexedSlices):
        value = value.values
    if value.dtype == tf.bool:
        value = tf.cast(value, tf.uint8)
    elements = tf.reshape(value, [-1])
    kept = elements
    if value.dtype.is_floating:
        is_finite = tf.math.is_finite(elements)
        kept = tf.cond(
            tf.reduce_all(is_finite),
            lambda: elements,
            lambda: tf.boolean_mask(elements, is_finite),
        )
    exact = tf.cast(kept, tf.float64)
    size = tf.size(kept, tf.int64)
    facts = [
        tf.cast(size, tf.float64),
        tf.cast(tf.size(elements, tf.int64) - size, tf.float64),
        tf.reduce_min(exact),
        tf.reduce_max(exact),
        tf.reduce_sum(exact),
        tf.reduce_sum(tf.square(exact)),
    ]
    numbers = tf.raw_ops.DenseBincount(
        input=_buckets(tf.cast(kept, tf.float32)),
        size=tf.constant(COUNT),
        weights=tf.constant([], tf.int32),
    )
    return tf.cast(numbers, tf.int64), tf.stack(facts)


def _buckets(elements: Any) -> Any:
    """The number of each element's bucket."""
    # Whatever is nearer to zero than that belongs to the bucket around it.
    magnitude = tf.maximum(tf.abs(elements), SMALLEST / RATIO**2)
    steps = tf.math.log(magnitude) / math.log(RATIO) - math.log(SMALLEST) / math.log(RATIO)
    place = tf.cast(tf.floor(tf.clip_by_value(steps + 1.0, 0.0, float(SIDE))), tf.int32)
    return SIDE + tf.where(elements < 0, -place, place)


def join(found: list[tuple[Any, Any]]) -> list[Any]:
    """The counts of several tensors, and their facts, as one tensor each."""
    if not found:
        return [tf.zeros([0, COUNT], tf.int64), tf.zeros([0, len(FACTS)], tf.float64)]
    return [tf.stack(column) for column in zip(*found, strict=True)]
