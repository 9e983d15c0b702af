"""Penalties on weights or outputs that are added to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir import backend as K
from kir.utils.generic_utils import (
    construct,
    describe,
    deserialize_keras_object,
    interpret,
    serialize_keras_object,
)

__all__ = ["L1L2", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2", "serialize"]


class Regularizer:
    """Base class: a callable from a tensor to a scalar penalty.

    A class of your own overrides `__call__` and `get_config`.

    Shape:
        `x` of any shape -> a scalar; dtype: that of `x`.

    Reference:
        https://keras.io/regularizers (Keras 2.2.4).
    """

    def __repr__(self) -> str:
        return describe(self)

    def __call__(self, x: Any) -> Any:
        """The penalty for `x`."""
        return 0.0

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The regularizer with these arguments."""
        return construct(cls, config)


class L1L2(Regularizer):
    """The penalty ``l1 * sum(|x|) + l2 * sum(x ** 2)``.

    Args:
        l1: the factor of the sum of the absolute values.
        l2: the factor of the sum of the squares.

    Shape:
        `x` of any shape -> a scalar; dtype: that of `x`.

    Reference:
        https://keras.io/regularizers (Keras 2.2.4).
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        # Keras 2.2: the factors are rounded to `K.floatx()`, and so they stand in the config.
        self.l1 = K.cast_to_floatx(l1)
        self.l2 = K.cast_to_floatx(l2)

    def __call__(self, x: Any) -> Any:
        """The penalty for `x`, a scalar."""
        penalty: Any = 0.0
        if self.l1:
            penalty = penalty + K.sum(float(self.l1) * K.abs(x))
        if self.l2:
            penalty = penalty + K.sum(float(self.l2) * K.square(x))
        return penalty

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal object."""
        return {"l1": float(self.l1), "l2": float(self.l2)}


def l1(l: float = 0.01) -> L1L2:  # noqa: E741 (the parameter's name in Keras)
    """Lasso: an `L1L2` with the penalty ``l * sum(|x|)``.

    Args:
        l: the factor of the sum of the absolute values.

    Shape:
        `x` of any shape -> a scalar; dtype: that of `x`.

    Reference:
        https://keras.io/regularizers (Keras 2.2.4).
    """
    return L1L2(l1=l)


def l2(l: float = 0.01) -> L1L2:  # noqa: E741
    """Weight decay: an `L1L2` with the penalty ``l * sum(x ** 2)``.

    Args:
        l: the factor of the sum of the squares.

    Shape:
        `x` of any shape -> a scalar; dtype: that of `x`.

    Reference:
        https://keras.io/regularizers (Keras 2.2.4).
    """
    return L1L2(l2=l)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Elastic net: an `L1L2` with the penalty ``l1 * sum(|x|) + l2 * sum(x ** 2)``.

    Args:
        l1: the factor of the sum of the absolute values.
        l2: the factor of the sum of the squares.

    Shape:
        `x` of any shape -> a scalar; dtype: that of `x`.

    Reference:
        https://keras.io/regularizers (Keras 2.2.4).
    """
    return L1L2(l1=l1, l2=l2)


_BY_NAME = {"L1L2": L1L2, "Regularizer": Regularizer, "l1": l1, "l1_l2": l1_l2, "l2": l2}


def serialize(regularizer: Any) -> Any:
    """What a configuration says for a regularizer.

    Args:
        regularizer: a regularizer.

    Raises:
        ConfigError: it has neither `get_config` nor a name.

    Reference:
        https://keras.io/regularizers (Keras 2.2.4).
    """
    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer that a configuration stands for.

    Args:
        config: its name, or ``{'class_name': ..., 'config': ...}``.
        custom_objects: your own objects by name; default those of the enclosing
            `custom_object_scope`s.

    Raises:
        ConfigError: the name is unknown, or the configuration is malformed.

    Reference:
        https://keras.io/regularizers (Keras 2.2.4).
    """
    return deserialize_keras_object(config, _BY_NAME, custom_objects, "regularizer")


def get(identifier: Any) -> Any:
    """A regularizer by name, by configuration, or as it is.

    Args:
        identifier: a name, a configuration, a function, a `Regularizer`, or None for none.

    Raises:
        ConfigError: the name is unknown, or `identifier` is of another type.

    Reference:
        https://keras.io/regularizers (Keras 2.2.4).
    """
    return interpret(identifier, deserialize, "regularizer", optional=True)
