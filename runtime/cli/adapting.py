"""Fits the arrays of a data set to a model with one input and one output."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kir.errors import ConfigError, LabelError, ShapeError
from kir.utils.np_utils import to_categorical


def check_single(model: Any) -> None:
    """Checks that a model has one input and one output, as the data of a file do.

    Raises:
        ConfigError: it has more.
    """
    for what, names in (("input", model.input_names), ("output", model.output_names)):
        if len(names) != 1:
            raise ConfigError(
                f"Model {model.name!r} has {len(names)} {what}s ({', '.join(names)}); the command "
                "line takes models with one. Use the Python interface for this one."
            )


def adapt_inputs(model: Any, x: np.ndarray) -> np.ndarray:
    """Inputs in the shape that the model takes: rows of a table become images, and back.

    Raises:
        ShapeError: a sample has another number of elements than the model takes.
    """
    wanted = model.inputs[0].type.shape
    if wanted is None or _fits(x.shape[1:], wanted[1:]):
        return x
    shape = wanted[1:]
    elements = math.prod(x.shape[1:])
    if None not in shape and math.prod(shape) == elements:
        return x.reshape(-1, *shape)
    raise ShapeError(
        f"A sample of the data has the shape {x.shape[1:]} ({elements} numbers); model "
        f"{model.name!r} takes {_text(shape)} at its input {model.input_names[0]!r}. Change the "
        "data, or input_shape of the first layer."
    )


def adapt_targets(model: Any, y: np.ndarray, loss: str) -> np.ndarray:
    """Targets in the form that the loss takes: class numbers become one-hot rows if need be.

    Raises:
        LabelError: a class number is beyond the model's outputs.
        ConfigError: targets that are neither class numbers nor rows.
    """
    if loss not in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        return y
    classes = model.outputs[0].type.shape[-1]
    are_numbers = y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1 and classes != 1)
    if not are_numbers or not y.size:
        return y
    if (y != np.floor(y)).any():
        raise ConfigError(
            f"The loss {loss!r} takes classes, and the targets are no whole numbers, e.g. "
            f"{y[y != np.floor(y)].flat[0]}. Choose another loss (mse), or another --target."
        )
    if classes is not None and not 0 <= y.min() <= y.max() < classes:
        raise LabelError(
            f"The targets are classes from {int(y.min())} to {int(y.max())}; model {model.name!r} "
            f"has {classes} outputs, for classes from 0 to {classes - 1}. Give its last layer "
            "as many units as there are classes."
        )
    return to_categorical(y, classes) if loss == "categorical_crossentropy" else y


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        w in (None, s) for s, w in zip(shape, wanted, strict=True)
    )


def _text(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join('?' if d is None else str(d) for d in shape)})"
