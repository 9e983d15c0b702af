"""The base class of callbacks."""

from __future__ import annotations

from typing import Any

Logs = dict[str, Any]


class Callback:
    """Gets called at the stages of training; subclass it and override the hooks you need.

    The `logs` of a hook are a dict that all callbacks share, in the order in which they were given
    to `fit`: what one of them writes, those after it read. `on_epoch_end` gets ``loss``, the
    metrics and, with validation, ``val_loss`` and so on; `on_batch_begin` gets ``batch`` and
    ``size``, `on_batch_end` these and the batch's loss and metrics.

    Training runs many steps in one call. As soon as some callback overrides `on_batch_begin` or
    `on_batch_end`, it runs step by step instead, so that the hook sees the model as that step left
    it. A callback that only reads the logs can avoid this by defining beside `on_batch_end` a
    method ``on_batches_end(self, logs: BatchLogs)``, which gets a whole chunk of steps and has to
    do what the single calls would have done. It may also define ``stops_after(self, logs:
    BatchLogs) -> int | None``: the number of the chunk's steps after which it wants training to
    stop; no callback gets to see the later ones.

    Attributes:
        model: the model that is trained.
        params: dict with ``batch_size``, ``epochs``, ``steps``, ``samples``, ``verbose``,
            ``do_validation`` and ``metrics``.
        validation_data: list of arrays, if `fit` was given any.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    model: Any
    params: dict[str, Any]
    validation_data: Any

    def __init__(self) -> None:
        self.validation_data = None
        self.model = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Takes the parameters of this training run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Takes the model that will be trained."""
        self.model = model

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before the first step of an epoch; `epoch` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch and its validation."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a training step; `batch` counts from 0 in each epoch."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a training step."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called once, before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called once, after the last epoch."""
