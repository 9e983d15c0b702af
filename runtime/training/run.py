"""One call of `fit` or `fit_generator`: epochs, validation, callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from runtime.callbacks import BaseLogger, CallbackList, History, ProgbarLogger
from runtime.training.pace import Pace


@dataclass(frozen=True)
class Plan:
    """Which epochs run, and what is shown of them.

    Attributes:
        epochs: number of the last epoch.
        initial_epoch: number of the first.
        verbose: 0, 1 or 2.
    """

    epochs: int
    initial_epoch: int
    verbose: int

    @property
    def count(self) -> int:
        """The number of epochs."""
        return max(0, self.epochs - self.initial_epoch)


class Feed(Protocol):
    """Where the steps of an epoch get their data.

    Attributes:
        counts: what a progress bar counts, ``'samples'`` or ``'steps'``.
    """

    counts: str

    def run_epoch(self, run: Run, epochs_left: int) -> bool:
        """Runs the steps of an epoch; returns whether it was run to its end."""
        ...


class Run:
    """Trains a model on what a feed gives.

    Attributes:
        names: what each step logs.
        pace: how many steps go into one call.
    """

    def __init__(
        self,
        trainer: Any,
        feed: Feed,
        validation: Callable[[], Sequence[Any]] | None,
        plan: Plan,
        callbacks: Sequence[Any] | None,
        params: Mapping[str, Any],
        *,
        arrays: list[Any] | None = None,
        keeps_logs: bool = False,
        begin: Callable[[], None] | None = None,
    ) -> None:
        """Prepares a run.

        Args:
            trainer: owns the model's programs.
            feed: gives the data.
            validation: judges an epoch; returns logs in the order of the model's metrics.
            plan: the epochs.
            callbacks: the user's.
            params: what callbacks see as their `params`.
            arrays: what callbacks see as their `validation_data`.
            keeps_logs: whether all epochs share one dict of logs.
            begin: called when the callbacks have begun, which may prepare what gives the data.
        """
        self.trainer = trainer
        self.model = trainer.model
        # Models that stand for others, such as copies on several devices, name them so.
        self.watched = getattr(self.model, "callback_model", None) or self.model
        self.feed = feed
        self.validation = validation
        self.plan = plan
        self._begin = begin
        self.names = list(trainer.log_names)
        self.history = History()
        # A callback with this attribute draws a bar of its own.
        shows = (getattr(c, "shows_progress", False) for c in callbacks or ())
        self.pace = Pace(plan.verbose == 1 or any(shows))
        self.callbacks = self._callback_list(callbacks or (), params, arrays)
        self._shared_logs: dict[str, Any] | None = {} if keeps_logs else None

    def _callback_list(
        self, callbacks: Sequence[Any], params: Mapping[str, Any], arrays: list[Any] | None
    ) -> CallbackList:
        stateful = list(self.trainer.compiled.stateful_metrics)
        first: list[Any] = [BaseLogger(stateful_metrics=stateful)]
        if self.plan.verbose:
            first.append(ProgbarLogger(self.feed.counts, stateful_metrics=stateful))
        found = CallbackList([*first, *callbacks, self.history])
        found.set_model(self.watched)
        found.set_params(dict(params))
        for callback in found:
            callback.validation_data = arrays
        return found

    @property
    def is_stopped(self) -> bool:
        """Whether a callback wants the training to stop."""
        return bool(self.watched.stop_training)

    def run(self) -> History:
        """Runs all epochs."""
        plan = self.plan
        self.watched.stop_training = False
        self.model.history = self.history
        self.trainer.make_train_function()  # callbacks may look at the optimizer's state
        self.callbacks.on_train_begin()
        if self._begin is not None:
            self._begin()
        for epoch in range(plan.initial_epoch, plan.epochs):
            self.trainer.reset_metrics()
            self.callbacks.on_epoch_begin(epoch)
            is_complete = self.feed.run_epoch(self, plan.epochs - epoch)
            logs = {} if self._shared_logs is None else self._shared_logs
            if self.validation is not None and is_complete:
                values = self.validation()
                logs.update((f"val_{n}", v) for n, v in zip(self.names, values, strict=False))
            self.callbacks.on_epoch_end(epoch, logs)
            if self.is_stopped:
                break
        self.callbacks.on_train_end()
        return self.history

    def step(self, index: int, size: int, values: Callable[[], Any]) -> None:
        """One step by itself; callbacks may look at the model before and after.

        Args:
            index: its number in the epoch.
            size: its number of samples.
            values: runs it, and returns its logs as an array.
        """
        logs: dict[str, Any] = {"batch": index, "size": size}
        self.callbacks.on_batch_begin(index, logs)
        logs.update(zip(self.names, values(), strict=True))
        self.trainer.steps_done += 1
        self.callbacks.on_batch_end(index, logs)
