"""Copies of models. No TensorFlow."""

from __future__ import annotations

import pytest

from kir import backend as K
from kir.errors import ConfigError
from kir.layers import LSTM, Add, BatchNormalization, Bidirectional, Dense, Dropout, Input
from kir.models import Model, Sequential, clone_model


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def shared():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    inner = Sequential([Dense(4, input_shape=(4,)), Dropout(0.5)], name="inner")
    layer = Dense(4, name="shared")
    return Model([a, b], [Add()([layer(inner(a)), layer(b)]), inner(b)], name="shared_model")


def recurrent():
    x, h, c = Input((5, 3)), Input((2,)), Input((2,))
    y = Bidirectional(LSTM(2, return_state=True))(x, initial_state=[h, c, h, c])
    return Model([x, h, c], y[1:3])


@pytest.mark.parametrize(
    "build",
    [
        shared,
        recurrent,
        lambda: Sequential([Dense(3, input_shape=(4,)), BatchNormalization()], name="s"),
        lambda: Sequential([Dense(3), Dense(2)], name="deferred"),
    ],
)
def test_a_clone_has_the_architecture_and_other_weights(build):
    model = build()
    clone = clone_model(model)
    assert type(clone) is type(model)
    assert clone.to_json() == model.to_json()
    assert not set(map(id, clone.layers)) & set(map(id, model.layers))
    assert not set(map(id, clone.weights)) & set(map(id, model.weights))


def test_a_clone_can_stand_on_other_inputs():
    x, y = Input((4,), name="x"), Input((4,), name="y")
    clone = clone_model(shared(), [x, y])
    assert clone.inputs == [x, y]
    sequential = Sequential([Dense(3, input_shape=(4,))])
    assert clone_model(sequential, x).input_names == ["x"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clone_model(3), "got 3"),
        (lambda: clone_model(shared(), [Input((4,))]), "got 1 input tensors; .* has 2 inputs"),
        (
            lambda: clone_model(Sequential([Dense(3, input_shape=(4,))]), Dense(4)(Input((4,)))),
            "which the layer 'dense_[0-9]' made",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ConfigError, match=message):
        call()


def test_pop_takes_the_last_layer_away():
    model = Sequential([Dense(3, input_shape=(4,)), Dense(2), Dense(1)])
    model.pop()
    assert model.output_shape == (None, 2)
    assert [layer.name for layer in model.layers] == ["dense_1", "dense_2"]
    model.add(Dense(7))
    assert model.output_shape == (None, 7)
    assert len(model.weights) == 6


def test_layers_serve_in_several_models():
    x = Input((4,))
    dense = Dense(3)
    hidden = dense(x)
    first, second = Model(x, hidden), Model(x, Dense(1)(hidden))
    assert first.weights == second.weights[:2]
    again = Model(x, second(Dense(4)(x)))
    assert len(again.weights) == 6
    assert second.count_params() == 15 + 4
