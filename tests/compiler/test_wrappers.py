"""Wrappers and nested models compute what the layers inside compute."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Dense,
    Dropout,
    Input,
    Layer,
    Masking,
    TimeDistributed,
    Wrapper,
)
from kir.models import Model, Sequential
from kir.optimizers import Adam

pytestmark = pytest.mark.tf

# Sums of a few products in float32.
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def data(*shape):
    return np.random.RandomState(0).rand(*shape).astype("float32")


def alone(layer, array):
    """The result of the layer for an array of samples."""
    x = Input(array.shape[1:])
    return Model(x, layer(x)).predict(array)


@pytest.mark.parametrize("batch", [None, 2])
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: Dense(2, activation="relu"), (4,)),
        (lambda: LSTM(2), (5, 4)),
        (lambda: Bidirectional(GRU(2), merge_mode="ave"), (5, 4)),
        (lambda: TimeDistributed(Dense(2)), (5, 4)),
        (lambda: Sequential([Dense(3, input_shape=(4,)), Dense(2)]), (4,)),
    ],
)
def test_every_time_step_gets_the_same_layer(layer, shape, batch):
    inner = layer()
    x = Input(batch_shape=(batch, 3, *shape))
    model = Model(x, TimeDistributed(inner)(x))
    array = data(2, 3, *shape)
    found = model.predict(array, batch_size=2)
    for step in range(3):
        np.testing.assert_allclose(found[:, step], alone(inner, array[:, step]), **CLOSE)


def test_time_steps_of_a_fixed_batch_have_statistics_and_dropout_of_their_own():
    x = Input(batch_shape=(6, 5, 4))
    run = K.function(
        [x, K.learning_phase()],
        [TimeDistributed(BatchNormalization())(x), TimeDistributed(Dropout(0.5))(x)],
    )
    normal, dropped = run([data(6, 5, 4) * np.arange(1, 6)[None, :, None], 1])
    np.testing.assert_allclose(normal.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(normal.std(0), 1, atol=5e-2)
    kept = dropped != 0
    assert any(not np.array_equal(kept[:, 0], kept[:, i]) for i in range(1, 5))


def test_moving_averages_inside_a_wrapped_model_are_updated():
    inner = Sequential([BatchNormalization(input_shape=(4,))], name="inner")
    x = Input((5, 4))
    model = Model(x, TimeDistributed(inner)(x))
    model.compile("sgd", "mse")
    array = data(6, 5, 4)
    model.train_on_batch(array, array)
    np.testing.assert_allclose(inner.get_weights()[2], array.mean((0, 1)), **CLOSE)
    inner.trainable = False
    model.compile("sgd", "mse")
    before = inner.get_weights()
    model.train_on_batch(array * 2, array)
    assert all(map(np.array_equal, before, inner.get_weights()))


def test_updates_of_a_nested_model_run_with_its_outputs():
    inner = Sequential([Dropout(0.5, input_shape=(4,)), BatchNormalization()], name="inner")
    x = Input((4,))
    model = Model(x, inner(x))
    run = K.function([x, K.learning_phase()], model.outputs, updates=model.updates)
    (y,) = run([data(64, 4), 1])
    assert abs(y.mean()) < 1e-5
    assert np.all(inner.get_weights()[2] != 0)


@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave", None])
def test_both_directions_are_joined(mode):
    layer = Bidirectional(LSTM(3, return_sequences=True), merge_mode=mode)
    x = Input((5, 4))
    model = Model(x, layer(Masking()(x)))
    array = data(2, 5, 4)
    array[0, 3:] = 0
    masked = Sequential([Masking(input_shape=(5, 4)), layer.forward_layer])
    back = Sequential([Masking(input_shape=(5, 4)), layer.backward_layer])
    a, b = masked.predict(array), back.predict(array)[:, ::-1]
    want = {
        "concat": np.concatenate([a, b], -1),
        "sum": a + b,
        "mul": a * b,
        "ave": (a + b) / 2,
        None: [a, b],
    }[mode]
    np.testing.assert_allclose(model.predict(array), want, **CLOSE)


def test_states_of_both_directions_are_kept():
    x = Input(batch_shape=(2, 5, 4))
    layer = Bidirectional(LSTM(3, stateful=True, return_state=True))
    model = Model(x, layer(x))
    array = data(2, 5, 4)
    first, second = model.predict(array, batch_size=2), model.predict(array, batch_size=2)
    assert not np.allclose(first[0], second[0])
    np.testing.assert_allclose(layer.backward_layer.states[1].get_value(), second[4])
    model.reset_states()
    np.testing.assert_allclose(model.predict(array, batch_size=2)[0], first[0])
    model.compile("sgd", ["mse"] * 5)
    model.evaluate(array, [np.zeros((2, n)) for n in (6, 3, 3, 3, 3)], batch_size=2, verbose=0)
    np.testing.assert_allclose(layer.forward_layer.states[0].get_value(), second[1])


def test_initial_states_may_be_variables():
    x = Input(batch_shape=(2, 5, 4))
    states = [K.variable(data(2, 3)) for _ in range(2)]
    layer = Bidirectional(GRU(3))
    model = Model(x, layer(x, initial_state=states))
    h = [Input((3,)) for _ in range(2)]
    given = Model([x, *h], layer(x, initial_state=h))
    array = data(2, 5, 4)
    want = given.predict([array, *map(K.get_value, states)], batch_size=2)
    np.testing.assert_allclose(model.predict(array, batch_size=2), want, **CLOSE)


def test_a_mask_goes_through_a_nested_model():
    inner = Sequential([LSTM(4, return_sequences=True, input_shape=(5, 3)), Dense(2)])
    x = Input((5, 3))
    nested = Model(x, LSTM(2)(inner(Masking()(x))))
    flat = Sequential(
        [
            Masking(input_shape=(5, 3)),
            LSTM(4, return_sequences=True),
            Dense(2),
            LSTM(2),
        ]
    )
    flat.set_weights(nested.get_weights())
    array = data(3, 5, 3)
    array[0, 2:] = 0
    np.testing.assert_allclose(nested.predict(array), flat.predict(array), **CLOSE)


def test_a_users_wrapper_calls_the_layer_inside():
    class Doubled(Wrapper):
        def build(self, input_shape):
            self.layer.build(input_shape)
            self.layer.built = True
            super().build()

        def call(self, inputs):
            return 2 * self.layer.call(inputs)

        def compute_output_shape(self, input_shape):
            return self.layer.compute_output_shape(input_shape)

    dense = Dense(2)
    x = Input((4,))
    layer = Doubled(dense)
    model = Model(x, layer(x))
    array = data(3, 4)
    np.testing.assert_allclose(model.predict(array), 2 * alone(dense, array), **CLOSE)
    assert len(model.trainable_weights) == 2


def test_a_users_layer_inside_a_wrapper():
    class Scale(Layer):
        def build(self, input_shape):
            self.factor = self.add_weight(name="factor", shape=(), initializer="ones")
            self.seen = self.add_weight(name="seen", shape=(), initializer="zeros", trainable=False)
            super().build(input_shape)

        def call(self, inputs):
            self.add_update([K.update_add(self.seen, K.max(inputs))], inputs)
            return inputs * self.factor * 3

    x = Input((5, 4))
    layer = TimeDistributed(Scale())
    model = Model(x, layer(x))
    array = data(2, 5, 4)
    np.testing.assert_allclose(model.predict(array), array * 3, **CLOSE)
    assert len(model.updates) == 1
    model.compile("sgd", "mse")
    model.train_on_batch(array, array)
    np.testing.assert_allclose(layer.get_weights()[1], array.max(), **CLOSE)


def test_a_subclass_of_model_trains():
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.first = Dense(8, activation="relu")
            self.normal = BatchNormalization()
            self.last = Dense(1)

        def call(self, inputs):
            h = self.first(inputs)
            return self.last(self.normal(h) + K.square(h))

    model = Net()
    model.compile(Adam(0.05), "mse")
    array = data(32, 4)
    history = model.fit(array, array.sum(1), epochs=30, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0] / 2
    assert np.any(model.normal.get_weights()[2] != 0)
    outer = Sequential([Dense(4, input_shape=(4,)), model])
    assert outer.predict(array).shape == (32, 1)
