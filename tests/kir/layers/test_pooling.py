"""Pooling: types, configurations, masks, errors. No TensorFlow."""

from __future__ import annotations

import pytest

from kir import backend as K
from kir import layers as kl
from kir.errors import ConfigError, DTypeError, ShapeError
from kir.ir.types import TensorType

FIRST = {"data_format": "channels_first"}


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize(
    ("rank", "options", "shape", "want"),
    [
        (1, {}, (None, 9, 2), "f32[?,4,2]"),
        (1, {"pool_size": 3, "strides": 2, "padding": "same"}, (None, 9, 2), "f32[?,5,2]"),
        (1, {"pool_size": 2, "strides": 1, **FIRST}, (None, 2, 9), "f32[?,2,8]"),
        (2, {}, (None, 9, None, 2), "f32[?,4,?,2]"),
        (2, {"pool_size": (3, 1), **FIRST}, (4, 2, 9, 8), "f32[4,2,3,8]"),
        (3, {"pool_size": 2, "strides": (1, 2, 2)}, (None, 4, 4, 5, 1), "f32[?,3,2,2,1]"),
    ],
)
def test_types(kind, rank, options, shape, want):
    layer = getattr(kl, f"{kind}Pooling{rank}D")(**options)
    assert str(layer.infer(TensorType("float32", shape))) == want
    assert str(layer(kl.Input(batch_shape=shape)).type) == want


@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_global_types(kind, rank):
    sizes = (None, 5, 4)[:rank]
    cls = getattr(kl, f"Global{kind}Pooling{rank}D")
    assert str(cls()(kl.Input((*sizes, 7))).type) == "f32[?,7]"
    assert str(cls(**FIRST)(kl.Input((7, *sizes))).type) == "f32[?,7]"


def test_strides_default_to_the_window():
    layer = kl.MaxPooling3D((1, 2, 3))
    assert layer.strides is layer.pool_size
    # Keras 2.2: a number makes two tuples, which YAML shows as unrelated.
    layer = kl.MaxPooling3D(3)
    assert layer.strides == layer.pool_size == (3, 3, 3)
    assert layer.strides is not layer.pool_size


@pytest.mark.parametrize(
    ("cls", "keys"),
    [
        (kl.MaxPooling1D, ["strides", "pool_size", "padding", "data_format"]),
        (kl.AveragePooling3D, ["pool_size", "padding", "strides", "data_format"]),
        (kl.GlobalMaxPooling1D, ["data_format"]),
    ],
)
def test_config(cls, keys):
    config = cls().get_config()
    assert list(config) == ["name", "trainable", *keys]
    assert cls.from_config(config).get_config() == config


def test_the_mean_over_steps_consumes_the_mask():
    x = kl.Masking()(kl.Input((5, 3)))
    y = kl.GlobalAveragePooling1D()(x)
    assert y.mask is None
    with pytest.raises(DTypeError, match=r"GlobalMaxPooling1D .* does not support masking"):
        kl.GlobalMaxPooling1D()(x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kl.MaxPooling1D(7)(kl.Input((5, 1))), ShapeError, "its window does not fit"),
        (lambda: kl.MaxPooling3D()(kl.Input((5, 5, 1))), ShapeError, "rank 5.*Add a channels axis"),
        (lambda: kl.GlobalAveragePooling2D()(kl.Input((4, 3))), ShapeError, "expected rank 4"),
        (lambda: kl.AveragePooling1D(padding="causal"), ConfigError, "'valid', 'same'"),
        (lambda: kl.MaxPooling2D((1, 2, 3)), ConfigError, "a tuple of 2 integers"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_aliases():
    for rank in (1, 2, 3):
        for name, alias in (("Max", "Max"), ("Average", "Avg")):
            for prefix in ("", "Global"):
                cls = getattr(kl, f"{prefix}{name}Pooling{rank}D")
                assert getattr(kl, f"{prefix}{alias}Pool{rank}D") is cls
