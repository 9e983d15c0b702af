"""`K.set_learning_phase`: what is built afterwards keeps the phase, whatever its program is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kir import backend as K
from kir.layers import (
    LSTM,
    AlphaDropout,
    BatchNormalization,
    Bidirectional,
    Dense,
    Dropout,
    GaussianNoise,
    Input,
    Lambda,
    Layer,
    SpatialDropout1D,
    TimeDistributed,
)
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def no_fixed_phase():
    yield
    K.clear_session()


class Halved(Layer):
    def call(self, inputs: Any) -> Any:
        return K.in_train_phase(inputs / 2, inputs)


def nested() -> Sequential:
    return Sequential([Dropout(0.5, input_shape=(4, 3)), BatchNormalization()])


LAYERS: dict[str, Callable[[], Any]] = {
    "dropout": lambda: Dropout(0.5),
    "spatial": lambda: SpatialDropout1D(0.5),
    "alpha": lambda: AlphaDropout(0.5),
    "noise": lambda: GaussianNoise(1.0),
    "normalization": lambda: BatchNormalization(),
    "lstm": lambda: LSTM(3, dropout=0.5, recurrent_dropout=0.5, return_sequences=True),
    "both_ways": lambda: Bidirectional(LSTM(3, dropout=0.5, return_sequences=True)),
    "each_step": lambda: TimeDistributed(Dropout(0.5)),
    "each_normalized": lambda: TimeDistributed(BatchNormalization()),
    "custom": lambda: Halved(),
    "lambda": lambda: Lambda(lambda x: K.in_train_phase(x / 2, x)),
    "nested": nested,
}

DATA = np.random.RandomState(3).rand(8, 4, 3).astype("float32") + 1


def built(make: Callable[[], Any]) -> Model:
    x = Input((4, 3))
    return Model(x, make()(x))


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_layers_of_a_fixed_phase_predict_in_it(make):
    K.set_learning_phase(0)
    still = built(make)
    K.set_learning_phase(1)
    active = built(make)
    assert not still.uses_learning_phase
    assert not active.uses_learning_phase
    active.set_weights(still.get_weights())
    first, second = still.predict(DATA), active.predict(DATA)
    np.testing.assert_array_equal(first, still.predict(DATA))
    assert np.abs(first - second).max() > 0.01
    K.clear_session()
    free = built(make)
    assert free.uses_learning_phase
    free.set_weights(still.get_weights())
    np.testing.assert_allclose(free.predict(DATA), first, rtol=1e-5, atol=1e-6)


def test_normalization_fixed_to_training_predicts_by_the_batch():
    K.set_learning_phase(1)
    model = built(BatchNormalization)
    expected = (DATA - DATA.mean((0, 1))) / np.sqrt(DATA.var((0, 1)) + 1e-3)
    np.testing.assert_allclose(model.predict(DATA), expected, atol=1e-4)
    before = model.get_weights()
    model.compile("sgd", "mse")
    model.evaluate(DATA, DATA, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[2], before[2])  # only training moves them
    model.train_on_batch(DATA, DATA)
    assert np.abs(model.get_weights()[2] - before[2]).max() > 0


def test_training_by_moving_averages_still_moves_them():
    K.set_learning_phase(0)
    model = built(BatchNormalization)
    model.compile("sgd", "mse")
    expected = np.square(DATA / np.sqrt(1 + 1e-3) - DATA).mean()
    np.testing.assert_allclose(model.train_on_batch(DATA, DATA), expected, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[2], DATA.mean((0, 1)), rtol=1e-4)


def test_a_model_called_in_another_phase_is_called_anew():
    K.set_learning_phase(0)
    inner = nested()
    K.set_learning_phase(1)
    outer = built(lambda: inner)
    assert np.abs(outer.predict(DATA) - inner.predict(DATA)).max() > 0.1
    expected = inner.layers[1].updates
    outer.compile("sgd", "mse")
    before = inner.get_weights()
    outer.train_on_batch(DATA, DATA)
    assert expected
    assert np.abs(inner.get_weights()[2] - before[2]).max() > 0


def test_a_call_that_states_its_phase_keeps_it():
    K.set_learning_phase(0)
    x = Input((4, 3))
    model = Model(x, Dropout(0.5)(x, training=True))
    assert (model.predict(DATA) == 0).mean() > 0.2
    K.set_learning_phase(1)
    model = Model(x, Dropout(0.5)(x, training=False))
    np.testing.assert_array_equal(model.predict(DATA), DATA)


def test_a_fixed_phase_is_in_no_file():
    free = built(lambda: Dropout(0.5, name="d")).get_config()
    K.clear_session()
    K.set_learning_phase(1)
    fixed = built(lambda: Dropout(0.5, name="d")).get_config()
    assert fixed["layers"][1] == free["layers"][1]


def test_training_what_was_built_before_the_phase_was_fixed_says_that_it_is_at_inference():
    model = Sequential([Dropout(0.9, input_shape=(3,)), Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    x, y = np.ones((64, 3), "float32"), np.zeros((64, 1), "float32")
    K.set_learning_phase(1)
    expected = model.evaluate(x, y, verbose=0)
    with pytest.warns(UserWarning, match="fixed after 'sequential_1' was built"):
        loss = model.train_on_batch(x, y)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
