"""Sizes that a layer of the user's declares and that nothing it computes confirms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.tensorflow import tf
from kir import backend as K
from kir.layers import Dense, Input, Lambda, Layer
from kir.models import Model

pytestmark = pytest.mark.tf


class Positive(Layer):
    """The rows with a positive number; how many is known when they are there."""

    def __init__(self, declared: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.declared = declared

    def call(self, inputs: Any) -> Any:
        return tf.boolean_mask(inputs, tf.reduce_any(inputs > 0, axis=-1))[None]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (1, self.declared, 3)


DATA = np.array([[1, 1, 1]] * 4 + [[-1, -1, -1]] * 2, "float32")


def test_a_size_that_does_not_fit_what_follows_is_taken_back():
    rows, others = Input(batch_shape=(6, 3)), Input(batch_shape=(1, 4, 3))
    kept = Positive(1, name="kept")(rows)
    assert K.int_shape(kept) == (1, 1, 3)
    with pytest.warns(UserWarning, match=r"'kept': its output 'kept' is declared as f32\[1,1,3\]"):
        both = Lambda(lambda pair: tf.stack([pair[0][0], pair[1][0]]))([kept, others])
    assert K.int_shape(kept) == (1, 1, 3)  # what Keras's own layers go by
    found = Model([rows, others], both).predict([DATA, np.zeros((1, 4, 3))], batch_size=6)
    np.testing.assert_array_equal(found, [DATA[:4], np.zeros((4, 3))])


def test_a_size_that_fits_is_what_the_layers_behind_it_see():
    rows = Input(batch_shape=(6, 3))
    model = Model(rows, Dense(2)(Positive(4)(rows)))
    assert model.output_shape == (1, 4, 2)
    assert model.predict(DATA, batch_size=6).shape == (1, 4, 2)
