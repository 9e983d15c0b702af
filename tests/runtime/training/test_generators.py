"""Training, evaluation and prediction on generators and Sequences."""

from __future__ import annotations

import threading
import time
import traceback

import numpy as np
import pytest

from kir import backend as K
from kir.callbacks import Callback, LambdaCallback
from kir.errors import ConfigError, ExhaustedError
from kir.layers import Dense, Input, concatenate
from kir.models import Model, Sequential
from kir.utils import Sequence

pytestmark = pytest.mark.tf

BATCH = 8


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()
    np.random.seed(2)
    before = threading.active_count()  # the test runner has threads of its own
    yield
    assert threading.active_count() <= before, "a thread was left behind"


class Rows(Sequence):
    def __init__(self, count=200, weights=False, broken_at=None):
        rng = np.random.default_rng(0)
        self.x, self.y = rng.normal(size=(count, 5)), rng.normal(size=(count, 2))
        self.weights = rng.uniform(size=count) if weights else None
        self.broken_at = broken_at
        self.ends = []

    def __len__(self):
        return -(-len(self.x) // BATCH)

    def __getitem__(self, index):
        if index == self.broken_at:
            raise KeyError(f"row {index}")
        rows = slice(index * BATCH, (index + 1) * BATCH)
        found = (self.x[rows], self.y[rows])
        return found if self.weights is None else (*found, self.weights[rows])


def endless(data):
    while True:
        yield from (data[i] for i in range(len(data)))


def make_model(metrics=("mae",)):
    model = Sequential([Dense(6, activation="tanh", input_shape=(5,)), Dense(2)])
    model.compile("adam", "mse", metrics=list(metrics))
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_read_ahead_train_as_the_same_arrays(workers, is_weighted):
    data = Rows(weights=is_weighted)
    model, other = make_model(), make_model()
    history = model.fit_generator(data, epochs=3, verbose=0, shuffle=False, workers=workers)
    wanted = other.fit(
        data.x, data.y, BATCH, 3, verbose=0, shuffle=False, sample_weight=data.weights
    )
    assert history.history == wanted.history
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_batches_of_other_sizes_run_between_the_others():
    data = Rows(count=203)  # the last batch is smaller
    model, other = make_model(), make_model()
    for _ in range(2):
        model.fit_generator(data, epochs=2, verbose=0, shuffle=False)
        other.fit(data.x, data.y, BATCH, 2, verbose=0, shuffle=False)
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])
    # One loop of full batches, and one step for the smaller ones.
    assert model._trainer.steps(True, False).trace_count == 2


def test_a_callback_that_looks_at_the_model_sees_each_step():
    data = Rows(count=64)
    seen = []
    model = make_model()
    looks = LambdaCallback(on_batch_end=lambda batch, logs: seen.append(model.get_weights()[0]))
    model.fit_generator(data, epochs=4, verbose=0, shuffle=False, callbacks=[looks])
    other = make_model()
    for i in range(len(data)):
        other.train_on_batch(*data[i])
        np.testing.assert_array_equal(seen[i], other.get_weights()[0])
    assert len(seen) == 32


def test_a_generator_without_workers_runs_between_the_steps():
    model = make_model()
    data, seen = Rows(), []

    def looking():
        for i in range(80):
            seen.append(model.get_weights()[0][0, 0])
            yield data[i % len(data)]

    model.fit_generator(looking(), steps_per_epoch=40, epochs=2, verbose=0, workers=0)
    assert len(set(seen)) == 80


class Preparing(Callback):
    """Slowly makes what its generators give, when training begins."""

    def on_train_begin(self, logs=None):
        time.sleep(0.05)
        self.data = Rows()

    def batches(self):
        yield from endless(self.data)


def test_generators_are_read_when_the_callbacks_have_begun():
    prepares = Preparing()
    history = make_model().fit_generator(
        prepares.batches(),
        steps_per_epoch=3,
        epochs=2,
        verbose=0,
        callbacks=[prepares],
        validation_data=prepares.batches(),
        validation_steps=2,
    )
    assert len(history.history["val_loss"]) == 2


def test_a_sequences_epoch_ends_when_all_but_its_last_batch_are_trained_on():
    model = make_model()

    class Ending(Rows):
        def on_epoch_end(self):
            self.ends.append(int(K.get_value(model.optimizer.iterations)))

    data = Ending()
    model.fit_generator(data, epochs=2, verbose=0, workers=2)
    assert data.ends == [24, 49]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_in_a_worker_comes_where_its_batch_would_have_come(workers):
    data = Rows(broken_at=20)
    model = make_model()
    with pytest.raises(KeyError, match="row 20") as caught:
        model.fit_generator(data, epochs=2, verbose=0, shuffle=False, workers=workers)
    assert int(K.get_value(model.optimizer.iterations)) == 20
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "__getitem__"


@pytest.mark.parametrize("workers", [0, 1])
def test_a_generator_that_ends_early_is_an_error_with_a_warning(workers):
    data = Rows()
    model = make_model()
    batches = (data[i % 25] for i in range(34))

    def run():
        with pytest.raises(ExhaustedError, match="steps_per_epoch"):
            model.fit_generator(batches, steps_per_epoch=40, verbose=0, workers=workers)

    with pytest.warns(UserWarning, match="after 34 of 40 batches"):
        run()
    assert int(K.get_value(model.optimizer.iterations)) == 34


def test_training_stops_within_an_epoch():
    class Stop(Callback):
        def on_batches_end(self, logs):
            self.model.stop_training = True

    model = make_model()
    history = model.fit_generator(
        Rows(), epochs=9, verbose=0, callbacks=[Stop()], validation_data=Rows(16)
    )
    assert history.epoch == [0]
    assert "val_loss" not in history.history


@pytest.mark.parametrize("workers", [0, 1])
def test_validation_on_arrays_a_sequence_or_a_generator_agrees(workers):
    # As many samples as make full batches: Keras validates arrays in batches of the last size.
    held_out = Rows(count=24)
    found = []
    for given, steps in (
        ((held_out.x, held_out.y), None),
        (held_out, None),
        (endless(held_out), 3),
    ):
        history = make_model().fit_generator(
            Rows(),
            epochs=2,
            verbose=0,
            shuffle=False,
            workers=workers,
            validation_data=given,
            validation_steps=steps,
        )
        assert next(iter(history.history)) == "val_loss"
        found.append(history.history["val_loss"])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
    np.testing.assert_allclose(found[0], found[2], rtol=1e-6)


def test_no_batch_is_read_that_is_not_used():
    read = {"train": 0, "validation": 0}

    def counted(name):
        for batch in endless(Rows(16)):
            read[name] += 1
            yield batch

    model = make_model()
    model.fit_generator(
        counted("train"),
        5,
        epochs=3,
        initial_epoch=1,
        validation_data=counted("validation"),
        validation_steps=2,
        verbose=0,
    )
    assert read == {"train": 10, "validation": 4}
    model.predict_generator(counted("train"), 3)
    model.evaluate_generator(counted("train"), 3)
    assert read["train"] == 16


def test_evaluate_and_predict_agree_with_arrays():
    data, model = Rows(count=50), make_model()
    wanted = model.evaluate(data.x, data.y, BATCH, verbose=0)
    np.testing.assert_allclose(model.evaluate_generator(data), wanted, rtol=1e-6)
    found = model.evaluate_generator(endless(data), steps=7, workers=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    wanted = model.predict(data.x)
    np.testing.assert_allclose(model.predict_generator(data), wanted, rtol=1e-5)
    inputs_only = (data.x[i : i + BATCH] for i in range(0, 50, BATCH))
    found = model.predict_generator(inputs_only, steps=7, workers=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_several_inputs_and_class_weights_by_output():
    a, b = Input((3,), name="a"), Input((2,), name="b")
    h = concatenate([a, b])
    model = Model([a, b], [Dense(2, activation="softmax", name="p")(h), Dense(1, name="q")(h)])
    model.compile("sgd", {"p": "categorical_crossentropy", "q": "mse"})
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(8, 3)), "b": rng.normal(size=(8, 2))}
    y = {"p": np.eye(2)[rng.integers(0, 2, 8)], "q": rng.normal(size=(8, 1))}
    start = model.get_weights()
    by_class = {"p": {0: 1.0, 1: 3.0}}
    model.fit_generator(iter([(x, y)]), 1, verbose=0, workers=0, class_weight=by_class)
    trained = model.get_weights()
    model.set_weights(start)
    weights = {"p": np.where(y["p"][:, 1] == 1, 3.0, 1.0), "q": np.ones(8)}
    model.train_on_batch(x, y, sample_weight=weights)
    np.testing.assert_allclose(trained[0], model.get_weights()[0], rtol=1e-6)


def test_a_model_without_an_input_shape_is_built_for_the_first_batch():
    model = Sequential([Dense(2)])
    model.compile("sgd", "mse")
    model.fit_generator(Rows(), verbose=0)
    assert int(K.get_value(model.optimizer.iterations)) == 25


@pytest.mark.parametrize(
    ("batch", "shown"),
    [(3, "3"), (np.zeros((8, 5)), r"an array of shape \(8, 5\)"), ((1, 2, 3, 4), "a tuple of 4")],
)
def test_what_is_no_batch_is_shown(batch, shown):
    with pytest.raises(ConfigError, match=f"`\\(x, y, sample_weight\\)`.*{shown}"):
        make_model().fit_generator(iter([batch]), steps_per_epoch=1, workers=0)


def test_the_argument_names_of_keras_1_are_taken():
    model = make_model()
    with pytest.warns(UserWarning, match="steps_per_epoch"):
        model.fit_generator(Rows(), samples_per_epoch=4, nb_epoch=2, verbose=0, shuffle=False)
    assert int(K.get_value(model.optimizer.iterations)) == 8


def test_the_progress_bar_counts_steps(capsys):
    make_model().fit_generator(Rows(), verbose=1, workers=2)
    assert "25/25 [=" in capsys.readouterr().out


def test_processes_for_a_generator_are_warned_of():
    with pytest.warns(UserWarning, match="A generator is read by one thread"):
        make_model().fit_generator(
            iter([Rows()[0]]), 1, workers=2, use_multiprocessing=True, verbose=0
        )


def test_the_methods_for_arrays_hand_batches_on():
    rows = Rows(40)
    first, second = make_model(), make_model()
    second.set_weights(first.get_weights())
    options = {"epochs": 2, "validation_data": rows, "shuffle": False, "verbose": 0}
    wanted = first.fit_generator(rows, **options).history
    assert second.fit(rows, workers=2, max_queue_size=3, **options).history == wanted
    assert second.evaluate(rows, verbose=0) == first.evaluate_generator(rows)
    assert second.evaluate(endless(rows), steps=5, verbose=0) == first.evaluate_generator(rows)
    np.testing.assert_array_equal(second.predict(rows, workers=0), first.predict_generator(rows))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m, b: m.fit(b, np.zeros((8, 2))), ConfigError, "`y` argument is not supported"),
        (lambda m, b: m.fit(b, batch_size=8), ConfigError, "`batch_size` argument"),
        (lambda m, b: m.fit(b, validation_split=0.1), ConfigError, "`validation_split`"),
        (lambda m, b: m.evaluate(b, sample_weight=np.ones(8)), ConfigError, "`sample_weight`"),
        (lambda m, b: m.predict(b[0][0], workers=2), TypeError, "argument 'workers'"),
        (lambda m, b: m.evaluate(*b[0], workers=2), TypeError, "argument 'workers'"),
        (lambda m, b: m.fit(endless(b)), ConfigError, "specify `steps_per_epoch`"),
        (lambda m, b: m.train_on_batch(b, np.zeros((8, 2))), ConfigError, "got a Rows, which"),
        (lambda m, b: m.fit([b], np.zeros((8, 2))), ConfigError, "got a Rows, which gives"),
        (lambda m, b: m.predict_on_batch(endless(b)), ConfigError, "got a generator, which"),
    ],
)
def test_batches_stand_for_no_arrays(call, error, message):
    with pytest.raises(error, match=message):
        call(make_model(), Rows(16))
