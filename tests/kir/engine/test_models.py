"""Sequential and functional models: structure, names, errors. Needs no TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ArgumentError, ConfigError, DTypeError, MissingAttributeError, ShapeError
from kir.ir import verify
from kir.layers import (
    LSTM,
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Masking,
    concatenate,
)
from kir.models import Model, Sequential, model_from_json


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def small_model():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Dense(3, name="shared")
    return Model([a, b], Dense(2, name="out")(concatenate([shared(a), shared(b)])))


def test_inputs_and_outputs_may_be_tuples():
    x = Input((4,))
    y, z = Dense(2)(x), Dense(3)(x)
    model = Model((x,), (y, z))
    assert model.output_shape == [(None, 2), (None, 3)]


def test_a_size_that_a_division_gave_is_a_whole_number():
    assert str(Input((6 / 2, 4)).type) == "f32[?,3,4]"


def test_a_shape_to_build_for_may_be_a_list_of_sizes():
    layer = BatchNormalization(axis=1)
    layer.build([None, 5, 3])
    assert layer.gamma.type.shape == (5,)


def test_a_tensor_has_no_len_so_that_programs_can_tell_it_from_a_list():
    x = Input((4,))
    assert not hasattr(x, "__len__")
    with pytest.raises(TypeError):
        len(x)


def test_layers_are_named_after_their_class_and_number():
    model = Sequential([Conv2D(2, 3, input_shape=(8, 8, 1)), Flatten(), Dense(2), Dense(1)])
    assert [layer.name for layer in model.layers] == ["conv2d_1", "flatten_1", "dense_1", "dense_2"]
    assert [w.name for w in model.weights[:2]] == ["conv2d_1/kernel:0", "conv2d_1/bias:0"]


def test_a_scope_entered_again_gets_a_number():
    first = Sequential([Dense(2, input_shape=(3,), name="d")])
    second = Sequential([Dense(2, input_shape=(3,), name="d")])
    assert first.weights[0].name == "d/kernel:0"
    assert second.weights[0].name == "d_1/kernel:0"


def test_a_shared_layer_has_a_node_for_each_call_and_its_weights_once():
    model = small_model()
    shared = model.get_layer("shared")
    assert len(shared._inbound_nodes) == 2
    assert len(model.weights) == 4
    with pytest.raises(MissingAttributeError, match=r"multiple inbound nodes .2.*get_output_at"):
        _ = shared.output
    assert shared.get_output_at(1)._keras_shape == (None, 3)


def test_a_nested_model_is_one_layer_and_its_own_definition_is_node_0():
    inner = small_model()
    x, y = Input((4,)), Input((4,))
    outer = Model([x, y], Dense(1)(inner([x, y])))
    assert [type(layer).__name__ for layer in outer.layers] == [
        "InputLayer",
        "InputLayer",
        "Model",
        "Dense",
    ]
    assert outer.get_config()["layers"][-1]["inbound_nodes"] == [[[inner.name, 1, 0, {}]]]
    assert outer.count_params() == inner.count_params() + 3


def test_layers_stand_by_depth_as_in_keras():
    x = Input((4,), name="x")
    left = Dense(4, name="left")(x)
    right = Dense(4, name="right_2")(Dense(4, name="right_1")(x))
    model = Model(x, Add(name="sum")([left, right]))
    assert [layer.name for layer in model.layers] == ["x", "right_1", "left", "right_2", "sum"]


def test_a_deep_chain_needs_no_recursion():
    x = y = Input((2,))
    for _ in range(1500):
        y = Dense(2, use_bias=False)(y)
    model = Model(x, y)
    assert len(model.layers) == 1501
    verify(model.graph)


def test_masks_flow_through_layers_that_support_them():
    x = Input((5,), dtype="int32")
    embedded = Embedding(9, 3, mask_zero=True)(x)
    assert embedded.mask is not None
    assert Dropout(0.5)(embedded).mask is embedded.mask
    assert LSTM(2, return_sequences=True)(embedded).mask is embedded.mask
    assert LSTM(2)(embedded).mask is None


def test_a_mask_made_inside_a_nested_model_comes_out_of_its_call():
    x = Input((5,), dtype="int32")
    encoder = Model(x, Embedding(9, 4, mask_zero=True)(x))
    y = Input((5,), dtype="int32")
    encoded = encoder(y)
    assert str(encoded.mask.type) == "bool[?,5]"
    model = Model(y, LSTM(3)(encoded))
    assert model.get_layer("lstm_1")._inbound_nodes[0].masks == (encoded.mask,)
    verify(model.graph)
    assert model_from_json(model.to_json()).to_json() == model.to_json()


def test_a_mask_into_a_layer_without_support_names_the_layer():
    with pytest.raises(DTypeError, match=r"Flatten 'flatten_1' does not support masking"):
        Flatten()(Masking()(Input((5, 3))))


def test_freezing_moves_weights_and_keeps_their_order_in_files():
    model = Sequential([Dense(2, input_shape=(3,)), BatchNormalization(), Dense(1)])
    names = [w.name for layer in model.layers for w in layer.weights]
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 4
    assert len(model.non_trainable_weights) == 4
    assert [w.name for layer in model.layers for w in layer.weights] == names


def test_a_sequential_without_input_shape_is_built_later():
    model = Sequential([Dense(2), Dense(1)])
    assert not model.built
    with pytest.raises(ConfigError, match="not built yet"):
        model.summary()
    model.build((None, 3))
    assert model.output_shape == (None, 1)
    assert model.get_config()["build_input_shape"] == (None, 3)


def test_pop_takes_the_last_layer_away():
    model = Sequential([Dense(4, input_shape=(3,)), Dense(2)])
    model.pop()
    assert model.output_shape == (None, 4)
    model.add(Dense(5))
    assert model.output_shape == (None, 5)


def test_weights_can_be_set_before_anything_runs():
    model = Sequential([Dense(2, input_shape=(3,))])
    kernel, bias = np.ones((3, 2)), np.array([1.0, 2.0])
    model.set_weights([kernel, bias])
    kernel[:] = 7  # the model has its own copy
    assert np.array_equal(model.get_weights()[0], np.ones((3, 2), "float32"))
    with pytest.raises(
        ShapeError, match=r"shape \(2,\) not compatible .*\(3,\) \(of 'dense_1/bias:0"
    ):
        model.set_weights([kernel, np.zeros(3)])
    assert np.array_equal(model.get_weights()[1], bias)


def test_weights_do_not_depend_on_when_they_are_computed():
    np.random.seed(7)
    model = Sequential([Dense(4, input_shape=(3,)), Dense(2)])
    first = model.get_weights()
    K.clear_session()
    np.random.seed(7)
    again = model_from_json(model.to_json())
    np.random.rand(100)
    assert all(np.array_equal(a, b) for a, b in zip(first, again.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: Dense(4, activaton="relu"),
            ArgumentError,
            "`activaton`. Did you mean `activation`",
        ),
        (lambda: Dense(), ArgumentError, "misses the required argument `units`"),
        (lambda: Dense(3, units=3), ArgumentError, "two values for the argument `units`"),
        (lambda: Dense(-1), ConfigError, r"Dense 'dense_\d+': `units` is -1"),
        (lambda: Dense("3"), ArgumentError, r"`units` is '3' \(str\)"),
        (lambda: Conv2D(2, (3, 3, 3)), ConfigError, r"tuple of 2 integers.*Received: \(3, 3, 3\)"),
        (
            lambda: Conv2D(2, 3, padding="full"),
            ConfigError,
            "The `padding` argument must be one of 'valid', .*Received: full",
        ),
        (
            lambda: Conv2D(2, 3, strides=2, dilation_rate=2)(Input((9, 9, 1))),
            ConfigError,
            r"strides > 1 not supported .* got strides \(2, 2\)",
        ),
        (lambda: Dense(3, input_shape=("a",)), ConfigError, "expected whole numbers or None"),
        (
            lambda: Dense(3)(np.zeros((2, 3))[0:0].tolist),
            ConfigError,
            "with an input that isn't a symbolic tensor",
        ),
        (lambda: Dense(3)(Input((None,))), ShapeError, r"f32\[\?,\?\].*known last axis"),
        (lambda: Flatten()(Input((None, 3))), ShapeError, "is not fully defined"),
        (lambda: Add()([Input((3,)), Input((4,))]), ShapeError, "could not be broadcast together"),
        (
            lambda: Concatenate()([Input((3, 1)), Input((4, 1))]),
            ShapeError,
            "matching shapes except .* axis -1",
        ),
        (lambda: Model(Input((3,)), Dense(2)(Input((3,)))), ConfigError, "Graph disconnected"),
        (lambda: Model(Input((3,)), 5), ConfigError, "must be the output of a Keras `Layer`"),
        (lambda: Sequential([Dense(2, name="d"), Dense(2, name="d")]), ConfigError, "'d' already"),
        (lambda: Sequential([5]), DTypeError, "must be an instance of class Layer. Found: 5"),
        (
            lambda: small_model().get_layer("sharde"),
            ConfigError,
            "No such layer: sharde. The layers .*'shared'",
        ),
    ],
)
def test_a_mistake_raises_where_it_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()
