"""Saves the model after epochs."""

from __future__ import annotations

import os
import warnings

import numpy as np

from kir.errors import MissingKeyError
from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.monitoring import is_maximized, worst


class ModelCheckpoint(Callback):
    """Saves the model, or its weights, after every epoch or every better epoch.

    Args:
        filepath: where to; may hold fields as of `str.format`: ``epoch`` (from 1) and the names in
            the epoch's logs, e.g. ``"weights.{epoch:02d}-{val_loss:.2f}.hdf5"``.
        monitor: name of the value that tells the best epoch.
        verbose: 1 prints a message.
        save_best_only: whether to save only when the monitored value improved.
        save_weights_only: whether to save the weights without the architecture and optimizer.
        mode: ``"min"``, ``"max"``, or ``"auto"``: the larger the better if the name holds ``acc``
            or begins with ``fmeasure``.
        period: number of epochs between two checkpoints.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
    ) -> None:
        super().__init__()
        maximized = is_maximized("ModelCheckpoint", mode, monitor, prefixes=["fmeasure"])
        self.monitor = monitor
        self.verbose = verbose
        self.filepath = filepath
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.period = period
        self.epochs_since_last_save = 0
        self.monitor_op = np.greater if maximized else np.less
        self.best = worst(maximized)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves if it is time to.

        Raises:
            MissingKeyError: if `filepath` has a field that the logs do not have (a KeyError).
        """
        logs = logs or {}
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save < self.period:
            return
        self.epochs_since_last_save = 0
        path = self._path(epoch, logs)
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            self._save(path)
        elif (current := logs.get(self.monitor)) is None:
            warnings.warn(
                f"Can save best model only with {self.monitor} available, skipping.",
                RuntimeWarning,
                stacklevel=2,
            )
        elif self.monitor_op(current, self.best):
            self._say(
                epoch,
                f"{self.monitor} improved from {self.best:0.5f} to {current:0.5f}, "
                f"saving model to {path}",
            )
            self.best = current
            self._save(path)
        else:
            self._say(epoch, f"{self.monitor} did not improve from {self.best:0.5f}")

    def _path(self, epoch: int, logs: Logs) -> str:
        fields = {**logs, "epoch": epoch + 1}
        try:
            return os.fspath(self.filepath).format(**fields)
        except KeyError as error:
            raise MissingKeyError(
                f"ModelCheckpoint: filepath {os.fspath(self.filepath)!r} has the field "
                f"{error.args[0]!r}, but the epoch's logs hold only {', '.join(sorted(fields))}. "
                "Use one of these names, or give fit what the value comes from "
                "(metrics, validation data)."
            ) from error

    def _save(self, path: str) -> None:
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)

    def _say(self, epoch: int, message: str) -> None:
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: {message}")
