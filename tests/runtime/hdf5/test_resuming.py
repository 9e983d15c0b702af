"""Training that is saved, loaded and continued gives the bits of training without a pause."""

import numpy as np
import pytest

from kir import backend as K
from kir.layers import (
    LSTM,
    BatchNormalization,
    Bidirectional,
    Dense,
    Dropout,
    GaussianNoise,
    Reshape,
    TimeDistributed,
)
from kir.models import Sequential, load_model
from kir.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, Nadam, RMSprop

pytestmark = pytest.mark.tf

OPTIMIZERS = {
    "sgd": lambda: SGD(0.05, momentum=0.9, decay=0.1, nesterov=True),
    "rmsprop": lambda: RMSprop(0.01, decay=0.1),
    "adagrad": lambda: Adagrad(0.1, decay=0.1),
    "adadelta": lambda: Adadelta(1.0, decay=0.1),
    "adam": lambda: Adam(0.01, decay=0.1, amsgrad=True),
    "adamax": lambda: Adamax(0.01, decay=0.1),
    "nadam": lambda: Nadam(0.01),
}
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(32, 4))
Y = X[:, :1] * 2


def dropped():
    return [Dense(4, input_shape=(4,)), BatchNormalization(), Dropout(0.5), Dense(1)]


def nested():
    inner = Sequential([Dense(4, input_shape=(4,)), Dropout(0.5), GaussianNoise(0.1)])
    return [inner, Dense(1)]


def recurrent():
    return [
        Reshape((2, 2), input_shape=(4,)),
        TimeDistributed(Dropout(0.3)),
        Bidirectional(LSTM(3, dropout=0.3, recurrent_dropout=0.3)),
        Dense(1),
    ]


def build(optimizer, layers=dropped):
    np.random.seed(3)
    K.clear_session()
    model = Sequential(layers())
    model.compile(optimizer, "mse")
    return model


def train(model):
    model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)


def check_resuming(straight, path):
    train(straight)
    straight.save(path)
    train(straight)
    paused = load_model(path)
    train(paused)
    for found, wanted in zip(paused.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_exactly(tmp_path, name):
    check_resuming(build(OPTIMIZERS[name]()), tmp_path / "m.h5")


@pytest.mark.parametrize("layers", [nested, recurrent])
@pytest.mark.parametrize("file", ["m.h5", "m.kir"])
def test_random_layers_go_on_wherever_they_are(tmp_path, layers, file):
    check_resuming(build("sgd", layers), tmp_path / file)
