"""Batches from generators and Sequences, read by workers."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from kir.errors import ConfigError, ExhaustedError
from kir.utils.data_utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence

Parts = tuple[Any, Any, Any]


def step_count(generator: Any, steps: int | None, name: str) -> int:
    """The number of batches in an epoch: what is asked for, else a Sequence's length.

    Raises:
        ConfigError: a generator, which has no length, and no number.
    """
    if steps:
        return int(steps)
    if isinstance(generator, Sequence):
        return len(generator)
    raise ConfigError(
        f"`{name}=None` is only valid for a generator based on the `keras.utils.Sequence` class, "
        f"which has a length. Please specify `{name}`: how many batches to take."
    )


class ReadAhead(Iterator[Any]):
    """Batches that workers put into a queue.

    Args:
        enqueuer: holds the workers.
        start: lets them begin.
    """

    def __init__(self, enqueuer: Any, start: Callable[[], None]) -> None:
        self._enqueuer = enqueuer
        self._start = start
        self._batches: Iterator[Any] | None = None

    def begin(self) -> Iterator[Any]:
        """Lets the workers begin, if they have not."""
        batches = self._batches
        if batches is None:
            self._start()
            batches = self._batches = self._enqueuer.get()
        return batches

    def __next__(self) -> Any:
        return next(self.begin())


def begin(batches: Iterator[Any]) -> None:
    """Lets the workers behind these batches begin, if there are any."""
    if isinstance(batches, ReadAhead):
        batches.begin()


@contextlib.contextmanager
def reading(
    generator: Any,
    workers: int,
    use_multiprocessing: bool,
    max_queue_size: int,
    shuffle: bool = False,
    count: int | None = None,
) -> Iterator[Iterator[Any]]:
    """The batches of a generator or Sequence, which workers read ahead while the block runs.

    The workers begin when the first batch is asked for, or at `begin()` of what is returned.

    Args:
        generator: gives batches.
        workers: number of threads or processes; 0 reads each batch when it is asked for.
        use_multiprocessing: whether the workers are processes.
        max_queue_size: how many batches they read ahead.
        shuffle: whether a Sequence's batches are read in a random order.
        count: how many batches will be asked for in all: none is read in vain.
    """
    is_sequence = isinstance(generator, Sequence)
    if workers <= 0:
        yield iter(generator) if is_sequence else generator
        return
    enqueuer: Any
    if is_sequence:
        enqueuer = OrderedEnqueuer(generator, use_multiprocessing, shuffle=shuffle)
    else:
        enqueuer = GeneratorEnqueuer(generator, use_multiprocessing)
    enqueuer.most = count
    start = functools.partial(enqueuer.start, workers=workers, max_queue_size=max_queue_size)
    try:
        yield ReadAhead(enqueuer, start)
    except Exception:
        enqueuer.stop()
        raise
    except BaseException:
        # Ctrl-C: what it interrupts may be waiting for a worker that hangs.
        enqueuer.stop(timeout=0)
        raise
    enqueuer.stop()


def take(batches: Iterator[Any], done: int, steps: int) -> Any:
    """The next batch.

    Args:
        batches: where from.
        done: how many were taken before.
        steps: how many are wanted in all, for messages.

    Raises:
        ExhaustedError: there is none.
    """
    try:
        return next(batches)
    except StopIteration as error:
        message = (
            f"The generator ended after {done} of {steps} batches. It should go on for ever, or "
            "give at least steps_per_epoch * epochs batches."
        )
        warnings.warn(message, stacklevel=2)
        raise ExhaustedError(message) from error


def split(batch: Any) -> Parts:
    """Inputs, targets and sample weights of what a generator gave.

    Raises:
        ConfigError: it is no tuple of two or three.
    """
    if not isinstance(batch, list | tuple) or len(batch) not in (2, 3):
        raise ConfigError(
            "Output of generator should be a tuple `(x, y, sample_weight)` or `(x, y)`. Found: "
            f"{_describe(batch)}"
        )
    x, y, *rest = batch
    return x, y, rest[0] if rest else None


def inputs_of(batch: Any) -> Any:
    """The inputs of a batch, whether or not targets come with them."""
    return split(batch)[0] if isinstance(batch, tuple) else batch


def size_of(x: Any) -> int:
    """The number of samples of a batch; 1 for a model that is fed nothing."""
    if x is None or len(x) == 0:
        return 1
    first = x
    if isinstance(x, list | tuple):
        first = x[0]
    elif isinstance(x, dict):
        first = next(iter(x.values()))
    return int(first.shape[0]) if hasattr(first, "shape") else len(x)


def _describe(batch: Any) -> str:
    if isinstance(batch, list | tuple):
        parts = ", ".join(_describe(b) for b in batch)
        return f"a {type(batch).__name__} of {len(batch)}: ({parts})"
    if hasattr(batch, "shape"):
        return f"an array of shape {tuple(batch.shape)}"
    return repr(batch)
