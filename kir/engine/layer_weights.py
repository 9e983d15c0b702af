"""The weights of a layer: how they are declared, listed, read and set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kir import initializers, settings
from kir.engine.names import variable_name
from kir.engine.variable import Variable, compute_initial_values
from kir.errors import ConfigError, ShapeError, StateError
from kir.ir.types import TensorType, check_dtype
from kir.legacy.conversion import ADD_WEIGHT, converting


def add_weight_support(function: Any) -> Any:
    """Lets `add_weight` take its arguments in the order of Keras 1 too."""
    return converting(function, ADD_WEIGHT, "method")


class LayerWeights:
    """The part of a layer that concerns its weights."""

    name: str
    trainable: bool
    built: bool
    _trainable_weights: list[Variable]
    _non_trainable_weights: list[Variable]
    _regularized: list[tuple[Any, Variable]]

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        """Declares the weights of a built-in layer, by calling `self.parameter`."""
        return ()

    def parameter(
        self,
        name: str,
        shape: Sequence[int],
        initializer: Any = None,
        trainable: bool = True,
        fields: str | None = None,
    ) -> Variable:
        """Adds the weight `name`.

        Its initializer, regularizer and constraint are the layer's ``<fields>_initializer`` and so
        on, where there are any; `fields` is the weight's name unless given.
        """
        prefix = fields or name
        weight = self.add_weight(
            name=name,
            shape=tuple(shape),
            initializer=initializer or getattr(self, f"{prefix}_initializer", None),
            regularizer=getattr(self, f"{prefix}_regularizer", None),
            constraint=getattr(self, f"{prefix}_constraint", None),
            trainable=trainable,
        )
        setattr(self, name, weight)
        return weight

    @add_weight_support
    def add_weight(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str | None = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
    ) -> Variable:
        """Adds a weight to the layer.

        Args:
            name: the name inside the layer, such as ``kernel``.
            shape: whole numbers.
            dtype: None is `K.floatx()`.
            initializer: by name or as a function of the shape; None is ``glorot_uniform``.
            regularizer: a function of the weight that gives a scalar loss.
            trainable: whether training changes it.
            constraint: a function from the updated weight to what is kept.
        """
        kernel = initializers.get(initializer if initializer is not None else "glorot_uniform")
        if dtype is None:
            dtype = settings.floatx()
        full_shape: Any = tuple(None if d is None else int(d) for d in shape)
        if None in full_shape:
            raise ShapeError(
                f"{type(self).__name__} {self.name!r}: weight {name!r} would have the shape "
                f"{full_shape}; every size must be known. Give the model's input a full shape."
            )
        weight = Variable(
            TensorType(check_dtype(dtype), full_shape),
            variable_name(name or "Variable"),
            initializers.draw_initial_value(kernel, full_shape, dtype),
            initializer=kernel,
            regularizer=regularizer,
            constraint=constraint,
            trainable=trainable,
        )
        if regularizer is not None:
            self._regularized.append((regularizer, weight))
        (self._trainable_weights if trainable else self._non_trainable_weights).append(weight)
        return weight

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes, in file order; none if the layer is frozen."""
        return list(self._trainable_weights) if self.trainable else []

    @trainable_weights.setter
    def trainable_weights(self, weights: list[Variable]) -> None:
        """The weights that training changes, in file order; none if the layer is frozen."""
        self._trainable_weights = weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training does not change, in file order."""
        if self.trainable:
            return list(self._non_trainable_weights)
        return self._trainable_weights + self._non_trainable_weights

    @non_trainable_weights.setter
    def non_trainable_weights(self, weights: list[Variable]) -> None:
        """The weights that training does not change, in file order."""
        self._non_trainable_weights = weights

    @property
    def weights(self) -> list[Variable]:
        """All weights: the trainable ones, then the others."""
        return self.trainable_weights + self.non_trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """The values of `self.weights`, as NumPy arrays."""
        weights = self.weights
        compute_initial_values(weights)
        return [w.get_value() for w in weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of `self.weights`.

        Raises:
            ConfigError: another number of arrays than weights.
            ShapeError: an array of another shape than its weight.
        """
        assign_weights(f"{type(self).__name__} {self.name!r}", self.weights, weights)

    def count_params(self) -> int:
        """The number of scalars in the weights."""
        if not self.built:
            raise StateError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. Call "
                f"this {type(self).__name__} on an input, or give the model's first layer an "
                "input_shape."
            )
        return sum(int(np.prod(w.type.shape)) for w in self.weights)  # type: ignore[arg-type]


def assign_weights(label: str, weights: Sequence[Variable], arrays: Sequence[Any]) -> None:
    """Sets all of `weights`, or none of them if something does not fit.

    Raises:
        ConfigError: another number of arrays than weights.
        ShapeError: an array of another shape than its weight.
    """
    if len(weights) != len(arrays):
        raise ConfigError(
            f"You called `set_weights(weights)` on layer {label} with a weight list of length "
            f"{len(arrays)}, but the layer was expecting {len(weights)} weights: "
            f"{[w.name for w in weights][:8]}."
        )
    for weight, array in zip(weights, arrays, strict=True):
        if np.shape(array) != weight.type.shape:
            raise ShapeError(
                f"{label}: Layer weight shape {weight.type.shape} not compatible with provided "
                f"weight shape {np.shape(array)} (of {weight.name!r})."
            )
    for weight, array in zip(weights, arrays, strict=True):
        weight.set_value(array)
