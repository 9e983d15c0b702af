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
    """The fraction of outputs that are right when rounded to 0 or 1."""
    return K.mean(K.equal(y_true, K.round(y_pred)), axis=-1)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction stands at the one of a one-hot target, else 0."""
    hit = K.equal(K.argmax(y_true, axis=-1), K.argmax(y_pred, axis=-1))
    return K.cast(hit, K.floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction stands at the target's class number, else 0.

    Keras 2.2: targets are flattened, so predictions for several timesteps are not accepted.
    """
    predicted = K.cast(K.argmax(y_pred, axis=-1), K.floatx())
    return K.cast(K.equal(K.flatten(y_true), predicted), K.floatx())


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """The fraction of samples whose one-hot target is among the `k` largest predictions."""
    return K.mean(K.in_top_k(y_pred, K.argmax(y_true, axis=-1), k), axis=-1)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """The fraction of samples whose class number is among the `k` largest predictions."""
    return K.mean(K.in_top_k(y_pred, K.cast(K.flatten(y_true), "int32"), k), axis=-1)


_BY_NAME = {
    name: globals()[name] for name in __all__ if name not in ("deserialize", "get", "serialize")
}


def serialize(metric: Any) -> Any:
    """What a configuration says for a metric: the function's name."""
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric that a configuration stands for."""
    return deserialize_keras_object(config, _BY_NAME, custom_objects, "metric function")


def get(identifier: Any) -> Any:
    """A metric by name, by configuration, or as it is.

    Raises:
        ConfigError: the name is unknown, or `identifier` is of another type.
    """
    if isinstance(identifier, str | dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise ConfigError(
        f"Could not interpret metric function identifier: {identifier!r} "
        f"({type(identifier).__name__}); expected a name, a configuration or a function."
    )
