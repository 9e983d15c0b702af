"""Data that come batch by batch: generators and Sequences, where arrays might stand."""

from __future__ import annotations

from typing import Any

from kir.errors import ArgumentError, ConfigError
from kir.utils.data_utils import Sequence


def gives_batches(value: Any) -> bool:
    """Whether `value` gives batches, rather than being data."""
    return hasattr(value, "__next__") or isinstance(value, Sequence)


def check_alone(method: str, **given: Any) -> None:
    """Checks that nothing is given beside a generator that has to be part of its batches.

    Args:
        method: what was called, for the message.
        **given: the other arguments.

    Raises:
        ConfigError: one of them is not None.
    """
    for name, value in given.items():
        if value is not None:
            raise ConfigError(
                f"{method}(): `{name}` argument is not supported when data is a generator or "
                "Sequence. Its batches say it: (x, y) or (x, y, sample_weight)."
            )


def check_arrays(method: str, kwargs: dict[str, Any]) -> None:
    """Checks that nothing was said of reading batches where there are arrays.

    Raises:
        ArgumentError: an argument that arrays have no use for.
    """
    for name in kwargs:
        raise ArgumentError(
            f"{method}() got an unexpected keyword argument {name!r}; with arrays there is none "
            "beside those that help() shows."
        )
