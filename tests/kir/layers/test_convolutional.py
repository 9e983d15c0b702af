"""Convolutions and layers that resize: types, weights, configurations, errors. No TensorFlow."""

from __future__ import annotations

import pytest

from kir import backend as K
from kir import layers as kl
from kir.errors import ConfigError, DTypeError, ShapeError
from kir.ir.types import TensorType


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def f32(*shape):
    return TensorType("float32", shape)


FIRST = {"data_format": "channels_first"}


@pytest.mark.parametrize(
    ("layer", "shape", "want"),
    [
        (lambda: kl.Conv1D(4, 3), (None, 10, 2), "f32[?,8,4]"),
        (lambda: kl.Conv1D(4, 3, padding="same", strides=2), (None, 9, 2), "f32[?,5,4]"),
        (lambda: kl.Conv1D(4, 3, padding="causal", dilation_rate=3), (None, 9, 2), "f32[?,9,4]"),
        (lambda: kl.Conv1D(4, 3), (None, None, 2), "f32[?,?,4]"),
        (lambda: kl.Conv1D(4, 3, **FIRST), (None, 2, 10), "f32[?,4,8]"),
        (lambda: kl.Conv2D(4, (3, 2)), (7, 8, 9, 1), "f32[7,6,8,4]"),
        (lambda: kl.Conv2D(4, 3, dilation_rate=2), (None, 8, 9, 1), "f32[?,4,5,4]"),
        (lambda: kl.Conv3D(4, 3, strides=(1, 2, 2)), (None, 5, 6, 7, 2), "f32[?,3,2,3,4]"),
        (lambda: kl.Conv3D(4, 1, **FIRST), (None, 2, 5, None, 7), "f32[?,4,5,?,7]"),
        (lambda: kl.SeparableConv1D(4, 3, depth_multiplier=2), (None, 10, 2), "f32[?,8,4]"),
        (lambda: kl.SeparableConv2D(4, 3, **FIRST), (None, 2, 7, 8), "f32[?,4,5,6]"),
        (lambda: kl.DepthwiseConv2D(3, depth_multiplier=2), (None, 7, 8, 3), "f32[?,5,6,6]"),
        (lambda: kl.DepthwiseConv2D(2, dilation_rate=2), (None, 7, 8, 3), "f32[?,5,6,3]"),
        (lambda: kl.Conv2DTranspose(4, 3), (None, 5, None, 2), "f32[?,7,?,4]"),
        (
            lambda: kl.Conv2DTranspose(4, 3, strides=2, padding="same"),
            (1, 5, 6, 2),
            "f32[1,10,12,4]",
        ),
        (lambda: kl.Conv2DTranspose(4, 2, strides=(2, 3)), (None, 4, 3, 2), "f32[?,8,9,4]"),
        (
            lambda: kl.Conv2DTranspose(4, 3, strides=2, output_padding=(1, 0)),
            (None, 4, 4, 2),
            "f32[?,10,9,4]",
        ),
        (lambda: kl.Conv3DTranspose(4, 2, **FIRST), (None, 2, 3, 2, 2), "f32[?,4,4,3,3]"),
        (lambda: kl.ZeroPadding1D((1, 3)), (None, 5, 2), "f32[?,9,2]"),
        (lambda: kl.ZeroPadding2D((1, (2, 3))), (None, 5, 5, 2), "f32[?,7,10,2]"),
        (lambda: kl.ZeroPadding3D(2, **FIRST), (None, 1, 2, 3, None), "f32[?,1,6,7,?]"),
        (lambda: kl.Cropping1D(), (None, 5, 2), "f32[?,3,2]"),
        (lambda: kl.Cropping2D(((1, 2), 3)), (None, 7, 8, 2), "f32[?,4,2,2]"),
        (lambda: kl.Cropping3D((0, 1, (2, 0))), (None, 4, 4, 4, 1), "f32[?,4,2,2,1]"),
        (lambda: kl.UpSampling1D(3), (None, 4, 2), "f32[?,12,2]"),
        (lambda: kl.UpSampling2D((2, 3), **FIRST), (None, 2, 4, 4), "f32[?,2,8,12]"),
        (lambda: kl.UpSampling3D((1, 2, 3)), (None, 2, 2, 2, 1), "f32[?,2,4,6,1]"),
    ],
)
def test_types(layer, shape, want):
    assert str(layer().infer(f32(*shape))) == want
    assert str(kl.Input(batch_shape=shape).type) == str(f32(*shape))
    assert str(layer()(kl.Input(batch_shape=shape)).type) == want


@pytest.mark.parametrize(
    ("layer", "shape", "want"),
    [
        (lambda: kl.Conv1D(4, 3), (8, 2), {"kernel": (3, 2, 4), "bias": (4,)}),
        (
            lambda: kl.Conv3D(4, (1, 2, 3), use_bias=False),
            (8, 8, 8, 2),
            {"kernel": (1, 2, 3, 2, 4)},
        ),
        (
            lambda: kl.SeparableConv2D(4, 3, depth_multiplier=5),
            (8, 8, 2),
            {"depthwise_kernel": (3, 3, 2, 5), "pointwise_kernel": (1, 1, 10, 4), "bias": (4,)},
        ),
        (
            lambda: kl.DepthwiseConv2D((3, 2), depth_multiplier=5),
            (8, 8, 2),
            {"depthwise_kernel": (3, 2, 2, 5), "bias": (10,)},
        ),
        (lambda: kl.Conv2DTranspose(4, 3), (8, 8, 2), {"kernel": (3, 3, 4, 2), "bias": (4,)}),
    ],
)
def test_weights_in_file_order(layer, shape, want):
    made = layer()
    made(kl.Input(shape))
    found = {w.name.split("/")[-1][:-2]: w.type.shape for w in made.weights}
    assert list(found.items()) == list(want.items())


@pytest.mark.parametrize(
    "layer",
    [
        lambda: kl.Conv1D(4, 3, padding="causal"),
        lambda: kl.Conv3D(4, 3, kernel_regularizer="l2"),
        lambda: kl.SeparableConv1D(4, 3, depth_multiplier=2),
        lambda: kl.SeparableConv2D(4, 3, pointwise_constraint="non_neg"),
        lambda: kl.DepthwiseConv2D(3, dilation_rate=2, activation="relu"),
        lambda: kl.Conv2DTranspose(4, 3, strides=2, output_padding=1),
        lambda: kl.Conv3DTranspose(4, 3),
        lambda: kl.ZeroPadding1D(),
        lambda: kl.ZeroPadding3D((1, 2, (3, 4))),
        lambda: kl.Cropping1D(),
        lambda: kl.Cropping2D(),
        lambda: kl.Cropping3D(),
        lambda: kl.UpSampling1D(3),
        lambda: kl.UpSampling2D(3, interpolation="bilinear"),
        lambda: kl.UpSampling3D(),
    ],
)
def test_config_round_trip(layer):
    config = layer().get_config()
    made = kl.deserialize({"class_name": type(layer()).__name__, "config": config})
    assert made.get_config() == config


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: kl.Conv1D(2, 3, name="c")(kl.Input((8,), name="i")),
            ShapeError,
            r"^Conv1D 'c' \(input 0 from 'i'\): input is f32\[\?,8\]; expected rank 3, "
            r"\(batch, steps, channels\)\. Add a channels axis, e\.g\. Reshape\(\(8, 1\)\)\.",
        ),
        (
            lambda: kl.Conv2D(2, 3, **FIRST)(kl.Input((8, 9))),
            ShapeError,
            r"\(batch, channels, height, width\)\. .*Reshape\(\(1, 8, 9\)\)\.",
        ),
        (lambda: kl.Conv3D(2, 3)(kl.Input((8, 9))), ShapeError, "put a Reshape layer before"),
        (
            lambda: kl.Conv1D(2, 9)(kl.Input((5, 1))),
            ShapeError,
            r"f32\[\?,5,1\]; its window does not fit.*Use a smaller window",
        ),
        (
            lambda: kl.DepthwiseConv2D(2)(kl.Input((4, 4, None))),
            ShapeError,
            "The channel dimension .* Found `None` on axis -1",
        ),
        (
            lambda: kl.Conv2D(2, 3, padding="causal")(kl.Input((5, 5, 1))),
            ConfigError,
            "only Conv1D",
        ),
        (
            lambda: kl.Conv1D(2, 3, padding="causal", **FIRST),
            ConfigError,
            "When using causal padding in `Conv1D`",
        ),
        (
            lambda: kl.Conv1D(2, 3, strides=2, dilation_rate=2)(kl.Input((9, 1))),
            ConfigError,
            r"strides > 1 not supported .* got strides \(2,\)",
        ),
        (lambda: kl.Conv3D(2, (3, 3)), ConfigError, "a tuple of 3 integers"),
        (
            lambda: kl.SeparableConv2D(2, 3, strides=(1, 2))(kl.Input((8, 8, 1))),
            ConfigError,
            "expected the same number for both axes",
        ),
        (
            lambda: kl.Conv2DTranspose(2, 3, output_padding=1),
            ConfigError,
            r"Stride \(1, 1\) must be greater than output padding \(1, 1\)",
        ),
        (
            lambda: kl.Conv2DTranspose(2, 2, strides=2, padding="same", output_padding=0)(
                kl.Input((4, 4, 1))
            ),
            ShapeError,
            "leads from 6 back to 4 positions",
        ),
        (lambda: kl.Conv2DTranspose(2, 2, dilation_rate=(1, 2)), ConfigError, "the same number"),
        (lambda: kl.ZeroPadding2D((1, 2, 3)), ConfigError, "for each of the 2 axes"),
        (lambda: kl.Cropping3D((1, 2)), ConfigError, "for each of the 3 axes"),
        (lambda: kl.UpSampling2D(2, interpolation="cubic"), ConfigError, "'nearest', 'bilinear'"),
        (lambda: kl.UpSampling2D(2)(kl.Input((4, 4))), ShapeError, "Add a channels axis"),
        (
            lambda: kl.Conv1D(2, 2)(kl.Masking()(kl.Input((4, 3)))),
            DTypeError,
            "does not support masking",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_cropping_away_everything_warns():
    # Keras 2.2 accepts it in silence.
    with pytest.warns(UserWarning, match="takes 8 of the 6 positions"):
        assert str(kl.Cropping1D(4)(kl.Input((6, 2))).type) == "f32[?,0,2]"


def test_class_hierarchy_is_keras():
    assert isinstance(kl.Conv2DTranspose(1, 1), kl.Conv2D)
    assert isinstance(kl.Conv3DTranspose(1, 1), kl.Conv3D)
    assert isinstance(kl.DepthwiseConv2D(1), kl.Conv2D)


@pytest.mark.parametrize(
    ("alias", "cls"),
    [
        ("Convolution1D", kl.Conv1D),
        ("Convolution3D", kl.Conv3D),
        ("SeparableConvolution2D", kl.SeparableConv2D),
        ("Convolution2DTranspose", kl.Conv2DTranspose),
        ("Deconvolution2D", kl.Conv2DTranspose),
        ("Deconv3D", kl.Conv3DTranspose),
    ],
)
def test_aliases(alias, cls):
    assert getattr(kl, alias) is getattr(kl.convolutional, alias) is cls


@pytest.mark.parametrize("cls", [kl.SeparableConv2D, kl.DepthwiseConv2D])
def test_arguments_of_a_kernel_that_is_not_there_are_ignored_with_a_warning(cls):
    sizes = (4, 3) if cls is kl.SeparableConv2D else (3,)
    with pytest.warns(UserWarning, match="`depthwise_initializer` instead"):
        layer = cls(*sizes, kernel_initializer="he_normal", kernel_regularizer=None)
    assert layer.get_config() == {**cls(*sizes).get_config(), "name": layer.name}
