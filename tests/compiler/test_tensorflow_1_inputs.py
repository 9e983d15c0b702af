"""TensorFlow 1's queues of examples, and what programs used of `tf.contrib`."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
import pytest

from compiler.tensorflow import tf as tensorflow
from compiler.tensorflow_1 import find
from compiler.tensorflow_1.contrib import learn
from kir import backend as K
from kir.errors import ArgumentError, ConfigError
from kir.layers import Dense, Input, Lambda
from kir.models import Model, Sequential
from kir.optimizers import SGD

pytestmark = pytest.mark.tf


class _Names:
    def __getattr__(self, name: str) -> Any:
        return find(name)


tf = _Names()
ROWS = np.arange(20.0, dtype="float32").reshape(10, 2)
LABELS = np.arange(10)


def run(*tensors: Any) -> list[Any]:
    return K.get_session().run(list(tensors))


def runs(tensors: list[Any]) -> list[list[Any]]:
    """What every run gives until the data ends."""
    found = []
    while True:
        try:
            found.append(run(*tensors))
        except tensorflow.errors.OutOfRangeError:
            return found


def test_examples_are_batched_in_their_order_over_and_over():
    rows, labels = tf.train.batch([ROWS, LABELS], 4, enqueue_many=True, num_threads=8)
    assert rows.get_shape().as_list() == [4, 2]
    seen = [run(rows, labels) for _ in range(3)]
    assert [y.tolist() for _, y in seen] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]]
    for x, y in seen:
        np.testing.assert_array_equal(x, ROWS[y])


def test_shuffled_batches_hold_every_example_of_an_epoch_once():
    x, y = tf.train.slice_input_producer([ROWS, LABELS], num_epochs=1, shuffle=False)
    rows, labels = tf.train.shuffle_batch([x, y], 5, capacity=100, min_after_dequeue=50, seed=3)
    found = [run(rows, labels) for _ in range(2)]
    order = np.concatenate([labels for _, labels in found])
    assert sorted(order) == list(range(10))
    assert list(order) != list(range(10))
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in found]), ROWS[order])


def test_what_is_computed_of_an_example_is_batched_with_it():
    x, y = tf.train.slice_input_producer([ROWS, LABELS], shuffle=False)
    batch = tf.train.batch({"sum": tf.reduce_sum(x), "noise": tf.random_uniform([]), "y": y}, 3)
    found = dict(zip(batch, run(*batch.values()), strict=True))
    assert found["sum"].tolist() == ROWS[:3].sum(axis=1).tolist()
    assert len(set(found["noise"])) == 3
    assert found["y"].tolist() == [0, 1, 2]


def test_the_last_batch_may_be_smaller():
    x, _ = tf.train.slice_input_producer([ROWS, LABELS], num_epochs=1, shuffle=False)
    whole = tf.train.batch([x], 4)
    assert [len(rows) for (rows,) in runs([whole])] == [4, 4]
    x, _ = tf.train.slice_input_producer([ROWS, LABELS], num_epochs=1, shuffle=False)
    rest = tf.train.batch([x], 4, allow_smaller_final_batch=True)
    assert [len(rows) for (rows,) in runs([rest])] == [4, 4, 2]


def test_examples_that_differ_in_size_are_padded():
    (n,) = tf.train.slice_input_producer([np.array([1, 3])], num_epochs=1, shuffle=False)
    padded = tf.train.batch([tf.range(n)], 2, dynamic_pad=True)
    assert run(padded)[0].tolist() == [[0, 0, 0], [0, 1, 2]]


def _write(path: Any, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def test_records_of_files_are_read(tmp_path):
    names = []
    for part in range(2):
        names.append(str(tmp_path / f"{part}.tfrecord"))
        with tf.python_io.TFRecordWriter(names[-1]) as writer:
            for i in range(2):
                value = tf.train.Feature(int64_list=tf.train.Int64List(value=[10 * part + i]))
                features = tf.train.Features(feature={"v": value})
                writer.write(tf.train.Example(features=features).SerializeToString())
    queue = tf.train.string_input_producer(
        tf.train.match_filenames_once(str(tmp_path / "*.tfrecord")), num_epochs=1, shuffle=False
    )
    key, serialized = tf.TFRecordReader().read(queue)
    parsed = tf.parse_single_example(serialized, {"v": tf.FixedLenFeature([], tf.int64)})
    found = runs([key, parsed["v"]])
    assert [int(v) for _, v in found] == [0, 1, 10, 11]
    assert found[3][0] == f"{names[1]}:1".encode()


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: tf.TextLineReader(), [b"ab", b"cd"]),
        (lambda: tf.TextLineReader(skip_header_lines=1), [b"cd"]),
        (lambda: tf.WholeFileReader(), [b"ab\ncd"]),
        (lambda: tf.FixedLengthRecordReader(2, header_bytes=3), [b"cd"]),
    ],
    ids=["lines", "lines without a header", "whole", "pieces"],
)
def test_a_file_is_read_in_parts(tmp_path, make, wanted):
    name = _write(tmp_path / "file", b"ab\ncd")
    queue = tf.train.string_input_producer([name], num_epochs=1)
    _, content = make().read(queue)
    assert [value for (value,) in runs([content])] == wanted


def test_numbers_are_taken_from_a_queue():
    queue = tf.train.range_input_producer(3, shuffle=False)
    number = queue.dequeue()
    assert [int(run(number)[0]) for _ in range(4)] == [0, 1, 2, 0]


def test_no_file_at_all_is_an_error():
    with pytest.raises(ConfigError, match="string_input_producer requires a non-null input"):
        tf.train.string_input_producer([])


def test_a_model_trains_on_queues():
    x, y = tf.train.shuffle_batch(
        [ROWS, ROWS.sum(axis=1)], 5, capacity=20, min_after_dequeue=5, enqueue_many=True
    )
    inputs = Input(tensor=x)
    model = Model(inputs, Dense(1, kernel_initializer="ones")(inputs))
    model.compile(SGD(0.0), "mse", target_tensors=[tf.reshape(y, (5, 1))])
    # The layer adds up each row: the loss is 0 only with the targets of these very rows.
    history = model.fit(epochs=2, steps_per_epoch=4, verbose=0).history
    np.testing.assert_allclose(history["loss"], 0.0, atol=1e-4)


# -- tf.contrib

IMAGES = np.arange(2 * 4 * 6, dtype="float32").reshape(2, 4, 6, 1)


@pytest.mark.parametrize(
    ("transformed", "wanted"),
    [
        (lambda x: tf.contrib.image.rotate(x, np.pi), IMAGES[:, ::-1, ::-1]),
        (lambda x: tf.contrib.image.rotate(x, [0.0, np.pi])[1], IMAGES[1, ::-1, ::-1]),
        (lambda x: tf.contrib.image.translate(x, [0.0, 1.0])[:, 1:], IMAGES[:, :-1]),
        (lambda x: tf.contrib.image.translate(x, [1.0, 0.0])[:, :, 1:], IMAGES[:, :, :-1]),
        (
            lambda x: tf.contrib.image.transform(x, [-1, 0, 5, 0, 1, 0, 0, 0], "BILINEAR"),
            IMAGES[:, :, ::-1],
        ),
        (
            lambda x: tf.contrib.image.transform(
                x,
                tf.contrib.image.compose_transforms(
                    tf.contrib.image.angles_to_projective_transforms(np.pi, 4, 6),
                    tf.constant([-1.0, 0, 5, 0, 1, 0, 0, 0]),
                ),
            ),
            IMAGES[:, ::-1],
        ),
    ],
    ids=["rotate", "rotate each", "down", "right", "flip", "composed"],
)
@pytest.mark.parametrize("is_symbolic", [False, True])
def test_images_are_transformed(transformed, wanted, is_symbolic):
    if is_symbolic:
        x = K.placeholder((None, 4, 6, 1))
        (found,) = K.function([x], [transformed(x)])([IMAGES])
    else:
        found = K.get_value(transformed(tf.constant(IMAGES)))
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_images_are_transformed_in_a_model():
    def turned(x):
        count = tf.shape(x)[0]
        angles = tf.random_uniform([count], 3.14159, 3.1416)
        return tf.contrib.image.rotate(x, angles, interpolation="BILINEAR")

    model = Sequential([Lambda(turned, input_shape=(4, 6, 1))])
    np.testing.assert_allclose(model.predict(IMAGES), IMAGES[:, ::-1, ::-1], atol=1e-2)


@pytest.mark.parametrize(
    ("name", "wanted"), [("l1_regularizer", 0.3), ("l2_regularizer", 0.25), ("flatten", None)]
)
def test_functions_of_contrib_layers(name, wanted):
    w = tf.Variable([[1.0, -2.0]])
    function = getattr(tf.contrib.layers, name)
    found = function(w) if wanted is None else function(0.1)(w)
    np.testing.assert_allclose(K.get_value(found), [[1, -2]] if wanted is None else wanted)


def _idx(values: Any) -> bytes:
    sizes = np.array(values.shape, ">u4").tobytes()
    return gzip.compress(bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes())


@pytest.fixture
def mnist_folder(tmp_path):
    rng = np.random.default_rng(0)
    for part, count in (("train", 12), ("t10k", 4)):
        images = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        _write(tmp_path / f"{part}-images-idx3-ubyte.gz", _idx(images))
        _write(
            tmp_path / f"{part}-labels-idx1-ubyte.gz", _idx(np.arange(count, dtype=np.uint8) % 10)
        )
    return tmp_path


def test_mnist_is_read_as_tutorials_read_it(mnist_folder):
    data = learn.read_data_sets(mnist_folder, one_hot=True, validation_size=2)
    assert data.train.images.shape == (10, 784)
    assert data.train.labels.shape == (10, 10)
    assert data.validation.num_examples, data.test.num_examples == (2, 4)
    assert 0.9 < data.train.images.max() <= 1.0
    seen = np.concatenate([data.train.next_batch(4)[1].argmax(axis=1) for _ in range(5)])
    assert data.train.epochs_completed == 1
    assert sorted(seen[:10]) == sorted(seen[10:]) == sorted((np.arange(2, 12)) % 10)


def test_mnist_can_be_without_validation_or_as_bytes(mnist_folder):
    data = learn.read_data_sets(mnist_folder, dtype=tf.uint8, reshape=False, validation_size=0)
    assert data.train.images.shape == (12, 28, 28, 1)
    assert data.train.images.dtype == np.uint8
    assert data.train.next_batch(3, shuffle=False)[1].tolist() == [0, 1, 2]
    assert data.validation.num_examples == 0
    with pytest.raises(ArgumentError, match="Validation size should be between 0 and 12"):
        learn.read_data_sets(mnist_folder)
