"""Averages the logs of the batches over an epoch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.batch_logs import BatchLogs, running_sum


class BaseLogger(Callback):
    """Puts the epoch's averages, weighted by batch size, into its logs.

    It is the first callback of every training run. Sums are kept in float64.

    Args:
        stateful_metrics: names of metrics that accumulate by themselves; their last value is taken.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def __init__(self, stateful_metrics: Iterable[str] | None = None) -> None:
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or ())
        self.seen = 0
        self.totals: dict[str, Any] = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Starts new sums."""
        self.seen = 0
        self.totals = {}

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Adds one batch."""
        logs = logs or {}
        size = logs.get("size", 0)
        self.seen += size
        for name, value in logs.items():
            if name in self.stateful_metrics:
                self.totals[name] = value
            elif name not in ("batch", "size"):
                self.totals[name] = self.totals.get(name, 0.0) + np.float64(value) * size

    def on_batches_end(self, logs: BatchLogs) -> None:
        """Adds a chunk of batches."""
        if not len(logs):
            return
        self.seen += int(logs.sizes.sum())
        for name, column in zip(logs.names, logs.values.T, strict=True):
            if name in self.stateful_metrics:
                self.totals[name] = float(column[-1])
            else:
                self.totals[name] = running_sum(self.totals.get(name, 0.0), column * logs.sizes)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the averages into the epoch's logs."""
        if logs is None:
            return
        for name in self.params["metrics"]:
            if name in self.totals:
                value = self.totals[name]
                if name not in self.stateful_metrics:
                    value = value / self.seen if self.seen else np.nan
                logs[name] = float(value) if np.ndim(value) == 0 else value
