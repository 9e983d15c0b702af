"""`fit` on arrays: order, validation, loops against single steps, errors."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from kir import backend as K
from kir.callbacks import Callback, LambdaCallback
from kir.engine.training_utils import batch_shuffle
from kir.errors import ArgumentError, ConfigError, MissingTargetError, ShapeError
from kir.layers import Dense, Dropout, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()
    np.random.seed(4)


def make_model(optimizer="adam", **options):
    model = Sequential([Dense(6, activation="tanh", input_shape=(4,)), Dense(2)])
    model.compile(optimizer, "mse", metrics=["mae"], **options)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def make_linear():
    model = Sequential([Dense(2, input_shape=(4,))])
    model.compile("sgd", "mse")
    return model


def data(count=70):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 4)), rng.normal(size=(count, 2))


def assert_same_weights(a, b):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


EXACT = LambdaCallback(on_batch_end=lambda batch, logs: None)


def test_loops_give_the_history_and_weights_of_single_steps():
    x, y = data()
    fast, exact = make_model(), make_model()
    histories = []
    for model, callbacks in ((fast, []), (exact, [EXACT])):
        np.random.seed(9)
        found = model.fit(
            x, y, 8, 5, verbose=0, callbacks=callbacks, validation_split=0.2, shuffle=True
        )
        histories.append(found.history)
    assert histories[0] == histories[1]
    assert_same_weights(fast, exact)


def test_every_epoch_shuffles_the_order_of_the_one_before():
    x, y = data(20)
    model = make_model("sgd")
    np.random.seed(7)
    model.fit(x, y, 5, 2, verbose=0)
    other = make_model("sgd")
    np.random.seed(7)
    order = np.arange(20)
    for _ in range(2):
        np.random.shuffle(order)
        for rows in order.reshape(4, 5):
            other.train_on_batch(x[rows], y[rows])
    assert_same_weights(model, other)


def test_batches_are_shuffled_whole_and_the_rest_stays_last():
    order = batch_shuffle(np.arange(11), 3)
    assert sorted(order[:9:3].tolist()) == [0, 3, 6]
    assert order[9:].tolist() == [9, 10]
    assert (np.diff(order[:9].reshape(3, 3)) == 1).all()


def test_further_fits_trace_nothing_anew():
    x, y = data()
    model = make_model()
    for _ in range(3):
        model.fit(x, y, 8, 5, verbose=0, validation_data=(x, y))
        model.evaluate(x, y, verbose=0)
    assert model._trainer.steps(True, False).trace_count == 2  # a loop, and the last small batch
    assert model._trainer.steps(False, False).trace_count == 1


def test_a_stop_in_the_middle_skips_validation_and_later_epochs():
    class Stop(Callback):
        def on_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 3

    model = make_model()
    history = model.fit(*data(), 8, 5, verbose=0, callbacks=[Stop()], validation_split=0.2)
    assert history.epoch == [0]
    assert list(history.history) == ["loss", "mean_absolute_error"]
    assert int(K.get_value(model.optimizer.iterations)) == 4


def test_hdf5_data_are_read_batch_by_batch(tmp_path):
    x, y = data()
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"], file["y"] = x, y
        models = [make_model(), make_model()]
        for model, (a, b) in zip(models, [(file["x"], file["y"]), (x, y)], strict=True):
            np.random.seed(1)
            model.fit(a, b, 8, 1, verbose=0, shuffle="batch")
            np.random.seed(2)
            model.fit(a, b, 8, 1, verbose=0, shuffle=True)
        assert_same_weights(*models)
        np.testing.assert_array_equal(models[0].predict(file["x"]), models[0].predict(x))


@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense input", "sparse input"])
def test_sparse_matrices_are_read_by_rows(is_sparse):
    sparse = pytest.importorskip("scipy.sparse")
    x, y = data()
    x = np.where(x > 1.0, x, 0.0)
    entry = Input((4,), sparse=is_sparse)
    model = Model(entry, Dense(2)(entry))
    model.compile("sgd", "mse")
    other = make_linear()
    other.set_weights(model.get_weights())
    histories = [
        m.fit(given, y, 8, 5, verbose=0, shuffle=False, validation_split=0.2).history
        for m, given in ((model, sparse.coo_matrix(x)), (other, x))
    ]
    np.testing.assert_allclose(histories[0]["val_loss"], histories[1]["val_loss"], rtol=1e-6)
    np.testing.assert_allclose(model.predict(sparse.csr_matrix(x)), other.predict(x), rtol=1e-5)


class Table:
    """As much of a pandas table as is looked at."""

    def __init__(self, values):
        self.values = self.iloc = values


def test_tables_are_taken_by_their_values():
    x, y = data(16)
    model = make_model()
    wanted = model.evaluate(x, y, verbose=0)
    assert model.evaluate(Table(x), Table(y), verbose=0) == wanted


def test_lists_dicts_and_numbers_of_other_dtypes_are_taken():
    x, y = data(16)
    a, b = Input((4,), name="a"), Input((4,), name="b")
    model = Model([a, b], [Dense(2, name="p")(a), Dense(1, name="q")(b)])
    model.compile("sgd", "mse")
    wanted = model.evaluate([x, x], [y, y[:, :1]], verbose=0)
    by_name = model.evaluate({"b": x, "a": x}, {"q": y[:, 0], "p": y}, verbose=0)
    np.testing.assert_array_equal(wanted, by_name)


def test_weights_of_samples_and_classes():
    x, y = data(12)
    one = make_model("sgd")
    one.train_on_batch(x, y, sample_weight=np.arange(12))
    other = make_model("sgd")
    # A weight of 0 leaves a sample out, and the mean is over those that are left.
    repeats = np.arange(12)
    total = repeats.sum() / (repeats > 0).sum()
    K.set_value(other.optimizer.lr, 0.01 * total)
    other.train_on_batch(np.repeat(x, repeats, 0), np.repeat(y, repeats, 0))
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_class_weights_that_are_no_dict_are_ignored_with_a_warning():
    model = make_model()
    with pytest.warns(UserWarning, match="'auto' is ignored"):
        model.fit(*data(8), class_weight="auto", verbose=0)


def test_random_layers_draw_anew_in_every_step_of_a_loop():
    model = Sequential([Dropout(0.5, input_shape=(50,)), Dense(1, use_bias=False)])
    model.compile("sgd", "mse", metrics=[lambda t, p: K.mean(p)])
    model.set_weights([np.ones((50, 1))])
    K.set_value(model.optimizer.lr, 0.0)
    seen = []

    class Read(Callback):
        def on_batches_end(self, logs):
            seen.extend(logs.values[:, 0])

    model.fit(np.ones((40, 50)), np.zeros((40, 1)), 1, verbose=0, callbacks=[Read()])
    assert len(set(seen)) > 5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, MissingTargetError, "needs target data for 'dense_2'"),
        ({"y": np.ones((8, 3))}, ShapeError, r"have shape \(2,\) but got array with shape \(3,\)"),
        ({"y": np.ones((7, 2))}, ConfigError, "8 input samples and 7 target samples"),
        ({"epoch": 3}, ArgumentError, "Did you mean `epochs`"),
        ({"batch_size": 0}, ConfigError, "`batch_size` is 0"),
        ({"batch_size": 2, "steps_per_epoch": 2}, ConfigError, "If steps_per_epoch is set"),
        ({"validation_steps": 2}, ConfigError, "`steps_per_epoch`"),
        ({"validation_data": (1,)}, ConfigError, r"contain 2 or 3 items. Found: 1 items"),
        ({"validation_split": 0.99}, ConfigError, "leaves 0 to train on"),
    ],
)
def test_a_mistake_is_named(arguments, error, message):
    arguments = {"y": np.ones((8, 2)), **arguments} if arguments else {}
    with pytest.raises(error, match=message):
        make_model().fit(np.ones((8, 4)), verbose=0, **arguments)


def test_an_evaluation_gives_scalars_of_numpy():
    data = np.ones((8, 4)), np.ones((8, 2))
    found = make_model().evaluate(*data, verbose=0)
    assert [v.shape for v in found] == [(), ()]


def test_a_list_of_lists_is_no_array():
    with pytest.raises(ConfigError, match=r"pass np.array\(data\)"):
        make_model().fit(np.ones((8, 4)).tolist(), np.ones((8, 2)), verbose=0)


def test_an_empty_evaluation_gives_nothing():
    assert make_model().evaluate(np.ones((0, 4)), np.ones((0, 2)), verbose=0) == []
