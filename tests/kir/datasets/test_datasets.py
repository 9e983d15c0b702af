"""The data sets, read from made-up files that a server on this machine has."""

import gzip
import hashlib
import io
import json
import pickle
import tarfile
import warnings

import numpy as np
import pytest

from kir import backend as K
from kir.datasets import (
    _files,
    boston_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)


@pytest.fixture
def publish(server, monkeypatch, tmp_path):
    """Puts a file onto the server, with its hash."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv(_files.MIRROR, f"{server.url}/")

    def publish(name, content):
        server.files[name] = content
        length = len(_files.HASHES[name])
        hashed = hashlib.sha256(content) if length == 64 else hashlib.md5(content)
        monkeypatch.setitem(_files.HASHES, name, hashed.hexdigest())

    return publish


def _npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _lists(rows):
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    return array


def _images(count, channels=()):
    return np.random.randint(0, 256, (count, *channels, 28, 28)).astype("uint8")


def test_the_hashes_have_the_length_of_a_hash():
    assert {len(value) for value in _files.HASHES.values()} == {32, 64}


def test_a_file_with_another_hash_is_refused(server, publish):
    publish("mnist.npz", b"right")
    server.files["mnist.npz"] = b"wrong"
    with pytest.raises(OSError, match="does not have the hash"):
        mnist.load_data()


def test_mnist(publish, server):
    x, y = _images(5), np.arange(5)
    publish("mnist.npz", _npz(x_train=x[:3], y_train=y[:3], x_test=x[3:], y_test=y[3:]))
    for _ in range(2):
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
        np.testing.assert_array_equal(np.concatenate([x_train, x_test]), x)
        np.testing.assert_array_equal(np.concatenate([y_train, y_test]), y)
    assert len(server.requests) == 1


def test_fashion_mnist(publish, tmp_path):
    x, y = _images(5), np.arange(5, dtype="uint8")
    for part, rows in (("train", slice(3)), ("t10k", slice(3, None))):
        publish(f"{part}-images-idx3-ubyte.gz", gzip.compress(bytes(16) + x[rows].tobytes()))
        publish(f"{part}-labels-idx1-ubyte.gz", gzip.compress(bytes(8) + y[rows].tobytes()))
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), x)
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), y)
    assert (tmp_path / "datasets" / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz").exists()


def test_boston_housing(publish):
    x = np.arange(20.0).reshape(10, 2)
    publish("boston_housing.npz", _npz(x=x, y=x[:, 0]))
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data(test_split=0.3)
    assert (x_train.shape, x_test.shape) == ((7, 2), (3, 2))
    np.random.seed(113)
    order = np.arange(10)
    np.random.shuffle(order)
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), x[order, 0])
    np.testing.assert_array_equal(x_test[:, 0], y_test)
    with pytest.raises(ValueError, match="test_split"):
        boston_housing.load_data(test_split=1)


def _cifar(folder, batches):
    """An archive like the real one: pickled by Python 2, so that its strings are bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, batch in batches.items():
            content = pickle.dumps({k.encode(): v for k, v in batch.items()}, protocol=2)
            # NumPy 1 called the module that it names so.
            content = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def photographs():
    return np.random.randint(0, 256, (12, 3072)).astype("uint8")


def _cifar10(photographs):
    batches = {
        f"data_batch_{i}": {
            "data": photographs[2 * i - 2 : 2 * i],
            "labels": [2 * i - 2, 2 * i - 1],
        }
        for i in range(1, 6)
    }
    batches["test_batch"] = {"data": photographs[10:], "labels": [10, 11]}
    return _cifar("cifar-10-batches-py", batches)


def test_cifar10(publish, photographs):
    publish("cifar-10-python.tar.gz", _cifar10(photographs))
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert (x_train.shape, x_train.dtype) == ((10, 32, 32, 3), np.uint8)
    wanted = photographs.reshape(12, 3, 32, 32).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), wanted)
    assert np.concatenate([y_train, y_test]).tolist() == [[i] for i in range(12)]
    assert y_train.dtype == np.uint8


def test_cifar10_with_the_channels_first(publish, photographs):
    publish("cifar-10-python.tar.gz", _cifar10(photographs))
    K.set_image_data_format("channels_first")
    try:
        (x_train, _), _ = cifar10.load_data()
    finally:
        K.set_image_data_format("channels_last")
    np.testing.assert_array_equal(x_train.reshape(10, -1), photographs[:10])


@pytest.mark.parametrize("label_mode", ["fine", "coarse"])
def test_cifar100(publish, photographs, label_mode):
    batches = {
        name: {"data": photographs[:2], "fine_labels": [7, 8], "coarse_labels": [1, 2]}
        for name in ("train", "test")
    }
    publish("cifar-100-python.tar.gz", _cifar("cifar-100-python", batches))
    _, (x_test, y_test) = cifar100.load_data(label_mode)
    assert x_test.shape == (2, 32, 32, 3)
    assert y_test.tolist() == ([[7], [8]] if label_mode == "fine" else [[1], [2]])


def test_cifar100_has_two_kinds_of_labels():
    with pytest.raises(ValueError, match="'fine' or 'coarse'"):
        cifar100.load_data("medium")


class _Evil:
    def __reduce__(self):
        return print, ("evil",)


def test_a_cifar_file_runs_no_code(publish, photographs, capsys):
    batches = {"train": {"data": _Evil()}, "test": {}}
    publish("cifar-100-python.tar.gz", _cifar("cifar-100-python", batches))
    with pytest.raises(ValueError, match=r"asks for .*print"):
        cifar100.load_data()
    assert "evil" not in capsys.readouterr().out


REVIEWS = [[1, 5, 9], [2, 2], [3], [9, 8, 7, 6]]


def _imdb():
    return _npz(
        x_train=_lists(REVIEWS),
        y_train=np.arange(4),
        x_test=_lists(REVIEWS[:2]),
        y_test=np.arange(2),
    )


def _mixed_reviews():
    np.random.seed(113)
    orders = []
    for count in (4, 2):
        order = np.arange(count)
        np.random.shuffle(order)
        orders.append(order.tolist())
    return orders


def test_imdb_marks_the_start_and_unknown_words(publish):
    publish("imdb.npz", _imdb())
    (x_train, y_train), (_, y_test) = imdb.load_data(num_words=10, skip_top=5)
    train, test = _mixed_reviews()
    assert y_train.tolist() == train
    assert y_test.tolist() == test
    for row, i in zip(x_train, train, strict=True):
        moved = [1] + [w + 3 for w in REVIEWS[i]]
        assert row == [w if 5 <= w < 10 else 2 for w in moved]


@pytest.mark.parametrize(
    ("options", "convert"),
    [
        (
            {"start_char": None, "oov_char": None, "num_words": 10},
            lambda row: [w + 3 for w in row if w + 3 < 10],
        ),
        ({"start_char": None, "index_from": 0, "num_words": 100}, list),
        # Without num_words the greatest number of all, here 12, counts as unknown.
        ({}, lambda row: [1, *(w + 3 if w != 9 else 2 for w in row)]),
    ],
)
def test_imdb_options(publish, options, convert):
    publish("imdb.npz", _imdb())
    (x_train, y_train), _ = imdb.load_data(**options)
    assert x_train.tolist() == [convert(REVIEWS[i]) for i in y_train]


def test_imdb_leaves_out_long_reviews(publish):
    publish("imdb.npz", _imdb())
    (x_train, _), (x_test, _) = imdb.load_data(maxlen=4)
    assert max(map(len, [*x_train, *x_test])) == 3
    # Keras 2.2: what is left out of the training comes from the test.
    assert (len(x_train), len(x_test)) == (3, 0)
    with pytest.raises(ValueError, match="maxlen=1"):
        imdb.load_data(maxlen=1)


def test_texts_of_one_length_are_lists_as_well(publish):
    rows = [[1, 2], [3, 4], [5, 6]]
    publish("reuters.npz", _npz(x=_lists(rows), y=np.arange(3)))
    (x_train, _), _ = reuters.load_data()
    assert x_train.dtype == object
    assert isinstance(x_train[0], list)


def test_reuters_is_split(publish):
    publish("reuters.npz", _npz(x=_lists(REVIEWS), y=np.arange(4)))
    (x_train, y_train), (x_test, y_test) = reuters.load_data(test_split=0.5, num_words=100)
    assert (len(x_train), len(x_test)) == (2, 2)
    for row, i in zip([*x_train, *x_test], [*y_train, *y_test], strict=True):
        assert row == [1] + [w + 3 for w in REVIEWS[i]]


@pytest.mark.parametrize("module", [imdb, reuters])
def test_word_numbers(publish, module):
    name = module.__name__.rpartition(".")[2]
    publish(f"{name}_word_index.json", json.dumps({"the": 1, "café": 2}).encode())
    assert module.get_word_index() == {"the": 1, "café": 2}


def test_old_and_unknown_arguments(publish):
    publish("imdb.npz", _imdb())
    with pytest.warns(UserWarning, match="num_words"):
        old = imdb.load_data(nb_words=9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert old[0][0].tolist() == imdb.load_data(num_words=9)[0][0].tolist()
    with pytest.raises(TypeError, match="no argument 'test_split'"):
        imdb.load_data(test_split=0.1)
