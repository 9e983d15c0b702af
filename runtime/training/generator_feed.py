"""A feed of batches that somebody else makes, with those that are ready run in one call."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from runtime.data import sources
from runtime.training.array_feeds import run_chunk, works_in_loops
from runtime.training.batches import Batches, join
from runtime.training.run import Run

# How many batches are taken from the workers' queue before they are needed, and how many bytes of
# them go into one call.
MOST_AHEAD = 32
BYTES_PER_CALL = 64 << 20
# After Ctrl-C the reading thread is waited for so many twentieths of a second.
INTERRUPTED_TICKS = 10


class GeneratorFeed:
    """Batches of a generator.

    Args:
        batches: gives what a generator of the user's gave.
        steps: how many an epoch takes.
        class_weight: as in `fit`.
        reads_ahead: whether batches may be taken before the step that uses them; not if the
            generator itself could look at the model, which runs between its batches.
    """

    counts = "steps"

    def __init__(
        self, batches: Iterator[Any], steps: int, class_weight: Any, reads_ahead: bool
    ) -> None:
        self.batches = batches
        self.steps = steps
        self.class_weight = class_weight
        self.reads_ahead = reads_ahead
        self.last_size: int | None = None
        self._looped_sizes: set[int] = set()

    def run_epoch(self, run: Run, epochs_left: int) -> bool:
        """Runs the steps of an epoch; returns whether it was run to its end."""
        if self.reads_ahead and works_in_loops(run, self.steps):
            return self._run_ahead(run)
        for step in range(self.steps):
            x, y, weights = sources.split(sources.take(self.batches, step, self.steps))
            self.last_size = sources.size_of(x)
            run.step(step, self.last_size, lambda b=(x, y, weights): self._train(run, b))  # type: ignore[misc]
            if run.is_stopped:
                return step + 1 == self.steps
        return True

    def _train(self, run: Run, parts: sources.Parts) -> Any:
        batch = run.trainer.batches(*parts, self.class_weight)
        program = run.trainer.steps(True, batch.is_weighted)
        return program.run_batch(batch.tensors(is_weighted=program.is_weighted)).numpy()

    def _run_ahead(self, run: Run) -> bool:
        done = 0

        def read(step: int) -> Batches:
            parts = sources.split(sources.take(self.batches, step, self.steps))
            found: Batches = run.trainer.batches(*parts, self.class_weight)
            return found

        # The last batch is taken when all before it are trained on: a Sequence's `on_epoch_end`
        # is called when it is, and may look at the model.
        with _Ahead(read, self.steps - 1) as ahead:
            while done < self.steps and not run.is_stopped:
                if done + 1 < self.steps:
                    chunk = ahead.take(run.pace.chunk(MOST_AHEAD))
                else:
                    chunk = [read(done)]
                self._run_chunk(run, chunk, done)
                done += len(chunk)
        return done == self.steps

    def _run_chunk(self, run: Run, chunk: list[Batches], first: int) -> None:
        size = self.last_size = chunk[0].count
        program = run.trainer.steps(True, chunk[0].is_weighted)
        if len(chunk) == 1 and size not in self._looped_sizes:
            # A size of its own, such as an epoch's last batch: not worth a loop.
            tensors = chunk[0].tensors(is_weighted=program.is_weighted)
            run.step(first, size, lambda: program.run_batch(tensors).numpy())
            return
        self._looped_sizes.add(size)
        rows = np.arange(len(chunk) * size).reshape(len(chunk), size)
        sizes = np.full(len(chunk), size)
        tensors = join(chunk, program.is_weighted)
        run_chunk(run, program, tensors, rows, MOST_AHEAD, False, first, sizes)


class _Ahead:
    """Reads batches in a thread, so that those that are ready can be run together.

    Args:
        read: returns the batch of a number.
        count: how many are read.
    """

    def __init__(self, read: Callable[[int], Batches], count: int) -> None:
        self._read = read
        self._count = count
        self._ready: queue.Queue[Batches | BaseException] = queue.Queue(MOST_AHEAD)
        self._kept: Batches | BaseException | None = None
        self._is_stopped = False
        self._thread = threading.Thread(target=self._work, name="kir batches", daemon=True)

    def __enter__(self) -> _Ahead:
        self._thread.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: Any) -> None:
        self._is_stopped = True
        is_interrupt = error is not None and not issubclass(error, Exception)
        for _tick in range(INTERRUPTED_TICKS) if is_interrupt else itertools.count():
            if not self._thread.is_alive():
                return
            # It may wait for room in the queue, or for the workers, which still run.
            while not self._ready.empty():
                self._ready.get_nowait()
            self._thread.join(0.05)

    def _work(self) -> None:
        try:
            for number in range(self._count):
                if self._is_stopped:
                    return
                self._ready.put(self._read(number))
        except BaseException as error:
            # It comes where the batch would have come.
            self._ready.put(error)

    def take(self, most: int) -> list[Batches]:
        """The next batch, and those behind it that are ready and of the same shapes.

        Raises:
            Exception: what was raised while the batch was read.
        """
        first = self._next(wait=True)
        assert first is not None
        found = [first]
        byte_count = first.byte_count
        while len(found) < most and byte_count < BYTES_PER_CALL:
            batch = self._next(wait=False)
            if batch is None:
                break
            if batch.shapes != first.shapes:
                self._kept = batch
                break
            found.append(batch)
            byte_count += batch.byte_count
        return found

    def _next(self, wait: bool) -> Batches | None:
        entry = self._kept
        if entry is None:
            try:
                entry = self._ready.get(block=wait)
            except queue.Empty:
                return None
        self._kept = None
        if isinstance(entry, BaseException):
            if not wait:
                self._kept = entry
                return None
            raise entry
        return entry
