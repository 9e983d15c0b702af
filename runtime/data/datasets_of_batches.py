"""Batches of a `tf.data.Dataset`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compiler.tensorflow import tf
from kir.errors import ConfigError


def is_dataset(value: Any) -> bool:
    """Whether `value` is a data set of TensorFlow's."""
    return isinstance(value, tf.data.Dataset)


def batches(dataset: Any) -> Iterator[Any]:
    """The elements as arrays; from the beginning again when they end.

    Raises:
        ConfigError: there are none.
    """
    while True:
        is_empty = True
        for batch in dataset.as_numpy_iterator():
            is_empty = False
            yield batch
        if is_empty:
            raise ConfigError("The tf.data.Dataset is empty; expected batches (x, y).")


def step_count(dataset: Any, steps: int | None, name: str) -> int:
    """The number of batches in an epoch: what is asked for, else all that there are.

    Raises:
        ConfigError: the data set does not say how many it has.
    """
    if steps is not None:
        return steps
    count = int(dataset.cardinality())
    if count < 0:
        raise ConfigError(
            f"The tf.data.Dataset does not say how many batches it has: give `{name}`."
        )
    return count
