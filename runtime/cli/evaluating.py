"""Loss and metrics of a model on the data of a file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from kir.errors import ConfigError, FileFormatError
from runtime.cli.adapting import adapt_inputs, adapt_targets, check_single
from runtime.cli.waiting import batches, working
from runtime.data.datasets import load_inputs
from runtime.model_files import read_model


def evaluate_file(
    file: Path,
    source: str,
    target: str | None,
    loss: str | None,
    metrics: list[str],
    batch_size: int,
) -> tuple[dict[str, float], int]:
    """Evaluates a model.

    Args:
        file: a model with its weights.
        source: the data, as for `load_inputs`.
        target: the column of targets of a .csv file; None is the last.
        loss: name of a loss; None is the one that the model was trained with.
        metrics: names of metrics; none stands for those that the model was trained with.
        batch_size: samples in a step.

    Returns:
        (name -> value, number of samples)

    Raises:
        ConfigError: the file says no loss and none is given.
        FileFormatError: the data hold no targets.
        ShapeError: the data do not fit the model.
    """
    model = _compiled_model(file, loss, metrics)
    check_single(model)
    if target is None and Path(source).suffix.lower() == ".csv":
        target = "-1"
    x, y = load_inputs(source, target)
    if y is None:
        raise FileFormatError(f"{source} holds no targets (y or y_test), which `evaluate` needs.")
    if len(x) != len(y):
        raise FileFormatError(f"{source} holds {len(x)} samples and {len(y)} targets.")
    arrays = (adapt_inputs(model, x), adapt_targets(model, y, _name(model.loss)))
    with batches("Evaluating", arrays, batch_size) as (generator, steps):
        values = model.evaluate_generator(generator, steps, workers=0)
    found = dict(zip(model.metrics_names, map(float, np.atleast_1d(values)), strict=True))
    return found, len(x)


def _compiled_model(file: Path, loss: str | None, metrics: list[str]) -> Any:
    with working("Loading the model"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No training configuration found")
        model = read_model(file, compile=loss is None)
        if loss is None and getattr(model, "optimizer", None) is None:
            raise ConfigError(
                f"{str(file)!r} does not say with which loss the model was trained. Give --loss, "
                "and --metrics if you like."
            )
        if loss is not None or metrics:
            model.compile("sgd", loss or model.loss, metrics=metrics)
    return model


def _name(loss: Any) -> str:
    """The name of a loss; of several, or one by the user, none is known here."""
    return loss if isinstance(loss, str) else getattr(loss, "__name__", "")
