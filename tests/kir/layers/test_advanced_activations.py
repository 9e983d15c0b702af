"""Activations that are layers: types, weights, configurations, errors. No TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir import layers as kl
from kir.errors import ArgumentError, ConfigError, ShapeError
from kir.models import Sequential, model_from_json, model_from_yaml


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


@pytest.mark.parametrize(
    ("layer", "want"),
    [
        (lambda: kl.LeakyReLU(), {"alpha": float(np.float32(0.3))}),
        (lambda: kl.ELU(0.5), {"alpha": 0.5}),
        (lambda: kl.ThresholdedReLU(theta=2), {"theta": 2.0}),
        (lambda: kl.Softmax(axis=1), {"axis": 1}),
        (lambda: kl.ReLU(6), {"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0}),
        (lambda: kl.PReLU(shared_axes=1), {"shared_axes": [1]}),
    ],
)
def test_configurations_hold_numbers_in_the_float_type(layer, want):
    made = layer()
    config = made.get_config()
    assert {k: config[k] for k in want} == want
    assert type(made).from_config(config).get_config() == config


def test_relu_keeps_arrays_that_both_text_forms_hold():
    # Keras 2.2: `K.cast_to_floatx` gives arrays, and ReLU's config holds them as they are.
    model = Sequential([kl.ReLU(6, 0.1, 0.2, input_shape=(3,)), kl.LeakyReLU()])
    assert isinstance(model.layers[0].get_config()["threshold"], np.ndarray)
    assert '"negative_slope": 0.10000000149011612' in model.to_json()
    yaml = model.to_yaml()
    assert "multiarray._reconstruct" in yaml
    assert model_from_yaml(yaml).to_yaml() == yaml
    assert model_from_json(model.to_json()).to_json() == model.to_json()


@pytest.mark.parametrize(
    ("shared", "shape", "want"),
    [
        (None, (4, 3), (4, 3)),
        ([1], (4, 3), (1, 3)),
        ([1, 2], (None, None, 3), (1, 1, 3)),
        ([-1], (4, 3), (4, 1)),
    ],
)
def test_slopes_are_shared_along_axes(shared, shape, want):
    layer = kl.PReLU(shared_axes=shared)
    assert layer(kl.Input(shape))._keras_shape == (None, *shape)
    assert layer.alpha.type.shape == want
    assert layer.alpha.name == "p_re_lu_1/alpha:0"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kl.PReLU()(kl.Input((None, 3))), ShapeError, r"f32\[\?,\?,3\]; .*shared_axes"),
        (lambda: kl.PReLU(shared_axes=[3])(kl.Input((4,))), ShapeError, "no axis 3"),
        (lambda: kl.PReLU(shared_axes=[0]), ConfigError, "the batch being axis 0"),
        (lambda: kl.LeakyReLU("a"), ArgumentError, "`alpha` is 'a'; expected a number"),
        (lambda: kl.ReLU(max_value=[1, 2]), ArgumentError, "expected a number"),
        (lambda: kl.ReLU(max_value=-2.0), ConfigError, "`max_value` is -2.0; .*at least 0"),
        (lambda: kl.ReLU(negative_slope=-1), ConfigError, "`negative_slope` is -1; .*at least 0"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_masks_pass():
    for layer in (kl.PReLU(), kl.LeakyReLU(), kl.ELU(), kl.ReLU(), kl.Softmax()):
        x = kl.Masking()(kl.Input((5, 3)))
        assert layer(x).mask is x.mask
