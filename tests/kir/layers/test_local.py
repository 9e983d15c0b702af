"""Locally connected layers: types, weights, errors. No TensorFlow."""

from __future__ import annotations

import pytest

from kir import backend as K
from kir import layers as kl
from kir.errors import ConfigError, ShapeError


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


@pytest.mark.parametrize(
    ("layer", "shape", "want", "kernel", "bias"),
    [
        (lambda: kl.LocallyConnected1D(3, 2), (7, 4), "f32[?,6,3]", (6, 8, 3), (6, 3)),
        # Keras 2.2: the steps come before the channels, whatever data_format says.
        (
            lambda: kl.LocallyConnected1D(3, 2, strides=2, data_format="channels_first"),
            (7, 4),
            "f32[?,3,3]",
            (3, 8, 3),
            (3, 3),
        ),
        (
            lambda: kl.LocallyConnected2D(3, (3, 2)),
            (5, 4, 2),
            "f32[?,3,3,3]",
            (9, 12, 3),
            (3, 3, 3),
        ),
        (
            lambda: kl.LocallyConnected2D(3, 2, strides=(2, 1), data_format="channels_first"),
            (2, 5, 4),
            "f32[?,3,2,3]",
            (6, 8, 3),
            (2, 3, 3),
        ),
    ],
)
def test_types_and_weights(layer, shape, want, kernel, bias):
    made = layer()
    assert str(made(kl.Input(shape)).type) == want
    assert [w.type.shape for w in made.weights] == [kernel, bias]


def test_one_dimensional_config_has_no_data_format():
    assert "data_format" not in kl.LocallyConnected1D(2, 3).get_config()
    assert "data_format" in kl.LocallyConnected2D(2, 3).get_config()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: kl.LocallyConnected1D(2, 2, padding="same"),
            ConfigError,
            "must be one of 'valid'",
        ),
        (
            lambda: kl.LocallyConnected2D(2, 2)(kl.Input((None, None, 3))),
            ShapeError,
            r"should be fully-defined.*f32\[\?,\?,\?,3\].*Give the model's input a full shape",
        ),
        (lambda: kl.LocallyConnected1D(2, 5)(kl.Input((4, 3))), ShapeError, "window does not fit"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
