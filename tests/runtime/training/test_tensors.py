"""Tensors as data: inputs and targets that a model holds, steps in place of batches."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.tensorflow import tf
from kir import backend as K
from kir.errors import ConfigError, DTypeError
from kir.layers import Dense, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()
    np.random.seed(4)


RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 4)).astype("float32"), RNG.normal(size=(8, 2)).astype("float32")


def held(x, y):
    """A model that holds its data."""
    entry = Input(tensor=x)
    model = Model(entry, Dense(2)(entry))
    model.compile("sgd", "mse", metrics=["mae"], target_tensors=y)
    return model


def fed():
    model = Sequential([Dense(2, input_shape=(4,))])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


@pytest.mark.parametrize("make", [K.constant, K.variable, tf.constant, tf.Variable])
@pytest.mark.parametrize("steps", [3, 40], ids=["step by step", "in a loop"])
def test_a_model_that_holds_its_data_is_fed_nothing(make, steps):
    model, other = held(make(X), [make(Y)]), fed()
    other.set_weights(model.get_weights())
    history = model.fit(epochs=2, steps_per_epoch=steps, verbose=0)
    wanted = [other.train_on_batch(X, Y) for _ in range(2 * steps)]
    np.testing.assert_allclose(
        history.history["loss"], np.mean(np.reshape(wanted, (2, steps, 2)), 1)[:, 0], rtol=1e-5
    )
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-5)
    assert history.params["steps"] == steps
    assert history.params["batch_size"] is None
    np.testing.assert_allclose(
        model.evaluate(steps=2, verbose=0), other.evaluate(X, Y, verbose=0), rtol=1e-5
    )
    assert model.predict(None, steps=3).shape == (24, 2)


def test_a_tensor_that_is_computed_is_computed_anew_in_every_step():
    model = held(K.random_normal((4, 4)), [K.zeros((4, 2))])
    K.set_value(model.optimizer.lr, 0.0)
    losses = {model.train_on_batch(None, None)[0] for _ in range(4)}
    assert len(losses) == 4


def test_whole_arrays_in_every_step():
    model, other = fed(), fed()
    other.set_weights(model.get_weights())
    model.fit(X, Y, steps_per_epoch=3, verbose=0, validation_data=(X, Y), validation_steps=2)
    for _ in range(3):
        other.train_on_batch(X, Y)
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


def test_tensors_with_values_are_taken_as_arrays():
    model = fed()
    wanted = model.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(model.evaluate(tf.constant(X), Y, verbose=0), wanted)
    found = model.evaluate(K.variable(X), K.variable(Y), steps=1, verbose=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_tensors_as_data_are_computed_anew_in_every_step():
    count = K.variable(0.0)
    x = K.constant(X) * K.update_add(count, 1.0)
    model, other = fed(), fed()
    other.set_weights(model.get_weights())
    history = model.fit({"dense_1_input": x}, [K.constant(Y)], steps_per_epoch=3, verbose=0).history
    wanted = [other.train_on_batch(X * n, Y)[0] for n in (1, 2, 3)]
    np.testing.assert_allclose(history["loss"], [np.mean(wanted)], rtol=1e-5)
    np.testing.assert_allclose(model.predict(x, steps=2)[8:], other.predict(X * 5), rtol=1e-4)
    np.testing.assert_allclose(model.predict_on_batch(x), other.predict(X * 6), rtol=1e-4)
    wanted = other.evaluate(X * 7, Y, verbose=0)
    np.testing.assert_allclose(model.evaluate(x, Y, steps=1, verbose=0), wanted, rtol=1e-4)
    np.testing.assert_allclose(model.test_on_batch(X * 7, K.constant(Y)), wanted, rtol=1e-4)


def test_tensors_validate_and_build():
    x, y = K.constant(X), K.constant(Y)
    model = Sequential([Dense(2)])
    model.compile("sgd", "mse")
    options = {"steps_per_epoch": 2, "epochs": 2, "verbose": 0}
    history = model.fit(x, y, validation_data=(x, y), validation_steps=1, **options).history
    np.testing.assert_allclose(history["val_loss"][-1], model.test_on_batch(X, Y), rtol=1e-5)
    assert model.input_shape == (None, 4)


@pytest.mark.parametrize("make", [K.constant, K.variable])
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, x, y: m.fit(x, y, batch_size=4), "specify the `steps_per_epoch` argument"),
        (lambda m, x, y: m.evaluate(X, [y]), "specify the `steps` argument"),
        (lambda m, x, y: m.predict([x]), "specify the `steps` argument"),
        (
            lambda m, x, y: m.fit(x, y, steps_per_epoch=2, validation_split=0.5),
            "you cannot use `validation_split`",
        ),
        (lambda m, x, y: m.predict(x, batch_size=2, steps=2), "`batch_size` must be None"),
    ],
)
def test_tensors_as_data_are_counted_in_steps(make, call, message):
    with pytest.raises(ConfigError, match=message):
        call(fed(), make(X), make(Y))


def test_a_placeholder_as_target_is_fed():
    target = K.placeholder((None, 2))
    model = Sequential([Dense(2, input_shape=(4,))])
    model.compile("sgd", "mse", target_tensors=[target])
    assert model.targets == [target]
    assert model.train_on_batch(X, Y) > 0


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([Y, Y], ConfigError, "The model has 1 outputs, but you passed target_tensors="),
        ({"dens_1": Y}, ConfigError, "Did you mean 'dense_1'"),
        (3, DTypeError, "to be a tensor, a list of tensors, or dict"),
    ],
)
def test_target_tensors_that_do_not_fit(given, error, message):
    model = Sequential([Dense(2, input_shape=(4,))])
    with pytest.raises(error, match=message):
        model.compile("sgd", "mse", target_tensors=given)


def test_data_for_a_model_that_holds_its_own_is_an_error():
    model = held(K.constant(X), [K.constant(Y)])
    with pytest.raises(ConfigError, match="expected no data, but got: an array"):
        model.train_on_batch(X, None)
    with pytest.raises(ConfigError, match="should specify the `steps_per_epoch`"):
        model.fit(verbose=0)


class TestDatasets:
    def dataset(self, count=5):
        return tf.data.Dataset.from_tensor_slices((X, Y)).batch(2).repeat(count)

    def test_batches_are_those_of_the_data_set(self):
        model, other = fed(), fed()
        other.set_weights(model.get_weights())
        history = model.fit(self.dataset(), epochs=2, verbose=0, validation_data=self.dataset(1))
        for _ in range(10):
            for i in range(0, 8, 2):
                other.train_on_batch(X[i : i + 2], Y[i : i + 2])
        np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])
        wanted = other.evaluate(X, Y, batch_size=2, verbose=0)
        np.testing.assert_allclose(history.history["val_loss"][-1], wanted[0], rtol=1e-6)
        np.testing.assert_allclose(model.evaluate(self.dataset(1), verbose=0), wanted, rtol=1e-6)
        np.testing.assert_allclose(model.predict(self.dataset(1)), model.predict(X), rtol=1e-5)

    def test_endless_ones_need_a_number_of_steps(self):
        model, endless = fed(), self.dataset().repeat()
        model.fit(endless, steps_per_epoch=3, verbose=0)
        with pytest.raises(ConfigError, match="give `steps_per_epoch`"):
            model.fit(endless, verbose=0)
