"""Training on arrays."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compiler.programs.objective import all_layers
from compiler.tensorflow import tf
from kir.errors import ArgumentError, ConfigError
from runtime.callbacks import BaseLogger, BatchLogs, CallbackList, History, ProgbarLogger
from runtime.training.batches import Batches
from runtime.training.evaluating import mean_logs
from runtime.training.predicting import DEFAULT_BATCH_SIZE

# A loop in the graph is traced beside the single step that the last, smaller batch needs; for
# fewer steps than this a second trace costs more than the calls it saves.
STEPS_WORTH_LOOP = 32
# XLA takes about a second to compile and saves about 0.1 ms a step of a small network.
STEPS_WORTH_XLA = 5000
LARGEST_LOOP = 1024
# A progress bar should move about this often.
SECONDS_PER_CHUNK = 0.15
# Data beyond this go to the device in pieces.
DEVICE_BYTES = 4 << 30


def gains_from_xla(model: Any) -> bool:
    """Whether XLA makes the model's steps faster on this machine.

    Measured: small dense networks gain tenfold, large matrix products nothing, and convolutions
    and loops over time lose on a CPU.
    """
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    layers = all_layers(model)
    if not all(layer.is_lowered or type(layer).__name__ == "InputLayer" for layer in layers):
        return False
    slow = {"Conv2D", "LSTM", "MaxPooling2D", "AveragePooling2D", "Embedding"}
    if not on_gpu and any(type(layer).__name__ in slow for layer in layers):
        return False
    return on_gpu or model.count_params() <= 200_000


@dataclass
class Plan:
    """How a call of `fit` runs.

    Attributes:
        batch_size: samples in a step.
        epochs: number of the last epoch.
        initial_epoch: number of the first.
        shuffle: False, True or ``'batch'``.
        verbose: 0, 1 or 2.
    """

    batch_size: int
    epochs: int
    initial_epoch: int
    shuffle: Any
    verbose: int


def fit(
    trainer: Any,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: int = 1,
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: Any = True,
    class_weight: Any = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    **kwargs: Any,
) -> Any:
    """Trains a model; see `Model.fit`."""
    epochs = _legacy_epochs(epochs, kwargs)
    if steps_per_epoch is not None:
        raise ConfigError(
            "`steps_per_epoch` counts batches of tensors; with arrays give `batch_size`."
        )
    batch_size = batch_size or DEFAULT_BATCH_SIZE
    data = trainer.batches(x, y, sample_weight, class_weight, batch_size)
    data, held_out = _validation(trainer, data, validation_data, validation_split, batch_size)
    plan = Plan(batch_size, epochs, initial_epoch, shuffle, verbose)
    return _Run(trainer, data, held_out, plan, callbacks or []).run()


def _legacy_epochs(epochs: int, kwargs: dict[str, Any]) -> int:
    if "nb_epoch" in kwargs:
        epochs = kwargs.pop("nb_epoch")
        warnings.warn("The argument `nb_epoch` of fit() is now called `epochs`.", stacklevel=5)
    if kwargs:
        raise ArgumentError(f"fit() does not know the argument `{next(iter(kwargs))}`.")
    return epochs


def _validation(
    trainer: Any, data: Batches, given: Any, fraction: float, batch_size: int
) -> tuple[Batches, Batches | None]:
    if given:
        if not isinstance(given, list | tuple) or len(given) not in (2, 3):
            raise ConfigError(
                "`validation_data` should be (x, y) or (x, y, sample_weight); got "
                f"{len(given) if hasattr(given, '__len__') else given!r} items."
            )
        return data, trainer.batches(*given[:2], *given[2:], batch_size=batch_size)
    if fraction and 0.0 < fraction < 1.0:
        at = int(data.count * (1.0 - fraction))
        train, held_out = data.split(at)
        if not train.count or not held_out.count:
            raise ConfigError(
                f"validation_split={fraction} of {data.count} samples leaves {train.count} to train "
                f"on and {held_out.count} to validate on; expected some of both."
            )
        return train, held_out
    return data, None


class _Run:
    """One call of `fit`."""

    def __init__(
        self,
        trainer: Any,
        data: Batches,
        held_out: Batches | None,
        plan: Plan,
        callbacks: Sequence[Any],
    ) -> None:
        self.trainer = trainer
        self.model = trainer.model
        self.data = data
        self.held_out = held_out
        self.plan = plan
        self.names = list(trainer.compiled.metrics_names)
        self.program = trainer.steps(True, data.is_weighted)
        self.history = History()
        self.callbacks = self._callback_list(callbacks)
        # A callback with this attribute draws a bar of its own.
        self.moves_bar = plan.verbose == 1 or any(
            getattr(callback, "shows_progress", False) for callback in callbacks
        )
        self.order = np.arange(data.count)
        self.tensors: list[Any] | None = None
        self.seconds_per_step = 0.0

    def _callback_list(self, callbacks: Sequence[Any]) -> CallbackList:
        plan = self.plan
        first: list[Any] = [BaseLogger(stateful_metrics=[])]
        if plan.verbose:
            first.append(ProgbarLogger("samples", stateful_metrics=[]))
        found = CallbackList([*first, *callbacks, self.history])
        found.set_model(self.model)
        for callback in found:
            callback.validation_data = self._validation_arrays()
        names = self.names + ([f"val_{n}" for n in self.names] if self.held_out is not None else [])
        found.set_params(
            {
                "batch_size": plan.batch_size,
                "epochs": plan.epochs,
                "steps": None,
                "samples": self.data.count,
                "verbose": plan.verbose,
                "do_validation": self.held_out is not None,
                "metrics": names,
            }
        )
        return found

    def _validation_arrays(self) -> list[Any]:
        """What Keras hands to callbacks: inputs, targets, weights, and the learning phase."""
        held_out = self.held_out
        if held_out is None:
            return []
        arrays = [a for a, _ in held_out.arrays(is_weighted=True)]
        count = len(held_out.inputs)
        data = arrays[:count] + arrays[count::2] + arrays[count + 1 :: 2]
        return [*data, 0.0] if self.model.uses_learning_phase else data

    def run(self) -> History:
        plan = self.plan
        if plan.verbose and self.held_out is not None:
            print(f"Train on {self.data.count} samples, validate on {self.held_out.count} samples")
        self.model.stop_training = False
        self.model.history = self.history
        self.callbacks.on_train_begin()
        for epoch in range(plan.initial_epoch, plan.epochs):
            self.callbacks.on_epoch_begin(epoch)
            self._run_epoch(plan.epochs - epoch)
            logs: dict[str, Any] = {}
            if self.held_out is not None and not self.model.stop_training:
                values = mean_logs(self.trainer, self.held_out, plan.batch_size)
                logs = {f"val_{n}": v for n, v in zip(self.names, values, strict=True)}
            self.callbacks.on_epoch_end(epoch, logs)
            if self.model.stop_training:
                break
        self.callbacks.on_train_end()
        return self.history

    def _next_order(self) -> np.ndarray:
        """Sample numbers in the order of this epoch: the last epoch's, shuffled once more."""
        if self.plan.shuffle == "batch":
            self.order = shuffle_batches(self.order, self.plan.batch_size)
        elif self.plan.shuffle:
            np.random.shuffle(self.order)
        return self.order

    def _run_epoch(self, epochs_left: int) -> None:
        order = self._next_order()
        size = self.plan.batch_size
        full = len(order) // size
        steps = math.ceil(len(order) / size)
        if self.callbacks.needs_exact_batches or epochs_left * full < STEPS_WORTH_LOOP:
            self._run_single(order, 0, steps)
            return
        stopped = self._run_loops(order, full, epochs_left)
        if not stopped and full < steps:
            self._run_single(order, full, steps)

    def _run_single(self, order: np.ndarray, first: int, last: int) -> None:
        """Step by step; callbacks may look at the model in between."""
        size = self.plan.batch_size
        for step in range(first, last):
            rows = order[step * size : (step + 1) * size]
            logs: dict[str, Any] = {"batch": step, "size": len(rows)}
            self.callbacks.on_batch_begin(step, logs)
            values = self.program.run_batch(self.data.tensors(rows)).numpy()
            logs.update(zip(self.names, values, strict=True))
            self.trainer.steps_done += 1
            self.callbacks.on_batch_end(step, logs)
            if self.model.stop_training:
                break

    def _run_loops(self, order: np.ndarray, full: int, epochs_left: int) -> bool:
        """Chunks of full batches; returns whether a callback stopped the training."""
        size = self.plan.batch_size
        capacity = min(_power_of_two(full), LARGEST_LOOP)
        jit = self.trainer.use_xla(epochs_left * full)
        done = 0
        while done < full:
            steps = min(full - done, self._chunk(capacity))
            rows = order[done * size : (done + steps) * size]
            tensors, indices = self._place(rows, capacity * size)
            indices = tf.constant(indices.reshape(steps, size).astype("int32"))
            started = time.perf_counter()
            values = self.program.run_steps(tensors, indices, capacity, jit).numpy()
            self._note_time((time.perf_counter() - started) / steps)
            self.trainer.steps_done += steps
            logs = BatchLogs(done, np.full(steps, size), self.names, values.astype("float64"))
            self.callbacks.on_batches_end(logs)
            done += steps
            if self.model.stop_training:
                return True
        return False

    def _chunk(self, capacity: int) -> int:
        if not self.moves_bar:
            return capacity
        if not self.seconds_per_step:
            return min(capacity, 8)
        return max(1, min(capacity, int(SECONDS_PER_CHUNK / self.seconds_per_step)))

    def _note_time(self, seconds: float) -> None:
        # The first chunk also traces and compiles: the fastest one tells what a step costs.
        known = self.seconds_per_step
        self.seconds_per_step = seconds if not known else min(seconds, known)

    def _place(self, rows: np.ndarray, capacity: int) -> tuple[list[Any], np.ndarray]:
        """The data on the device, and where the samples `rows` are in them."""
        if self.tensors is None and self.data.byte_count <= DEVICE_BYTES:
            self.tensors = self.data.tensors()
        if self.tensors is not None:
            return self.tensors, rows
        # Padded to one size, so that one compiled program serves every piece.
        padded = np.concatenate([rows, np.full(capacity - len(rows), rows[0])])
        return self.data.tensors(padded), np.arange(len(rows))


def _power_of_two(count: int) -> int:
    return 1 << max(count - 1, 0).bit_length()


def shuffle_batches(order: np.ndarray, batch_size: int) -> np.ndarray:
    """Shuffles whole batches; the samples that fill none stay last."""
    count = len(order) // batch_size
    last = order[count * batch_size :]
    blocks = order[: count * batch_size].reshape(count, batch_size)
    np.random.shuffle(blocks)
    return np.concatenate([blocks.reshape(-1), last])
