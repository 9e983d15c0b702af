"""Training, evaluation and prediction on generators and Sequences."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kir.engine.streams import gives_batches
from kir.errors import ConfigError
from kir.utils.progbar import Progbar
from runtime.data import sources
from runtime.training.evaluating import mean_logs
from runtime.training.fitting import callback_arrays, validation_parts
from runtime.training.generator_feed import GeneratorFeed
from runtime.training.run import Plan, Run


def fit_generator(
    trainer: Any,
    generator: Any,
    steps_per_epoch: int | None = None,
    epochs: int = 1,
    verbose: int = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    class_weight: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    shuffle: bool = True,
    initial_epoch: int = 0,
    reads_ahead: bool | None = None,
) -> Any:
    """Trains a model batch by batch; see `Model.fit_generator`."""
    steps = sources.step_count(generator, steps_per_epoch, "steps_per_epoch")
    if gives_batches(validation_data):
        validation_steps = sources.step_count(validation_data, validation_steps, "validation_steps")
    with contextlib.ExitStack() as stack:
        queue = (workers, use_multiprocessing, max_queue_size)
        plan = Plan(epochs, initial_epoch, verbose)
        count = steps * plan.count
        read = [
            stack.enter_context(sources.reading(generator, *queue, shuffle=shuffle, count=count))
        ]
        batches = _build(trainer, read[0])
        feed = GeneratorFeed(
            batches, steps, class_weight, workers > 0 if reads_ahead is None else reads_ahead
        )
        validation, arrays = _validation(
            trainer, feed, validation_data, validation_steps, plan.count, queue, stack, read
        )
        names = list(trainer.log_names)
        params = {
            "epochs": epochs,
            "steps": steps,
            "verbose": verbose,
            "do_validation": bool(validation_data),
            "metrics": names + [f"val_{n}" for n in names],
        }

        def begin() -> None:
            # The generators may need what a callback prepares in `on_train_begin`.
            for source in read:
                sources.begin(source)

        return Run(
            trainer,
            feed,
            validation,
            plan,
            callbacks,
            params,
            arrays=arrays,
            keeps_logs=True,
            begin=begin,
        ).run()


def _build(trainer: Any, batches: Iterator[Any]) -> Iterator[Any]:
    """Builds a model without an input shape for the first batch, which is not lost."""
    if trainer.model.built:
        return batches
    first = sources.take(batches, 0, 1)
    trainer.build_for(sources.inputs_of(first))
    return itertools.chain([first], batches)


def _validation(
    trainer: Any,
    feed: GeneratorFeed,
    data: Any,
    steps: int | None,
    epochs: int,
    queue: tuple[int, bool, int],
    stack: contextlib.ExitStack,
    read: list[Iterator[Any]],
) -> tuple[Callable[[], Sequence[Any]] | None, list[Any] | None]:
    """How an epoch is judged, and the arrays that callbacks see."""
    if data is None or (not gives_batches(data) and not data):
        return None, None
    if gives_batches(data):
        assert steps is not None
        batches = stack.enter_context(sources.reading(data, *queue, count=steps * epochs))
        read.append(batches)
        return functools.partial(_mean_logs, trainer, batches, steps), None
    held_out = trainer.batches(*validation_parts(data))

    def evaluate() -> list[Any]:
        # Keras 2.2: in batches as large as the last that was trained on.
        return mean_logs(trainer, held_out, feed.last_size)

    return evaluate, callback_arrays(trainer.model, held_out)


def evaluate_generator(
    trainer: Any,
    generator: Any,
    steps: int | None = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: int = 0,
) -> Any:
    """Loss and metrics, averaged over samples; see `Model.evaluate_generator`."""
    steps = sources.step_count(generator, steps, "steps")
    queue = (workers, use_multiprocessing, max_queue_size)
    with sources.reading(generator, *queue, count=steps) as batches:
        values = _mean_logs(trainer, _build(trainer, batches), steps, verbose)
    return values[0] if len(values) == 1 else values


def _mean_logs(
    trainer: Any, batches: Iterator[Any], steps: int | None, verbose: int = 0
) -> list[Any]:
    assert steps is not None
    trainer.reset_metrics()
    bar = Progbar(target=steps) if verbose == 1 else None
    sizes, logs = [], []
    for step in range(steps):
        x, y, weights = sources.split(sources.take(batches, step, steps))
        size = sources.size_of(x)
        if size == 0:
            raise ConfigError("Received an empty batch. Batches should contain at least one item.")
        logs.append(np.atleast_1d(trainer.test_on_batch(x, y, sample_weight=weights)))
        sizes.append(size)
        if bar is not None:
            bar.update(step + 1)
    found = np.average(np.asarray(logs, "float64"), axis=0, weights=sizes)
    for name in trainer.compiled.stateful_metrics:
        index = trainer.compiled.metrics_names.index(name)
        found[index] = logs[-1][index]
    return list(found)


def predict_generator(
    trainer: Any,
    generator: Any,
    steps: int | None = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: int = 0,
) -> Any:
    """The outputs for the batches, one behind the other; see `Model.predict_generator`."""
    steps = sources.step_count(generator, steps, "steps")
    bar = Progbar(target=steps) if verbose == 1 else None
    found: list[list[Any]] = []
    queue = (workers, use_multiprocessing, max_queue_size)
    with sources.reading(generator, *queue, count=steps) as batches:
        for step in range(steps):
            x = sources.inputs_of(sources.take(batches, step, steps))
            outputs = trainer.predict_on_batch(x)
            found.append(outputs if isinstance(outputs, list) else [outputs])
            if bar is not None:
                bar.update(step + 1)
    joined = [np.concatenate(column) for column in zip(*found, strict=True)]
    return joined[0] if len(joined) == 1 else joined
