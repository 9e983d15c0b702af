"""Loops over arrays that call a given function with each batch.

`Model.fit` and its kin run many steps in one call instead. These are for programs that bring a
function of their own, such as one that `K.function` made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kir import callbacks as cbks
from kir.engine.training_utils import batch_shuffle, check_num_samples, make_batches
from kir.utils.generic_utils import slice_arrays, to_list, unpack_singleton
from kir.utils.progbar import Progbar as Progbar

Batch = tuple[int, int, list[Any]]


def fit_loop(
    model: Any,
    f: Callable[[list[Any]], Any],
    ins: Sequence[Any],
    out_labels: Sequence[str] | None = None,
    batch_size: int | None = None,
    epochs: int = 100,
    verbose: int = 1,
    callbacks: Sequence[Any] | None = None,
    val_f: Callable[[list[Any]], Any] | None = None,
    val_ins: Sequence[Any] | None = None,
    shuffle: Any = True,
    callback_metrics: Sequence[str] | None = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
) -> Any:
    """Calls `f` with each batch, epoch by epoch, and tells the callbacks.

    Args:
        model: the model that callbacks see.
        f: from a list of arrays to the list of logs.
        ins: arrays of all samples; a number at the end (the learning phase) is passed on as it is.
        out_labels: names of what `f` returns.
        batch_size: samples in a step.
        epochs: number of the last epoch.
        verbose: 0 silent, 1 progress bar, 2 a line an epoch.
        callbacks: list of callbacks.
        val_f: the function to call with the validation data.
        val_ins: the validation data.
        shuffle: whether samples are shuffled before each epoch; ``'batch'`` shuffles batches.
        callback_metrics: names of the logs that callbacks may look at.
        initial_epoch: number of the first epoch.
        steps_per_epoch: steps in an epoch, where `f` takes no arrays.
        validation_steps: steps of validation, where `val_f` takes no arrays.

    Returns:
        a `History`.
    """
    validates = bool(val_f and val_ins) or validation_steps is not None
    count = check_num_samples(ins, batch_size, steps_per_epoch, "steps_per_epoch")
    labels = list(out_labels or ())
    history = cbks.History()
    counted = "steps" if steps_per_epoch else "samples"
    shown = [cbks.ProgbarLogger(counted)] if verbose else []
    listeners = cbks.CallbackList([cbks.BaseLogger(), *shown, *(callbacks or ()), history])
    watched = getattr(model, "callback_model", None) or model
    listeners.set_model(watched)
    listeners.set_params(
        {
            "batch_size": batch_size,
            "epochs": epochs,
            "steps": steps_per_epoch,
            "samples": count,
            "verbose": verbose,
            "do_validation": validates,
            "metrics": list(callback_metrics or ()),
        }
    )
    for listener in listeners:
        listener.validation_data = val_ins
    watched.stop_training = False
    listeners.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        listeners.on_epoch_begin(epoch)
        for index, size, batch in _batches(ins, count, batch_size, steps_per_epoch, shuffle):
            logs: dict[str, Any] = {"batch": index, "size": size}
            listeners.on_batch_begin(index, logs)
            logs.update(zip(labels, to_list(f(batch)), strict=False))
            listeners.on_batch_end(index, logs)
            if watched.stop_training:
                break
        found: dict[str, Any] = {}
        if validates and not watched.stop_training and val_f is not None:
            values = test_loop(model, val_f, val_ins or [], batch_size, 0, validation_steps)
            found.update((f"val_{n}", v) for n, v in zip(labels, to_list(values), strict=False))
        listeners.on_epoch_end(epoch, found)
        if watched.stop_training:
            break
    listeners.on_train_end()
    return history


def predict_loop(
    model: Any,
    f: Callable[[list[Any]], Any],
    ins: Sequence[Any],
    batch_size: int = 32,
    verbose: int = 0,
    steps: int | None = None,
) -> Any:
    """Calls `f` with each batch and joins its outputs.

    Args:
        model: the model; unused.
        f: from a list of arrays to the list of outputs.
        ins: arrays of all samples; a number at the end (the learning phase) is passed on as it is.
        batch_size: samples in a step.
        verbose: 1 shows a progress bar.
        steps: the number of steps, where `f` takes no arrays.

    Returns:
        one array, or a list of them.
    """
    found = [values for _, values in _run(f, ins, None if steps else batch_size, verbose, steps)]
    joined = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    return unpack_singleton(joined)


def test_loop(
    model: Any,
    f: Callable[[list[Any]], Any],
    ins: Sequence[Any],
    batch_size: int | None = None,
    verbose: int = 0,
    steps: int | None = None,
) -> Any:
    """Calls `f` with each batch and averages what it returns over the samples.

    Args:
        model: the model; unused.
        f: from a list of arrays to the list of logs.
        ins: arrays of all samples; a number at the end (the learning phase) is passed on as it is.
        batch_size: samples in a step.
        verbose: 1 shows a progress bar.
        steps: the number of steps, where `f` takes no arrays.

    Returns:
        one number, or a list of them.
    """
    found = list(_run(f, ins, batch_size, verbose, steps))
    sizes = [size for size, _ in found]
    columns = zip(*(values for _, values in found), strict=True)
    return unpack_singleton([np.average(column, weights=sizes) for column in columns])


def _run(
    f: Callable[[list[Any]], Any],
    ins: Sequence[Any],
    batch_size: int | None,
    verbose: int,
    steps: int | None,
) -> Iterator[tuple[int, list[Any]]]:
    """Number of samples and results of each step."""
    count = check_num_samples(ins, batch_size, steps, "steps")
    bar = Progbar(target=steps or count) if verbose == 1 else None
    done = 0
    for _, size, batch in _batches(ins, count, batch_size, steps, False):
        yield size, to_list(f(batch))
        done += size
        if bar is not None:
            bar.update(done)


def _batches(
    ins: Sequence[Any],
    count: int | None,
    batch_size: int | None,
    steps: int | None,
    shuffle: Any,
) -> Iterator[Batch]:
    """Number, size and arrays of each batch."""
    if steps is not None or count is None:
        for index in range(steps or 0):
            yield index, 1, list(ins)
        return
    phase = [ins[-1]] if isinstance(ins[-1], float | int) else []
    arrays = list(ins[: len(ins) - len(phase)])
    size = batch_size or 32
    order = np.arange(count)
    if shuffle == "batch":
        order = batch_shuffle(order, size)
    elif shuffle:
        np.random.shuffle(order)
    for index, (start, stop) in enumerate(make_batches(count, size)):
        chosen = order[start:stop]
        yield index, len(chosen), [*slice_arrays(arrays, chosen), *phase]
