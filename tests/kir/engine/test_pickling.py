"""Models are pickled and copied as the contents of their files."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from kir.layers import Dense, Lambda
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf

X = np.arange(12.0).reshape(4, 3)


@pytest.fixture
def model():
    model = Sequential([Dense(4, input_shape=(3,)), Lambda(lambda x: x * 2), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.train_on_batch(X, np.ones(4))
    return model


@pytest.mark.parametrize(
    "again",
    [lambda m: pickle.loads(pickle.dumps(m)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_a_copy_computes_and_trains_like_the_model(model, again):
    other = again(model)
    assert type(other) is Sequential
    assert other is not model
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    assert other.train_on_batch(X, np.ones(4)) == model.train_on_batch(X, np.ones(4))


def test_a_model_with_a_call_of_its_own_is_pickled_as_an_object():
    model = copy.copy(Own())
    assert isinstance(model, Own)


class Own(Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(1)

    def call(self, inputs):
        return self.dense(inputs)
