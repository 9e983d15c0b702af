"""What arguments of the backend's functions may be, whatever tensors they are applied to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kir.errors import ConfigError

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
