"""What a step of training or evaluation changes besides the weights, and what it needs for it."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ConfigError
from kir.layers import (
    RNN,
    BatchNormalization,
    Bidirectional,
    Dense,
    Input,
    Layer,
    Masking,
    SimpleRNN,
    TimeDistributed,
    add,
)
from kir.models import Model, Sequential
from kir.regularizers import l2

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def moves(model, part):
    """Whether a step of training changes the weights of a part that training does not change."""
    model.compile("sgd", "mse")
    before = part.get_weights()[-2:]
    x, y = (np.random.random((8, *s[1:])) for s in (model.input_shape, model.output_shape))
    model.train_on_batch(x, y)
    return not all(map(np.array_equal, before, part.get_weights()[-2:]))


def functional():
    a = Input((4,))
    return Model(a, BatchNormalization()(a))


@pytest.mark.parametrize(
    "make", [functional, lambda: Sequential([BatchNormalization(input_shape=(4,))])]
)
def test_a_frozen_model_updates_nothing(make):
    model = make()
    layer = model.layers[-1]
    assert moves(model, layer)
    model.trainable = False
    assert not model.updates
    assert not moves(model, layer)
    model.trainable = True
    assert moves(model, layer)
    layer.trainable = False
    assert not moves(model, layer)


def test_updates_by_hand_stop_with_what_they_belong_to():
    model = Sequential([Dense(2, input_shape=(3,)), Dense(2)])
    counts = [K.variable(0), K.variable(0)]
    for layer, count in zip(model.layers, counts, strict=True):
        layer.add_update(K.update_add(count, 1))
    wrapped = Bidirectional(SimpleRNN(2), input_shape=(3, 4))
    around = Sequential([wrapped])
    counts.append(K.variable(0))
    wrapped.backward_layer.add_update(K.update_add(counts[2], 1))
    model.layers[1].trainable = False
    for one in (model, around):
        one.compile("sgd", "mse")
        one.train_on_batch(*(np.ones((2, *s[1:])) for s in (one.input_shape, one.output_shape)))
    assert [K.get_value(c) for c in counts] == [1, 0, 1]


@pytest.mark.parametrize(
    "make",
    [
        lambda **shape: SimpleRNN(2, stateful=True, **shape),
        lambda **shape: Bidirectional(SimpleRNN(2, stateful=True), **shape),
    ],
    ids=["SimpleRNN", "Bidirectional"],
)
def test_evaluation_keeps_states_from_batch_to_batch(make):
    model = Sequential([make(batch_input_shape=(2, 3, 4))])
    model.compile("sgd", "mse")
    x, y = np.random.random((4, 3, 4)), np.zeros((4, *model.output_shape[1:]))
    expected = np.square(model.predict(x, 2)).mean()
    model.reset_states()
    assert model.evaluate(x, y, batch_size=2, verbose=0) == pytest.approx(expected)
    first = model.test_on_batch(x[:2], y[:2])
    model.reset_states()
    assert model.test_on_batch(x[:2], y[:2]) != pytest.approx(first)


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_function_may_keep_states_by_the_models_updates(is_nested):
    inner = Sequential([SimpleRNN(2, stateful=True, batch_input_shape=(2, 3, 4))])
    x = Input(batch_shape=(2, 3, 4))
    model = Model(x, inner(x)) if is_nested else inner
    function = K.function(model.inputs, model.outputs, updates=model.state_updates)
    data = np.random.random((2, 3, 4))
    first, second = function([data])[0], function([data])[0]
    assert not np.allclose(first, second)
    model.reset_states()
    np.testing.assert_allclose(model.predict(data, batch_size=2), first, rtol=1e-5)
    np.testing.assert_allclose(model.predict(data, batch_size=2), second, rtol=1e-5)


def test_numbers_count_in_the_loss_as_often_as_they_were_added():
    model = Sequential([Dense(1, input_shape=(2,), kernel_initializer="zeros")])
    model.add_loss(1)
    model.add_loss(1)
    model.compile("sgd", "mse")
    assert model.evaluate(np.ones((2, 2)), np.zeros((2, 1)), verbose=0) == 2.0


class Penalized(Layer):
    """Adds a loss for its inputs, one of its weight, and a number."""

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (3,), initializer="ones", regularizer=l2(0.5))
        super().build(input_shape)

    def call(self, inputs):
        self.add_loss(K.mean(K.square(inputs)), inputs=inputs)
        self.add_loss(K.sum(self.scale))
        self.add_loss(0.25)
        return inputs * self.scale


def dense(**kwargs):
    return Dense(3, kernel_regularizer="l2", activity_regularizer="l2", **kwargs)


@pytest.mark.parametrize(
    ("make", "shape", "count"),
    [
        (dense, (3,), 3),
        (lambda: Sequential([dense(input_shape=(3,))]), (3,), 3),
        (Penalized, (3,), 7),
        (lambda: TimeDistributed(dense()), (2, 3), 3),
        (lambda: TimeDistributed(Penalized()), (2, 3), 5),
        (lambda: TimeDistributed(Sequential([dense(input_shape=(3,))])), (2, 3), 1),
        (lambda: Bidirectional(SimpleRNN(3, recurrent_regularizer="l2")), (2, 3), 2),
    ],
    ids=["Dense", "model", "own", "steps", "own steps", "model steps", "both ways"],
)
def test_the_loss_is_the_sum_of_the_models_losses(make, shape, count):
    # Keras 2.2: what is added for its inputs inside of TimeDistributed does not count.
    a, b, layer = Input(shape), Input(shape), make()
    model = Model([a, b], add([layer(a), layer(b)]))
    model.compile("sgd", "mse")
    data = [np.random.random((4, *shape)) for _ in range(2)]
    targets = model.predict(data)
    assert len(model.losses) == count
    values = K.function(model.inputs, model.losses)(data)
    total = sum(map(np.sum, values))
    assert model.evaluate(data, targets, verbose=0) == pytest.approx(total, rel=1e-4)
    assert model.train_on_batch(data, targets) == pytest.approx(total, rel=1e-4)


def test_a_mask_goes_through_a_model_in_every_time_step():
    inner = Sequential([Dense(3, input_shape=(4,), kernel_initializer="ones")])
    model = Sequential([Masking(input_shape=(2, 4)), TimeDistributed(inner)])
    model.compile("sgd", "mse")
    x = np.ones((2, 2, 4))
    x[0, 1] = x[1] = 0
    # The one step that counts, by the fraction of those that do.
    assert model.evaluate(x, np.zeros((2, 2, 3)), verbose=0) == pytest.approx(16.0)


# -- layers and cells that cannot be saved


class Cell:
    """Has no `get_config`."""

    state_size = 3

    def __init__(self):
        self.kernel = K.variable(np.ones((4, 3)))

    def call(self, inputs, states):
        output = K.dot(inputs, self.kernel) + states[0]
        return output, [output]


class Unfinished(Layer):
    def get_config(self):
        raise NotImplementedError("not yet")

    def call(self, inputs):
        return 2 * inputs


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda **shape: RNN(Cell(), **shape), AttributeError),
        (lambda **shape: RNN([Cell()], **shape), AttributeError),
        (Unfinished, NotImplementedError),
        (lambda **shape: TimeDistributed(Unfinished(), **shape), NotImplementedError),
    ],
    ids=["RNN", "stacked", "layer", "wrapped"],
)
def test_only_files_need_a_configuration(make, error, tmp_path):
    model = Sequential([make(input_shape=(2, 4))])
    model.compile("sgd", "mse")
    x = np.ones((2, 2, 4))
    model.fit(x, model.predict(x), verbose=0)
    model.save_weights(tmp_path / "w.h5")
    assert "opaque" in str(model.graph)
    for name in ("m.h5", "m.kir"):
        with pytest.raises(error):
            model.save(tmp_path / name)
    assert list(tmp_path.glob("m*")) == []


def test_a_model_with_an_idle_input_trains_and_predicts():
    a, b = Input((4,)), Input((2,))
    model = Model([a, b], Dense(3)(a))
    model.add_loss(K.mean(b))
    model.compile("sgd", "mse")
    data = [np.ones((4, 4)), np.full((4, 2), 5.0)]
    assert model.evaluate(data, model.predict(data), verbose=0) == pytest.approx(5.0)
    with pytest.raises(ConfigError, match="Expected to see 2 array"):
        model.predict(data[:1])
