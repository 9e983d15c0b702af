import time

import numpy as np
import pytest

from kir.errors import ArgumentError, MissingAttributeError
from runtime.callbacks import (
    BaseLogger,
    BatchLogs,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    ProgbarLogger,
    TensorBoard,
    TerminateOnNaN,
)


class ReadsBatches(Callback):
    def on_batch_end(self, batch, logs=None):
        pass


class BeginsBatches(Callback):
    def on_batch_begin(self, batch, logs=None):
        pass


class ReadsChunks(ReadsBatches):
    def on_batches_end(self, logs):
        pass


class OverridesBulk(BaseLogger):
    def on_batch_end(self, batch, logs=None):
        super().on_batch_end(batch, logs)


class OverridesBoth(BaseLogger):
    def on_batch_end(self, batch, logs=None):
        pass

    def on_batches_end(self, logs):
        pass


class InheritsAll(TerminateOnNaN):
    def on_epoch_end(self, epoch, logs=None):
        pass


class NoCallback:
    """Has the hooks, but is none of ours."""

    def set_model(self, model):
        pass

    def on_batch_begin(self, batch, logs=None):
        pass


def with_hook_on_the_object(cls):
    callback = cls()
    callback.on_batch_end = lambda batch, logs: None
    return callback


@pytest.mark.parametrize(
    ("callback", "is_exact"),
    [
        (Callback(), False),
        (BaseLogger(), False),
        (History(), False),
        (ProgbarLogger(), False),
        (TerminateOnNaN(), False),
        (TensorBoard(update_freq="batch"), False),
        (EarlyStopping(), False),
        (CSVLogger("log.csv"), False),
        (LambdaCallback(on_epoch_end=print), False),
        (ReadsChunks(), False),
        (OverridesBoth(), False),
        (InheritsAll(), False),
        (LambdaCallback(on_batch_end=print, on_batches_end=print), False),
        (LambdaCallback(on_batch_end=print), True),
        (LambdaCallback(on_batch_begin=print), True),
        (ReadsBatches(), True),
        (BeginsBatches(), True),
        (OverridesBulk(), True),
        (with_hook_on_the_object(Callback), True),
        (with_hook_on_the_object(BaseLogger), True),
        (NoCallback(), True),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, bool) else str(value),
)
def test_exact_batches_are_needed_by_overrides_without_a_bulk_form(callback, is_exact):
    assert CallbackList([BaseLogger(), callback]).needs_exact_batches is is_exact


def test_one_shared_dict_passes_through_all_callbacks_in_order(fit):
    seen = []
    first = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(extra=epoch))
    second = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(list(logs)))
    history = fit([first, second], epochs=2)
    assert seen == [["loss", "acc", "extra"]] * 2
    assert history.history["extra"] == [0, 1]


def test_a_chunk_ends_where_a_callback_stops():
    stopper = LambdaCallback(stops_after=lambda logs: 2)
    logger = BaseLogger()
    everyone = CallbackList([logger, stopper, LambdaCallback(stops_after=lambda logs: None)])
    everyone.on_epoch_begin(0)
    logs = BatchLogs(0, np.array([4, 4, 4]), ["loss"], np.array([[1.0], [2.0], [30.0]]))
    assert everyone.on_batches_end(logs) == 2
    assert logger.seen == 8
    assert logger.totals == {"loss": 12.0}


@pytest.mark.parametrize(
    ("entry", "error"), [(3, MissingAttributeError), (Callback, ArgumentError)]
)
def test_what_is_no_callback_is_refused(entry, error):
    with pytest.raises(error, match=r"callbacks: .* expected"):
        CallbackList([entry])


@pytest.mark.parametrize("hook", ["on_batch_begin", "on_batch_end"])
def test_a_slow_batch_hook_is_warned_of(monkeypatch, hook):
    now = [0.0]
    monkeypatch.setattr(time, "time", lambda: now[0])

    def dawdle(batch, logs):
        now[0] += 0.5

    everyone = CallbackList([LambdaCallback(**{hook: dawdle})])
    everyone.on_epoch_begin(0)

    def step():
        everyone.on_batch_begin(0)
        now[0] += 0.2
        everyone.on_batch_end(0)

    message = rf"Method {hook}\(\) is slow compared to the batch update \(0.500000\)"
    if hook == "on_batch_begin":
        step()  # how long the update takes is not known before
    with pytest.warns(UserWarning, match=message):
        step()


def test_fast_callbacks_are_not_warned_of(fit):
    fit([LambdaCallback(on_batch_end=lambda batch, logs: None)])


def test_batch_logs():
    logs = BatchLogs(5, np.array([4, 2]), ["loss", "acc"], np.array([[1.0, 0.5], [2.0, 0.25]]))
    assert len(logs) == 2
    assert logs.step(1) == {"batch": 6, "size": 2, "loss": 2.0, "acc": 0.25}
    assert logs.column("acc").tolist() == [0.5, 0.25]
    assert logs.column("val_loss") is None
    assert logs.head(1).step(0)["loss"] == 1.0
