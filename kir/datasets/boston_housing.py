"""Boston housing: 13 features and the median price of houses in 506 places of the 1970s."""

from __future__ import annotations

from typing import Any

import numpy as np

from kir.datasets._files import fetch
from kir.errors import ConfigError

__all__ = ["load_data"]


def load_data(path: Any = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Any:
    """Loads the Boston housing data.

    Args:
        path: name of the file in the cache, or an absolute path.
        test_split: fraction of the places that is for testing.
        seed: of the mixing before that; sets NumPy's random state.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: float64 (places, 13), and thousands of dollars.

    Raises:
        ConfigError: `test_split` is no such fraction.
        DownloadError: the file is not there and cannot be fetched.

    Reference:
        https://keras.io/datasets (Keras 2.2.4).
    """
    if not 0 <= test_split < 1:
        raise ConfigError(f"test_split is {test_split!r}; it is at least 0 and below 1.")
    with np.load(fetch("boston_housing.npz", path)) as f:
        x, y = f["x"], f["y"]
    np.random.seed(seed)
    order = np.arange(len(x))
    np.random.shuffle(order)
    x, y = x[order], y[order]
    train = int(len(x) * (1 - test_split))
    return (x[:train], y[:train]), (x[train:], y[train:])
