"""Training that is saved, loaded and continued gives the bits of training without a pause."""

import numpy as np
import pytest

from kir import backend as K
from kir.layers import BatchNormalization, Dense, Dropout
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


def build(optimizer):
    np.random.seed(3)
    K.clear_session()
    model = Sequential([Dense(4, input_shape=(4,)), BatchNormalization(), Dropout(0.5), Dense(1)])
    model.compile(optimizer, "mse")
    return model


def train(model):
    model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_exactly(tmp_path, name):
    straight = build(OPTIMIZERS[name]())
    train(straight)
    straight.save(tmp_path / "m.h5")
    train(straight)
    paused = load_model(tmp_path / "m.h5")
    train(paused)
    for found, wanted in zip(paused.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
