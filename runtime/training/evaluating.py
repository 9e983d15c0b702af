"""Evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kir.errors import ConfigError
from kir.utils.progbar import Progbar
from runtime.data import datasets_of_batches as datasets
from runtime.data import tensors
from runtime.training.batches import Batches
from runtime.training.predicting import checked_batch_size


def evaluate(
    trainer: Any,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    verbose: int = 1,
    sample_weight: Any = None,
    steps: int | None = None,
) -> Any:
    """Loss and metrics, averaged over samples."""
    if datasets.is_dataset(x):
        source = datasets.batches(x)
        steps = datasets.step_count(x, steps, "steps")
        return trainer.evaluate_generator(generator=source, steps=steps, workers=0, verbose=verbose)
    tensors.check_stepwise((x, y), steps, "steps")
    if tensors.are_symbolic(x, y, sample_weight):
        checked_batch_size(batch_size, steps, "steps")
        source = tensors.batches(x, y, sample_weight)
        return trainer.evaluate_generator(generator=source, steps=steps, workers=0, verbose=verbose)
    if x is None and y is None and steps is None:
        raise ConfigError(
            "evaluate() got no data. If evaluating from data tensors, you should specify the "
            "`steps` argument; otherwise pass arrays."
        )
    batch_size = checked_batch_size(batch_size, steps, "steps")
    data = trainer.batches(x, y, sample_weight, batch_size=batch_size)
    # Keras 2.2: scalars of NumPy, with `shape` and `item()`.
    values = [np.float64(v) for v in mean_logs(trainer, data, batch_size, verbose, steps)]
    return values[0] if len(values) == 1 else values


def mean_logs(
    trainer: Any,
    data: Batches,
    batch_size: int | None,
    verbose: int = 0,
    steps: int | None = None,
) -> list[Any]:
    """The logs of an evaluation, averaged over samples; over steps where those are given."""
    trainer.reset_metrics()
    program = trainer.steps(False, data.is_weighted)
    if steps is not None:
        tensors = data.tensors()
        return average(trainer, [1] * steps, lambda _, __: program.run_batch(tensors), verbose)
    count = data.count
    if count == 0 or batch_size is None:
        return []  # as in Keras
    sizes = [min(batch_size, count - start) for start in range(0, count, batch_size)]

    def step(start: int, stop: int) -> Any:
        return program.run_batch(data.tensors(slice(start, stop)))

    return average(trainer, sizes, step, verbose)


def average(
    trainer: Any, sizes: Sequence[int], step: Callable[[int, int], Any], verbose: int = 0
) -> list[Any]:
    """The logs of all steps, weighted by their sizes.

    Args:
        trainer: knows which metrics accumulate by themselves: their last value counts.
        sizes: samples of each step.
        step: from the numbers of the first sample and of the one behind the last to the logs.
        verbose: 1 shows a progress bar.
    """
    bar = Progbar(target=sum(sizes)) if verbose == 1 else None
    total: Any = 0.0
    last: Any = None
    done = 0
    for size in sizes:
        last = step(done, done + size).numpy().astype("float64")
        total = total + last * size
        done += size
        if bar is not None:
            bar.update(done)
    found = total / done
    for name in trainer.compiled.stateful_metrics:
        index = trainer.compiled.metrics_names.index(name)
        found[index] = last[index]
    return [float(v) for v in np.atleast_1d(found)]
