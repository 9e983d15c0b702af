"""Projections that are applied to a weight after each update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kir import backend as K
from kir.utils.generic_utils import (
    describe,
    deserialize_keras_object,
    interpret,
    serialize_keras_object,
)

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "maxnorm",
    "min_max_norm",
    "non_neg",
    "nonneg",
    "serialize",
    "unit_norm",
    "unitnorm",
]

Axis = int | Sequence[int]


def _norms(w: Any, axis: Axis) -> Any:
    return K.sqrt(K.sum(K.square(w), axis=axis, keepdims=True))


class Constraint:
    """Base class: a callable from a weight to the weight that is allowed.

    A class of your own overrides `__call__` and `get_config`.

    Shape:
        `w` and result: the weight's shape; dtype: same as `w`.

    Reference:
        https://keras.io/constraints (Keras 2.2.4).
    """

    _config_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return describe(self)

    def __call__(self, w: Any) -> Any:
        """The allowed weight that takes the place of `w`."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal object; a class of your own overrides this."""
        return {name: getattr(self, name) for name in self._config_names}


class MaxNorm(Constraint):
    """Scales weights down whose norm exceeds a maximum.

    Args:
        max_value: the largest norm allowed.
        axis: over which axes a norm is taken: 0 for the columns of a Dense kernel (inputs, units),
            ``[0, 1, 2]`` for the filters of a Conv2D kernel (rows, columns, channels, filters).

    Shape:
        `w` and result: the weight's shape; dtype: same as `w`.

    Reference:
        Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
    """

    _config_names = ("max_value", "axis")

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """`w` with every norm at most `max_value`."""
        norms = _norms(w, self.axis)
        return w * (K.clip(norms, 0, self.max_value) / (K.epsilon() + norms))


class NonNeg(Constraint):
    """Sets negative weights to zero.

    Shape:
        `w` and result: the weight's shape; dtype: same as `w`.

    Reference:
        https://keras.io/constraints (Keras 2.2.4).
    """

    def __call__(self, w: Any) -> Any:
        """`w` with zeros for what is negative."""
        return w * K.cast(K.greater_equal(w, 0.0), K.floatx())


class UnitNorm(Constraint):
    """Scales weights to norm 1.

    Args:
        axis: over which axes a norm is taken; see `MaxNorm`.

    Shape:
        `w` and result: the weight's shape; dtype: same as `w`.

    Reference:
        https://keras.io/constraints (Keras 2.2.4).
    """

    _config_names = ("axis",)

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """`w` with every norm 1."""
        return w / (K.epsilon() + _norms(w, self.axis))


class MinMaxNorm(Constraint):
    """Scales weights so that their norm comes to lie between two bounds.

    Args:
        min_value: the smallest norm allowed.
        max_value: the largest norm allowed.
        rate: how far to go towards the bounds at each update, a fraction of 1: the wanted norm is
            ``rate * clip(norm, min_value, max_value) + (1 - rate) * norm``.
        axis: over which axes a norm is taken; see `MaxNorm`.

    Shape:
        `w` and result: the weight's shape; dtype: same as `w`.

    Reference:
        https://keras.io/constraints (Keras 2.2.4).
    """

    _config_names = ("min_value", "max_value", "rate", "axis")

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """`w` with every norm between the bounds, or nearer to them."""
        norms = _norms(w, self.axis)
        clipped = K.clip(norms, self.min_value, self.max_value)
        wanted = self.rate * clipped + (1 - self.rate) * norms
        return w * (wanted / (K.epsilon() + norms))


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm

_BY_NAME = {
    "Constraint": Constraint,
    "MaxNorm": MaxNorm,
    "MinMaxNorm": MinMaxNorm,
    "NonNeg": NonNeg,
    "UnitNorm": UnitNorm,
    "max_norm": MaxNorm,
    "maxnorm": MaxNorm,
    "min_max_norm": MinMaxNorm,
    "non_neg": NonNeg,
    "nonneg": NonNeg,
    "unit_norm": UnitNorm,
    "unitnorm": UnitNorm,
}


def serialize(constraint: Any) -> Any:
    """What a configuration says for a constraint.

    Args:
        constraint: a constraint.

    Raises:
        ConfigError: it has neither `get_config` nor a name.

    Reference:
        https://keras.io/constraints (Keras 2.2.4).
    """
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that a configuration stands for.

    Args:
        config: its name, or ``{'class_name': ..., 'config': ...}``.
        custom_objects: your own objects by name; default those of the enclosing
            `custom_object_scope`s.

    Raises:
        ConfigError: the name is unknown, or the configuration is malformed.

    Reference:
        https://keras.io/constraints (Keras 2.2.4).
    """
    return deserialize_keras_object(config, _BY_NAME, custom_objects, "constraint")


def get(identifier: Any) -> Any:
    """A constraint by name, by configuration, or as it is.

    Args:
        identifier: a name, a configuration, a function, a `Constraint`, or None for none.

    Raises:
        ConfigError: the name is unknown, or `identifier` is of another type.

    Reference:
        https://keras.io/constraints (Keras 2.2.4).
    """
    return interpret(identifier, deserialize, "constraint", optional=True)
