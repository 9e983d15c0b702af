"""Optimizers: their hyperparameters and state. How they compute stands in `compiler`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir.errors import ConfigError
from kir.optimizers.base import Optimizer as Optimizer
from kir.optimizers.base import clip_norm as clip_norm
from kir.optimizers.declared import SGD as SGD
from kir.optimizers.declared import Adadelta as Adadelta
from kir.optimizers.declared import Adagrad as Adagrad
from kir.optimizers.declared import Adam as Adam
from kir.optimizers.declared import Adamax as Adamax
from kir.optimizers.declared import Nadam as Nadam
from kir.optimizers.declared import RMSprop as RMSprop
from kir.optimizers.native import TFOptimizer as TFOptimizer
from kir.utils.generic_utils import deserialize_keras_object, serialize_keras_object

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "TFOptimizer",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "clip_norm",
    "deserialize",
    "get",
    "nadam",
    "rmsprop",
    "serialize",
    "sgd",
]

sgd, rmsprop, adagrad, adadelta = SGD, RMSprop, Adagrad, Adadelta
adam, adamax, nadam = Adam, Adamax, Nadam

_CLASSES: dict[str, type[Optimizer]] = {
    cls.__name__.lower(): cls
    for cls in (SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam, TFOptimizer)
}


def serialize(optimizer: Optimizer) -> Any:
    """Class name and config.

    Args:
        optimizer: an optimizer.

    Returns:
        ``{'class_name': ..., 'config': {...}}``.

    Reference:
        https://keras.io/optimizers (Keras 2.2.4).
    """
    return serialize_keras_object(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimizer that ``{"class_name": ..., "config": ...}`` describes.

    Args:
        config: ``{'class_name': ..., 'config': {...}}``; the case of the class name does not
            count: that of a built-in class is lowered in the given dict.
        custom_objects: your own classes by name.

    Raises:
        ConfigError: the class is unknown, or the config does not fit it.

    Reference:
        https://keras.io/optimizers (Keras 2.2.4).
    """
    if isinstance(config, dict) and str(config.get("class_name", "")).lower() in _CLASSES:
        # Keras 2.2: in the dict that the caller gave.
        config["class_name"] = config["class_name"].lower()
    return deserialize_keras_object(
        config,
        module_objects=_CLASSES,
        custom_objects=custom_objects,
        printable_module_name="optimizer",
    )


def get(identifier: Any) -> Any:
    """An optimizer from its name, its config, or itself.

    An object of TensorFlow's with `apply_gradients` is wrapped in a `TFOptimizer`.

    Args:
        identifier: a name such as 'adam', a config, an `Optimizer`, or an optimizer of TensorFlow.

    Raises:
        ConfigError: an unknown name, or something else.

    Reference:
        https://keras.io/optimizers (Keras 2.2.4).
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if callable(getattr(identifier, "apply_gradients", None)):
        return TFOptimizer(identifier)
    raise ConfigError(
        f"Could not interpret optimizer identifier: {identifier!r} ({type(identifier).__name__}); "
        "expected a name such as 'adam' or an optimizer object."
    )
