"""MNIST: 70,000 handwritten digits, gray, 28 x 28 pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from kir.datasets._files import fetch

__all__ = ["load_data"]


def load_data(path: Any = "mnist.npz") -> Any:
    """Loads MNIST.

    Args:
        path: name of the file in the cache, or an absolute path.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 (60000 or 10000, 28, 28), and the digits.

    Raises:
        DownloadError: the file is not there and cannot be fetched.

    Reference:
        https://keras.io/datasets (Keras 2.2.4).
    """
    with np.load(fetch("mnist.npz", path)) as f:
        return (f["x_train"], f["y_train"]), (f["x_test"], f["y_test"])
