"""Feeding chunks of steps gives, bit for bit, what feeding the steps gives."""

import time

import numpy as np
import pytest

from runtime.callbacks import BaseLogger, BatchLogs, ProgbarLogger, TerminateOnNaN

STEPS = 50


@pytest.fixture
def steps():
    rng = np.random.default_rng(7)
    losses = rng.normal(size=STEPS).astype("float32").astype(float)
    return {"sizes": [32] * (STEPS - 1) + [5], "losses": losses}


@pytest.mark.parametrize("chunk", [1, 7, STEPS])
def test_averages(fit, steps, chunk):
    want = fit([], epochs=2, **steps).history
    assert fit([], epochs=2, chunk=chunk, **steps).history == want
    assert type(want["loss"][0]) is float


@pytest.mark.parametrize("chunk", [None, 2])
def test_averages_are_weighted_by_batch_size(fit, chunk):
    history = fit([], sizes=(8, 8, 4), losses=(1.0, 2.0, 8.0), chunk=chunk).history
    assert history["loss"] == [(8 + 16 + 32) / 20]


def test_stateful_metrics_take_the_last_value():
    loggers = [BaseLogger(stateful_metrics=["auc"]) for _ in range(2)]
    logs = BatchLogs(0, np.array([2, 2]), ["loss", "auc"], np.array([[1.0, 0.5], [2.0, 0.75]]))
    for logger in loggers:
        logger.set_params({"metrics": ["loss", "auc"]})
        logger.on_epoch_begin(0)
    loggers[0].on_batches_end(logs)
    for batch in range(2):
        loggers[1].on_batch_end(batch, logs.step(batch))
    for logger in loggers:
        epoch_logs = {}
        logger.on_epoch_end(0, epoch_logs)
        assert epoch_logs == {"loss": 1.5, "auc": 0.75}


def last_lines(text):
    """The completed bar of each epoch, and the epochs' numbers."""
    return [line for line in text.split("\n") if "ETA" not in line]


@pytest.mark.parametrize("count_mode", ["samples", "steps"])
@pytest.mark.parametrize("verbose", [1, 2])
@pytest.mark.parametrize("chunk", [1, 7, STEPS])
def test_progress(fit, steps, capsys, monkeypatch, chunk, verbose, count_mode):
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    texts = []
    for size in (None, chunk):
        fit([ProgbarLogger(count_mode)], epochs=2, verbose=verbose, chunk=size, **steps)
        texts.append(capsys.readouterr().out)
    assert last_lines(texts[0]) == last_lines(texts[1])
    # With a clock that stands still only the first step is drawn, in chunks or not.
    assert texts[0] == texts[1]
    assert f"{STEPS}/{STEPS} [====" in texts[0] or (count_mode, verbose) != ("steps", 1)


def test_a_chunk_draws_the_bar_once(fit, steps, capsys, monkeypatch):
    clock = iter(range(1000, 9000, 10))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    fit([ProgbarLogger()], verbose=1, chunk=10, **steps)
    # The first chunk also draws its first step; the last one is drawn as the completed bar too.
    assert capsys.readouterr().out.count("/1573 [") == 5 + 1 + 1


@pytest.mark.parametrize("chunk", [None, 2, 4, 20])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_invalid_loss_stops_at_its_batch(fit, model, capsys, chunk, bad):
    losses = [1.0] * 20
    losses[6] = bad
    losses[9] = np.nan
    history = fit([TerminateOnNaN()], sizes=[4] * 20, losses=losses, chunk=chunk, epochs=3)
    assert capsys.readouterr().out == "Batch 6: Invalid loss, terminating training\n"
    assert model.stop_training
    assert history.epoch == [0]
    assert history.history["loss"] == pytest.approx([bad], nan_ok=True)


@pytest.mark.parametrize("chunk", [None, 2])
def test_valid_losses_go_on(fit, model, chunk):
    fit([TerminateOnNaN()], chunk=chunk)
    assert not model.stop_training


def test_the_cost_of_a_chunk_does_not_grow_with_its_python_calls(monkeypatch):
    calls = []
    cumsum = np.cumsum
    monkeypatch.setattr(np, "cumsum", lambda *a: calls.append(1) or cumsum(*a))
    for steps in (10, 10_000):
        calls.clear()
        logger = BaseLogger()
        logs = BatchLogs(0, np.full(steps, 4), ["loss", "acc"], np.ones((steps, 2)))
        logger.on_batches_end(logs)
        assert logger.totals == {"loss": 4.0 * steps, "acc": 4.0 * steps}
        assert len(calls) == 2
