"""TensorFlow 1's names beside Keras: what programs of 2018 did with `tf.*` and a session."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.tensorflow import tf as tensorflow
from compiler.tensorflow_1 import find
from kir import backend as K
from kir.errors import ConfigError
from kir.layers import Dense, Input
from kir.models import Model, Sequential
from kir.optimizers import SGD

pytestmark = pytest.mark.tf


class _Names:
    def __getattr__(self, name: str) -> Any:
        return find(name)


tf = _Names()
X = np.arange(6.0, dtype="float32").reshape(2, 3)


def test_a_placeholder_is_fed_to_a_session():
    x = tf.placeholder(tf.float32, shape=[None, 3])
    with tf.Session() as session:
        found = session.run([tf.log(x + 1), tf.to_int32(x)], feed_dict={x: X})
    np.testing.assert_allclose(found[0], np.log(X + 1), rtol=1e-6)
    assert found[1].dtype == np.int32


def test_newaxis_is_none():
    x = tf.placeholder(tf.float32, shape=[None, 3])
    assert K.int_shape(x[..., tf.newaxis]) == (None, 3, 1)


def test_concat_with_the_axis_first_is_a_type_error_that_programs_catch():
    x = tf.placeholder(tf.float32, shape=[None, 3])
    with pytest.raises(TypeError, match=r"Write tf.concat\(tensors, 1\)"):
        tf.concat(1, [x, x])
    assert K.int_shape(tf.concat([x, x], 1)) == (None, 6)


def test_a_default_stands_in_for_what_is_not_fed():
    x = tf.placeholder_with_default(2.0, [])
    y = x * 3
    assert K.get_session().run(y) == 6.0
    assert K.get_session().run(y, {x: 5.0}) == 15.0


def test_variables_are_assigned_when_the_operation_runs():
    v = tf.Variable([1.0, 2.0], name="v")
    step = tf.assign_add(v, [1.0, 1.0])
    session = K.get_session()
    session.run(tf.global_variables_initializer())
    np.testing.assert_array_equal(v.eval(session=session), [1, 2])
    session.run(step)
    np.testing.assert_array_equal(session.run(v), [2, 3])
    v.load([7.0, 7.0], session)
    np.testing.assert_array_equal(K.get_value(v), [7, 7])


@pytest.mark.parametrize(
    ("value", "dtype"), [(1, "int32"), (0.5, "float32"), (np.float64(0.5), "float64")]
)
def test_a_variable_has_the_dtype_that_tensorflow_gives_it(value, dtype):
    assert K.dtype(tf.Variable(value)) == dtype


def test_a_variable_of_a_scope_is_made_once():
    with tf.variable_scope("net"):
        first = tf.get_variable("w", [2, 2])
    with tf.variable_scope("net", reuse=True):
        assert tf.get_variable("w", [2, 2]) is first
    with tf.variable_scope("net"), pytest.raises(ValueError, match="net/w already exists"):
        tf.get_variable("w", [2, 2])


@pytest.mark.parametrize("name", ["AdamOptimizer", "GradientDescentOptimizer", "RMSPropOptimizer"])
def test_an_optimizer_minimizes_a_symbolic_loss(name):
    x = tf.placeholder(tf.float32, [None, 3])
    layer = Dense(1, kernel_initializer="zeros")
    loss = tf.reduce_mean(tf.square(layer(x) - 1.0))
    step = getattr(tf.train, name)(0.01).minimize(loss)
    session = K.get_session()
    before = session.run(loss, {x: X})
    for _ in range(20):
        session.run([step], {x: X})
    assert session.run(loss, {x: X}) < before


def test_clipped_gradients_are_applied():
    w = tf.Variable([3.0])
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    pairs = optimizer.compute_gradients(tf.reduce_sum(w * w), [w])
    clipped = [(tf.clip_by_value(g, -1.0, 1.0), v) for g, v in pairs]
    K.get_session().run(optimizer.apply_gradients(clipped))
    np.testing.assert_allclose(K.get_value(w), [2.0])


def test_random_numbers_differ_from_run_to_run():
    noise = tf.random_normal((4,))
    session = K.get_session()
    assert not np.array_equal(session.run(noise), session.run(noise))


def test_old_functions_work_on_a_models_tensors():
    x = Input((3,))
    y = Dense(2)(x)
    p = tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.nn.softmax(y), logits=y)
    with tf.get_default_graph().as_default():
        top = tf.where(tf.greater(p, 0.0), p, tf.zeros_like(p))
    assert K.int_shape(top) == (None,)
    model = Model(x, y)
    assert isinstance(model.output, tf.Tensor)
    assert isinstance(model.weights[0], tf.Variable)


def test_a_session_with_options_is_set():
    options = tf.GPUOptions(per_process_gpu_memory_fraction=0.3, allow_growth=True)
    session = tf.Session(config=tf.ConfigProto(gpu_options=options))
    K.set_session(session)
    assert K.get_session() is session


def test_groups_do_all_that_is_in_them():
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    both = tf.group(tf.assign(a, 5.0), tf.group(tf.assign(b, 6.0), tf.no_op()))
    both.run(session=K.get_session())
    assert (K.get_value(a), K.get_value(b)) == (5.0, 6.0)


def test_events_are_written_for_tensorboard(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path))
    summary = tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)])
    writer.add_summary(summary, 1)
    writer.close()
    assert len(list(tmp_path.glob("events.out.*"))) == 1


@pytest.mark.parametrize("name", ["estimator"])
def test_what_is_gone_says_what_to_use(name):
    with pytest.raises(AttributeError, match=f"has no tf.{name}, .* Use "):
        getattr(tf, name)


def test_what_is_gone_of_contrib_says_what_to_use():
    with pytest.raises(AttributeError, match=r"no tf\.contrib\.rnn\. Use "):
        _ = tf.contrib.rnn


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"has a tf\.placeholde"):
        _ = tf.placeholde


def test_the_backends_tf_has_the_old_names_and_the_new():
    assert K.tf.__version__ == "1.12.0"
    assert K.tf.float32 is tensorflow.float32
    assert K.tf.Session is tf.Session


def _batches(count: int = 6, size: int = 2) -> Any:
    rows = np.arange(count * 3, dtype="float32").reshape(count, 3)
    return tf.data.Dataset.from_tensor_slices((rows, rows.sum(axis=1, keepdims=True))).batch(size)


def test_every_run_takes_the_next_batch_of_an_iterator():
    rows, sums = _batches().make_one_shot_iterator().get_next()
    session = K.get_session()
    firsts = []
    for _ in range(3):
        found, total = session.run([rows, sums])
        np.testing.assert_allclose(found.sum(axis=1, keepdims=True), total)
        firsts.append(found[0, 0])
    assert firsts == [0.0, 6.0, 12.0]
    with pytest.raises(tensorflow.errors.OutOfRangeError):
        session.run(rows)


def test_an_iterator_can_be_started_again():
    iterator = _batches().make_initializable_iterator()
    rows, _ = iterator.get_next()
    session = K.get_session()
    session.run(iterator.initializer)
    first = session.run(rows)
    assert session.run(rows)[0, 0] != first[0, 0]
    session.run(iterator.initializer)
    np.testing.assert_array_equal(session.run(rows), first)


def test_a_model_trains_on_the_tensors_of_an_iterator():
    rows, sums = _batches(64, 4).repeat().make_one_shot_iterator().get_next()
    inputs = Input(tensor=rows)
    model = Model(inputs, Dense(1, kernel_initializer="zeros")(inputs))
    model.compile(SGD(0.0), "mse", target_tensors=[sums])
    # Sixteen different batches: their mean loss is that of all rows.
    (loss,) = model.fit(steps_per_epoch=16, epochs=1, verbose=0).history["loss"]
    wanted = np.mean(np.arange(64 * 3.0).reshape(64, 3).sum(axis=1) ** 2)
    np.testing.assert_allclose(loss, wanted, rtol=1e-3)


def test_a_loss_added_by_hand_takes_the_targets_of_the_batch_that_is_the_input():
    rows, sums = _batches(64, 4).repeat().make_one_shot_iterator().get_next()
    inputs = Input(tensor=rows)
    outputs = Dense(1, kernel_initializer="ones")(inputs)
    model = Model(inputs, outputs)
    model.add_loss(K.mean(K.square(outputs - sums)))
    model.compile(SGD(0.0), loss=None)
    # The layer adds up each row, so the loss is 0 only with the sums of these very rows.
    (loss,) = model.fit(steps_per_epoch=16, epochs=1, verbose=0).history["loss"]
    np.testing.assert_allclose(loss, 0.0, atol=1e-3)


def test_no_threads_are_needed_to_fill_queues():
    coordinator = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(K.get_session(), coordinator)
    coordinator.request_stop()
    coordinator.join(threads)
    assert threads == []


def test_checkpoints_hold_variables_by_name(tmp_path):
    K.clear_session()
    with tf.variable_scope("part"):
        v = tf.get_variable("v", shape=(2,), initializer=tf.zeros_initializer())
    layer = Dense(2, name="fc")
    layer(Input((3,)))
    saver = tf.train.Saver(max_to_keep=2)
    for step in range(3):
        K.set_value(v, [step, step])
        path = saver.save(K.get_session(), str(tmp_path / "model"), global_step=step)
    assert path == str(tmp_path / "model-2")
    assert tf.train.latest_checkpoint(str(tmp_path)) == path
    assert not list(tmp_path.glob("model-0*"))
    assert "fc/kernel" in {name for name, _ in tensorflow.train.list_variables(path)}
    saver.restore(K.get_session(), str(tmp_path / "model-1"))
    np.testing.assert_array_equal(K.get_value(v), [1, 1])
    with pytest.raises(ConfigError, match="no variable 'other'"):
        tf.train.Saver({"other": v}).restore(None, path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        saver.restore(None, str(tmp_path / "nowhere"))


def test_variables_are_listed_with_those_of_layers_and_by_scope():
    K.clear_session()
    layer = Dense(2, name="fc")
    layer(Input((3,)))
    with tf.variable_scope("part"):
        tf.get_variable("v", shape=(2,), trainable=False)
    names = [v.name for v in tf.global_variables()]
    assert names == ["fc/kernel:0", "fc/bias:0", "part/v:0"]
    assert [v.name for v in tf.trainable_variables()] == names[:2]
    assert [v.name for v in tf.global_variables("part")] == ["part/v:0"]
    assert len(tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="fc")) == 2


def auc(y_true, y_pred):
    value, update = tf.metrics.auc(y_true, y_pred)
    K.get_session().run(tf.local_variables_initializer())
    with tf.control_dependencies([update]):
        return tf.identity(value)


def test_a_streaming_metric_is_over_all_batches():
    rng = np.random.RandomState(0)
    x, y = rng.rand(40, 1), rng.randint(0, 2, (40, 1))
    model = Model(i := Input((1,)), Dense(1, activation="sigmoid", kernel_initializer="ones")(i))
    model.compile("sgd", "binary_crossentropy", metrics=[auc])
    p = model.predict(x)
    better = (p[y == 1][:, None] > p[y == 0]).mean()
    # The mean of the values after the first half and after the second.
    half = (p[:20][y[:20] == 1][:, None] > p[:20][y[:20] == 0]).mean()
    found = model.evaluate(x, y, batch_size=20, verbose=0)[1]
    assert found == pytest.approx((half + better) / 2, abs=0.02)
    model.fit(x, y, verbose=0)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("precision", 2 / 3),
        ("recall", 1.0),
        ("accuracy", 0.75),
        ("true_positives", 2.0),
        ("false_positives", 1.0),
        ("root_mean_squared_error", 0.5),
    ],
)
def test_a_metric_of_symbolic_values_counts_what_is_run(name, wanted):
    truth, found = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    value, update = getattr(tf.metrics, name)(truth, found)
    session = K.get_session()
    session.run(update, {truth: [1, 0], found: [1, 1]})
    last = session.run(update, {truth: [0, 1], found: [0, 1]})
    assert last == pytest.approx(wanted)
    assert session.run(value) == pytest.approx(wanted)


def test_rows_of_a_variable_are_updated():
    v = tf.Variable(np.zeros((3, 2), "float32"))
    session = K.get_session()
    session.run(tf.scatter_update(v, [2, 0], [[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(K.get_value(v), [[3, 4], [0, 0], [1, 2]])
    session.run(tf.scatter_add(v, [1], [[5.0, 5.0]]))
    session.run(tf.scatter_sub(v, [1], [[1.0, 2.0]]))
    np.testing.assert_array_equal(K.get_value(v)[1], [4, 3])


def test_a_constant_is_evaluated_too():
    with tf.Session() as session:
        assert (tf.constant(2.0) + 1.0).eval() == 3.0
        assert tf.constant([1, 2]).eval(session=session).tolist() == [1, 2]


def test_the_graph_that_ran_is_told_to_those_who_ask_for_it():
    x = K.placeholder((None, 2))
    options, metadata = tf.RunOptions(output_partition_graphs=True), tf.RunMetadata()
    f = K.function([x], [K.relu(x)], options=options, run_metadata=metadata)
    f([np.ones((1, 2))])
    assert "Relu" in {node.op for node in metadata.partition_graphs[0].node}
    session = K.get_session()
    session.run(K.tanh(x), {x: np.ones((1, 2))}, options=options, run_metadata=metadata)
    (graph,) = metadata.partition_graphs
    assert "Tanh" in {node.op for node in graph.node}
    session.run(K.tanh(x), {x: np.ones((1, 2))}, run_metadata=metadata)
    assert not metadata.partition_graphs


def test_compile_takes_what_it_handed_on_to_the_session():
    model = Sequential([Dense(1, input_shape=(2,))])
    with pytest.warns(UserWarning, match="ignores `run_metadata`") as warned:
        model.compile("sgd", "mse", run_metadata=tf.RunMetadata(), options=None)
    assert warned[0].filename == __file__
    model.train_on_batch(np.ones((1, 2)), np.ones((1, 1)))


def test_a_loss_counts_its_batches_in_a_variable_of_its_own():
    def warmed_up(y_true: Any, y_pred: Any) -> Any:
        seen = tf.Variable(0.0)
        seen = tf.assign_add(seen, 1.0)
        loss = tf.reduce_mean(tf.square(y_true - y_pred))
        return tf.cond(tf.less(seen, 3), lambda: loss + 1000.0, lambda: loss)

    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", warmed_up)
    losses = [model.train_on_batch(X, X[:, :1]) for _ in range(4)]
    assert [loss > 900 for loss in losses] == [True, True, False, False]
