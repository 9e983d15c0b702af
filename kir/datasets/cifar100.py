"""CIFAR-100: 60,000 photographs of a hundred kinds of things, in colour, 32 x 32 pixels."""

from __future__ import annotations

import os
from typing import Any

from kir.datasets._files import fetch
from kir.datasets.cifar import arranged, load_batch
from kir.errors import ConfigError

__all__ = ["load_data"]


def load_data(label_mode: str = "fine") -> Any:
    """Loads CIFAR-100.

    Args:
        label_mode: 'fine' for the hundred classes, 'coarse' for the twenty that hold them.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 (50000 or 10000, 32, 32, 3), or with the
        channels first if that is the backend's order; and the classes, (images, 1).

    Raises:
        ConfigError: another label mode.
        DownloadError: the file is not there and cannot be fetched.

    Reference:
        https://keras.io/datasets (Keras 2.2.4).
    """
    if label_mode not in ("fine", "coarse"):
        raise ConfigError(f"label_mode is {label_mode!r}; it is 'fine' or 'coarse'.")
    folder = fetch("cifar-100-python.tar.gz", "cifar-100-python", untar=True)
    parts = [
        load_batch(os.path.join(folder, part), label_key=f"{label_mode}_labels")
        for part in ("train", "test")
    ]
    return arranged(*parts[0]), arranged(*parts[1])
