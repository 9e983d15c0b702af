"""Data that comes batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["Sequence"]


class Sequence:
    """Base class of a data set that is read by batch number, so that workers may read at once.

    A class of your own says how many batches there are, and gives any of them.

    Example:
        >>> class Rows(Sequence):
        ...     def __init__(self, x, y, batch_size):
        ...         self.x, self.y, self.batch_size = x, y, batch_size
        ...
        ...     def __len__(self):
        ...         return math.ceil(len(self.x) / self.batch_size)
        ...
        ...     def __getitem__(self, index):
        ...         rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        ...         return self.x[rows], self.y[rows]
    """

    def __getitem__(self, index: int) -> Any:
        """The batch number `index`: ``(x, y)`` or ``(x, y, sample_weight)``."""
        raise NotImplementedError(f"{type(self).__name__} does not override __getitem__.")

    def __len__(self) -> int:
        """How many batches there are."""
        raise NotImplementedError(f"{type(self).__name__} does not override __len__.")

    def on_epoch_end(self) -> None:
        """Called when an epoch has ended, for example to shuffle the rows."""

    def __iter__(self) -> Iterator[Any]:
        """The batches in order, over and over: as in Keras 2.2, it never ends."""
        while True:
            for index in range(len(self)):
                yield self[index]
