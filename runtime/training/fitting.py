"""Training on arrays and tensors."""

from __future__ import annotations

import difflib
import functools
from typing import Any

from kir.errors import ArgumentError, ConfigError
from kir.user_warnings import warn_user
from runtime.data import datasets_of_batches as datasets
from runtime.data import tensors
from runtime.training.array_feeds import ArrayFeed, TensorFeed
from runtime.training.batches import Batches
from runtime.training.evaluating import mean_logs
from runtime.training.predicting import checked_batch_size
from runtime.training.run import Feed, Plan, Run


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
    if datasets.is_dataset(x):
        return _fit_dataset(
            trainer,
            x,
            steps_per_epoch=steps_per_epoch,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_steps=validation_steps,
            class_weight=class_weight,
            initial_epoch=initial_epoch,
        )
    tensors.check_stepwise((x, y), steps_per_epoch, "steps_per_epoch", validation_split)
    if tensors.are_symbolic(x, y, sample_weight, validation_data):
        checked_batch_size(batch_size, steps_per_epoch, "steps_per_epoch")
        if tensors.are_symbolic(validation_data):
            tensors.check_stepwise(validation_data, validation_steps, "validation_steps")
            validation_data = tensors.batches(*validation_parts(validation_data))
        return trainer.fit_generator(
            generator=tensors.batches(x, y, sample_weight),
            steps_per_epoch=steps_per_epoch,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_steps=validation_steps,
            class_weight=class_weight,
            workers=0,
            initial_epoch=initial_epoch,
        )
    if x is None and y is None and steps_per_epoch is None:
        raise ConfigError(
            "fit() got no data. If fitting from data tensors, you should specify the "
            "`steps_per_epoch` argument; otherwise pass arrays."
        )
    size = checked_batch_size(batch_size, steps_per_epoch, "steps_per_epoch")
    data = trainer.batches(x, y, sample_weight, class_weight, size)
    data, held_out = _held_out(trainer, data, validation_data, validation_split, size)
    if validation_steps and steps_per_epoch is None:
        raise ConfigError(
            "Can only use `validation_steps` when doing step-wise training, i.e. `steps_per_epoch` "
            "must be set. With arrays, leave it away: validation takes all of them."
        )
    if held_out is not None and steps_per_epoch is not None and not validation_steps:
        raise ConfigError(
            "With `steps_per_epoch`, validation needs `validation_steps`: how many steps it takes."
        )
    if held_out is None and validation_steps:
        held_out = trainer.batches(None, None)
    plan = Plan(epochs, initial_epoch, verbose)
    feed: Feed
    if size is None:
        assert steps_per_epoch is not None
        feed = TensorFeed(data, steps_per_epoch)
    else:
        feed = ArrayFeed(data, size, shuffle)
    validation, arrays = None, []
    if held_out is not None:
        validation = functools.partial(mean_logs, trainer, held_out, size, steps=validation_steps)
        arrays = callback_arrays(trainer.model, held_out)
    names = list(trainer.log_names)
    params = {
        "batch_size": size,
        "epochs": epochs,
        "steps": steps_per_epoch,
        "samples": data.count if data.inputs or data.targets else None,
        "verbose": verbose,
        "do_validation": held_out is not None,
        "metrics": names + ([f"val_{n}" for n in names] if held_out is not None else []),
    }
    if verbose and held_out is not None and data.count and held_out.count:
        print(f"Train on {data.count} samples, validate on {held_out.count} samples")
    return Run(trainer, feed, validation, plan, callbacks, params, arrays=arrays).run()


def _legacy_epochs(epochs: int, kwargs: dict[str, Any]) -> int:
    if "nb_epoch" in kwargs:
        epochs = kwargs.pop("nb_epoch")
        warn_user("The `nb_epoch` argument in `fit` has been renamed `epochs`.")
    for key in kwargs:
        near = difflib.get_close_matches(key, fit.__annotations__, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        raise ArgumentError(f"Unrecognized keyword arguments: fit() does not know `{key}`.{hint}")
    return epochs


def _held_out(
    trainer: Any, data: Batches, given: Any, fraction: float, batch_size: int | None
) -> tuple[Batches, Batches | None]:
    if given:
        return data, trainer.batches(*validation_parts(given), batch_size=batch_size)
    if fraction and 0.0 < fraction < 1.0:
        at = int(data.count * (1.0 - fraction))
        train, held_out = data.split(at)
        if not train.count or not held_out.count:
            raise ConfigError(
                f"validation_split={fraction} of {data.count} samples leaves {train.count} to "
                f"train on and {held_out.count} to validate on; expected some of both."
            )
        return train, held_out
    return data, None


def validation_parts(given: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and sample weights of what `validation_data` was given.

    Raises:
        ConfigError: it is no tuple of two or three.
    """
    if not isinstance(given, list | tuple) or len(given) not in (2, 3):
        count = f"{len(given)} items" if hasattr(given, "__len__") else type(given).__name__
        raise ConfigError(
            "`validation_data` should be a tuple `(val_x, val_y, val_sample_weight)` or "
            f"`(val_x, val_y)`: it must contain 2 or 3 items. Found: {count}."
        )
    x, y, *rest = given
    return x, y, rest[0] if rest else None


def callback_arrays(model: Any, data: Batches) -> list[Any]:
    """What Keras hands to callbacks: inputs, targets, weights, and the learning phase."""
    arrays = [a for a, _ in data.arrays(is_weighted=True)]
    count = len(data.inputs)
    found = arrays[:count] + arrays[count::2] + arrays[count + 1 :: 2]
    return [*found, 0.0] if model.uses_learning_phase else found


def _fit_dataset(trainer: Any, x: Any, validation_data: Any, **arguments: Any) -> Any:
    """Training on a `tf.data.Dataset`, whose elements are batches."""
    arguments["steps_per_epoch"] = datasets.step_count(
        x, arguments["steps_per_epoch"], "steps_per_epoch"
    )
    if datasets.is_dataset(validation_data):
        arguments["validation_steps"] = datasets.step_count(
            validation_data, arguments["validation_steps"], "validation_steps"
        )
        validation_data = datasets.batches(validation_data)
    return trainer.fit_generator(
        generator=datasets.batches(x),
        validation_data=validation_data,
        workers=0,
        reads_ahead=True,
        **arguments,
    )
