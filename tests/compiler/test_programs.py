"""Programs: traced once, however the sizes of the data change; loops equal single steps."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ExecutionError, ShapeError
from kir.layers import LSTM, Dense, Dropout, Embedding, Flatten, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()
    np.random.seed(3)


def dense_model(**compile_options):
    model = Sequential([Dense(8, activation="tanh", input_shape=(4,)), Dense(2)])
    model.compile("adam", "mse", metrics=["mae"], **compile_options)
    return model


def data(count):
    rng = np.random.default_rng(count)
    return rng.normal(size=(count, 4)).astype("float32"), rng.normal(size=(count, 2))


def test_other_batch_and_data_sizes_trace_nothing_anew():
    model = dense_model()
    for count in (320, 352, 384):
        model.fit(*data(count), batch_size=8, epochs=1, verbose=0)
    program = model._trainer.steps(True, False)
    assert program.trace_count == 1
    for count in (1, 5, 7):
        model.train_on_batch(*data(count))
    assert program.trace_count == 2


def test_sequences_of_other_lengths_trace_nothing_anew():
    model = Sequential([Embedding(9, 3, input_shape=(None,)), LSTM(2), Dense(1)])
    model.compile("sgd", "mse")
    for length in (3, 5, 8):
        x = np.ones((4, length), "int32")
        model.train_on_batch(x, np.zeros((4, 1)))
        model.predict(x)
    assert model._trainer.steps(True, False).trace_count == 1
    assert model._trainer.forward().trace_count == 1


@pytest.mark.parametrize("jit", [False, True])
def test_a_loop_of_steps_equals_single_steps(jit):
    x, y = data(64 * 4)
    rows = np.arange(256).reshape(64, 4)
    single, many = dense_model(), dense_model(jit=jit)
    many.set_weights(single.get_weights())
    logs = [single.train_on_batch(x[r], y[r]) for r in rows]
    program = many._trainer.steps(True, False)
    batches = many._trainer.batches(x, y)
    found = program.run_steps(batches.tensors(), rows.astype("int32"), 64, jit).numpy()
    # Rounding differs where XLA joins operations.
    np.testing.assert_allclose(found, logs, rtol=1e-4 if jit else 1e-6)
    for a, b in zip(single.get_weights(), many.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5 if jit else 1e-7)


def test_dropout_differs_from_step_to_step_and_repeats_with_the_seed():
    def run():
        K.clear_session()
        np.random.seed(11)
        model = Sequential([Dropout(0.5, input_shape=(200,)), Dense(1)])
        model.compile("sgd", "mse")
        model.set_weights([np.ones((200, 1)), np.zeros(1)])
        x, y = np.ones((1, 200)), np.zeros((1, 1))
        K.set_value(model.optimizer.lr, 0.0)
        return [float(model.train_on_batch(x, y)) for _ in range(4)]

    first = run()
    assert len(set(first)) > 1
    assert run() == first


def test_a_failure_at_run_time_is_explained_without_tensorflows_names():
    model = Sequential([Embedding(4, 2, input_length=2)])
    with pytest.raises(ExecutionError, match=r"'embedding_1': .*9 is not in \[0, 4\).*input_dim"):
        model.predict(np.array([[0, 9]]))


def test_a_failed_step_of_training_is_located_and_changes_no_weight_twice():
    counter = K.variable(0.0)
    inputs = Input((2,))
    hidden = Embedding(4, 1, name="table", input_length=2)(inputs)
    model = Model(inputs, Flatten()(hidden))
    model.add_update([K.update_add(counter, 1.0)])
    model.compile("sgd", "mse")
    x, y = np.array([[0, 1]] * 40), np.zeros((40, 2))
    model.fit(x, y, batch_size=1, verbose=0, shuffle=False)
    x[10] = 9
    with pytest.raises(ExecutionError, match="While computing 'table'"):
        model.fit(x, y, batch_size=1, verbose=0, shuffle=False)
    assert 40 <= K.get_value(counter) <= 51


def test_operands_refused_in_a_program_are_shown_without_tensorflows_traceback():
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", lambda a, b: K.dot(K.dot(a, K.transpose(b)), K.zeros((2, 2))))
    with pytest.raises(ShapeError, match=r"'dense_1_loss' on f32\[3,") as caught:
        model.fit(np.zeros((96, 2)), np.zeros((96, 1)), batch_size=3, verbose=0)
    assert "{{node" not in str(caught.value)
