"""Settings of the backend: the default float type, epsilon, the order of image axes, name counters.

They are process-wide, as in Keras. Nothing here needs anything but NumPy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kir.errors import ConfigError

FLOAT_TYPES = ("float16", "float32", "float64")
DATA_FORMATS = ("channels_last", "channels_first")


@dataclass
class _Settings:
    floatx: str = "float32"
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"
    learning_phase: int | None = None
    gradient_names: dict[str, str] = field(default_factory=dict)
    uids: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    resets: list[Callable[[], None]] = field(default_factory=list)


_SETTINGS = _Settings()


def epsilon() -> float:
    """Returns the fuzz factor that keeps logarithms and divisions finite.

    Example:
        >>> epsilon()
        1e-07
    """
    return _SETTINGS.epsilon


def set_epsilon(e: float) -> None:
    """Sets the fuzz factor.

    Args:
        e: a small positive number.
    """
    _SETTINGS.epsilon = float(e)


def floatx() -> str:
    """Returns the default float type: 'float16', 'float32' or 'float64'."""
    return _SETTINGS.floatx


def set_floatx(floatx: str) -> None:
    """Sets the default float type.

    Args:
        floatx: 'float16', 'float32' or 'float64'.

    Raises:
        ConfigError: another name.
    """
    if floatx not in FLOAT_TYPES:
        raise ConfigError(f"Unknown floatx type: {floatx}; expected one of {FLOAT_TYPES}.")
    _SETTINGS.floatx = str(floatx)


def cast_to_floatx(x: Any) -> np.ndarray:
    """Converts an array to the default float type.

    Args:
        x: an array or something that NumPy makes one of.

    Shape:
        any shape -> the same; dtype: `floatx()`.
    """
    return np.asarray(x, dtype=_SETTINGS.floatx)


def image_data_format() -> str:
    """Returns the order of image axes: 'channels_last' or 'channels_first'."""
    return _SETTINGS.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Sets the order of image axes.

    Args:
        data_format: 'channels_last' or 'channels_first'.

    Raises:
        ConfigError: another name.
    """
    if data_format not in DATA_FORMATS:
        raise ConfigError(f"Unknown data_format: {data_format}; expected one of {DATA_FORMATS}.")
    _SETTINGS.image_data_format = str(data_format)


def normalize_data_format(value: str | None) -> str:
    """Returns a checked order of image axes; None stands for `image_data_format()`.

    Args:
        value: 'channels_last', 'channels_first', or None.

    Raises:
        ConfigError: neither None nor one of the two orders.
    """
    if value is None:
        return _SETTINGS.image_data_format
    if not isinstance(value, str) or value.lower() not in DATA_FORMATS:
        raise ConfigError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            f"Received: {value}."
        )
    return value.lower()


def image_dim_ordering() -> str:
    """Returns the order of image axes by its Keras 1 name: 'tf' or 'th'."""
    return "th" if _SETTINGS.image_data_format == "channels_first" else "tf"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Sets the order of image axes by its Keras 1 name.

    Args:
        dim_ordering: 'tf' (channels last) or 'th' (channels first).

    Raises:
        ConfigError: another name.
    """
    orders = {"tf": "channels_last", "th": "channels_first"}
    if dim_ordering not in orders:
        raise ConfigError(f"Unknown dim_ordering: {dim_ordering!r}; expected 'tf' or 'th'.")
    _SETTINGS.image_data_format = orders[dim_ordering]


def fixed_learning_phase() -> int | None:
    """The learning phase that was fixed for what is built from now on, or None."""
    return _SETTINGS.learning_phase


def fix_learning_phase(value: int | None) -> None:
    """Fixes the learning phase, 0 or 1, or with None lets each program have its own again."""
    _SETTINGS.learning_phase = value


def gradient_names() -> dict[str, str]:
    """For ops of TensorFlow's, by whose gradients theirs are replaced in what is built now."""
    return _SETTINGS.gradient_names


def replace_gradients(names: Mapping[str, str]) -> None:
    """Replaces all of `gradient_names` for what is built from now on."""
    _SETTINGS.gradient_names = dict(names)


def get_uid(prefix: str = "") -> int:
    """Returns the next number of a prefix: 1, 2, ... since the last `reset_uids`.

    Args:
        prefix: what is counted, such as a layer's lower-case name.

    Example:
        >>> get_uid("dense"), get_uid("dense")
        (1, 2)
    """
    _SETTINGS.uids[prefix] += 1
    return _SETTINGS.uids[prefix]


def uids() -> dict[str, int]:
    """The counters of `get_uid` as they are now."""
    return dict(_SETTINGS.uids)


def set_uids(counters: Mapping[str, int]) -> None:
    """Sets the counters of `get_uid` to what `uids` gave."""
    _SETTINGS.uids.clear()
    _SETTINGS.uids.update(counters)


def reset_uids() -> None:
    """Makes all counters of `get_uid` start again."""
    _SETTINGS.uids.clear()


def on_clear_session(reset: Callable[[], None]) -> Callable[[], None]:
    """Registers what `clear_session` is to call besides; returns it, so it is a decorator too."""
    _SETTINGS.resets.append(reset)
    return reset


def clear_session() -> None:
    """Starts a new session: names count from 1 again and the learning phase is a new one."""
    reset_uids()
    fix_learning_phase(None)
    for reset in _SETTINGS.resets:
        reset()


def settings_key() -> tuple[str, float, str]:
    """What a compiled function depends on besides its graph."""
    return _SETTINGS.floatx, _SETTINGS.epsilon, _SETTINGS.image_data_format
