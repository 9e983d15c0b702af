"""The list of callbacks that a training loop talks to."""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from kir.errors import ArgumentError, MissingAttributeError
from runtime.callbacks.base import Callback, Logs
from runtime.callbacks.batch_logs import BatchLogs

SLOW_SECONDS = 0.1
SLOW_FRACTION = 0.95


class CallbackList:
    """Passes each event of training on to all callbacks, in their order.

    Args:
        callbacks: the callbacks; objects that are no `Callback` but have its hooks will do.
        queue_length: number of batches over which the time spent in callbacks is judged.

    Raises:
        MissingAttributeError: if an entry has no hooks (an AttributeError, as in Keras).
        ArgumentError: if an entry is a class and no instance.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def __init__(self, callbacks: Iterable[Any] | None = None, queue_length: int = 10) -> None:
        self.callbacks: list[Any] = []
        self.queue_length = queue_length
        for callback in callbacks or ():
            self.append(callback)
        self._batch_time = 0.0
        self._batch_entered: float | None = None
        self._begin_times: deque[float] = deque(maxlen=queue_length)
        self._end_times: deque[float] = deque(maxlen=queue_length)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.callbacks)

    def append(self, callback: Any) -> None:
        """Adds a callback at the end."""
        if isinstance(callback, type):
            raise ArgumentError(
                f"callbacks: {callback.__name__} is a class; expected an instance of it, "
                f"e.g. {callback.__name__}()."
            )
        if not hasattr(callback, "set_model"):
            raise MissingAttributeError(
                f"callbacks: {callback!r} (a {type(callback).__name__}) is no callback and has no "
                "attribute 'set_model'; expected instances of kir.callbacks.Callback."
            )
        self.callbacks.append(callback)

    @property
    def needs_exact_batches(self) -> bool:
        """Whether some callback has to see the model between two steps."""
        return any(needs_exact_batches(callback) for callback in self.callbacks)

    def set_params(self, params: dict[str, Any]) -> None:
        """Hands the parameters of the run to all callbacks."""
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hands the model to all callbacks."""
        for callback in self.callbacks:
            callback.set_model(model)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Passes the start of training on."""
        logs = logs or {}
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Passes the end of training on."""
        logs = logs or {}
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Passes the start of an epoch on."""
        logs = logs or {}
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)
        self._batch_time = 0.0
        self._begin_times.clear()
        self._end_times.clear()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Passes the end of an epoch on."""
        logs = logs or {}
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Passes the start of a step on."""
        logs = logs or {}
        started = time.time()
        for callback in self.callbacks:
            callback.on_batch_begin(batch, logs)
        self._begin_times.append(time.time() - started)
        self._warn_if_slow("on_batch_begin", self._begin_times)
        self._batch_entered = time.time()

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Passes the end of a step on."""
        logs = logs or {}
        started = time.time()
        self._batch_time = 0.0 if self._batch_entered is None else started - self._batch_entered
        for callback in self.callbacks:
            callback.on_batch_end(batch, logs)
        self._end_times.append(time.time() - started)
        self._warn_if_slow("on_batch_end", self._end_times)

    def on_batches_end(self, logs: BatchLogs) -> int:
        """Passes a chunk of steps on, to the callbacks that look at single steps at all.

        Returns:
            the number of steps that counted: fewer than were run if a callback stopped training
            in the middle of the chunk.
        """
        stops = [
            steps
            for callback in self.callbacks
            if hasattr(callback, "stops_after")
            and (steps := callback.stops_after(logs)) is not None
        ]
        if stops:
            logs = logs.head(min(stops))
        for callback in self.callbacks:
            if hasattr(callback, "on_batches_end"):
                callback.on_batches_end(logs)
        return len(logs)

    def _warn_if_slow(self, hook: str, times: deque[float]) -> None:
        # A median can't be over the limit if no entry is: saves NumPy a call in each step.
        if self._batch_time <= 0.0 or max(times) <= SLOW_SECONDS:
            return
        median = float(np.median(times))
        if median > SLOW_SECONDS and median > SLOW_FRACTION * self._batch_time:
            warnings.warn(
                f"Method {hook}() is slow compared to the batch update ({median:f}). "
                "Check your callbacks.",
                stacklevel=3,
            )


def needs_exact_batches(callback: Any) -> bool:
    """Whether a callback overrides a batch hook without a bulk form of that override.

    A subclass that overrides `on_batch_end` of a callback with a bulk form does: its override must
    not be passed over in favour of the inherited `on_batches_end`.
    """
    bulk_depth = _definition_depth(callback, "on_batches_end")
    for hook in ("on_batch_begin", "on_batch_end"):
        depth = _definition_depth(callback, hook)
        if depth is not None and (bulk_depth is None or depth < bulk_depth):
            return True
    return False


def _definition_depth(callback: Any, name: str) -> int | None:
    """How far up the classes a hook is defined (0: on the object itself); None if only a no-op."""
    if name in getattr(callback, "__dict__", ()):
        return 0
    for depth, owner in enumerate(type(callback).__mro__, start=1):
        if name in vars(owner):
            return None if owner is Callback else depth
    return None
