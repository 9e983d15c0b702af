"""`keras.engine.training_arrays` and `training_generator`: loops over a given function."""

from __future__ import annotations

import numpy as np
import pytest

from kir.callbacks import LambdaCallback
from kir.engine import training_arrays, training_generator
from kir.layers import Dense
from kir.models import Sequential

pytestmark = pytest.mark.tf

X = np.arange(10.0).reshape(10, 1)


@pytest.fixture
def model():
    return Sequential([Dense(1, input_dim=1)])


def test_fit_calls_the_function_with_every_sample_once_an_epoch(model):
    seen, logs = [], []

    def f(arrays):
        assert arrays[1] == 1.0, "the learning phase is passed on"
        seen.extend(arrays[0][:, 0])
        return [arrays[0].mean()]

    history = training_arrays.fit_loop(
        model,
        f,
        [X, 1.0],
        ["loss"],
        batch_size=4,
        epochs=2,
        verbose=0,
        callbacks=[LambdaCallback(on_batch_end=lambda i, log: logs.append((i, log["size"])))],
        val_f=lambda arrays: [7.0],
        val_ins=[X],
        callback_metrics=["loss", "val_loss"],
    )
    assert sorted(seen) == sorted([*X[:, 0], *X[:, 0]])
    assert logs == [(0, 4), (1, 4), (2, 2)] * 2
    np.testing.assert_allclose(history.history["loss"], [4.5, 4.5])
    assert history.history["val_loss"] == [7.0, 7.0]


def test_predictions_are_joined(model):
    found = training_arrays.predict_loop(model, lambda a: [a[0], 2 * a[0]], [X], batch_size=3)
    np.testing.assert_array_equal(found[0], X)
    np.testing.assert_array_equal(found[1], 2 * X)


def test_logs_are_averaged_over_samples(model):
    found = training_arrays.test_loop(model, lambda a: [a[0].mean(), 1.0], [X], batch_size=4)
    np.testing.assert_allclose(found, [4.5, 1.0])


def test_steps_stand_in_for_arrays(model):
    assert training_arrays.test_loop(model, lambda a: [3.0], [], steps=4) == 3.0


def test_generators_are_left_to_the_model(model):
    model.compile("sgd", "mse")
    batches = iter([(X[:2], X[:2])] * 3)
    history = training_generator.fit_generator(
        model, batches, steps_per_epoch=2, verbose=0, max_queue_size=1, workers=0
    )
    assert len(history.history["loss"]) == 1
    assert training_generator.predict_generator(model, iter([X]), 1, workers=0).shape == (10, 1)
    assert training_generator.evaluate_generator(model, iter([(X, X)]), 1, workers=0) >= 0
