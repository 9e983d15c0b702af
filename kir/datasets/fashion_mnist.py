"""Fashion-MNIST: 70,000 pictures of ten kinds of clothes, gray, 28 x 28 pixels."""

from __future__ import annotations

import gzip
import os
from typing import Any

import numpy as np

from kir.datasets._files import fetch

__all__ = ["load_data"]

# Bytes before the values: a magic number and the size of each axis, four bytes each.
_LABELS_HEADER = 8
_IMAGES_HEADER = 16


def load_data() -> Any:
    """Loads Fashion-MNIST.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 (60000 or 10000, 28, 28), and the kinds.

    Raises:
        DownloadError: the file is not there and cannot be fetched.

    Reference:
        https://keras.io/datasets (Keras 2.2.4).
    """
    return _load("train"), _load("t10k")


def _load(part: str) -> tuple[np.ndarray, np.ndarray]:
    y = _values(f"{part}-labels-idx1-ubyte.gz", _LABELS_HEADER)
    x = _values(f"{part}-images-idx3-ubyte.gz", _IMAGES_HEADER)
    return x.reshape(len(y), 28, 28), y


def _values(name: str, header: int) -> np.ndarray:
    path = fetch(name, cache_subdir=os.path.join("datasets", "fashion-mnist"))
    with gzip.open(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)
