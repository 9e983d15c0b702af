"""Data that comes batch by batch, and files that come over the network."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kir.utils.downloads import get_file as get_file
    from kir.utils.downloads import validate_file as validate_file
    from kir.utils.enqueuers import GeneratorEnqueuer as GeneratorEnqueuer
    from kir.utils.enqueuers import OrderedEnqueuer as OrderedEnqueuer
    from kir.utils.enqueuers import SequenceEnqueuer as SequenceEnqueuer
    from kir.utils.enqueuers import get_index as get_index
    from kir.utils.enqueuers import init_pool as init_pool
    from kir.utils.enqueuers import init_pool_generator as init_pool_generator
    from kir.utils.enqueuers import next_sample as next_sample
    from kir.utils.progbar import Progbar as Progbar

# Imported when first asked for: a Sequence alone needs neither processes nor the network.
_LAZY = {
    "GeneratorEnqueuer": "enqueuers",
    "OrderedEnqueuer": "enqueuers",
    "Progbar": "progbar",
    "SequenceEnqueuer": "enqueuers",
    "_hash_file": "downloads",
    "get_file": "downloads",
    "get_index": "enqueuers",
    "init_pool": "enqueuers",
    "init_pool_generator": "enqueuers",
    "next_sample": "enqueuers",
    "validate_file": "downloads",
}

__all__ = [
    "GeneratorEnqueuer",
    "OrderedEnqueuer",
    "Progbar",
    "Sequence",
    "SequenceEnqueuer",
    "get_file",
    "get_index",
    "init_pool",
    "init_pool_generator",
    "next_sample",
    "validate_file",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"kir.utils.{_LAZY[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


class Sequence:
    """Base class of a data set that is read by batch number, so that workers may read at once.

    A class of your own says how many batches there are, and gives any of them.

    Reference:
        https://keras.io/utils (Keras 2.2.4).

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
