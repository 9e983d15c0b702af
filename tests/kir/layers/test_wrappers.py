"""TimeDistributed and Bidirectional: types, names, masks, configurations, errors. No TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

import kir
from kir import backend as K
from kir import layers as kl
from kir.errors import ConfigError, MissingAttributeError, ShapeError
from kir.ir import verify
from kir.models import Model, Sequential, model_from_json


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def vision():
    x = kl.Input((6, 6, 1))
    y = kl.BatchNormalization()(kl.Conv2D(2, 3, kernel_regularizer="l2")(x))
    return Model(x, kl.Flatten()(y), name="vision")


@pytest.mark.parametrize(
    ("layer", "shape", "want"),
    [
        (lambda: kl.Dense(2), (None, 5, 4), "f32[?,5,2]"),
        (lambda: kl.Dense(2), (None, None, 4), "f32[?,?,2]"),
        (lambda: kl.Dense(2), (3, 5, 4), "f32[3,5,2]"),
        (lambda: kl.LSTM(2), (None, 3, 5, 4), "f32[?,3,2]"),
        (lambda: kl.TimeDistributed(kl.Dense(2)), (None, 3, 5, 4), "f32[?,3,5,2]"),
        (lambda: kl.Bidirectional(kl.GRU(2)), (None, 3, 5, 4), "f32[?,3,4]"),
        (vision, (None, 3, 6, 6, 1), "f32[?,3,32]"),
    ],
)
def test_time_distributed_types(layer, shape, want):
    wrapper = kl.TimeDistributed(layer())
    assert str(wrapper(kl.Input(batch_shape=shape)).type) == want
    assert wrapper.compute_output_shape(shape) == wrapper.output_shape


@pytest.mark.parametrize(
    ("mode", "flags", "want"),
    [
        ("concat", {}, ["f32[?,6]"]),
        ("sum", {"return_sequences": True}, ["f32[?,5,3]"]),
        ("mul", {}, ["f32[?,3]"]),
        ("ave", {"return_state": True}, ["f32[?,3]"] * 5),
        (None, {"return_sequences": True}, ["f32[?,5,3]"] * 2),
        (None, {"return_state": True}, ["f32[?,3]"] * 6),
    ],
)
def test_bidirectional_types(mode, flags, want):
    layer = kl.Bidirectional(kl.LSTM(3, **flags), merge_mode=mode)
    found = layer(kl.Input((5, 4)))
    outputs = found if isinstance(found, list) else [found]
    assert [str(y.type) for y in outputs] == want
    shapes = layer.compute_output_shape((None, 5, 4))
    assert (shapes if isinstance(shapes, list) else [shapes]) == [y._keras_shape for y in outputs]


def test_weights_are_named_after_the_wrapper():
    td = kl.TimeDistributed(kl.Dense(2))
    td(kl.Input((5, 4)))
    assert [w.name for w in td.weights] == [
        "time_distributed_1/kernel:0",
        "time_distributed_1/bias:0",
    ]
    bi = kl.Bidirectional(kl.LSTM(2))
    bi(kl.Input((5, 4)))
    names = [w.name for w in bi.weights]
    assert names[0] == "bidirectional_1/forward_lstm_1/kernel:0"
    assert names[3] == "bidirectional_1/backward_lstm_1/kernel:0"
    assert len(names) == 6


def test_configurations_hold_the_layer():
    config = kl.TimeDistributed(kl.Dense(2), name="td").get_config()
    assert list(config) == ["name", "trainable", "layer"]
    again = kl.TimeDistributed.from_config(config)
    assert again.get_config() == config
    config = kl.Bidirectional(kl.LSTM(2), merge_mode=None).get_config()
    assert list(config) == ["name", "trainable", "layer", "merge_mode"]
    assert config["layer"]["config"]["name"] == "lstm_1"
    assert not config["layer"]["config"]["go_backwards"]
    again = kl.Bidirectional.from_config(config)
    assert again.get_config() == config
    assert again.backward_layer.go_backwards


def test_a_model_inside_survives_texts():
    model = Sequential([kl.TimeDistributed(vision(), input_shape=(3, 6, 6, 1)), kl.LSTM(2)])
    assert model_from_json(model.to_json()).to_json() == model.to_json()
    verify(model.graph)
    assert kir.parse(str(model.graph)) == model.graph


def test_wrapping_makes_a_layer_trainable():
    # Keras 2.2: the wrapper's own `trainable`, true at first, is the layer's.
    dense = kl.Dense(2, trainable=False)
    wrapper = kl.TimeDistributed(dense)
    assert dense.trainable
    wrapper.trainable = False
    assert not dense.trainable
    bi = kl.Bidirectional(kl.GRU(2))
    bi(kl.Input((5, 4)))
    bi.trainable = False
    assert not bi.forward_layer.trainable
    assert not bi.trainable_weights
    assert len(bi.non_trainable_weights) == 6


def test_updates_and_losses_of_the_layer_inside_are_the_models():
    x = kl.Input((3, 6, 6, 1))
    model = Model(x, kl.TimeDistributed(vision())(x))
    assert len(model.updates) == 2
    assert len(model.losses) == 1
    model.layers[1].trainable = False
    assert not model.updates
    # Keras 2.2: what happens in a single time step updates nothing.
    y = kl.Input(batch_shape=(2, 3, 4))
    assert not Model(y, kl.TimeDistributed(kl.BatchNormalization())(y)).updates


@pytest.mark.parametrize(("batch", "count"), [(None, 1), (2, 2)])
def test_an_activity_regularizer_counts_twice_for_a_fixed_batch(batch, count):
    # Keras 2.2: both the wrapper's call and the call of every layer add it.
    x = kl.Input(batch_shape=(batch, 3, 4))
    layer = kl.TimeDistributed(kl.Dense(2, activity_regularizer="l2"))
    assert len(Model(x, layer(x)).losses) == count


def test_masks():
    x = kl.Masking()(kl.Input((5, 4)))
    assert str(kl.TimeDistributed(kl.Dense(2))(x).mask.type) == "bool[?,5]"
    tokens = kl.Input((3, 5), dtype="int32")
    embedded = kl.TimeDistributed(kl.Embedding(9, 2, mask_zero=True))(tokens)
    assert str(embedded.mask.type) == "bool[?,3,5]"
    assert kl.Bidirectional(kl.GRU(2))(x).mask is None
    assert kl.Bidirectional(kl.GRU(2, return_sequences=True))(x).mask is x.mask
    both = kl.Bidirectional(kl.GRU(2, return_sequences=True), merge_mode=None)(x)
    assert [y.mask for y in both] == [x.mask, x.mask]


def test_initial_states_are_split_between_the_directions():
    x, states = kl.Input((5, 4)), [kl.Input((3,)) for _ in range(4)]
    layer = kl.Bidirectional(kl.LSTM(3))
    model = Model([x, *states], layer(x, initial_state=states))
    first, second = layer._inbound_nodes[0].inner.nodes
    assert [v.name for v in first.inputs] != [v.name for v in second.inputs]
    assert len(first.inputs) == len(second.inputs) == 3
    assert model_from_json(model.to_json()).to_json() == model.to_json()


def test_a_call_draws_the_seeds_of_both_directions_once():
    layer = kl.Bidirectional(kl.GRU(2, dropout=0.5))
    layer(kl.Input((5, 4)))
    x = kl.Input((5, 4))
    np.random.seed(1)
    layer(x)
    after = np.random.randint(1000)
    np.random.seed(1)
    [np.random.randint(10e6) for _ in range(6)]
    assert np.random.randint(1000) == after


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kl.TimeDistributed(3), MissingAttributeError, "wraps a layer; got 3"),
        (
            lambda: kl.TimeDistributed(kl.Dense(2))(kl.Input((5,))),
            AssertionError,
            r"input is \(None, 5\); expected rank 3",
        ),
        (
            lambda: kl.TimeDistributed(kl.LSTM(2, return_state=True))(kl.Input((3, 5, 4))),
            ConfigError,
            "returns 3 tensors",
        ),
        (lambda: kl.Bidirectional(kl.LSTM(2), merge_mode="foo"), ConfigError, "'sum', 'mul'"),
        (
            lambda: kl.Bidirectional(kl.LSTM(2))(kl.Input((5, 4)), initial_state=[kl.Input((2,))]),
            ConfigError,
            "has 1 tensors; expected 4",
        ),
        (
            lambda: kl.TimeDistributed(kl.Conv2D(2, 3))(kl.Input((5, 4))),
            ShapeError,
            "Conv2D 'conv2d_1'",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_mask_that_the_layer_inside_does_not_support_is_named():
    x = kl.Masking()(kl.Input((5, 4)))
    with pytest.raises(TypeError, match="RepeatVector 'repeat_vector_1' does not support masking"):
        kl.TimeDistributed(kl.RepeatVector(2))(x)
