"""Layers over sequences, images and volumes: the inferred type is that of the computed tensor."""

from __future__ import annotations

import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from kir import layers as kl
from kir.errors import ConfigError, ShapeError
from kir.ir.types import TensorType
from kir.models import Model

pytestmark = pytest.mark.tf

FORMATS = st.sampled_from(["channels_last", "channels_first"])
PADDINGS = st.sampled_from(["valid", "same"])


def numbers(rank, low=1, high=3):
    """One number, or one for each axis."""
    one = st.integers(low, high)
    return st.one_of(one, st.tuples(*[one] * rank))


def sides(rank):
    pair = st.tuples(st.integers(0, 2), st.integers(0, 2))
    if rank == 1:
        return st.one_of(st.integers(0, 2), pair)
    return st.one_of(st.integers(0, 2), st.tuples(*[st.one_of(st.integers(0, 2), pair)] * rank))


def windowed(rank, **more):
    return {
        "filters": st.integers(1, 3),
        "kernel_size": numbers(rank),
        "strides": numbers(rank),
        "padding": PADDINGS,
        "data_format": FORMATS,
        "use_bias": st.booleans(),
        "activation": st.sampled_from([None, "relu", "softmax"]),
        **more,
    }


def conv(rank, **more):
    return windowed(rank, dilation_rate=numbers(rank, high=2), **more)


def without(table, *names):
    return {name: value for name, value in table.items() if name not in names}


def pool(rank):
    strides = st.one_of(st.none(), numbers(rank))
    window = {"pool_size": numbers(rank), "strides": strides}
    return {**window, "padding": PADDINGS, "data_format": FORMATS}


DEPTH = st.integers(1, 2)
FORMAT = {"data_format": FORMATS}
MORE = {rank: st.one_of(st.none(), numbers(rank, low=0, high=1)) for rank in (2, 3)}

# Class, number of spatial axes, arguments.
CASES = [
    (kl.Conv1D, 1, conv(1, padding=st.sampled_from(["valid", "same", "causal"]))),
    (kl.Conv2D, 2, conv(2)),
    (kl.Conv3D, 3, conv(3)),
    (kl.SeparableConv1D, 1, conv(1, depth_multiplier=DEPTH)),
    (kl.SeparableConv2D, 2, conv(2, depth_multiplier=DEPTH)),
    (kl.DepthwiseConv2D, 2, without(conv(2, depth_multiplier=DEPTH), "filters")),
    (kl.Conv2DTranspose, 2, conv(2, output_padding=MORE[2])),
    (kl.Conv3DTranspose, 3, windowed(3, output_padding=MORE[3])),
    (kl.LocallyConnected1D, 1, without(windowed(1), "padding")),
    (kl.LocallyConnected2D, 2, without(windowed(2), "padding")),
    (kl.ZeroPadding1D, 1, {"padding": sides(1)}),
    (kl.ZeroPadding2D, 2, {"padding": sides(2), **FORMAT}),
    (kl.ZeroPadding3D, 3, {"padding": sides(3), **FORMAT}),
    (kl.Cropping1D, 1, {"cropping": sides(1)}),
    (kl.Cropping2D, 2, {"cropping": sides(2), **FORMAT}),
    (kl.Cropping3D, 3, {"cropping": sides(3), **FORMAT}),
    (kl.UpSampling1D, 1, {"size": st.integers(1, 3)}),
    (
        kl.UpSampling2D,
        2,
        {"size": numbers(2), "interpolation": st.sampled_from(["nearest", "bilinear"]), **FORMAT},
    ),
    (kl.UpSampling3D, 3, {"size": numbers(3), **FORMAT}),
    (kl.SpatialDropout1D, 1, {"rate": st.just(0.5)}),
    (kl.SpatialDropout2D, 2, {"rate": st.just(0.5), **FORMAT}),
    (kl.SpatialDropout3D, 3, {"rate": st.just(0.5), **FORMAT}),
    *(
        (getattr(kl, f"{kind}Pooling{rank}D"), rank, pool(rank))
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    ),
    *(
        (getattr(kl, f"Global{kind}Pooling{rank}D"), rank, FORMAT)
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    ),
]


def traced_type(layer, x):
    """The type of the lowering's result for an input of type `x`."""
    from compiler.tensorflow import tf

    spec = tf.TensorSpec(x.shape, x.dtype)
    result = tf.function(layer.call).get_concrete_function(spec).structured_outputs
    return TensorType(result.dtype.name, tuple(result.shape.as_list()))


def computed_shape(layer, shape):
    from compiler.tensorflow import tf

    return tuple(layer.call(tf.zeros(shape)).shape)


@pytest.mark.parametrize(("cls", "rank", "arguments"), CASES, ids=[c[0].__name__ for c in CASES])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_inferred_type_is_the_computed_one(cls, rank, arguments, data):
    options = data.draw(st.fixed_dictionaries(arguments))
    sizes = data.draw(st.tuples(*[st.integers(1, 6)] * rank))
    hidden = data.draw(st.tuples(*[st.booleans()] * rank))
    batch, channels = 2, 3
    first = options.get("data_format") == "channels_first" and cls is not kl.LocallyConnected1D

    def shaped(batch, sizes):
        return (batch, channels, *sizes) if first else (batch, *sizes, channels)

    partial = shaped(None, [None if h else n for h, n in zip(hidden, sizes, strict=True)])
    full = shaped(batch, sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cropping that leaves nothing
        try:
            layer = cls(**options)
            known = layer.infer(TensorType("float32", full))
            inferred = layer.infer(TensorType("float32", partial))
            layer(kl.Input(batch_shape=partial))
        except (ConfigError, ShapeError):
            return  # a window that does not fit; the tables of each family name these
        assert inferred.accepts(traced_type(layer, TensorType("float32", partial)))
        assert known.shape == computed_shape(layer, full)
        assert layer.compute_output_shape(partial) == inferred.shape


@settings(max_examples=20, deadline=None)
@given(
    rate=st.floats(0.05, 0.95),
    layer=st.sampled_from([kl.Dropout, kl.SpatialDropout1D, kl.GaussianDropout, kl.AlphaDropout]),
)
def test_noise_keeps_type_and_expectation(rate, layer):
    from compiler.tensorflow import tf

    # Mean 0 and variance 1 is what AlphaDropout keeps; the others keep any mean.
    x = np.random.RandomState(1).standard_normal((400, 5, 20)).astype("float32")
    y = layer(rate, name="noise").call(tf.constant(x), training=True)
    assert y.dtype == tf.float32
    assert y.shape == x.shape
    spread = 1.0 if layer is kl.AlphaDropout else (1.0 / (1.0 - rate)) ** 0.5
    tolerance = 6 * spread / (400 * 20) ** 0.5  # six standard deviations, a draw a channel
    assert abs(float(tf.reduce_mean(y)) - float(x.mean())) < tolerance
    calm = layer(rate, name="noise").call(tf.constant(x), training=False)
    np.testing.assert_array_equal(calm, x)


def test_spatial_dropout_drops_whole_channels():
    from compiler.tensorflow import tf

    y = kl.SpatialDropout2D(0.5).call(tf.ones((8, 4, 5, 16)), training=True).numpy()
    assert set(np.unique(y)) == {0.0, 2.0}
    assert (y == y[:, :1, :1, :]).all()
    first = kl.SpatialDropout2D(0.5, data_format="channels_first")
    y = first.call(tf.ones((8, 16, 4, 5)), training=True).numpy()
    assert (y == y[:, :, :1, :1]).all()


def test_neighbouring_moves_of_the_channels_cancel():
    from compiler.tensorflow import tf

    options = {"data_format": "channels_first", "padding": "same"}
    chain = [
        kl.Conv2D(4, 3, activation="relu", **options),
        kl.MaxPooling2D(2, **options),
        kl.DepthwiseConv2D(3, **options),
        kl.Conv2DTranspose(2, 3, strides=2, **options),
    ]
    x = kl.Input(batch_shape=(2, 3, 8, 8))
    for layer in chain:
        x = layer(x)

    def run(x):
        for layer in chain:
            x = layer.call(x)
        return x

    graph = tf.function(run).get_concrete_function(tf.TensorSpec((2, 3, 8, 8))).graph
    # One at the beginning, one at the end; those between are fetched by nobody.
    used, todo = set(), list(graph.outputs)
    while todo:
        op = todo.pop().op
        if op not in used:
            used.add(op)
            todo += op.inputs
    assert sum(op.type == "Transpose" for op in used) == 2


def test_subclass_can_call_its_parent():
    class Gated(kl.SeparableConv2D):
        def __init__(self, filters, kernel_size, **kwargs):
            super().__init__(filters, kernel_size, activation="sigmoid", **kwargs)

        def call(self, inputs):
            return inputs * super().call(inputs)

    x = kl.Input((5, 5, 3))
    layer = Gated(3, 3, padding="same")
    y = layer(x)
    assert y._keras_shape == (None, 5, 5, 3)
    # With a bias that opens the gate, what goes in comes out.
    layer.set_weights([np.zeros_like(w) for w in layer.get_weights()[:2]] + [np.full(3, 50.0)])
    data = np.random.RandomState(0).standard_normal((2, 5, 5, 3)).astype("float32")
    np.testing.assert_allclose(Model(x, y).predict(data), data, rtol=1e-6)
