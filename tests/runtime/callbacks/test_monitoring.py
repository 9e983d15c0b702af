"""The callbacks that watch a value: EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, ..."""

import numpy as np
import pytest

from kir.errors import ArgumentError, ConfigError, MissingAttributeError, MissingKeyError
from runtime.callbacks import (
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)

VALUES = [1.0, 0.8, 0.9, 0.85, 0.7, 0.75, 0.74, 0.73, 0.72, 0.71]


@pytest.mark.parametrize(
    ("key", "options", "epochs_run", "wait", "best"),
    [
        ("val_loss", {}, 3, 1, 0.8),
        ("val_loss", {"patience": 2}, 4, 2, 0.8),
        ("val_loss", {"patience": 3}, 8, 3, 0.7),
        ("val_loss", {"patience": 1, "min_delta": 0.15}, 3, 1, 0.8),
        ("val_loss", {"patience": 3, "baseline": 0.75}, 3, 3, 0.75),
        ("val_loss", {"patience": 9, "baseline": 0.1}, 9, 9, 0.1),
        ("val_acc", {"monitor": "val_acc", "patience": 2}, 3, 2, 1.0),
        ("val_loss", {"mode": "max", "patience": 2}, 3, 2, 1.0),
        ("val_acc", {"monitor": "val_acc", "mode": "min", "patience": 1}, 3, 1, 0.8),
    ],
)
def test_early_stopping(fit, feed, capsys, key, options, epochs_run, wait, best):
    stopping = EarlyStopping(verbose=1, **options)
    history = fit([feed(key, VALUES), stopping], epochs=10)
    assert len(history.epoch) == epochs_run
    assert (stopping.stopped_epoch, stopping.wait, stopping.best) == (epochs_run - 1, wait, best)
    assert capsys.readouterr().out == f"Epoch {epochs_run:05d}: early stopping\n"


def test_early_stopping_restores_the_best_weights(fit, feed, model, capsys):
    fit(
        [feed("val_loss", VALUES), EarlyStopping(patience=2, restore_best_weights=True, verbose=1)],
        epochs=10,
    )
    assert model.weights[0].tolist() == [6.0, 6.0]  # 3 steps an epoch, the best is the second
    assert capsys.readouterr().out == (
        "Restoring model weights from the end of the best epoch\nEpoch 00004: early stopping\n"
    )


def test_early_stopping_keeps_the_weights_if_none_beat_the_baseline(fit, feed, model):
    stopping = EarlyStopping(patience=2, baseline=0.1, restore_best_weights=True)
    fit([feed("val_loss", VALUES), stopping], epochs=10)
    assert model.weights[0].tolist() == [6.0, 6.0]


def test_early_stopping_serves_several_runs(fit, feed):
    stopping = EarlyStopping(patience=1)
    fit([feed("val_loss", [3.0, 2.0, 2.5, 1.0]), stopping], epochs=4)
    history = fit([feed("val_loss", [5.0, 4.0, 3.0, 2.0]), stopping], epochs=4)
    assert history.epoch == [0, 1, 2, 3]
    assert stopping.stopped_epoch == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: EarlyStopping(monitor="missing"),
            "Early stopping conditioned on metric `missing` which is not available. "
            "Available metrics are: loss,acc",
        ),
        (
            lambda: ReduceLROnPlateau(monitor="missing"),
            "Reduce LR on plateau conditioned on metric `missing` which is not available. "
            "Available metrics are: loss,acc,lr",
        ),
        (
            lambda: ModelCheckpoint("m.h5", monitor="missing", save_best_only=True),
            "Can save best model only with missing available, skipping.",
        ),
    ],
)
def test_a_missing_value_is_warned_of(fit, make, message):
    with pytest.warns(RuntimeWarning) as caught:
        fit([make()], epochs=2)
    assert [str(w.message) for w in caught] == [message] * 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EarlyStopping(mode="best"), "EarlyStopping mode best is unknown, fallback"),
        (lambda: ModelCheckpoint("m.h5", mode="best"), "ModelCheckpoint mode best is unknown"),
        (lambda: ReduceLROnPlateau(mode="best"), "Learning Rate Plateau Reducing mode best"),
    ],
)
def test_an_unknown_mode_is_warned_of_where_it_is_given(make, message):
    with pytest.warns(RuntimeWarning, match=message) as caught:
        make()
    assert caught[0].filename == __file__


CHECKPOINTS = [1.0, 0.8, 0.9, 0.7, 0.75]


@pytest.mark.parametrize(
    ("filepath", "options", "saved", "text"),
    [
        (
            "w.{epoch:02d}-{val_loss:.2f}.hdf5",
            {"period": 2},
            ["w.02-0.80.hdf5", "w.04-0.70.hdf5"],
            "\nEpoch 00002: saving model to w.02-0.80.hdf5\n"
            "\nEpoch 00004: saving model to w.04-0.70.hdf5\n",
        ),
        (
            "best.h5",
            {"save_best_only": True},
            ["best.h5"] * 3,
            "\nEpoch 00001: val_loss improved from inf to 1.00000, saving model to best.h5\n"
            "\nEpoch 00002: val_loss improved from 1.00000 to 0.80000, saving model to best.h5\n"
            "\nEpoch 00003: val_loss did not improve from 0.80000\n"
            "\nEpoch 00004: val_loss improved from 0.80000 to 0.70000, saving model to best.h5\n"
            "\nEpoch 00005: val_loss did not improve from 0.70000\n",
        ),
        (
            "x.{epoch:d}.h5",
            {"save_best_only": True, "mode": "max", "period": 4},
            ["x.4.h5"],
            "\nEpoch 00004: val_loss improved from -inf to 0.70000, saving model to x.4.h5\n",
        ),
    ],
    ids=["period", "best", "max"],
)
@pytest.mark.parametrize("kind", ["model", "weights"])
def test_checkpoint(fit, feed, model, capsys, filepath, options, saved, text, kind):
    checkpoint = ModelCheckpoint(
        filepath, save_weights_only=kind == "weights", verbose=1, **options
    )
    fit([feed("val_loss", CHECKPOINTS), checkpoint], epochs=5)
    assert model.saved == [(kind, path, True) for path in saved]
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("monitor", ["val_acc", "fmeasure_weighted"])
def test_checkpoint_maximizes_by_name(monitor):
    assert ModelCheckpoint("m.h5", monitor=monitor).monitor_op is np.greater


def test_checkpoint_takes_a_path(fit, model, tmp_path):
    fit([ModelCheckpoint(tmp_path / "{epoch}.h5")])
    assert model.saved == [("model", str(tmp_path / "1.h5"), True)]


def test_checkpoint_names_the_field_that_the_logs_lack(fit):
    with pytest.raises(MissingKeyError, match=r"field 'val_loss'.* only acc, epoch, loss"):
        fit([ModelCheckpoint("w.{val_loss:.2f}.h5")])
    assert issubclass(MissingKeyError, KeyError)


@pytest.mark.parametrize(
    ("schedule", "rates", "shown"),
    [
        (lambda epoch: 0.1 * 0.5**epoch, [0.1, 0.05], ["0.1", "0.05"]),
        (lambda epoch, rate: rate * 0.5, [0.05, 0.025], ["0.05000000074505806", None]),
        (lambda epoch: np.float32(0.25), [0.25, 0.25], ["0.25", "0.25"]),
        (lambda epoch, table=(0.5, 0.25): table[epoch], [0.5, 0.25], ["0.5", "0.25"]),
    ],
    ids=["epoch", "epoch_and_rate", "float32", "default"],
)
def test_schedule(fit, capsys, schedule, rates, shown):
    history = fit([LearningRateScheduler(schedule, verbose=1)], epochs=2)
    assert history.history["lr"] == [np.float32(rate) for rate in rates]
    text = capsys.readouterr().out
    for epoch, rate in enumerate(shown, start=1):
        if rate is not None:
            message = f"\nEpoch {epoch:05d}: LearningRateScheduler setting learning rate to {rate}."
            assert message in text


@pytest.mark.parametrize("rate", [1, None, "0.1"])
def test_a_schedule_has_to_return_a_float(fit, rate):
    with pytest.raises(ConfigError, match='"schedule" function should be float'):
        fit([LearningRateScheduler(lambda epoch: rate)])


def test_an_error_inside_a_schedule_is_not_hidden(fit):
    def schedule(epoch, rate):
        return rate + "0.1"

    with pytest.raises(TypeError, match="unsupported operand"):
        fit([LearningRateScheduler(schedule)])


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: LearningRateScheduler(lambda epoch: 0.1), ConfigError),
        (ReduceLROnPlateau, MissingAttributeError),
    ],
)
def test_an_optimizer_without_a_learning_rate_is_refused(fit, model, make, error):
    del model.optimizer.lr
    with pytest.raises(error, match='must have a "lr" attribute'):
        fit([make()])


PLATEAU = [1.0, 0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 0.7, 0.7, 0.7]


@pytest.mark.parametrize(
    ("key", "options", "reduced_after"),
    [
        ("val_loss", {"patience": 2}, [4, 7, 9, 12]),
        ("val_loss", {"patience": 1}, [3, 4, 6, 7, 8, 9, 11, 12]),
        ("val_loss", {"patience": 0}, [3, 4, 6, 7, 8, 9, 11, 12]),
        ("val_loss", {"patience": 1, "cooldown": 2}, [3, 6, 8, 11]),
        ("val_loss", {"patience": 1, "min_lr": 0.03}, [3, 4]),
        ("val_loss", {"patience": 2, "min_delta": 0.15}, [3, 7, 9, 11]),
        ("val_acc", {"monitor": "val_acc", "patience": 2}, [3, 5, 7, 9, 11]),
        ("val_loss", {"mode": "max", "patience": 2}, [3, 5, 7, 9, 11]),
        ("val_acc", {"monitor": "val_acc", "mode": "min", "patience": 3}, [8]),
    ],
)
def test_plateau(fit, feed, capsys, key, options, reduced_after):
    history = fit(
        [feed(key, PLATEAU), ReduceLROnPlateau(factor=0.5, verbose=1, **options)], epochs=12
    )
    lines = capsys.readouterr().out.split("\n")[1::2]
    assert [int(line[6:11]) for line in lines] == reduced_after
    want, rate = [], 0.1
    for epoch in range(12):
        if epoch in reduced_after:
            rate = max(rate / 2, options.get("min_lr", 0))
        want.append(rate)
    assert history.history["lr"] == pytest.approx(want, rel=1e-6)


def test_plateau_takes_the_old_name_of_min_delta():
    with pytest.warns(UserWarning, match="`epsilon` argument is deprecated"):
        assert ReduceLROnPlateau(epsilon=0.05).min_delta == 0.05


def test_plateau_refuses_what_it_does_not_know():
    with pytest.raises(ConfigError, match=r"factor >= 1.0"):
        ReduceLROnPlateau(factor=1.0)
    with pytest.raises(ArgumentError, match="unknown arguments: patients"):
        ReduceLROnPlateau(patients=3)
