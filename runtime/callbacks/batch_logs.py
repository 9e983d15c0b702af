"""The logs of a chunk of training steps that ran in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class BatchLogs:
    """What the steps of one chunk returned.

    Attributes:
        start: index in the epoch of the chunk's first step.
        sizes: (steps,) samples of each step.
        names: names of the logged values, e.g. ``["loss", "acc"]``.
        values: (steps, names) float64.
    """

    start: int
    sizes: np.ndarray
    names: list[str]
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.sizes)

    def column(self, name: str) -> np.ndarray | None:
        """(steps,) the values of one name, or None if it is not logged."""
        return self.values[:, self.names.index(name)] if name in self.names else None

    def head(self, steps: int) -> BatchLogs:
        """The same logs without what came after the first `steps` steps."""
        return BatchLogs(self.start, self.sizes[:steps], self.names, self.values[:steps])

    def step(self, index: int) -> dict[str, Any]:
        """One step's logs as `on_batch_end` gets them."""
        logs: dict[str, Any] = {"batch": self.start + index, "size": int(self.sizes[index])}
        logs.update(zip(self.names, self.values[index].tolist(), strict=True))
        return logs


def running_sum(total: float, terms: np.ndarray) -> float:
    """`total` plus all terms, added one by one: bit for bit what a loop over the steps gives."""
    return float(np.cumsum(np.concatenate(([total], terms)))[-1])
