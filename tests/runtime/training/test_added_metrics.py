"""Logs that a program adds after compile, as object detectors of the time did."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ConfigError
from kir.layers import Dense, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf

X, Y = np.ones((64, 3)), np.ones((64, 1))


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def build(**options):
    inputs = Input((3,))
    hidden = Sequential([Dense(2, kernel_initializer="ones", input_shape=(3,))])(inputs)
    outputs = Dense(1, kernel_initializer="zeros")(hidden)
    model = Model(inputs, outputs)
    model.compile("sgd", "mse", metrics=["mae"], **options)
    model.optimizer.lr = K.variable(0.0)
    return model, hidden


def add(model, name, tensor):
    model.metrics_names.append(name)
    model.metrics_tensors.append(tensor)


def test_an_appended_tensor_is_logged_everywhere():
    model, hidden = build()
    add(model, "hidden", K.mean(hidden, keepdims=True))
    history = model.fit(X, Y, epochs=2, validation_split=0.5, batch_size=1, verbose=0).history
    assert list(history) == ["val_loss", "val_mean_absolute_error", "val_hidden", "loss",
                             "mean_absolute_error", "hidden"]  # fmt: skip
    assert history["hidden"] == history["val_hidden"] == [3.0, 3.0]
    assert model.evaluate(X, Y, verbose=0) == [1.0, 1.0, 3.0]
    assert model.train_on_batch(X, Y) == [1.0, 1.0, 3.0]
    assert model.test_on_batch(X, Y) == [1.0, 1.0, 3.0]


def test_it_may_be_appended_after_training_began():
    model, hidden = build()
    model.fit(X, Y, verbose=0)
    add(model, "largest", K.max(hidden))
    generator = ((X[:8], Y[:8]) for _ in iter(int, 1))
    history = model.fit_generator(generator, 3, 1, verbose=0, workers=0).history
    assert history["largest"] == [3.0]


def test_it_may_depend_on_targets_and_weights():
    model, _ = build()
    add(model, "target", K.mean(model.targets[0]) + K.sum(model.layers[-1].kernel))
    assert model.evaluate(3 * X, 2 * Y, verbose=0)[-1] == 2.0
    assert model.fit(X, 2 * Y, batch_size=1, verbose=0).history["target"] == [2.0]


def test_what_a_step_is_not_given_is_named():
    model, _ = build()
    add(model, "weights", K.sum(model.sample_weights[0]))
    with pytest.raises(ConfigError, match=r"sample_weights.*which a step is not given"):
        model.fit(X, Y, verbose=0)


def test_a_name_without_a_tensor_changes_nothing():
    model, _ = build()
    model.metrics_names.append("nothing")
    assert "nothing" not in model.fit(X, Y, verbose=0).history
