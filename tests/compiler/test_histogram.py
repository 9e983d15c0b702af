"""Counting by buckets, against NumPy and against TensorFlow's own histograms."""

import numpy as np
import pytest

pytestmark = pytest.mark.tf

VALUES = np.random.RandomState(0).normal(size=3000) * np.tile([1e-6, 1.0, 1e3], 1000)


def counted(values, dtype="float32"):
    from compiler.programs import histogram
    from compiler.tensorflow import tf

    counts, facts = tf.function(histogram.count)(tf.constant(np.array(values, dtype)))
    return counts.numpy(), dict(zip(histogram.FACTS, facts.numpy().tolist(), strict=True))


def test_limits_are_a_tenth_apart_and_lie_around_zero():
    from compiler.programs.histogram import COUNT, LIMITS, SIDE

    assert len(LIMITS) == COUNT
    assert (np.diff(LIMITS) > 0).all()
    np.testing.assert_allclose(LIMITS[SIDE + 1 :] / LIMITS[SIDE:-1], 1.1)
    np.testing.assert_array_equal(LIMITS[:SIDE], -LIMITS[SIDE:-1][::-1])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_each_element_is_in_the_bucket_that_ends_above_it(dtype):
    from compiler.programs.histogram import COUNT, LIMITS

    values = VALUES.astype(dtype)
    counts, _ = counted(values, dtype)
    wanted = np.bincount(np.searchsorted(LIMITS, values.astype(float)), minlength=COUNT)
    # In float32 an element very near to a limit may fall to the other side.
    assert counts.sum() == len(VALUES)
    assert np.abs(np.cumsum(counts) - np.cumsum(wanted)).max() <= 1


@pytest.mark.parametrize(
    ("value", "place"), [(0.0, 0), (1e-13, 0), (-1e-13, 0), (1e30, 774), (-1e30, -774), (1.05, 291)]
)
def test_places_of_single_elements(value, place):
    from compiler.programs.histogram import SIDE

    counts, _ = counted([value])
    assert np.flatnonzero(counts).tolist() == [SIDE + place]


def test_buckets_are_those_of_tensorflow():
    from compiler.programs.histogram import LIMITS
    from compiler.tensorflow import tf

    text = tf.raw_ops.HistogramSummary(tag="v", values=tf.constant(VALUES, tf.float32)).numpy()
    theirs = tf.compat.v1.Summary.FromString(text).value[0].histo
    counts, facts = counted(VALUES)
    there = {f"{x:.5g}": n for x, n in zip(theirs.bucket_limit, theirs.bucket, strict=True) if n}
    here = {f"{x:.5g}": n for x, n in zip(LIMITS, counts, strict=True) if n}
    differing = {k for k in {*there, *here} if there.get(k) != here.get(k)}
    assert len(differing) <= 2
    assert [facts["minimum"], facts["maximum"], facts["sum"]] == pytest.approx(
        [theirs.min, theirs.max, theirs.sum]
    )


def test_facts():
    _, facts = counted([1.0, -2.0, np.nan, np.inf, 0.5])
    assert facts == {
        "count": 3,
        "left_out": 2,
        "minimum": -2.0,
        "maximum": 1.0,
        "sum": -0.5,
        "sum_of_squares": 5.25,
    }


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
def test_whole_numbers_are_counted(dtype):
    counts, facts = counted([1, 0, 1], dtype)
    assert counts.sum() == facts["count"] == 3
    assert (facts["minimum"], facts["maximum"], facts["sum"]) == (0, 1, 2)


def test_nothing_is_counted_of_an_empty_tensor():
    counts, facts = counted([])
    assert (counts.sum(), facts["count"]) == (0, 0)
