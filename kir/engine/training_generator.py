"""Training on generators, as functions of the model: what its methods of these names do."""

from __future__ import annotations

from typing import Any

from kir.utils.data_utils import GeneratorEnqueuer as GeneratorEnqueuer
from kir.utils.data_utils import OrderedEnqueuer as OrderedEnqueuer
from kir.utils.data_utils import Sequence as Sequence
from kir.utils.generic_utils import Progbar as Progbar


def fit_generator(
    model: Any,
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
) -> Any:
    """Trains a model on batches; what `Model.fit_generator` does.

    Args:
        model: the model.
        generator: gives batches, without end; or a `Sequence`.
        steps_per_epoch: batches in an epoch; None is a Sequence's length.
        epochs: number of the last epoch, counted from `initial_epoch`.
        verbose: 0 silent, 1 progress bar, 2 a line an epoch.
        callbacks: list of callbacks.
        validation_data: arrays as in `fit`, a generator or a Sequence.
        validation_steps: batches of validation; None is a Sequence's length.
        class_weight: dict from class number to weight.
        max_queue_size: batches that the workers read ahead.
        workers: threads or processes that read; 0 reads between the steps.
        use_multiprocessing: whether the workers are processes.
        shuffle: whether a Sequence's batches come in a random order.
        initial_epoch: epoch to start at.

    Returns:
        A `History`.
    """
    return model.fit_generator(
        generator,
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
        verbose=verbose,
        callbacks=callbacks,
        validation_data=validation_data,
        validation_steps=validation_steps,
        class_weight=class_weight,
        max_queue_size=max_queue_size,
        workers=workers,
        use_multiprocessing=use_multiprocessing,
        shuffle=shuffle,
        initial_epoch=initial_epoch,
    )


def evaluate_generator(
    model: Any,
    generator: Any,
    steps: int | None = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: int = 0,
) -> Any:
    """Loss and metrics of a model on batches; what `Model.evaluate_generator` does.

    Args:
        model: the model.
        generator: gives batches, without end; or a `Sequence`.
        steps: batches; None is a Sequence's length.
        max_queue_size: batches that the workers read ahead.
        workers: threads or processes that read; 0 reads between the steps.
        use_multiprocessing: whether the workers are processes.
        verbose: 0 silent, 1 progress bar.

    Returns:
        The loss, or a list of loss and metrics.
    """
    return model.evaluate_generator(
        generator,
        steps=steps,
        max_queue_size=max_queue_size,
        workers=workers,
        use_multiprocessing=use_multiprocessing,
        verbose=verbose,
    )


def predict_generator(
    model: Any,
    generator: Any,
    steps: int | None = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: int = 0,
) -> Any:
    """Predictions of a model for batches; what `Model.predict_generator` does.

    Args:
        model: the model.
        generator: gives batches, without end; or a `Sequence`.
        steps: batches; None is a Sequence's length.
        max_queue_size: batches that the workers read ahead.
        workers: threads or processes that read; 0 reads between the steps.
        use_multiprocessing: whether the workers are processes.
        verbose: 0 silent, 1 progress bar.

    Returns:
        An array, or a list of one for each output.
    """
    return model.predict_generator(
        generator,
        steps=steps,
        max_queue_size=max_queue_size,
        workers=workers,
        use_multiprocessing=use_multiprocessing,
        verbose=verbose,
    )
