"""Idioms of layers and agents written for Keras 2 that lean on what it left unchecked."""

import numpy as np
import pytest

from kir import backend as K
from kir.layers import (
    RNN,
    BatchNormalization,
    Dense,
    Flatten,
    Input,
    Lambda,
    Layer,
    TimeDistributed,
)
from kir.models import Model, Sequential
from kir.utils import to_categorical

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def _seeded():
    K.clear_session()
    np.random.seed(3)


class SlicedCell(Layer):
    """Cuts its kernels out of one weight when it is built."""

    def __init__(self, units, **kwargs):
        self.units = self.state_size = units
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], 2 * self.units), initializer="uniform"
        )
        self.kernel_gate = self.kernel[:, : self.units]
        self.kernel_value = K.tanh(self.kernel[:, self.units :])
        self.built = True

    def call(self, inputs, states):
        gate = K.sigmoid(K.dot(inputs, self.kernel_gate))
        h = gate * K.dot(inputs, self.kernel_value) + (1 - gate) * states[0]
        return h, [h]


def test_a_cell_computes_values_of_its_weights_when_it_is_built():
    x = Input((5, 3))
    cell = SlicedCell(4)
    model = Model(x, RNN(cell)(x))
    given = np.random.random((2, 5, 3)).astype("float32")
    (kernel,) = model.get_weights()
    h = np.zeros((2, 4))
    for step in given.transpose(1, 0, 2):
        gate = 1 / (1 + np.exp(-step @ kernel[:, :4]))
        h = gate * (step @ np.tanh(kernel[:, 4:])) + (1 - gate) * h
    np.testing.assert_allclose(model.predict(given), h, rtol=1e-5, atol=1e-6)

    model.compile("sgd", "mse")
    model.fit(given, np.ones((2, 4)), verbose=0)
    assert np.any(model.get_weights()[0][:, 4:] != kernel[:, 4:])


class Padded(Layer):
    """Declares the largest batch that may come."""

    def call(self, inputs):
        return inputs * K.cast(K.shape(inputs)[0], "float32")

    def compute_output_shape(self, input_shape):
        return (4, *input_shape[1:])


def test_a_batch_may_be_smaller_than_a_layer_declares():
    x = Input((2,))
    model = Model(x, Dense(1, kernel_initializer="ones")(Padded()(x)))
    model.compile("sgd", "mse")
    assert model.predict_on_batch(np.ones((4, 2))).ravel().tolist() == [8.0] * 4
    assert model.predict_on_batch(np.ones((3, 2))).ravel().tolist() == [6.0] * 3
    assert model.train_on_batch(np.ones((3, 2)), np.full((3, 1), 6.0)) == 0.0


def test_a_lambda_computes_the_loss_of_a_q_network_and_declares_a_column():
    """The loss is a vector; the targets are as the declared shape says."""

    def masked_error(args):
        y_true, y_pred, mask = args
        return K.sum(K.square(y_true - y_pred) * mask, axis=-1)

    model = Sequential([Dense(8, activation="tanh", input_shape=(3,)), Dense(2)])
    assert not hasattr(model.output, "__len__")
    y_true, mask = Input((2,), name="y_true"), Input((2,), name="mask")
    with pytest.warns(UserWarning, match="Lambda 'loss'"):
        loss = Lambda(masked_error, output_shape=(1,), name="loss")([y_true, model.output, mask])
    trainable = Model([model.input, y_true, mask], [loss, model.output])
    trainable.compile(
        "adam",
        [lambda y_true, y_pred: y_pred, lambda y_true, y_pred: K.zeros_like(y_pred)],
        metrics={trainable.output_names[1]: lambda y_true, y_pred: K.mean(K.max(y_pred, -1))},
    )
    states = np.random.random((16, 3))
    masks = to_categorical(np.arange(16) % 2, 2)
    wanted = np.ones((16, 2)) * masks
    dummy = [np.zeros((16,)), np.zeros((16, 2))]
    losses = [trainable.train_on_batch([states, wanted, masks], dummy)[0] for _ in range(30)]
    assert losses[-1] < 0.7 * losses[0]
    assert len(trainable.metrics_names) == 4


def test_a_function_of_a_lambda_states_a_shape_that_it_cannot_tell():
    def flat_steps(x):
        y = K.reshape(x, K.stack([-1, K.shape(x)[1], K.shape(x)[1] * 3]))
        y.set_shape((None, None, 12))
        return K.cast(y, x.dtype)

    x = Input((4, 4, 3))
    model = Model(x, Dense(1, kernel_initializer="ones")(Lambda(flat_steps)(x)))
    model.compile("sgd", "mse")
    assert model.predict(np.ones((2, 4, 4, 3))).ravel().tolist() == [12.0] * 8


def test_a_loop_over_time_takes_a_list_of_masks_as_one_constant():
    """Recurrent layers of 2017 pass a dropout mask a gate."""
    x = K.placeholder((None, 5, 3))

    def step(inputs, states):
        (h, masks, factor) = states
        new = h + inputs * masks[0] * factor + masks[1]
        return new, [new]

    ones = K.ones_like(x[:, 0])
    last, _, _ = K.rnn(
        step, x, [K.zeros_like(x[:, 0])], constants=[[ones * 2, ones], np.float32(3.0)]
    )
    assert K.function([x], [last])([np.ones((1, 5, 3))])[0].tolist() == [[35.0] * 3]


class FrozenNormalization(BatchNormalization):
    """Detection networks keep what was learned on ImageNet."""

    def call(self, inputs, training=None):
        return super().call(inputs, training=training)


@pytest.mark.parametrize("cls", [BatchNormalization, FrozenNormalization])
@pytest.mark.parametrize(("training", "mean"), [(False, 0.0), (None, 1.0)])
def test_a_head_over_regions_normalizes_as_the_call_says(cls, training, mean):
    x = Input((2, 3))
    y = TimeDistributed(cls(), name="norm")(x, training=training)
    model = Model(x, Dense(1)(Flatten()(y)))
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((4, 2, 3)), np.zeros((4, 1)))
    _, _, moving_mean, _ = model.get_layer("norm").get_weights()
    assert moving_mean.tolist() == [mean] * 3


def test_a_loss_is_zero_where_there_is_nothing_to_compare():
    """A switch between a matrix and a scalar, of which the mean is taken."""
    x = K.placeholder((None, 2))
    error = K.switch(K.sum(x) > 0, K.square(x), K.constant(0.0))
    f = K.function([x], [K.mean(error)])
    assert f([np.ones((3, 2)) * 2])[0] == 4.0
    assert f([-np.ones((3, 2))])[0] == 0.0


def test_a_layer_may_compute_with_values_of_another_layers_weights():
    """Attribution methods run a layer again with the positive part of its kernel."""
    x = Input((3,))
    layer = Dense(2)
    y = layer(x)
    positive = Dense(2, use_bias=False)
    positive.build((None, 3))
    positive.kernel = K.relu(layer.kernel)
    positive._trainable_weights = [positive.kernel]
    model = Model(x, [y, positive(x)])
    given = np.random.random((4, 3))
    want = given @ np.maximum(layer.get_weights()[0], 0)
    np.testing.assert_allclose(model.predict(given)[1], want, rtol=1e-5)
