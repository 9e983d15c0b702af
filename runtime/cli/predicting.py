"""Predictions for the data of a file, into a file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from kir.errors import ConfigError
from runtime.cli.adapting import adapt_inputs, check_single
from runtime.cli.waiting import batches, working
from runtime.data.datasets import load_inputs
from runtime.files import replacing
from runtime.model_files import read_model

SUFFIXES = (".csv", ".npz")


def check_output(path: Path) -> None:
    """Checks the name of the file of predictions before they are computed.

    Raises:
        ConfigError: its suffix is not known.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f"The output {str(path)!r} ends in {path.suffix!r}; expected {' or '.join(SUFFIXES)}."
        )


def write_predictions(
    file: Path, source: str, target: str | None, output: Path, classes: bool, batch_size: int
) -> tuple[int, tuple[int, ...]]:
    """Predicts and writes.

    Args:
        file: a model with its weights.
        source: the data, as for `load_inputs`.
        target: the column of targets, as for `load_inputs`.
        output: a .npz file, which gets the array ``predictions``, or a .csv file.
        classes: also write the number of the largest output.
        batch_size: samples in a step.

    Returns:
        (number of samples, shape of one prediction)

    Raises:
        ConfigError: the predictions have no rows of numbers, as a .csv file needs.
        ShapeError: the data do not fit the model.
    """
    with working("Loading the model"):
        model = read_model(file)
    check_single(model)
    x, _ = load_inputs(source, target)
    with batches("Predicting", [adapt_inputs(model, x)], batch_size) as (generator, steps):
        predictions = np.asarray(model.predict_generator(generator, steps, workers=0))
    largest = predictions.argmax(axis=-1) if classes else None
    is_npz = output.suffix.lower() == ".npz"
    if not is_npz and predictions.ndim != 2:
        raise ConfigError(
            f"A prediction has the shape {predictions.shape[1:]}, which is no row of a .csv file. "
            "Write .npz instead."
        )
    with replacing(output) as temporary:
        if is_npz:
            _write_npz(temporary, predictions, largest)
        else:
            _write_csv(temporary, predictions, largest)
    return len(predictions), predictions.shape[1:]


def _write_npz(path: str, predictions: np.ndarray, classes: np.ndarray | None) -> None:
    with open(path, "wb") as file:  # given a name, savez would add a suffix
        if classes is None:
            np.savez(file, predictions=predictions)
        else:
            np.savez(file, predictions=predictions, classes=classes)


def _write_csv(path: str, predictions: np.ndarray, classes: np.ndarray | None) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        names = [f"output_{i}" for i in range(predictions.shape[1])]
        writer.writerow(names if classes is None else [*names, "class"])
        for i, row in enumerate(predictions):
            # str, as Python's own float would spell out a float32 with 17 digits.
            cells = [str(number) for number in row]
            writer.writerow(cells if classes is None else [*cells, int(classes[i])])
