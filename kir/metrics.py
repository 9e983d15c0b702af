"""Metric functions: judged like losses, reported, not trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir import backend as K
from kir.errors import ConfigError
from kir.losses import MAE as MAE
from kir.losses import MAPE as MAPE
from kir.losses import MSE as MSE
from kir.losses import MSLE as MSLE
from kir.losses import binary_crossentropy as binary_crossentropy
from kir.losses import categorical_crossentropy as categorical_crossentropy
from kir.losses import cosine as cosine
from kir.losses import cosine_proximity as cosine_proximity
from kir.losses import hinge as hinge
from kir.losses import kullback_leibler_divergence as kullback_leibler_divergence
from kir.losses import logcosh as logcosh
from kir.losses import mae as mae
from kir.losses import mape as mape
from kir.losses import mean_absolute_error as mean_absolute_error
from kir.losses import mean_absolute_percentage_error as mean_absolute_percentage_error
from kir.losses import mean_squared_error as mean_squared_error
from kir.losses import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from kir.losses import mse as mse
from kir.losses import msle as msle
from kir.losses import poisson as poisson
from kir.losses import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from kir.losses import squared_hinge as squared_hinge
from kir.utils.generic_utils import deserialize_keras_object, serialize_keras_object

__all__ = [
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "cosine",
    "cosine_proximity",
    "deserialize",
    "get",
    "hinge",
    "kullback_leibler_divergence",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]


def binary_accuracy(y_true: Any, y_pred: Any) -> Any:
    """The fraction of outputs that are right when rounded to 0 or 1.

    Args:
        y_true: targets, 0 or 1.
        y_pred: predicted probabilities of 1.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: `K.floatx()`; fractions of 1.

    Reference:
        https://keras.io/metrics (Keras 2.2.4).
    """
    return K.mean(K.equal(y_true, K.round(y_pred)), axis=-1)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction stands at the one of a one-hot target, else 0.

    Args:
        y_true: one-hot targets.
        y_pred: scores or probabilities of the classes.

    Shape:
        y_true and y_pred: (batch, ..., classes) -> (batch, ...); dtype: `K.floatx()`.

    Reference:
        https://keras.io/metrics (Keras 2.2.4).
    """
    hit = K.equal(K.argmax(y_true, axis=-1), K.argmax(y_pred, axis=-1))
    return K.cast(hit, K.floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction stands at the target's class number, else 0.

    Keras 2.2: targets are flattened, so predictions for several timesteps are not accepted.

    Args:
        y_true: class numbers from 0 on.
        y_pred: scores or probabilities of the classes.

    Shape:
        y_true: (batch,) or (batch, 1), y_pred: (batch, classes) -> (batch,); dtype: `K.floatx()`.

    Reference:
        https://keras.io/metrics (Keras 2.2.4).
    """
    predicted = K.cast(K.argmax(y_pred, axis=-1), K.floatx())
    return K.cast(K.equal(K.flatten(y_true), predicted), K.floatx())


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """The fraction of samples whose one-hot target is among the `k` largest predictions.

    Args:
        y_true: one-hot targets.
        y_pred: scores or probabilities of the classes.
        k: how many of the largest predictions count.

    Shape:
        y_true and y_pred: (batch, classes) -> scalar; dtype: `K.floatx()`; a fraction of 1.

    Reference:
        https://keras.io/metrics (Keras 2.2.4).
    """
    return K.mean(K.in_top_k(y_pred, K.argmax(y_true, axis=-1), k), axis=-1)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """The fraction of samples whose class number is among the `k` largest predictions.

    Args:
        y_true: class numbers from 0 on.
        y_pred: scores or probabilities of the classes.
        k: how many of the largest predictions count.

    Shape:
        y_true: (batch,) or (batch, 1), y_pred: (batch, classes) -> scalar; dtype: `K.floatx()`; a
        fraction of 1.

    Reference:
        https://keras.io/metrics (Keras 2.2.4).
    """
    return K.mean(K.in_top_k(y_pred, K.cast(K.flatten(y_true), "int32"), k), axis=-1)


_BY_NAME = {
    name: globals()[name] for name in __all__ if name not in ("deserialize", "get", "serialize")
}


def serialize(metric: Any) -> Any:
    """What a configuration says for a metric: the function's name.

    Args:
        metric: a metric function.

    Raises:
        ConfigError: it has neither `get_config` nor a name.

    Reference:
        https://keras.io/metrics (Keras 2.2.4).
    """
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric that a configuration stands for.

    Args:
        config: its name, or ``{'class_name': ..., 'config': ...}``.
        custom_objects: your own objects by name; default those of the enclosing
            `custom_object_scope`s.

    Raises:
        ConfigError: the name is unknown, or the configuration is malformed.

    Reference:
        https://keras.io/metrics (Keras 2.2.4).
    """
    return deserialize_keras_object(config, _BY_NAME, custom_objects, "metric function")


def get(identifier: Any) -> Any:
    """A metric by name, by configuration, or as it is.

    Args:
        identifier: a name, a configuration, or a function ``(y_true, y_pred)``.

    Raises:
        ConfigError: the name is unknown, or `identifier` is of another type.

    Reference:
        https://keras.io/metrics (Keras 2.2.4).
    """
    if isinstance(identifier, str | dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise ConfigError(
        f"Could not interpret metric function identifier: {identifier!r} "
        f"({type(identifier).__name__}); expected a name, a configuration or a function."
    )
