"""`sklearn.cross_validation`, as it was until scikit-learn 0.20: folds of numbered samples.

All else is what `sklearn.model_selection` offers.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np


def __getattr__(name: str) -> Any:
    return getattr(importlib.import_module("sklearn.model_selection"), name)


class _Folds:
    """Pairs of the indices to train on and to test on."""

    def __init__(self, folds: Any, *arrays: Any) -> None:
        self._pairs = list(folds.split(*arrays))

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)


class KFold(_Folds):
    """Folds of `n` samples."""

    def __init__(
        self, n: int, n_folds: int = 3, shuffle: bool = False, random_state: Any = None
    ) -> None:
        seed = random_state if shuffle else None
        folds = __getattr__("KFold")(n_folds, shuffle=shuffle, random_state=seed)
        super().__init__(folds, np.zeros(n))


class StratifiedKFold(_Folds):
    """Folds of samples with the labels `y`, of which each has its share of every label."""

    def __init__(
        self, y: Any, n_folds: int = 3, shuffle: bool = False, random_state: Any = None
    ) -> None:
        seed = random_state if shuffle else None
        folds = __getattr__("StratifiedKFold")(n_folds, shuffle=shuffle, random_state=seed)
        super().__init__(folds, np.zeros(len(y)), y)


class ShuffleSplit(_Folds):
    """`n_iter` random divisions of `n` samples."""

    def __init__(
        self, n: int, n_iter: int = 10, test_size: Any = 0.1, random_state: Any = None
    ) -> None:
        folds = __getattr__("ShuffleSplit")(n_iter, test_size=test_size, random_state=random_state)
        super().__init__(folds, np.zeros(n))
