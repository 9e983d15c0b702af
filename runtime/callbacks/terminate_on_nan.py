"""Stops training on an invalid loss."""

from __future__ import annotations

import numpy as np

from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.batch_logs import BatchLogs


class TerminateOnNaN(Callback):
    """Stops training after the first batch whose loss is NaN or infinite.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Looks at one batch's loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not np.all(np.isfinite(loss)):
            self._terminate(batch)

    def stops_after(self, logs: BatchLogs) -> int | None:
        """The number of steps up to and including the first with an invalid loss."""
        losses = logs.column("loss")
        if losses is None:
            return None
        invalid = ~np.isfinite(losses)
        return int(invalid.argmax()) + 1 if invalid.any() else None

    def on_batches_end(self, logs: BatchLogs) -> None:
        """Looks at the losses of a chunk, which ends with the first invalid one if there is any."""
        steps = self.stops_after(logs)
        if steps is not None:
            self._terminate(logs.start + steps - 1)

    def _terminate(self, batch: int) -> None:
        print(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
