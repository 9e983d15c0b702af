"""Prediction."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.tensorflow import tf
from kir.errors import ConfigError
from kir.utils.progbar import Progbar
from runtime.training.batches import check_stateful, standardize_inputs

DEFAULT_BATCH_SIZE = 32


def predict_on_batch(trainer: Any, x: Any) -> Any:
    """The outputs for one batch, as an array or a list of them."""
    run = trainer.forward().function
    results = run(*_tensors(trainer.model, standardize_inputs(trainer.model, x)))
    return _unpack([r.numpy() for r in results])


def _tensors(model: Any, arrays: list[Any]) -> list[Any]:
    return [
        tf.constant(np.asarray(a, dtype=t.type.dtype))
        for a, t in zip(arrays, model.inputs, strict=True)
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
    model = trainer.model
    arrays = standardize_inputs(model, x)
    if steps is not None and arrays:
        raise ConfigError("`steps` counts batches of tensors; with arrays give `batch_size`.")
    batch_size = batch_size or DEFAULT_BATCH_SIZE
    count = int(arrays[0].shape[0]) if arrays else 0
    run = trainer.forward().function
    if count <= batch_size and not verbose:
        # The way of a web server: one small batch, as little as possible around it.
        return _unpack([r.numpy() for r in run(*_tensors(model, arrays))])
    check_stateful(model, count, batch_size)
    bar = Progbar(target=count) if verbose == 1 else None
    outputs: list[np.ndarray] | None = None
    for start in range(0, count, batch_size):
        stop = min(start + batch_size, count)
        results = run(*_tensors(model, [a[start:stop] for a in arrays]))
        if outputs is None:
            outputs = [np.empty((count, *r.shape[1:]), r.dtype.as_numpy_dtype) for r in results]
        for whole, part in zip(outputs, results, strict=True):
            whole[start:stop] = part.numpy()
        if bar is not None:
            bar.update(stop)
    assert outputs is not None
    return _unpack(outputs)
