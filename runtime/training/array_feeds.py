"""Feeds whose data lie on the device: arrays, and tensors that the model itself holds."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from compiler.tensorflow import tf
from kir.engine.training_utils import batch_shuffle
from runtime.callbacks import BatchLogs
from runtime.training.batches import Batches
from runtime.training.pace import DEVICE_BYTES, LARGEST_LOOP, STEPS_WORTH_LOOP
from runtime.training.run import Run

# How many sample numbers a call is given at most.
_LARGEST_INDICES = 1 << 22


class ArrayFeed:
    """Batches of arrays, in an order that is shuffled before each epoch.

    Args:
        data: the arrays.
        batch_size: samples in a step.
        shuffle: False, True or ``'batch'``.
    """

    counts = "samples"

    def __init__(self, data: Batches, batch_size: int, shuffle: Any) -> None:
        self.data = data
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.order = np.arange(data.count)
        self._resident: list[Any] | None = None

    def _next_order(self) -> np.ndarray:
        """Sample numbers in the order of this epoch: the last epoch's, shuffled once more."""
        if self.shuffle == "batch":
            self.order = batch_shuffle(self.order, self.batch_size)
        elif self.shuffle:
            np.random.shuffle(self.order)
        return self.order

    def run_epoch(self, run: Run, epochs_left: int) -> bool:
        """Runs the steps of an epoch; returns whether it was run to its end."""
        order = self._next_order()
        full = len(order) // self.batch_size
        steps = math.ceil(len(order) / self.batch_size)
        if not works_in_loops(run, full):
            self._run_single(run, order, 0, steps)
        elif not self._run_loops(run, order, full, epochs_left):
            self._run_single(run, order, full, steps)
        return not run.is_stopped

    def _run_single(self, run: Run, order: np.ndarray, first: int, last: int) -> None:
        program = run.trainer.steps(True, self.data.is_weighted)
        for step in range(first, last):
            rows = order[step * self.batch_size : (step + 1) * self.batch_size]
            tensors = self.data.tensors(rows, program.is_weighted)
            run.step(step, len(rows), lambda t=tensors: program.run_batch(t).numpy())  # type: ignore[misc]
            if run.is_stopped:
                break

    def _run_loops(self, run: Run, order: np.ndarray, full: int, epochs_left: int) -> bool:
        """Chunks of full batches; returns whether a callback stopped the training."""
        size = self.batch_size
        program = run.trainer.steps(True, self.data.is_weighted)
        capacity = min(_power_of_two(full), LARGEST_LOOP)
        jit = run.trainer.use_xla(epochs_left * full)
        done = 0
        while done < full:
            steps = min(full - done, run.pace.chunk(capacity))
            rows = order[done * size : (done + steps) * size]
            tensors, indices = self._place(rows, capacity * size, program.is_weighted)
            sizes = np.full(steps, size)
            run_chunk(
                run, program, tensors, indices.reshape(steps, size), capacity, jit, done, sizes
            )
            done += steps
            if run.is_stopped:
                return True
        return False

    def _place(
        self, rows: np.ndarray, capacity: int, is_weighted: bool
    ) -> tuple[list[Any], np.ndarray]:
        """The data on the device, and where the samples `rows` are in them."""
        if self._resident is None and self.data.byte_count <= DEVICE_BYTES:
            self._resident = self.data.tensors(is_weighted=is_weighted)
        if self._resident is not None:
            return self._resident, rows
        # Padded to one size, so that one program of XLA's serves every piece.
        padded = np.concatenate([rows, np.full(capacity - len(rows), rows[0])])
        return self.data.tensors(padded, is_weighted), np.arange(len(rows))


class TensorFeed:
    """The same data in every step: tensors that the model is built on, or whole arrays.

    Args:
        data: what is fed besides; may be nothing.
        steps: steps in an epoch.
    """

    counts = "steps"

    def __init__(self, data: Batches, steps: int) -> None:
        self.data = data
        self.steps = steps
        self._tensors: list[Any] | None = None

    def run_epoch(self, run: Run, epochs_left: int) -> bool:
        """Runs the steps of an epoch; it is judged even if a callback ended it early."""
        program = run.trainer.steps(True, self.data.is_weighted)
        if self._tensors is None:
            self._tensors = self.data.tensors(is_weighted=program.is_weighted)
        if works_in_loops(run, self.steps):
            self._run_loops(run, program)
            return True
        for step in range(self.steps):
            run.step(step, 1, lambda: program.run_batch(self._tensors).numpy())
            if run.is_stopped:
                break
        return True

    def _run_loops(self, run: Run, program: Any) -> None:
        count = self.data.count
        capacity = max(1, min(LARGEST_LOOP, _LARGEST_INDICES // max(count, 1)))
        assert self._tensors is not None
        done = 0
        while done < self.steps and not run.is_stopped:
            steps = min(self.steps - done, run.pace.chunk(capacity))
            rows = np.broadcast_to(np.arange(count), (steps, count))
            sizes = np.ones(steps, int)
            run_chunk(run, program, self._tensors, rows, capacity, False, done, sizes)
            done += steps


def works_in_loops(run: Run, steps: int) -> bool:
    """Whether an epoch of so many steps should run in loops inside the graph."""
    return (
        run.trainer.runs_in_loops
        and not run.callbacks.needs_exact_batches
        and run.plan.count * steps >= STEPS_WORTH_LOOP
    )


def run_chunk(
    run: Run,
    program: Any,
    tensors: list[Any],
    rows: np.ndarray,
    capacity: int,
    jit: bool,
    first: int,
    sizes: np.ndarray,
) -> None:
    """Several steps in one call, and their logs to the callbacks.

    Args:
        run: gets the logs.
        program: the train program.
        tensors: the data.
        rows: (steps, batch) of sample numbers.
        capacity: for XLA, the number of steps that calls are padded to.
        jit: whether XLA compiles the loop.
        first: number of the first step in the epoch.
        sizes: samples of each step, as callbacks count them.
    """
    steps = len(rows)
    indices = tf.constant(rows.astype("int32"))
    started = time.perf_counter()
    values = program.run_steps(tensors, indices, capacity, jit).numpy()
    run.pace.note(time.perf_counter() - started, steps)
    run.trainer.steps_done += steps
    run.callbacks.on_batches_end(BatchLogs(first, sizes, run.names, values.astype("float64")))


def _power_of_two(count: int) -> int:
    return 1 << max(count - 1, 0).bit_length()
