"""Sets the learning rate by a function of the epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from kir import backend as K
from kir.errors import ConfigError
from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.monitoring import check_learning_rate


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch.

    Args:
        schedule: function of the epoch's index, or of it and the current learning rate, that
            returns the new learning rate as a float.
        verbose: 1 prints a message.

    Raises:
        ConfigError: in training, if `schedule` returns anything but a float, or if the optimizer
            has no learning rate (a ValueError).

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Sets the epoch's learning rate."""
        check_learning_rate("LearningRateScheduler", self.model, ConfigError)
        rate = self._scheduled(epoch, float(K.get_value(self.model.optimizer.lr)))
        if not isinstance(rate, float | np.floating):
            raise ConfigError(
                'The output of the "schedule" function should be float. LearningRateScheduler got '
                f"{rate!r} (a {type(rate).__name__}) for epoch {epoch}; return e.g. float(rate)."
            )
        K.set_value(self.model.optimizer.lr, rate)
        if self.verbose > 0:
            print(
                f"\nEpoch {epoch + 1:05d}: LearningRateScheduler setting learning rate to {rate}."
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Puts the learning rate into the logs."""
        if logs is not None:
            logs["lr"] = K.get_value(self.model.optimizer.lr)

    def _scheduled(self, epoch: int, rate: float) -> Any:
        # Keras 2.2: a function is tried with two arguments first, and its TypeError means that it
        # takes one, even if it comes from inside: `def f(epoch, table=TABLE)` relies on that.
        try:
            return self.schedule(epoch, rate)
        except TypeError:
            if not _takes_one_argument(self.schedule):
                raise
        return self.schedule(epoch)


def _takes_one_argument(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(0)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell its signature
        return True
    return True
