"""Lowers the learning rate when a value no longer improves."""

from __future__ import annotations

import warnings
from typing import Any

from kir import backend as K
from kir.errors import ArgumentError, ConfigError, MissingAttributeError
from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.monitoring import check_learning_rate, is_maximized, worst


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` when the monitored value has stopped improving.

    Args:
        monitor: name of the value to watch, as in the logs.
        factor: what the learning rate is multiplied by, less than 1.
        patience: number of epochs without an improvement after which it is.
        verbose: 1 prints a message.
        mode: ``"min"``, ``"max"``, or ``"auto"``: the larger the better if the name holds ``acc``.
        min_delta: least change that counts as an improvement (``epsilon`` is its old name).
        cooldown: number of epochs to wait after a reduction before watching again.
        min_lr: lower bound of the learning rate.

    Raises:
        ConfigError: if `factor` is 1 or more.
        ArgumentError: if an argument is unknown.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if factor >= 1.0:
            raise ConfigError(
                f"ReduceLROnPlateau does not support a factor >= 1.0; got {factor!r}, "
                "expected e.g. 0.1."
            )
        if "epsilon" in kwargs:
            min_delta = kwargs.pop("epsilon")
            warnings.warn(
                "`epsilon` argument is deprecated and will be removed, use `min_delta` instead.",
                stacklevel=2,
            )
        if kwargs:
            raise ArgumentError(
                f"ReduceLROnPlateau got unknown arguments: {', '.join(sorted(kwargs))}. Known are "
                "monitor, factor, patience, verbose, mode, min_delta, cooldown and min_lr."
            )
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.mode = mode
        self.min_delta = min_delta
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._maximized = is_maximized("Learning Rate Plateau Reducing", mode, monitor)
        self._reset()

    def _reset(self) -> None:
        self.best: Any = worst(self._maximized)
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Starts anew."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Judges the epoch, and puts its learning rate into the logs."""
        logs = {} if logs is None else logs
        check_learning_rate("ReduceLROnPlateau", self.model, MissingAttributeError)
        logs["lr"] = K.get_value(self.model.optimizer.lr)
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"Reduce LR on plateau conditioned on metric `{self.monitor}` which is not "
                f"available. Available metrics are: {','.join(logs)}",
                RuntimeWarning,
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_better(current):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def in_cooldown(self) -> bool:
        """Whether the last reduction is too recent to judge."""
        return self.cooldown_counter > 0

    def _is_better(self, current: Any) -> bool:
        if self._maximized:
            return bool(current > self.best + self.min_delta)
        return bool(current < self.best - self.min_delta)

    def _reduce(self, epoch: int) -> None:
        old = float(K.get_value(self.model.optimizer.lr))
        if old <= self.min_lr:
            return
        new = max(old * self.factor, self.min_lr)
        K.set_value(self.model.optimizer.lr, new)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: ReduceLROnPlateau reducing learning rate to {new}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0
