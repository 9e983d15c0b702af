"""Core layers and noise: types, masks, configurations, seeds, errors. No TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir import layers as kl
from kir.errors import ArgumentError, ConfigError, ShapeError


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


@pytest.mark.parametrize(
    ("layer", "shape", "want"),
    [
        (lambda: kl.Permute((2, 1)), (5, None), "f32[?,?,5]"),
        (lambda: kl.Permute([3, 1, 2]), (2, 3, 4), "f32[?,4,2,3]"),
        (lambda: kl.RepeatVector(3), (4,), "f32[?,3,4]"),
        (lambda: kl.ActivityRegularization(l1=0.1), (4, 5), "f32[?,4,5]"),
        (lambda: kl.Dropout(0.5, noise_shape=(None, 1, 3)), (4, 3), "f32[?,4,3]"),
        (lambda: kl.SpatialDropout1D(0.5), (4, 3), "f32[?,4,3]"),
        (lambda: kl.SpatialDropout2D(0.5), (4, 3, 2), "f32[?,4,3,2]"),
        (lambda: kl.SpatialDropout3D(0.5), (4, 3, 2, 1), "f32[?,4,3,2,1]"),
        (lambda: kl.GaussianNoise(0.5), (4,), "f32[?,4]"),
        (lambda: kl.GaussianDropout(0.5), (4,), "f32[?,4]"),
        (lambda: kl.AlphaDropout(0.5), (4,), "f32[?,4]"),
    ],
)
def test_types(layer, shape, want):
    assert str(layer()(kl.Input(shape)).type) == want


@pytest.mark.parametrize(
    ("layer", "want"),
    [
        (lambda: kl.Permute([2, 1]), {"dims": (2, 1)}),
        (lambda: kl.SpatialDropout1D(0.5), {"rate": 0.5, "noise_shape": None, "seed": None}),
        # Keras 2.2: neither data_format here, nor noise_shape and seed of AlphaDropout.
        (
            lambda: kl.SpatialDropout2D(0.5, data_format="channels_first", seed=3),
            {"rate": 0.5, "noise_shape": None, "seed": 3},
        ),
        (lambda: kl.AlphaDropout(0.1, (None, 1), 5), {"rate": 0.1}),
        (lambda: kl.GaussianNoise(1), {"stddev": 1}),
        (lambda: kl.ActivityRegularization(l2=2.0), {"l1": 0.0, "l2": 2.0}),
    ],
)
def test_config(layer, want):
    config = layer().get_config()
    assert list(config.items())[2:] == list(want.items())
    assert type(layer()).from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("layer", "draws"),
    [
        (lambda: kl.Dropout(0.5), 1),
        (lambda: kl.Dropout(0.5, seed=1), 0),
        (lambda: kl.Dropout(0.0), 0),
        (lambda: kl.SpatialDropout1D(0.5), 1),
        (lambda: kl.GaussianNoise(0.0), 1),
        (lambda: kl.GaussianDropout(0.5), 1),
        (lambda: kl.GaussianDropout(1.0), 0),
        (lambda: kl.AlphaDropout(0.5), 1),
        (lambda: kl.AlphaDropout(0.5, seed=7), 0),
    ],
)
def test_a_call_draws_its_seed_from_numpy(layer, draws):
    # Keras drew one for every random op, which moves the weights of layers made later.
    made, x = layer(), kl.Input((4, 3))
    np.random.seed(3)
    made(x)
    after = np.random.randint(10_000_000)
    np.random.seed(3)
    for _ in range(draws):
        np.random.randint(10_000_000)
    assert np.random.randint(10_000_000) == after


def test_noise_passes_masks_and_depends_on_the_phase():
    x = kl.Masking()(kl.Input((4, 3)))
    for layer in (kl.GaussianNoise(1.0), kl.AlphaDropout(0.5), kl.SpatialDropout1D(0.5)):
        y = layer(x)
        assert y.mask is x.mask
        assert y._uses_learning_phase
    assert not kl.GaussianDropout(0)(x)._uses_learning_phase
    assert kl.ActivityRegularization()(x).mask is x.mask


def test_activity_regularization_adds_a_loss():
    layer = kl.ActivityRegularization(l1=0.5)
    x = kl.Input((4,))
    layer(x)
    assert len(layer.losses) == len(layer.get_losses_for(x)) == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: kl.Permute((1, 3)),
            ConfigError,
            r"dims`: \(1, 3\); expected each of the numbers",
        ),
        (lambda: kl.Permute((2, 1))(kl.Input((4,))), ShapeError, "expected rank 3"),
        (lambda: kl.RepeatVector(3)(kl.Input((4, 5))), ShapeError, "rank 2, \\(batch, features\\)"),
        (lambda: kl.RepeatVector("3"), ArgumentError, "expected a whole number"),
        (lambda: kl.SpatialDropout1D(0.5)(kl.Input((4,))), ShapeError, "Add a channels axis"),
        (
            lambda: kl.SpatialDropout2D(0.5, data_format="last"),
            ConfigError,
            'must be one of "channels_first", "channels_last"',
        ),
        (
            lambda: kl.Dropout(0.5, noise_shape=(None, 2))(kl.Input((4,))),
            ShapeError,
            r"noise_shape is \(None, 2\), expected 2 sizes",
        ),
        (lambda: kl.GaussianNoise("much"), ArgumentError, "expected a number"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
