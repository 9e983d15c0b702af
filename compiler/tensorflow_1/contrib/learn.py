"""MNIST as TensorFlow 1's tutorials read it.

This one module is `tf.contrib.learn.datasets.mnist`, all that lies on the way to it, and
`tf.examples.tutorials.mnist.input_data`.
"""

from __future__ import annotations

import gzip
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from compiler.tensorflow import tf
from kir.datasets.mnist import load_data
from kir.errors import ArgumentError

__path__: list[str] = []  # Programs import modules from it.
base = datasets = input_data = mnist = python = learn = tutorials = sys.modules[__name__]

_FILES = (
    ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
)


class DataSet:
    """Images and labels, which are taken in batches.

    Args:
        images: (count, 28, 28, 1), bytes.
        labels: (count,), or (count, 10) if one-hot.
        dtype: of the images: tf.uint8, or tf.float32 for values between 0 and 1.
        reshape: whether an image is one row.
        seed: of the order.
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        dtype: Any = tf.float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        self._random = np.random.RandomState(seed)
        images = images.reshape(len(images), math.prod(images.shape[1:])) if reshape else images
        if tf.as_dtype(dtype) == tf.float32:
            images = images.astype(np.float32) / 255.0
        self.images, self.labels = images, labels
        self.num_examples = len(images)
        self.epochs_completed = 0
        self._at = 0

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[Any, Any]:
        """The next examples; a new epoch begins where the old one ends, within a batch."""
        if shuffle and self._at == 0 and self.epochs_completed == 0:
            self._shuffle()
        taken = [self._take(batch_size)]
        while (missing := batch_size - sum(len(x) for x, _ in taken)) > 0:
            self.epochs_completed += 1
            self._at = 0
            if shuffle:
                self._shuffle()
            taken.append(self._take(missing))
        return tuple(map(np.concatenate, zip(*taken, strict=True)))  # type: ignore[return-value]

    def _take(self, count: int) -> tuple[Any, Any]:
        rows = slice(self._at, self._at + count)
        self._at = min(rows.stop, self.num_examples)
        return self.images[rows], self.labels[rows]

    def _shuffle(self) -> None:
        order = self._random.permutation(self.num_examples)
        self.images, self.labels = self.images[order], self.labels[order]


class Datasets(NamedTuple):
    """MNIST's parts."""

    train: DataSet
    validation: DataSet
    test: DataSet


def dense_to_one_hot(labels_dense: Any, num_classes: int) -> Any:
    """Rows with a 1 at the label."""
    return np.eye(num_classes)[np.asarray(labels_dense).ravel()]


def read_data_sets(
    train_dir: Any,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = tf.float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str | None = None,
) -> Datasets:
    """MNIST, from the four files of its authors in a folder, else as Keras's dataset.

    Args:
        train_dir: the folder.
        fake_data: not used.
        one_hot: whether labels are rows with a 1.
        dtype: as in `DataSet`.
        reshape: as in `DataSet`.
        validation_size: how many of the first training examples are for validation.
        seed: as in `DataSet`.
        source_url: not used.

    Raises:
        ArgumentError: there are fewer examples to train on than `validation_size`.
        DownloadError: the files are not there, and Keras's cannot be fetched.
    """
    folder = Path(train_dir or ".")
    if all((folder / name).exists() for pair in _FILES for name in pair):
        parts: Any = [(_idx(folder / x), _idx(folder / y)) for x, y in _FILES]
    else:
        parts = load_data()
    (images, labels), (test_images, test_labels) = parts
    if not 0 <= validation_size <= len(images):
        raise ArgumentError(
            f"Validation size should be between 0 and {len(images)}. Received: {validation_size}."
        )

    def made(x: Any, y: Any) -> DataSet:
        y = dense_to_one_hot(y, 10) if one_hot else y
        return DataSet(x[..., None], y, dtype, reshape, seed)

    held, rest = slice(validation_size), slice(validation_size, None)
    return Datasets(
        made(images[rest], labels[rest]),
        made(images[held], labels[held]),
        made(test_images, test_labels),
    )


def _idx(path: Path) -> Any:
    """The array of a file in MNIST's format: a header of big-endian sizes, then bytes."""
    data = gzip.decompress(path.read_bytes())
    sizes = np.frombuffer(data, ">u4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)
