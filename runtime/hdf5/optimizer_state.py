"""The state of optimizers in files of tf.keras and Keras 3, in the order of Keras 2.2.4.

Keras 2.2.4 lists the count of steps (of some optimizers), then one array a weight for each purpose.
tf.keras and Keras 3 give every optimizer a count, and say each array's purpose in its name:
``Adam/dense/kernel/m``, later ``Adam/m/dense/kernel``, then ``adam/dense_kernel_momentum``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kir.errors import ConfigError

_COUNTS = ("iteration", "iter")
# Of each optimizer its purposes in the order of Keras 2.2.4, each with all its names.
_PURPOSES: dict[str, tuple[tuple[str, ...], ...]] = {
    "SGD": (("m", "momentum"),),
    "RMSprop": (("velocity", "rms"),),
    "Adagrad": (("accumulator",),),
    "Adadelta": (("accumulated_grad", "accum_grad"), ("accumulated_delta_var", "accum_var")),
    "Adam": (("m", "momentum"), ("v", "velocity"), ("vhat", "velocity_hat")),
    "Adamax": (("m", "momentum"), ("u", "v", "norm")),
    "Nadam": (("m", "momentum"), ("v", "velocity")),
}
_NAMES = {name for purposes in _PURPOSES.values() for names in purposes for name in names}
# What Nadam's product of momenta is called: by tf.keras until 2.10, and by Keras 3.
_SCHEDULES = ("momentum_cache", "variable", "u_product")


def is_newer(names: Sequence[str]) -> bool:
    """Whether names of arrays are those of tf.keras or Keras 3."""
    return any(_last(name) in _COUNTS for name in names)


def restore(
    optimizer: Any, params: int, names: Sequence[str], arrays: Sequence[np.ndarray]
) -> None:
    """Sets an optimizer's state from what tf.keras or Keras 3 wrote.

    Args:
        optimizer: one of Keras 2.2.4's, with its variables made.
        params: how many weights it trains.
        names: of the arrays.
        arrays: in the order of the file.

    Raises:
        ConfigError: the arrays are not those of this optimizer.
    """
    kind = type(optimizer).__name__
    if kind not in _PURPOSES:
        raise ConfigError(f"The state of {kind} is not known from other versions of Keras.")
    scalars = {_last(n): a for n, a in zip(names, arrays, strict=True) if a.ndim == 0}
    stored: dict[str, list[np.ndarray]] = {}
    for name, array in zip(names, arrays, strict=True):
        if array.ndim or _purpose(name):
            stored.setdefault(_purpose(name) or "", []).append(array)
    count = next((scalars[name] for name in _COUNTS if name in scalars), np.int64(0))
    kept = list(optimizer.weights)
    has_count = bool(kept) and kept[0] is optimizer.iterations
    slots = kept[1:] if has_count else kept
    values: list[Any] = [count] if has_count else []
    for position, purposes in enumerate(_PURPOSES[kind][: len(slots) // params if params else 0]):
        own = slots[position * params : (position + 1) * params]
        found = next((stored[name] for name in purposes if name in stored), None)
        if found is None:
            values += [np.zeros(v.shape, v.type.dtype) for v in own]
        elif len(found) == len(own):
            values += found
        else:
            raise ConfigError(
                f"The file holds {len(found)} arrays {purposes[0]!r} of the optimizer {kind}; the "
                f"model trains {params} weights."
            )
    optimizer.set_weights(values)
    optimizer.iterations.set_value(np.asarray(count, optimizer.iterations.type.dtype))
    if hasattr(optimizer, "m_schedule"):
        schedule = next((scalars[name] for name in _SCHEDULES if name in scalars), None)
        if schedule is None:  # tf.keras since 2.11 forgets it; it follows from the steps
            schedule = _momenta(optimizer, int(count))
        optimizer.m_schedule.set_value(np.asarray(schedule, "float32"))


def _momenta(optimizer: Any, steps: int) -> float:
    """The product of Nadam's momenta of the first steps (Dozat 2016)."""
    beta = float(optimizer.get_config()["beta_1"])
    product = 1.0
    for step in range(1, steps + 1):
        product *= beta * (1.0 - 0.5 * 0.96 ** (step * optimizer.schedule_decay))
        if product == 0.0:
            break
    return product


def _last(name: str) -> str:
    return name.removesuffix(":0").split("/")[-1]


def _purpose(name: str) -> str | None:
    """What an array is for; None if its name does not say."""
    parts = name.removesuffix(":0").split("/")
    if len(parts) > 2 and parts[-1] in _NAMES:
        return parts[-1]
    if len(parts) > 2 and parts[1] in _NAMES:
        return parts[1]
    found = [purpose for purpose in _NAMES if parts[-1].endswith(f"_{purpose}")]
    return max(found, key=len, default=None)
