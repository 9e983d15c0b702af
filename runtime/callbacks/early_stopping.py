"""Stops training when a value no longer improves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.monitoring import is_maximized, worst


class EarlyStopping(Callback):
    """Stops training when the monitored value has stopped improving.

    Args:
        monitor: name of the value to watch, as in the logs.
        min_delta: least change that counts as an improvement.
        patience: number of epochs without an improvement after which training stops.
        verbose: 1 prints a message.
        mode: ``"min"``, ``"max"``, or ``"auto"``: the larger the better if the name holds ``acc``.
        baseline: value that has to be beaten to count as the first improvement.
        restore_best_weights: whether to go back to the weights of the best epoch on stopping;
            with a baseline that no epoch beat, the last weights stay.

    Attributes:
        stopped_epoch: index of the epoch that stopped training, 0 if none did.
        best: best value so far.
        wait: number of epochs since then.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        super().__init__()
        maximized = is_maximized("EarlyStopping", mode, monitor)
        self.monitor = monitor
        self.baseline = baseline
        self.patience = patience
        self.verbose = verbose
        self.monitor_op = np.greater if maximized else np.less
        self.min_delta = min_delta if maximized else -min_delta
        self.restore_best_weights = restore_best_weights
        self._worst = worst(maximized)
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best: Any = self._worst if self.baseline is None else self.baseline
        self.best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Starts anew, so that one object can serve several runs."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Judges the epoch."""
        current = self.get_monitor_value(logs or {})
        if current is None:
            return
        if self.monitor_op(current - self.min_delta, self.best):
            self.best = current
            self.wait = 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.restore_best_weights and self.best_weights is not None:
                if self.verbose > 0:
                    print("Restoring model weights from the end of the best epoch")
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Prints the message."""
        # Keras 2.2: nothing is printed if the very first epoch stopped training.
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1:05d}: early stopping")

    def get_monitor_value(self, logs: Logs) -> Any:
        """The watched value, or None with a warning."""
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {','.join(logs)}",
                RuntimeWarning,
                stacklevel=2,
            )
        return value
