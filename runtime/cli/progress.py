"""Shows how training goes: a bar that moves on a terminal, and a line for each epoch."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from rich.console import Console

from runtime.callbacks import BatchLogs, Callback
from runtime.cli.waiting import make_bar

Logs = dict[str, Any]


class TrainingProgress(Callback):
    """Prints each epoch's results, below which a bar shows the running epoch.

    Args:
        console: where to; only a terminal gets the bar.
    """

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        # Asks the training loop for short chunks of steps, so that the bar moves.
        self.shows_progress = console.is_terminal
        self.progress = make_bar(console)
        self.task: Any = None
        self.all_epochs: Any = None
        self.started = 0.0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Opens the bar."""
        self.width = len(str(self.params["epochs"]))
        epochs = self.params["epochs"]
        # With the time that all of them will take, as nobody waits for one of thirty.
        self.all_epochs = self.progress.add_task("Epochs", total=epochs, values="")
        self.progress.update(self.all_epochs, visible=epochs > 1)
        self.task = self.progress.add_task("", total=self.params["samples"], values="")
        self.progress.start()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Sets the bar back to the start."""
        self.started = time.perf_counter()
        self.label = f"Epoch {epoch + 1:{self.width}d}/{self.params['epochs']}"
        self.progress.reset(self.task, description=self.label, values="")

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Moves the bar on by one step."""
        logs = logs or {}
        self._advance(logs.get("size", 0), logs)

    def on_batches_end(self, logs: BatchLogs) -> None:
        """Moves the bar on by a chunk of steps."""
        if len(logs):
            values = dict(zip(logs.names, logs.values[-1], strict=True))
            self._advance(int(np.sum(logs.sizes)), values)

    def _advance(self, samples: int, values: Logs) -> None:
        self.progress.update(self.task, advance=samples, values=self._text(values))
        self.progress.update(self.all_epochs, advance=samples / self.params["samples"])

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Prints the epoch's results."""
        seconds = time.perf_counter() - self.started
        self.console.print(f"{self.label}  {seconds:5.1f} s  {self._text(logs or {})}")

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Removes the bar."""
        self.close()

    def close(self) -> None:
        """Removes the bar, also when training was broken off."""
        self.progress.stop()

    def _text(self, logs: Logs) -> str:
        names = [name for name in self.params["metrics"] if name in logs]
        return "  ".join(f"{name} {float(logs[name]):.4f}" for name in names)
