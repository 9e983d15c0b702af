"""Loss functions: from targets and predictions to one loss a sample (and timestep).

A loss is a function ``loss(y_true, y_pred)`` that reduces the last axis only; sample weights,
masks and the mean over the batch are applied by the training program.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kir import backend as K
from kir.errors import ConfigError
from kir.utils.generic_utils import deserialize_keras_object, serialize_keras_object

__all__ = [
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine",
    "cosine_proximity",
    "deserialize",
    "get",
    "hinge",
    "kld",
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
    "sparse_categorical_crossentropy",
    "squared_hinge",
]


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean squared error: ``mean((y_pred - y_true) ** 2)`` over the last axis.

    Args:
        y_true: targets, any numbers.
        y_pred: predictions, in the targets' unit; the loss is in its square.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return K.mean(K.square(y_pred - y_true), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean absolute error: ``mean(|y_pred - y_true|)`` over the last axis.

    Args:
        y_true: targets, any numbers.
        y_pred: predictions; the loss is in their unit.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return K.mean(K.abs(y_pred - y_true), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Mean error relative to the target, in per cent.

    ``100 * mean(|y_true - y_pred| / max(|y_true|, K.epsilon()))`` over the last axis.

    Args:
        y_true: targets, any numbers.
        y_pred: predictions, in the targets' unit.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    relative = K.abs((y_true - y_pred) / K.clip(K.abs(y_true), K.epsilon(), None))
    return 100.0 * K.mean(relative, axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Mean squared difference of logarithms, for targets over several orders of magnitude.

    ``mean((log(1 + y_pred) - log(1 + y_true)) ** 2)`` over the last axis.

    Args:
        y_true: targets, not negative.
        y_pred: predictions; both count as `K.epsilon()` at least.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    predicted = K.log(K.clip(y_pred, K.epsilon(), None) + 1.0)
    wanted = K.log(K.clip(y_true, K.epsilon(), None) + 1.0)
    return K.mean(K.square(predicted - wanted), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Squared hinge loss: ``mean(max(1 - y_true * y_pred, 0) ** 2)`` over the last axis.

    Args:
        y_true: targets, -1 or 1.
        y_pred: scores, any numbers.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return K.mean(K.square(K.maximum(1.0 - y_true * y_pred, 0.0)), axis=-1)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """Hinge loss: ``mean(max(1 - y_true * y_pred, 0))`` over the last axis.

    Args:
        y_true: targets, -1 or 1.
        y_pred: scores, any numbers.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return K.mean(K.maximum(1.0 - y_true * y_pred, 0.0), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """Hinge loss of several classes: ``max(0, 1 + best wrong score - right score)``.

    Args:
        y_true: one-hot targets.
        y_pred: scores of the classes.

    Shape:
        y_true and y_pred: (batch, ..., classes) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    right = K.sum(y_true * y_pred, axis=-1)
    wrong = K.max((1.0 - y_true) * y_pred, axis=-1)
    return K.maximum(0.0, wrong - right + 1.0)


def logcosh(y_true: Any, y_pred: Any) -> Any:
    """Logarithm of the hyperbolic cosine of the error: ``mean(log(cosh(y_pred - y_true)))``.

    Near ``error ** 2 / 2`` for small errors and ``|error| - log(2)`` for large ones.

    Args:
        y_true: targets, any numbers.
        y_pred: predictions, in the targets' unit.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    x = y_pred - y_true
    # log(cosh(x)) written so that no exponential overflows.
    return K.mean(x + K.softplus(-2.0 * x) - math.log(2.0), axis=-1)


def categorical_crossentropy(y_true: Any, y_pred: Any) -> Any:
    """Cross-entropy of one-hot targets: ``-sum(y_true * log(y_pred))``, in nats.

    Args:
        y_true: one-hot targets, or a distribution over the classes.
        y_pred: predicted probabilities, scaled to the sum 1 and kept `K.epsilon()` away from 0 and
            1.

    Shape:
        y_true and y_pred: (batch, ..., classes) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return K.categorical_crossentropy(y_true, y_pred)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any) -> Any:
    """Cross-entropy of class numbers: ``-log(y_pred[y_true])``, in nats.

    Args:
        y_true: class numbers from 0 on, (batch, ...) or (batch, ..., 1).
        y_pred: predicted probabilities, (batch, ..., classes).

    Shape:
        y_true: (batch, ...) or (batch, ..., 1), y_pred: (batch, ..., classes) -> (batch, ...);
        dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return K.sparse_categorical_crossentropy(y_true, y_pred)


def binary_crossentropy(y_true: Any, y_pred: Any) -> Any:
    """Cross-entropy of yes-or-no targets, the mean over the last axis, in nats.

    ``-mean(y_true * log(y_pred) + (1 - y_true) * log(1 - y_pred))``.

    Args:
        y_true: targets between 0 and 1.
        y_pred: predicted probabilities of 1, kept `K.epsilon()` away from 0 and 1.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return K.mean(K.binary_crossentropy(y_true, y_pred), axis=-1)


def kullback_leibler_divergence(y_true: Any, y_pred: Any) -> Any:
    """Kullback-Leibler divergence: ``sum(y_true * log(y_true / y_pred))``, in nats.

    Args:
        y_true: target distributions.
        y_pred: predicted distributions; both are limited to [`K.epsilon()`, 1].

    Shape:
        y_true and y_pred: (batch, ..., classes) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        Kullback and Leibler, On Information and Sufficiency, 1951.
        https://keras.io/losses (Keras 2.2.4).
    """
    y_true = K.clip(y_true, K.epsilon(), 1)
    y_pred = K.clip(y_pred, K.epsilon(), 1)
    return K.sum(y_true * K.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """Negative log-likelihood of Poisson counts: ``mean(y_pred - y_true * log(y_pred + epsilon))``.

    The term that does not depend on the prediction, ``log(y_true!)``, is left out.

    Args:
        y_true: counts, not negative.
        y_pred: predicted rates, positive.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return K.mean(y_pred - y_true * K.log(y_pred + K.epsilon()), axis=-1)


def cosine_proximity(y_true: Any, y_pred: Any) -> Any:
    """The negative cosine of the angle between target and prediction, from -1 to 1.

    Args:
        y_true: target vectors.
        y_pred: predicted vectors.

    Shape:
        y_true and y_pred: (batch, ..., units) -> (batch, ...); dtype: that of `y_pred`.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    y_true = K.l2_normalize(y_true, axis=-1)
    y_pred = K.l2_normalize(y_pred, axis=-1)
    return -K.sum(y_true * y_pred, axis=-1)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence
cosine = cosine_proximity

_BY_NAME = {
    name: globals()[name] for name in __all__ if name not in ("deserialize", "get", "serialize")
}


def serialize(loss: Any) -> Any:
    """What a configuration says for a loss: the function's name.

    Args:
        loss: a loss function.

    Raises:
        ConfigError: it has neither `get_config` nor a name.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that a configuration names.

    Args:
        name: its name, or ``{'class_name': ..., 'config': ...}``.
        custom_objects: your own objects by name; default those of the enclosing
            `custom_object_scope`s.

    Raises:
        ConfigError: the name is unknown, or the configuration is malformed.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    return deserialize_keras_object(name, _BY_NAME, custom_objects, "loss function")


def get(identifier: Any) -> Any:
    """A loss by name, by configuration, or as it is; None stays None.

    Args:
        identifier: a name, a configuration, a function ``(y_true, y_pred)``, or None.

    Raises:
        ConfigError: the name is unknown, or `identifier` is of another type.

    Reference:
        https://keras.io/losses (Keras 2.2.4).
    """
    if identifier is None:
        return None
    if isinstance(identifier, str | dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise ConfigError(
        f"Could not interpret loss function identifier: {identifier!r} "
        f"({type(identifier).__name__}); expected a name, a configuration, a function or None."
    )
