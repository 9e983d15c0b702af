"""Shows the progress of an epoch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from kir.errors import ConfigError
from kir.utils.progbar import Progbar
from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.batch_logs import BatchLogs


class ProgbarLogger(Callback):
    """Prints a progress bar (``verbose=1``) or a line an epoch (``verbose=2``).

    Args:
        count_mode: ``"samples"`` or ``"steps"``, what the bar counts.
        stateful_metrics: names of metrics whose last value is shown instead of an average.

    Raises:
        ConfigError: if `count_mode` is neither.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def __init__(
        self, count_mode: str = "samples", stateful_metrics: Iterable[str] | None = None
    ) -> None:
        super().__init__()
        if count_mode not in ("samples", "steps"):
            raise ConfigError(
                f"ProgbarLogger: Unknown `count_mode`: {count_mode!r}; "
                "expected 'samples' or 'steps'."
            )
        self.use_steps = count_mode == "steps"
        self.stateful_metrics = set(stateful_metrics or ())
        self.verbose = 0
        self.seen = 0
        self.log_values: list[tuple[str, Any]] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reads what to show from the parameters of the run."""
        self.verbose = self.params["verbose"]
        self.epochs = self.params["epochs"]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Prints the epoch's number and makes its bar."""
        self.seen = 0
        self.target = self.params["steps" if self.use_steps else "samples"]
        if self.verbose:
            print(f"Epoch {epoch + 1}/{self.epochs}")
            self.progbar = Progbar(
                target=self.target, verbose=self.verbose, stateful_metrics=self.stateful_metrics
            )

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Forgets the values of the batch before."""
        if self._is_open(self.seen):
            self.log_values = []

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Moves the bar on by one batch."""
        logs = logs or {}
        self.seen += 1 if self.use_steps else logs.get("size", 0)
        self.log_values += [(k, logs[k]) for k in self.params["metrics"] if k in logs]
        # The bar is completed by `on_epoch_end`, which knows the validation's results.
        if self.verbose and self._is_open(self.seen):
            self.progbar.update(self.seen, self.log_values)

    def on_batches_end(self, logs: BatchLogs) -> None:
        """Moves the bar on by a chunk of batches, drawing it at most once (twice at the start)."""
        if not self.verbose or not len(logs):
            return
        weights = np.ones(len(logs), int) if self.use_steps else np.asarray(logs.sizes)
        seen = self.seen + np.cumsum(weights)
        columns = {k: logs.values[:, logs.names.index(k)] for k in self._names(logs)}
        # Number of steps that leave the bar open: as above, the rest waits for `on_epoch_end`.
        is_endless = self.target is None
        count = len(logs) if is_endless else int(np.searchsorted(seen, self.target, side="left"))
        if count:
            self.progbar.update_many(weights[:count], {k: v[:count] for k, v in columns.items()})
        if self._is_open(self.seen):
            self.log_values = []
        for i in range(count, len(logs)):
            self.log_values += [(k, v[i]) for k, v in columns.items()]
        self.seen = int(seen[-1])

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Completes the bar with the epoch's averages and validation results."""
        logs = logs or {}
        self.log_values += [(k, logs[k]) for k in self.params["metrics"] if k in logs]
        if self.verbose:
            self.progbar.update(self.seen, self.log_values)

    def _is_open(self, seen: int) -> bool:
        return self.target is None or seen < self.target

    def _names(self, logs: BatchLogs) -> list[str]:
        return [k for k in self.params["metrics"] if k in logs.names]
