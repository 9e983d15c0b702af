"""What arguments of the backend's functions may be, whatever tensors they are applied to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kir.errors import ConfigError, PaddingError

# Raises an error if the argument is none that the function takes.
Check = Callable[[Any], None]


def one_of(what: str, *choices: str) -> Check:
    """A check that the argument is one of a few words.

    Args:
        what: what the argument says, for the message.
        *choices: the words.
    """

    def check(value: Any) -> None:
        if value not in choices:
            expected = " or ".join(map(repr, choices))
            raise ConfigError(f"Invalid {what}: {value!r}; expected {expected}.")

    return check


def pairs(axes: int) -> Check:
    """A check that the argument says for each of some axes what to add before and after.

    Args:
        axes: how many; a single pair stands for one.
    """

    def check(padding: Any) -> None:
        given = [padding] if axes == 1 else padding
        if not _has_length(given, axes) or not all(_has_length(pair, 2) for pair in given):
            wanted = "(before, after)" if axes == 1 else f"{axes} pairs (before, after)"
            raise PaddingError(f"Invalid padding: {padding!r}; expected {wanted}.")

    return check


def _has_length(value: Any, length: int) -> bool:
    return hasattr(value, "__len__") and len(value) == length


def dropped_fraction(level: Any) -> None:
    """Checks the fraction of elements to drop; a tensor's is known only when it runs.

    Raises:
        ConfigError: it leaves nothing, or is no fraction.
    """
    if isinstance(level, int | float) and not 0 <= level < 1:
        raise ConfigError(
            f"K.dropout: level is {level!r}; expected a fraction from 0 up to, but not including, "
            "1, so that something is kept."
        )


PADDING = one_of("padding", "same", "valid")
CAUSAL_PADDING = one_of("padding", "same", "valid", "causal")
POOL_MODE = one_of("pooling mode", "max", "avg")
INTERPOLATION = one_of("interpolation", "nearest", "bilinear")
