"""Random tensors: drawn anew in each run.

`seed` fixes the sequence. By default it is drawn with ``np.random.randint(10_000_000)`` when the
function is called, so that `np.random.seed` makes a program repeatable.
"""

from __future__ import annotations

from typing import Any

from kir.backend import type_rules as rules
from kir.backend.checks import dropped_fraction
from kir.backend.recording import op


@op(rules.filled, floating=True, seeded=True, symbolic=True)
def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Draws from a normal distribution.

    Args:
        shape: the tensor's shape; sizes may be symbolic.
        mean: the mean.
        stddev: the standard deviation.
        dtype: the element type; default `floatx()`.
        seed: an integer.

    Shape:
        -> `shape`; dtype: `dtype`.
    """


@op(rules.filled, floating=True, seeded=True, symbolic=True)
def random_uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Draws from the uniform distribution over ``[minval, maxval)``.

    Args:
        shape: the tensor's shape; sizes may be symbolic.
        minval: the lower limit.
        maxval: the upper limit.
        dtype: the element type; default `floatx()`.
        seed: an integer.

    Shape:
        -> `shape`; dtype: `dtype`.
    """


@op(rules.filled, floating=True, seeded=True, symbolic=True)
def random_binomial(shape: Any, p: Any = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draws 1 with probability `p`, else 0.

    Args:
        shape: the tensor's shape; sizes may be symbolic.
        p: the probability of a 1.
        dtype: the element type; default `floatx()`.
        seed: an integer.

    Shape:
        -> `shape`; dtype: `dtype`.
    """


@op(rules.filled, floating=True, seeded=True, symbolic=True)
def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Draws from a normal distribution whose values beyond two deviations are drawn again.

    Args:
        shape: the tensor's shape; sizes may be symbolic.
        mean: the mean.
        stddev: the standard deviation before the truncation.
        dtype: the element type; default `floatx()`.
        seed: an integer.

    Shape:
        -> `shape`; dtype: `dtype`.
    """


@op(rules.same, seeded=True, checks={"level": dropped_fraction})
def dropout(x: Any, level: Any, noise_shape: Any = None, seed: Any = None) -> Any:
    """Sets a random fraction of the elements to zero and scales the others up.

    Args:
        x: a tensor.
        level: the fraction to drop, from 0 up to, but not including, 1.
        noise_shape: the shape of the random choice, broadcast to that of `x`.
        seed: an integer.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Raises:
        ConfigError: `level` is no such fraction.
    """
