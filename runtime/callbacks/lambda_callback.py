"""Makes a callback of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime.callbacks.base import Callback

Hook = Callable[..., Any]


class LambdaCallback(Callback):
    """A callback whose hooks are given as functions.

    Args:
        on_epoch_begin: ``f(epoch, logs)``.
        on_epoch_end: ``f(epoch, logs)``.
        on_batch_begin: ``f(batch, logs)``.
        on_batch_end: ``f(batch, logs)``.
        on_train_begin: ``f(logs)``.
        on_train_end: ``f(logs)``.
        **kwargs: further attributes of the callback, e.g. ``on_batches_end``.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_batch_begin: Hook | None = None,
        on_batch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
        }
        # Only what was given: a batch hook on the object asks for step-by-step training.
        given = {name: hook for name, hook in hooks.items() if hook is not None}
        vars(self).update(kwargs, **given)
