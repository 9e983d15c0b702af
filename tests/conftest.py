"""What holds for every test: fixed seeds, no Keras 3, and no GPU test without a GPU."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

import numpy as np
import pytest

SEED = 1337


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """The seeds of Python and NumPy, from which kir draws all others."""
    random.seed(SEED)
    np.random.seed(SEED)


@pytest.fixture(autouse=True, scope="module")
def no_keras_3() -> Iterator[None]:
    """The import guard works for the whole suite: nothing in kir loads Keras behind our back."""
    yield
    for name in ("keras", "tf_keras"):
        module = sys.modules.get(name)
        # The golden cases let `keras` stand for kir.
        assert module is None or module.__name__ == "kir", f"{name} was imported"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu"):
        from compiler.tensorflow import tf  # here, as most runs hold no such test

        if not tf.config.list_physical_devices("GPU"):
            pytest.skip("TensorFlow sees no GPU")
