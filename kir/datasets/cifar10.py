"""CIFAR-10: 60,000 photographs of ten kinds of things, in colour, 32 x 32 pixels."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from kir.datasets._files import fetch
from kir.datasets.cifar import arranged, load_batch

__all__ = ["load_data"]


def load_data() -> Any:
    """Loads CIFAR-10.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 (50000 or 10000, 32, 32, 3), or with the
        channels first if that is the backend's order; and uint8 (images, 1).

    Raises:
        DownloadError: the file is not there and cannot be fetched.

    Reference:
        https://keras.io/datasets (Keras 2.2.4).
    """
    folder = fetch("cifar-10-python.tar.gz", "cifar-10-batches-py", untar=True)
    batches = [load_batch(os.path.join(folder, f"data_batch_{i}")) for i in range(1, 6)]
    x_train = np.concatenate([x for x, _ in batches])
    y_train = np.concatenate([y for _, y in batches]).astype("uint8")
    x_test, y_test = load_batch(os.path.join(folder, "test_batch"))
    # Keras 2.2: the labels of the test are not converted.
    return arranged(x_train, y_train), arranged(x_test, y_test)
