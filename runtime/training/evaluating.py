"""Evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np

from kir.errors import ConfigError
from kir.utils.progbar import Progbar
from runtime.training.batches import Batches
from runtime.training.predicting import DEFAULT_BATCH_SIZE


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
    if steps is not None and x is not None:
        raise ConfigError("`steps` counts batches of tensors; with arrays give `batch_size`.")
    batch_size = batch_size or DEFAULT_BATCH_SIZE
    data = trainer.batches(x, y, sample_weight, batch_size=batch_size)
    values = mean_logs(trainer, data, batch_size, verbose)
    return values[0] if len(values) == 1 else values


def mean_logs(trainer: Any, data: Batches, batch_size: int, verbose: int = 0) -> list[Any]:
    """The logs of an evaluation, averaged over samples."""
    program = trainer.steps(False, data.is_weighted)
    count = data.count
    bar = Progbar(target=count) if verbose == 1 else None
    totals = np.zeros(program.log_count)
    for start in range(0, count, batch_size):
        stop = min(start + batch_size, count)
        logs = program.run_batch(data.tensors(slice(start, stop))).numpy()
        totals += logs.astype("float64") * (stop - start)
        if bar is not None:
            bar.update(stop)
    return [float(t) / count for t in totals]
