"""A train function of the program's own in the place of the model's."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.layers import Dense, Dropout, Input
from kir.models import Model
from kir.optimizers import SGD

pytestmark = pytest.mark.tf


def make_model(dropout=0.0):
    x = Input((3,))
    y = Dense(2, name="a")(Dropout(dropout)(x) if dropout else x)
    model = Model(x, [y, Dense(1, name="b")(y)])
    model.compile(SGD(0.1), "mse")
    return model


X = np.random.RandomState(0).rand(8, 3)
Y = [np.ones((8, 2)), np.zeros((8, 1))]


def test_training_calls_it_with_inputs_targets_weights_and_phase():
    model = make_model(dropout=0.5)
    seen = []
    model.train_function = lambda arrays: seen.append(arrays) or [3.0, 1.0, 2.0]
    history = model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    assert len(seen) == 4
    assert [np.shape(a) for a in seen[0]] == [(4, 3), (4, 2), (4, 1), (4,), (4,), ()]
    np.testing.assert_array_equal(seen[1][1], Y[0][4:])
    assert history.history == {"loss": [3.0, 3.0], "a_loss": [1.0] * 2, "b_loss": [2.0] * 2}
    assert model.train_on_batch(X, Y) == [3.0, 1.0, 2.0]


def test_one_that_the_program_built_trains_like_the_models_own():
    model, other = make_model(), make_model()
    other.set_weights(model.get_weights())
    inputs = model._feed_inputs + model._feed_targets + model._feed_sample_weights
    updates = model.optimizer.get_updates(
        params=model._collected_trainable_weights, loss=model.total_loss
    )
    model.train_function = K.function(
        inputs, [model.total_loss, *model.metrics_tensors], updates=updates + model.updates
    )
    for each in (model, other):
        each.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for got, wanted in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_compile_brings_the_models_own_back():
    model = make_model()
    model.train_function = lambda arrays: [0.0, 0.0, 0.0]
    model.compile("sgd", "mse")
    assert model.train_function is None
    assert model.train_on_batch(X, Y)[0] > 0
