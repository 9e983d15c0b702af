"""Reading batches ahead, in threads or processes, in the order of the data.

A batch is a task of a worker, and the tasks that are under way stand in a queue in the order of
their batches. Whoever takes the oldest one first submits the next: so the queue keeps its length,
the order is kept whichever worker is faster, and what a task raised is raised again where its
batch would have been.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import pickle
import random
import warnings
from abc import abstractmethod
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import numpy as np

from kir.errors import ConfigError, StateError
from kir.utils._workers import (
    Processes,
    Snapshot,
    Threads,
    Workers,
    read_batch,
    why_not_processes,
)
from kir.utils.data_utils import Sequence

__all__ = [
    "GeneratorEnqueuer",
    "OrderedEnqueuer",
    "SequenceEnqueuer",
    "get_index",
    "init_pool",
    "init_pool_generator",
    "next_sample",
]

# What this process's threads read, by the number of their enqueuer.
_SHARED_SEQUENCES: dict[int, Any] = {}
_UIDS = itertools.count()
_END = object()


def init_pool(seqs: dict[int, Any]) -> None:
    """Sets what `get_index` and `next_sample` read in this process.

    Args:
        seqs: sequences or generators by their numbers.
    """
    global _SHARED_SEQUENCES
    _SHARED_SEQUENCES = seqs


def init_pool_generator(gens: dict[int, Any], random_seed: int | None = None) -> None:
    """`init_pool`, and a random state of this worker process's own.

    Args:
        gens: generators by their numbers.
        random_seed: to which the process's number is added; the state stays if None.
    """
    init_pool(gens)
    if random_seed is not None:
        is_worker = multiprocessing.parent_process() is not None
        np.random.seed(random_seed + (os.getpid() if is_worker else 0))


def get_index(uid: int, i: int) -> Any:
    """The batch `i` of the sequence with the number `uid`.

    Args:
        uid: the sequence's number in this process.
        i: the batch's number, from 0.
    """
    return _SHARED_SEQUENCES[uid][i]


def next_sample(uid: int) -> Any:
    """The next batch of the generator with the number `uid`.

    Args:
        uid: the generator's number in this process.
    """
    return next(_SHARED_SEQUENCES[uid])


class SequenceEnqueuer:
    """Base class of what reads batches ahead.

    Args:
        sequence: what is read.
        use_multiprocessing: by processes in place of threads.

    Attributes:
        most: how many batches are read in all, unless more are asked for; None goes on for ever.

    Example:
        >>> enqueuer = OrderedEnqueuer(sequence)
        >>> enqueuer.start(workers=2)
        >>> batches = enqueuer.get()
        >>> for _ in range(100):
        ...     x, y = next(batches)
        >>> enqueuer.stop()
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False) -> None:
        self.sequence = sequence
        self.use_multiprocessing = use_multiprocessing
        self.uid = next(_UIDS)
        self.workers = 0
        self._ahead: deque[Future[Any]] = deque()
        self._length_ahead = 0
        self.most: int | None = None
        self._read = 0
        self._pool: Workers | None = None

    def __del__(self) -> None:
        # Whoever forgot to stop it; at the program's end half of Python may be gone.
        with contextlib.suppress(Exception):
            self.stop(timeout=0)

    def is_running(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._pool is not None

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Starts the workers, which begin to read.

        Args:
            workers: how many threads or processes.
            max_queue_size: how many batches are read ahead.

        Raises:
            ConfigError: a number is not positive.
            StateError: it runs already.
        """
        if self._pool is not None:
            raise StateError(f"{type(self).__name__} runs already; call stop() first.")
        for name, number in (("workers", workers), ("max_queue_size", max_queue_size)):
            if number < 1:
                raise ConfigError(f"{type(self).__name__}.start: {name} is {number}; at least 1.")
        self.workers = workers
        self._length_ahead = max_queue_size
        self._read = 0
        self._pool = self._make_workers()
        with self._stopping_on_errors():
            self._fill()

    def stop(self, timeout: float | None = None) -> None:
        """Stops the workers; batches that were read ahead are lost.

        Args:
            timeout: seconds to wait for a worker that is reading. Threads are waited for as long
                as it takes if it is None; processes are ended after two seconds.
        """
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for future in self._ahead:
            future.cancel()
        self._ahead.clear()
        pool.stop(timeout)
        _SHARED_SEQUENCES.pop(self.uid, None)

    @abstractmethod
    def get(self) -> Generator[Any, None, None]:
        """The batches, in order."""
        raise NotImplementedError(f"{type(self).__name__} does not override get.")

    @abstractmethod
    def _make_workers(self) -> Workers: ...

    @abstractmethod
    def _submit_next(self) -> Future[Any] | None:
        """Submits the next batch; None if there is none to be read ahead now."""

    def _fill(self) -> None:
        while len(self._ahead) < self._length_ahead and self._read != self.most:
            future = self._submit_next()
            if future is None:
                return
            self._ahead.append(future)
            self._read += 1

    def _take(self) -> Any:
        """The oldest batch of the queue, which is filled up again meanwhile."""
        with self._stopping_on_errors():
            if not self._ahead and self._read == self.most:
                self.most = None
                self._fill()
            future = self._ahead.popleft()
            self._fill()
            return future.result()

    @contextlib.contextmanager
    def _stopping_on_errors(self) -> Iterator[None]:
        try:
            yield
        except BrokenProcessPool as error:
            self.stop()
            raise StateError(
                f"A worker process of {type(self).__name__} died. It may have been killed for "
                "want of memory; or the program starts its work outside of "
                "`if __name__ == '__main__':`, so that each worker starts it as well."
            ) from error
        except Exception:
            self.stop()
            raise
        except BaseException:
            # Ctrl-C: what it interrupts may be the very batch that hangs.
            self.stop(timeout=0)
            raise


class OrderedEnqueuer(SequenceEnqueuer):
    """Reads a `Sequence` ahead, over and over, in its order.

    Processes read copies of the sequence; they get new ones after an `on_epoch_end` that the
    sequence has. Each batch that a process makes begins with a random state that follows from
    this process's, so that the same seed gives the same batches however many workers there are.

    Args:
        sequence: a `Sequence`.
        use_multiprocessing: by processes in place of threads. They load the program's main file,
            which therefore has to start its work below ``if __name__ == '__main__':``. Where that
            cannot work, threads are used, with a warning.
        shuffle: read the batches of each epoch in a random order.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """

    def __init__(
        self, sequence: Any, use_multiprocessing: bool = False, shuffle: bool = False
    ) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle
        self._order: list[int] = []
        self._position = 0
        self._batches_seen = 0
        self._snapshot: Snapshot | None = None

    def _make_workers(self) -> Workers:
        self._order = []
        self._begin_epoch()
        if self.use_multiprocessing:
            reason = why_not_processes(self.sequence)
            if reason is None:
                try:
                    self._snapshot = Snapshot(self.sequence)
                    return Processes(self.workers)
                except (pickle.PicklingError, TypeError, AttributeError, ValueError) as error:
                    reason = f"{type(self.sequence).__name__} cannot be pickled ({error})."
            warnings.warn(
                f"The batches are read by threads, not by processes: {reason}", stacklevel=4
            )
        _SHARED_SEQUENCES[self.uid] = self.sequence
        return Threads(self.workers)

    def _begin_epoch(self) -> None:
        length = len(self.sequence)
        if length < 1:
            raise ConfigError(f"{type(self.sequence).__name__} has no batches: its length is 0.")
        if len(self._order) != length:
            self._order = list(range(length))
        if self.shuffle:
            random.shuffle(self._order)
        self._position = 0

    def _submit_next(self) -> Future[Any] | None:
        # The next epoch begins only when this one's last batch has been taken.
        if self._pool is None or self._position == len(self._order):
            return None
        index = self._order[self._position]
        self._position += 1
        if self._snapshot is None:
            return self._pool.submit(get_index, self.uid, index)
        number, self._batches_seen = self._batches_seen, self._batches_seen + 1
        return self._pool.submit(
            read_batch, self._snapshot.path, self._snapshot.seed, index, number
        )

    def get(self) -> Generator[Any, None, None]:
        """The batches in order, epoch after epoch; None is left out.

        Raises:
            StateError: a worker process died.
            Exception: whatever the sequence raises, with the worker's traceback.
        """
        while self.is_running():
            batch = self._take()
            if self._position == len(self._order) and not self._ahead:
                with self._stopping_on_errors():
                    self._end_epoch()
            if batch is not None:
                yield batch

    def _end_epoch(self) -> None:
        self.sequence.on_epoch_end()
        is_changed = getattr(type(self.sequence), "on_epoch_end", None) is not Sequence.on_epoch_end
        if self._snapshot is not None and is_changed:
            self._snapshot.write(self.sequence)
        self._begin_epoch()
        self._fill()

    def stop(self, timeout: float | None = None) -> None:
        """See `SequenceEnqueuer.stop`."""
        super().stop(timeout)
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is not None:
            snapshot.remove()


class GeneratorEnqueuer(SequenceEnqueuer):
    """Reads a generator ahead.

    One thread reads it, however many workers are asked for: a generator cannot be read by two at
    once, and cannot be sent to another process. (Keras forked; each process then had a copy and
    yielded the same data again.) A `Sequence` can be read by many.

    Args:
        sequence: a generator or another iterator.
        use_multiprocessing: without effect but a warning, see above.
        wait_time: without effect but a warning; Keras has it.
        random_seed: without effect, as there are no processes to be seeded.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """

    def __init__(
        self,
        sequence: Iterator[Any],
        use_multiprocessing: bool = False,
        wait_time: float | None = None,
        random_seed: int | None = None,
    ) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.random_seed = random_seed
        if wait_time is not None:
            warnings.warn("GeneratorEnqueuer: wait_time has no effect.", stacklevel=2)

    def _make_workers(self) -> Workers:
        if self.use_multiprocessing:
            warnings.warn(
                "A generator is read by one thread: it cannot be sent to worker processes. Use a "
                "keras.utils.Sequence to read in several processes.",
                stacklevel=4,
            )
        _SHARED_SEQUENCES[self.uid] = self.sequence
        return Threads(1)

    def _submit_next(self) -> Future[Any] | None:
        return None if self._pool is None else self._pool.submit(_next_or_end, self.uid)

    def get(self) -> Generator[Any, None, None]:
        """The batches in order, until the generator ends; None is left out.

        Raises:
            Exception: whatever the generator raises.
        """
        while self.is_running():
            batch = self._take()
            if batch is _END:
                self.stop()
            elif batch is not None:
                yield batch


def _next_or_end(uid: int) -> Any:
    # A StopIteration that is raised into `get` would become a RuntimeError there.
    try:
        return next_sample(uid)
    except StopIteration:
        return _END
