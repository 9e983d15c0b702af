"""Prediction."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.programs.objective import fed_inputs
from compiler.tensorflow import tf
from kir.errors import ConfigError
from kir.utils.progbar import Progbar
from runtime.data import datasets_of_batches as datasets
from runtime.data import tensors
from runtime.training.batches import check_stateful, standardize_inputs, take

DEFAULT_BATCH_SIZE = 32


def checked_batch_size(batch_size: int | None, steps: int | None, name: str) -> int | None:
    """The batch size; None where steps are counted instead.

    Raises:
        ConfigError: both are given, or it is no positive number.
    """
    if steps is not None:
        if batch_size is not None:
            raise ConfigError(
                f"If {name} is set, the `batch_size` must be None: each step takes all the data. "
                "With arrays, give `batch_size` alone."
            )
        if steps < 1:
            raise ConfigError(f"`{name}` is {steps!r}; expected 1 at least.")
        return None
    if batch_size is None:
        return DEFAULT_BATCH_SIZE
    if batch_size < 1:
        raise ConfigError(f"`batch_size` is {batch_size!r}; expected 1 at least.")
    return int(batch_size)


def predict_on_batch(trainer: Any, x: Any) -> Any:
    """The outputs for one batch, as an array or a list of them."""
    run = trainer.forward().function
    results = run(*_tensors(trainer.model, standardize_inputs(trainer.model, x)))
    return _unpack([r.numpy() for r in results])


def _tensors(model: Any, arrays: list[Any], rows: Any = slice(None)) -> list[Any]:
    return [
        tf.constant(np.asarray(take(a, rows), dtype=t.type.dtype))
        for a, t in zip(arrays, fed_inputs(model), strict=True)
    ]


def _unpack(results: list[Any]) -> Any:
    return results[0] if len(results) == 1 else results


def predict(
    trainer: Any,
    x: Any,
    batch_size: int | None = None,
    verbose: int = 0,
    steps: int | None = None,
) -> Any:
    """The outputs for all samples, computed batch by batch."""
    if datasets.is_dataset(x):
        source = datasets.batches(x)
        steps = datasets.step_count(x, steps, "steps")
        return trainer.predict_generator(generator=source, steps=steps, workers=0, verbose=verbose)
    tensors.check_stepwise(x, steps, "steps")
    if tensors.are_symbolic(x):
        checked_batch_size(batch_size, steps, "steps")
        # One array of a list alone would be taken for inputs and targets.
        source = ((batch, None) for batch in tensors.batches(x))
        return trainer.predict_generator(generator=source, steps=steps, workers=0, verbose=verbose)
    if x is None and steps is None:
        raise ConfigError(
            "predict() got no data. If predicting from data tensors, you should specify the "
            "`steps` argument; otherwise pass arrays."
        )
    model = trainer.model
    arrays = standardize_inputs(model, x)
    size = checked_batch_size(batch_size, steps, "steps")
    run = trainer.forward().function
    if size is None:
        return _predict_steps(run, _tensors(model, arrays), steps or 0, verbose)
    count = int(arrays[0].shape[0]) if arrays else 0
    if count <= size and not verbose:
        # The way of a web server: one small batch, as little as possible around it.
        return _unpack([r.numpy() for r in run(*_tensors(model, arrays))])
    check_stateful(model, count, size)
    bar = Progbar(target=count) if verbose == 1 else None
    outputs: list[np.ndarray] | None = None
    for start in range(0, count, size):
        stop = min(start + size, count)
        results = run(*_tensors(model, arrays, slice(start, stop)))
        if outputs is None:
            outputs = [np.empty((count, *r.shape[1:]), r.dtype.as_numpy_dtype) for r in results]
        for whole, part in zip(outputs, results, strict=True):
            whole[start:stop] = part.numpy()
        if bar is not None:
            bar.update(stop)
    assert outputs is not None
    return _unpack(outputs)


def _predict_steps(run: Any, tensors: list[Any], steps: int, verbose: int) -> Any:
    """The outputs of several runs on the same tensors, one behind the other."""
    bar = Progbar(target=steps) if verbose == 1 else None
    found = []
    for step in range(steps):
        found.append([r.numpy() for r in run(*tensors)])
        if bar is not None:
            bar.update(step + 1)
    return _unpack([np.concatenate(column) for column in zip(*found, strict=True)])
