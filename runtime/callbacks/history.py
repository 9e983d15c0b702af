"""Records the logs of all epochs."""

from __future__ import annotations

from typing import Any

from runtime.callbacks.base import Callback, Logs


class History(Callback):
    """What `fit` returns; it is the last callback of every training run.

    Attributes:
        epoch: the indices of the epochs that were run.
        history: name -> list of its values, one an epoch.
    """

    epoch: list[int]
    history: dict[str, list[Any]]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Starts anew."""
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Appends the epoch's logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
