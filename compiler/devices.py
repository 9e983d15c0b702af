"""Devices: where programs run, and where their variables and data lie.

TensorFlow places what is not told otherwise on the first GPU, where there is one. A scope around
the call of a program moves it: variables that are made in it, data that are put on the device, and
all of the program's operations that have a kernel there.
"""

from __future__ import annotations

import contextlib
import re
from contextlib import AbstractContextManager
from typing import Any

from compiler.tensorflow import tf
from kir.errors import ConfigError, DTypeError

_NAME = re.compile(r"^/?(?:device:)?(?P<kind>[A-Za-z]+)(?::(?P<number>\d+))?$")


def find_device(name: str) -> str:
    """The full name of a device of this machine.

    Args:
        name: ``"cpu"``, ``"gpu"``, or with a number as in ``"gpu:1"``, ``"/device:GPU:1"``.

    Raises:
        ConfigError: TensorFlow sees no such device; the message lists those it sees.
    """
    if not isinstance(name, str):
        raise DTypeError(f"`device` is {name!r}; expected a name such as 'gpu:0' or 'cpu'.")
    there = [d.name.removeprefix("/device:") for d in tf.config.list_logical_devices()]
    match = _NAME.match(name.strip())
    full = f"{match['kind'].upper()}:{int(match['number'] or 0)}" if match else name
    if full not in there:
        hint = ""
        if full.startswith("GPU"):
            hint = " It takes `kir[gpu]` and NVIDIA's driver; `kir doctor` tells what is missing."
        raise ConfigError(
            f"There is no device {name!r}: TensorFlow sees {', '.join(there) or 'none'}.{hint}"
        )
    return f"/device:{full}"


def placed_on(device: str | None) -> AbstractContextManager[Any]:
    """A scope for what is to lie and run on `device`; None leaves the choice to TensorFlow."""
    return contextlib.nullcontext() if device is None else tf.device(device)
