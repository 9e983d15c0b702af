"""Metrics: stateful ones, weighted ones, functions that return a dict, names."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.callbacks import LambdaCallback
from kir.engine.base_layer import Layer
from kir.layers import Dense, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()
    np.random.seed(4)


class TruePositives(Layer):
    """Counts over an epoch, as Keras 2's own tests do."""

    def __init__(self, name="hits", **kwargs):
        super().__init__(name=name, **kwargs)
        self.stateful = True
        self.hits = K.variable(value=0, dtype="int32")

    def reset_states(self):
        K.set_value(self.hits, 0)

    def __call__(self, y_true, y_pred):
        is_hit = K.equal(K.cast(y_true, "int32"), K.cast(K.round(y_pred), "int32"))
        found = K.cast(K.sum(K.cast(is_hit, "int32") * K.cast(y_true, "int32")), "int32")
        before = self.hits * 1
        self.add_update(K.update_add(self.hits, found), inputs=[y_true, y_pred])
        return before + found


def make_model(metrics, **options):
    model = Sequential([Dense(1, activation="sigmoid", input_shape=(3,))])
    model.compile("sgd", "binary_crossentropy", metrics=metrics, **options)
    return model


def data(count=60):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 3)), rng.integers(0, 2, count)


def hits(model, x, y):
    return int((np.round(model.predict(x)[:, 0]) * y).sum())


EXACT = LambdaCallback(on_batch_end=lambda batch, logs: None)


@pytest.mark.parametrize("callbacks", [[], [EXACT]], ids=["in loops", "step by step"])
def test_a_stateful_metric_counts_over_an_epoch(callbacks):
    x, y = data()
    model = make_model([TruePositives(), "acc"])
    K.set_value(model.optimizer.lr, 0.0)
    history = model.fit(
        x, y, 4, 5, verbose=0, validation_data=(x[:20], y[:20]), callbacks=callbacks
    )
    assert model.stateful_metric_names == ["hits"]
    assert history.history["hits"] == [hits(model, x, y)] * 5
    assert history.history["val_hits"] == [hits(model, x[:20], y[:20])] * 5
    assert model.evaluate(x, y, batch_size=7, verbose=0)[1] == hits(model, x, y)


class Rate(Layer):
    """The hits among all samples, by two metrics inside."""

    def __init__(self, **kwargs):
        super().__init__(name="rate", **kwargs)
        self.stateful = True
        self.hits = TruePositives()
        self.count = K.variable(0.0)

    def reset_states(self):
        self.hits.reset_states()
        K.set_value(self.count, 0.0)

    def __call__(self, y_true, y_pred):
        hits = K.cast(self.hits(y_true, y_pred), y_pred.dtype)
        self.add_update(self.hits.updates)
        count = self.count + K.cast(K.shape(y_true)[0], "float32")
        self.add_update(K.update(self.count, count))
        return hits / count


def test_a_metric_made_of_metrics_counts_in_training_and_evaluation():
    x, y = data()
    model = make_model([Rate()])
    K.set_value(model.optimizer.lr, 0.0)
    want = pytest.approx(hits(model, x, y) / len(x))
    assert model.fit(x, y, 8, 2, verbose=0).history["rate"] == [want, want]
    assert model.evaluate(x, y, batch_size=7, verbose=0)[1] == want


def test_user_data_is_standardized_to_what_is_fed():
    x, y = data(6)
    model = make_model(["acc"])
    arrays = model._standardize_user_data(x, y, np.arange(6.0))
    assert [[a.shape for a in group] for group in arrays] == [[(6, 3)], [(6, 1)], [(6,)]]
    assert model._standardize_user_data(x) == ([pytest.approx(x)], [], [])
    fed = model._feed_inputs + model._feed_targets + model._feed_sample_weights
    (grad,) = K.function(fed, K.gradients(model.total_loss, [model.layers[0].bias]))(
        arrays[0] + arrays[1] + [np.ones(6)]
    )
    np.testing.assert_allclose(grad, np.mean(model.predict(x)[:, 0] - y), rtol=1e-5)
    assert model._is_compiled


def test_a_stateful_metric_counts_over_batches_of_a_generator():
    x, y = data()
    model = make_model([TruePositives()])
    K.set_value(model.optimizer.lr, 0.0)
    batches = [(x[i : i + 6], y[i : i + 6]) for i in range(0, 60, 6)]
    history = model.fit_generator(iter(batches * 4), 10, 4, verbose=0)
    assert history.history["hits"] == [hits(model, x, y)] * 4
    found = model.evaluate_generator(iter(batches), 10, workers=0)
    assert found[1] == hits(model, x, y)


def test_train_on_batch_goes_on_counting():
    x, y = data()
    model = make_model([TruePositives()])
    K.set_value(model.optimizer.lr, 0.0)
    counts = [model.train_on_batch(x, y)[1] for _ in range(3)]
    assert counts == [hits(model, x, y) * i for i in (1, 2, 3)]


def test_a_count_beyond_what_float32_holds_is_exact():
    class Large(TruePositives):
        def __call__(self, y_true, y_pred):
            return K.cast(2**24 + 1, "int32") + super().__call__(y_true, y_pred) * 0

    model = make_model([Large()])
    assert model.evaluate(*data(4), verbose=0)[1] == 2**24 + 1


def test_a_metric_may_return_a_dict():
    def spread(y_true, y_pred):
        return {"low": K.min(y_pred), "high": K.max(y_pred)}

    x, y = data()
    model = make_model([spread, "acc"])
    assert model.metrics_names == ["loss", "low", "high", "acc"]
    found = dict(zip(model.metrics_names, model.evaluate(x, y, 60, verbose=0), strict=True))
    predicted = model.predict(x)
    np.testing.assert_allclose(
        [found["low"], found["high"]], [predicted.min(), predicted.max()], rtol=1e-6
    )


def test_sample_weights_apply_to_weighted_metrics_only():
    x, y = data()
    model = make_model(["mae"], weighted_metrics=["mae"])
    assert model.metrics_names == [
        "loss",
        "mean_absolute_error",
        "weighted_mean_absolute_error",
    ]
    weights = np.where(np.arange(60) < 20, 2.0, 0.0)
    found = model.evaluate(x, y, 60, verbose=0, sample_weight=weights)
    errors = np.abs(model.predict(x)[:, 0] - y)
    np.testing.assert_allclose(found[1], errors.mean(), rtol=1e-5)
    np.testing.assert_allclose(found[2], 2 * errors[:20].mean(), rtol=1e-5)


def test_names_are_unique_and_bear_the_outputs_name():
    x = Input((3,))
    model = Model(x, [Dense(1, name="p")(x), Dense(2, activation="softmax", name="q")(x)])
    model.compile(
        "sgd", ["mse", "sparse_categorical_crossentropy"], metrics={"q": ["acc", "acc", "ce"]}
    )
    assert model.metrics_names == ["loss", "p_loss", "q_loss", "q_acc", "q_acc_1", "q_ce"]


def test_the_compiled_model_can_be_looked_at():
    x, y = data(8)
    model = make_model(["mae"])
    grads = K.gradients(model.total_loss, model.trainable_weights)
    fed = model._feed_inputs + model._feed_targets + model._feed_sample_weights
    function = K.function(fed, [model.total_loss, *model.metrics_tensors, *grads])
    loss, mae, kernel, _ = function([x, y[:, None], np.ones(8)])
    np.testing.assert_allclose([loss, mae], model.evaluate(x, y, verbose=0), rtol=1e-6)
    error = model.predict(x) - y[:, None]
    np.testing.assert_allclose(kernel, x.T @ error / 8, rtol=1e-4, atol=1e-6)


def test_the_functions_of_a_model_take_lists():
    x, y = data(8)
    model, other = make_model(["mae"]), make_model(["mae"])
    other.set_weights(model.get_weights())
    arrays = [x, y[:, None], np.full(8, 2.0)]
    wanted = model.test_on_batch(x, y, sample_weight=arrays[2])
    model._make_train_function()
    model._make_predict_function()
    assert model.test_function([*arrays, 0.0]) == wanted
    np.testing.assert_array_equal(model.predict_function([x])[0], model.predict(x))
    assert model.train_function(arrays) == wanted
    other.train_on_batch(x, y, sample_weight=arrays[2])
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


def test_what_a_model_has_only_once_it_is_compiled():
    model = Sequential([Dense(1, input_shape=(3,))])
    for name in ("train_function", "total_loss", "targets", "sample_weights", "metrics_tensors"):
        assert not hasattr(model, name)
    model.compile("sgd", "mse")
    assert model.train_function is None
    model._make_train_function()
    assert model.train_function is not None
    assert model.sample_weight_modes == [None]
