"""The words of Keras 2.2.4 that programs look for when training goes wrong."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.layers import LSTM, Dense, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf

X, Y = np.ones((4, 3)), np.ones((4, 2))


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def model(outputs=1, **arguments):
    x = Input((3,), name="x")
    made = Model(x, [Dense(2, name=f"y{i}")(x) for i in range(outputs)])
    made.compile("sgd", **{"loss": "mse", **arguments})
    return made


def stateful():
    made = Sequential([LSTM(2, stateful=True, batch_input_shape=(4, 3, 1))])
    made.compile("sgd", "mse")
    return made


@pytest.mark.parametrize(
    ("use", "error", "words"),
    [
        (
            lambda: model().fit(np.ones((4, 5)), Y),
            ValueError,
            "when checking input: expected x to have shape (3,) but got array with shape (5,)",
        ),
        (
            lambda: model().fit(X, np.ones((4, 2, 1))),
            ValueError,
            "when checking target: expected y0 to have 2 dimensions, but got array with shape",
        ),
        (
            lambda: model().fit([X, X], Y),
            ValueError,
            "is not the size the model expected. Expected to see 1 array(s)",
        ),
        (lambda: model().fit({"z": X}, Y), ValueError, 'No data provided for "x". Need data for'),
        (
            lambda: model().fit(X, Y[:3]),
            ValueError,
            "Input arrays should have the same number of samples as target arrays. Found 4 input",
        ),
        (
            lambda: model(2).fit(X, [Y, Y], sample_weight=[np.ones(4)]),
            ValueError,
            "Provided `sample_weight` was a list of 1 elements, but the model has 2 outputs",
        ),
        (
            lambda: model(2).fit(X, [Y, Y], sample_weight=(np.ones(4),) * 2),
            TypeError,
            "`sample_weight` type not understood",
        ),
        (lambda: model().fit(X, Y, foo=1), TypeError, "Unrecognized keyword arguments"),
        (lambda: model().evaluate(), ValueError, "you should specify the `steps` argument"),
        (
            lambda: model().fit_generator(iter([(X, Y)])),
            ValueError,
            "`steps_per_epoch=None` is only valid for a generator based on",
        ),
        (
            lambda: stateful().predict(np.ones((6, 3, 1)), batch_size=4),
            ValueError,
            "In a stateful network, you should only pass inputs with a number of samples that can",
        ),
        (
            lambda: model(2, sample_weight_mode=["temporal", None]).fit(X, [Y, Y]),
            ValueError,
            "restricted to outputs that are at least 3D",
        ),
    ],
)
def test_data(use, error, words):
    with pytest.raises(error) as caught:
        use()
    assert words in str(caught.value)


def test_what_is_saved_or_returned_with_a_warning(tmp_path):
    from compiler.tensorflow import tf

    made = model()
    with pytest.warns(UserWarning, match="Network returning invalid probability values"):
        Sequential(made.layers).predict_proba(X * 100)
    made.compile(tf.compat.v1.train.GradientDescentOptimizer(0.1), "mse")
    with pytest.warns(UserWarning, match="TensorFlow optimizers do not make it possible to"):
        made.save(str(tmp_path / "model.h5"))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (
            {"loss": {"z": "mse"}},
            ValueError,
            'Unknown entry in loss dictionary: "z". Only expected',
        ),
        (
            {"loss": ["mse"]},
            ValueError,
            "it should have one entry per model outputs. The model has 2",
        ),
        ({"loss": None}, ValueError, "cannot be compiled because it has no loss to optimize"),
        ({"loss": "foo"}, ValueError, "Unknown loss function"),
        ({"loss": 3}, ValueError, "Could not interpret loss function identifier"),
        ({"loss_weights": [1.0]}, ValueError, "outputs, but you passed loss_weights="),
        ({"loss_weights": (1.0, 1.0)}, TypeError, "Could not interpret loss_weights argument"),
        ({"metrics": "acc"}, TypeError, "Type of `metrics` argument not understood"),
        (
            {"sample_weight_mode": {"y0": None}},
            ValueError,
            'Output "y1" missing from sample_weight_modes dictionary',
        ),
        ({"target_tensors": set()}, TypeError, "Expected `target_tensors` to be a tensor, a list"),
        ({"target_tensors": Y}, TypeError, "or dict of tensors"),
    ],
)
def test_compile(arguments, error, words):
    with pytest.raises(error) as caught:
        model(2, **arguments)
    assert words in str(caught.value)
