"""Histograms of weights, results and gradients, for models of every kind."""

import numpy as np
import pytest

from kir.callbacks import TensorBoard
from kir.errors import ConfigError
from kir.layers import Dense, Embedding, Flatten, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf


def fitted(model, x, y, callback, epochs=1, **options):
    options.setdefault("validation_data", (x, y))
    model.fit(x, y, epochs=epochs, verbose=0, callbacks=[callback], **options)


def regression(units=1, **options):
    model = Sequential([Dense(units, input_shape=(3,), name="line", **options)])
    model.compile("sgd", "mse")
    rng = np.random.RandomState(0)
    return model, rng.rand(40, 3).astype("float32"), rng.rand(40, units).astype("float32")


def summary_of(event):
    h = event.histogram_value
    return [h.num, h.min, h.max, h.sum]


def facts_of(values):
    return [values.size, values.min(), values.max(), values.sum()]


def test_every_kind_of_model_has_all_tags_in_fit_and_fit_generator(case, tmp_path, read):
    model, inputs, labels = case

    def batches():
        while True:
            yield inputs, labels

    callback = TensorBoard(tmp_path, histogram_freq=1, write_grads=True, write_images=True)
    fitted(model, inputs, labels, callback)
    model.fit_generator(
        batches(),
        1,
        initial_epoch=1,
        epochs=2,
        verbose=0,
        callbacks=[callback],
        validation_data=(inputs, labels),
    )
    events = read(tmp_path)
    tags = set(events.Tags()["histograms"])
    weights = {w.name.replace(":", "_") for layer in model.layers for w in layer.weights}
    grads = {f"{w.name.replace(':', '_')}_grad" for w in model.trainable_weights}
    assert weights | grads <= tags
    for layer in model.layers:
        calls = [n for n in model.graph.nodes if n.layer is layer]
        count = sum(len(n.output_tensors) for n in calls) if calls else 1  # 1: an input
        assert sum(tag.startswith(f"{layer.name}_out") for tag in tags) == count
    assert all([h.step for h in events.Histograms(tag)] == [0, 1] for tag in tags)
    assert [h.step for h in events.Images("y/kernel_0/image/0")] == [0, 1]


def test_tags_are_those_of_keras(tmp_path, read):
    shared, x = Dense(2, name="shared"), Input((2,), name="x")
    model = Model(x, shared(shared(x)))
    model.compile("sgd", "mse")
    data = np.ones((4, 2))
    fitted(model, data, data, TensorBoard(tmp_path, histogram_freq=1, write_grads=True))
    assert sorted(read(tmp_path).Tags()["histograms"]) == [
        "shared/bias_0",
        "shared/bias_0_grad",
        "shared/kernel_0",
        "shared/kernel_0_grad",
        "shared_out_0",
        "shared_out_1",
        "x_out",
    ]


def test_results_are_over_all_validation_data(tmp_path, read):
    model, x, y = regression()
    folders = {size: tmp_path / str(size) for size in (7, 40)}
    callbacks = [TensorBoard(f, histogram_freq=1, batch_size=n) for n, f in folders.items()]
    model.fit(x, y, verbose=0, callbacks=callbacks, validation_data=(x, y))
    in_parts, whole = (read(f).Histograms("line_out")[0] for f in folders.values())
    assert summary_of(in_parts) == pytest.approx(facts_of(model.predict(x)), rel=1e-5)
    assert in_parts.histogram_value.bucket_limit == whole.histogram_value.bucket_limit
    assert in_parts.histogram_value.bucket == whole.histogram_value.bucket


@pytest.mark.parametrize("batch_size", [40, 20])
def test_gradients_are_those_of_the_loss_for_each_batch(tmp_path, read, batch_size):
    model, x, y = regression()
    callback = TensorBoard(tmp_path, histogram_freq=1, write_grads=True, batch_size=batch_size)
    fitted(model, x, y, callback)
    kernel, bias = model.get_weights()
    slices = [slice(i, i + batch_size) for i in range(0, 40, batch_size)]
    grads = [2 / batch_size * x[s].T @ (x[s] @ kernel + bias - y[s]) for s in slices]
    (found,) = read(tmp_path).Histograms("line/kernel_0_grad")
    assert summary_of(found) == pytest.approx(facts_of(np.stack(grads)), rel=1e-4)


def test_gradients_hold_the_penalties_on_weights(tmp_path, read):
    from kir.regularizers import l2

    model, x, y = regression(kernel_regularizer=l2(0.5), use_bias=False)
    callback = TensorBoard(tmp_path, histogram_freq=1, write_grads=True, batch_size=40)
    fitted(model, x, y, callback)
    (kernel,) = model.get_weights()
    grad = 2 / 40 * x.T @ (x @ kernel - y) + kernel
    (found,) = read(tmp_path).Histograms("line/kernel_0_grad")
    assert summary_of(found) == pytest.approx(facts_of(grad), rel=1e-4)


@pytest.mark.parametrize(("freq", "steps"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3])])
def test_histograms_come_every_so_many_epochs(tmp_path, read, freq, steps):
    model, x, y = regression()
    fitted(model, x, y, TensorBoard(tmp_path, histogram_freq=freq), epochs=5)
    events = read(tmp_path)
    for tag in ("line/kernel_0", "line_out"):
        assert [h.step for h in events.Histograms(tag)] == steps


def test_without_a_frequency_there_are_none(tmp_path, read):
    model, x, y = regression()
    fitted(model, x, y, TensorBoard(tmp_path, write_grads=True, write_images=True))
    tags = read(tmp_path).Tags()
    assert (tags["histograms"], tags["images"]) == ([], [])


def test_everything_is_traced_once(tmp_path):
    model, x, y = regression()
    callback = TensorBoard(
        tmp_path, histogram_freq=1, write_grads=True, write_images=True, batch_size=9
    )
    fitted(model, x, y, callback, epochs=3)
    fitted(model, x[:30], y[:30], callback, epochs=3)
    assert callback._histograms.program.trace_count == 1
    assert callback._histograms.trace_count == 2  # the weights are a program of their own


def test_compiling_or_freezing_anew_makes_new_programs(tmp_path, read):
    model, x, y = regression()
    callback = TensorBoard(tmp_path / "a", histogram_freq=1, write_grads=True)
    fitted(model, x, y, callback)
    before = callback._histograms
    model.compile("sgd", "mae")
    fitted(model, x, y, callback)
    assert callback._histograms is not before


def test_training_stays_in_loops_and_gives_the_same_numbers(tmp_path):
    from runtime.callbacks import CallbackList

    results = []
    for everything in (False, True):
        np.random.seed(0)
        model = Sequential([Dense(3, input_shape=(3,)), Dense(1)])
        model.compile("adam", "mse")
        x = np.random.rand(200, 3)
        callbacks = []
        if everything:
            callbacks = [
                TensorBoard(
                    tmp_path,
                    histogram_freq=1,
                    write_grads=True,
                    write_images=True,
                    embeddings_freq=1,
                    embeddings_data=x,
                    embeddings_layer_names=[model.layers[0].name],
                )
            ]
        assert not CallbackList(callbacks).needs_exact_batches
        model.fit(x, x[:, :1], 4, 3, 0, callbacks, validation_split=0.2)
        results.append(model.get_weights())
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_sample_weights_and_masks_count(tmp_path, read):
    model, x, y = regression()
    weights = np.r_[np.ones(20), np.zeros(20)]
    callback = TensorBoard(tmp_path, histogram_freq=1, write_grads=True, batch_size=40)
    fitted(model, x, y, callback, validation_data=(x, y, weights))
    kernel, bias = model.get_weights()
    grad = 2 / 20 * x[:20].T @ (x[:20] @ kernel + bias - y[:20])
    (found,) = read(tmp_path).Histograms("line/kernel_0_grad")
    assert summary_of(found) == pytest.approx(facts_of(grad), rel=1e-4)


def test_a_stateful_model_keeps_its_states_and_its_batch_size(tmp_path, read):
    from kir.layers import LSTM

    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(4, 3, 1), name="lstm")])
    model.compile("sgd", "mse")
    x, y = np.ones((8, 3, 1)), np.ones((8, 2))
    states = []

    class Watch(TensorBoard):
        def on_epoch_end(self, epoch, logs=None):
            for _ in range(2):
                states.append(model.layers[0].states[0].get_value())
                if len(states) == 1:
                    super().on_epoch_end(epoch, logs)

    fitted(model, x, y, Watch(tmp_path, histogram_freq=1, batch_size=32), batch_size=4)
    np.testing.assert_array_equal(*states)
    assert read(tmp_path).Histograms("lstm_out")[0].histogram_value.num == 16


def test_gradients_of_an_embedding_are_those_of_its_used_rows(tmp_path, read):
    model = Sequential([Embedding(50, 2, input_length=1, name="table"), Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.array([[3], [4], [4]]), np.ones((3, 1))
    fitted(model, x, y, TensorBoard(tmp_path, histogram_freq=1, write_grads=True))
    (found,) = read(tmp_path).Histograms("table/embeddings_0_grad")
    assert found.histogram_value.num == 6


def test_sparse_inputs_are_cut_into_batches(tmp_path, read):
    sparse = pytest.importorskip("scipy.sparse")
    x = Input((3,), sparse=True, name="x")
    model = Model(x, Dense(1, name="y")(x))
    model.compile("sgd", "mse")
    data = sparse.csr_matrix(np.eye(4, 3))
    callback = TensorBoard(
        tmp_path,
        histogram_freq=1,
        batch_size=3,
        embeddings_freq=1,
        embeddings_layer_names=["y"],
        embeddings_data=data,
    )
    fitted(model, data, np.ones((4, 1)), callback)
    assert read(tmp_path).Histograms("y_out")[0].histogram_value.num == 4
    assert (tmp_path / "keras_embedding.ckpt-0.index").exists()


@pytest.mark.gpu
@pytest.mark.parametrize("device", [None, "gpu:0"])
def test_summaries_of_what_lies_on_a_gpu(tmp_path, read, device):
    model, x, y = regression()
    model.compile("sgd", "mse", device=device)
    callback = TensorBoard(
        tmp_path,
        histogram_freq=1,
        write_grads=True,
        write_images=True,
        embeddings_freq=1,
        embeddings_layer_names=["line"],
        embeddings_data=x,
    )
    fitted(model, x, y, callback)
    assert read(tmp_path).Histograms("line_out")[0].histogram_value.num == 40
    assert (tmp_path / "keras_embedding.ckpt-0.index").exists()


def test_what_is_not_finite_is_left_out_with_a_warning(tmp_path, read):
    model, x, y = regression(use_bias=False)
    x[0, 0] = np.nan
    callback = TensorBoard(tmp_path, histogram_freq=1)
    with pytest.warns(UserWarning, match="'line_out' holds 1 numbers that are NaN or infinite"):
        fitted(model, x[1:], y[1:], callback, validation_data=(x, y))
    assert read(tmp_path).Histograms("line_out")[0].histogram_value.num == 39


def test_a_subclass_of_old_programs_works(tmp_path, read):
    from compiler.tensorflow import tf

    class WithRate(TensorBoard):
        def on_epoch_end(self, epoch, logs=None):
            logs.update({"lr": float(self.model.optimizer.lr.get_value())})
            summary = tf.compat.v1.Summary()
            summary.value.add(tag="mine", simple_value=2.5)
            self.writer.add_summary(summary, epoch)
            super().on_epoch_end(epoch, logs)

    model, x, y = regression()
    fitted(model, x, y, WithRate(tmp_path))
    events = read(tmp_path)
    assert events.Scalars("lr")[0].value == pytest.approx(0.01)
    assert events.Scalars("mine")[0].value == 2.5


def test_histograms_need_validation_data(tmp_path):
    model, x, y = regression()
    with pytest.raises(
        ValueError, match=r"validation_data must be provided.*got none\. Pass validation"
    ):
        fitted(model, x, y, TensorBoard(tmp_path, histogram_freq=1), validation_data=None)


def test_validation_data_from_a_generator_are_refused(tmp_path):
    model, x, y = regression()

    def batches():
        while True:
            yield x, y

    with pytest.raises(ConfigError, match="got a generator, which can be read only once"):
        model.fit_generator(
            batches(),
            1,
            verbose=0,
            callbacks=[TensorBoard(tmp_path, histogram_freq=1)],
            validation_data=batches(),
            validation_steps=1,
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [("histogram_freq", -1), ("histogram_freq", 0.5), ("embeddings_freq", "1"), ("batch_size", 0)],
)
def test_numbers_that_are_none_are_refused(name, value):
    with pytest.raises(ConfigError, match=f"{name}={value!r}; expected a whole number of"):
        TensorBoard(**{name: value})
