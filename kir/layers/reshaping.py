"""Layers that only change shapes: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from kir.engine.base_layer import Layer
from kir.engine.fields import data_format_field, field, int_field
from kir.engine.input_spec import InputSpec
from kir.engine.lowered_call import LoweredCall
from kir.errors import ConfigError, ShapeError
from kir.ir.types import Shape, TensorType


class Flatten(Layer):
    """Flattens all axes but the batch.

    Args:
        data_format: `channels_first` moves the channels last before flattening, so that weights
            fit both formats; None is `K.image_data_format()`.

    Shape:
        (batch, ...) -> (batch, product of the rest); rank 3 at least.

    Raises:
        ShapeError: a size of the input behind the batch axis is unknown.

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).
    """

    data_format: str = data_format_field()

    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        self.input_spec = InputSpec(min_ndim=3)

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        sizes = (x.shape or ())[1:]
        if None in sizes:
            raise ShapeError(
                f'The shape of the input to "Flatten" is not fully defined: {self._label()} got '
                f"{x}. Give the model's input a full shape, or use a global pooling layer."
            )
        return x.with_shape((x.shape[0], numpy_product(sizes)))  # type: ignore[index,arg-type]


def numpy_product(sizes: Iterable[Any]) -> Any:
    """The product as a NumPy integer.

    Keras 2.2: sizes that Flatten and Reshape compute are NumPy's, and summary() shows them as
    NumPy writes them: ``np.int64(9216)`` from NumPy 2 on.
    """
    return np.prod(list(sizes))


class Reshape(Layer):
    """Gives every sample a new shape.

    Args:
        target_shape: sizes without the batch axis; one may be -1 and is found from the rest.

    Shape:
        (batch, ...) -> (batch, *target_shape).

    Raises:
        ShapeError: the number of elements changes.

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).
    """

    target_shape: Any = field()

    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        self.target_shape = tuple(self.target_shape)
        if self.target_shape.count(-1) > 1:
            raise ConfigError(
                f"Reshape {self.name!r}: Can only specify one unknown dimension (-1); target_shape "
                f"is {self.target_shape}."
            )

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        sizes = (x.shape or ())[1:]
        if None in sizes:
            # Keras 2.2: with an unknown size among the inputs, -1 stays unknown.
            target = tuple(None if s == -1 else s for s in self.target_shape)
            return x.with_shape((x.shape[0], *target))  # type: ignore[index]
        return x.with_shape((x.shape[0], *self._fixed(sizes)))  # type: ignore[index,arg-type]

    def _fixed(self, sizes: Shape) -> tuple[int, ...]:
        total = math.prod(s for s in sizes if s is not None)
        known = math.prod(s for s in self.target_shape if s != -1)
        free = self.target_shape.count(-1)
        if (free and (known == 0 or total % known)) or (not free and known != total):
            raise ShapeError(
                f"Reshape {self.name!r}: total size of new array must be unchanged: a sample of "
                f"shape {sizes} has {total} elements, not those of {self.target_shape}."
            )
        return tuple(numpy_product(sizes) // known if s == -1 else s for s in self.target_shape)


class Permute(Layer):
    """Puts the axes of every sample in another order.

    Args:
        dims: the axes' numbers in their new order; the first axis after the batch is 1. So
            ``Permute((2, 1))`` swaps the two axes of a matrix.

    Shape:
        (batch, ...) -> the same sizes in another order.

    Raises:
        ConfigError: `dims` does not name each axis once.
        ShapeError: the input has another rank.

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).
    """

    dims: Any = field()

    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        self.dims = tuple(self.dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ConfigError(
                f"Permute {self.name!r}: Invalid permutation `dims`: {self.dims}; expected each of "
                "the numbers 1 to "
                f"{len(self.dims)} once (the batch is axis 0 and stays)."
            )
        layout = f"the batch and an axis for each of dims={self.dims}"
        self.input_spec = InputSpec(ndim=len(self.dims) + 1, layout=layout)

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        if x.shape is None or len(x.shape) != len(self.dims) + 1:
            raise ShapeError(
                f"Permute {self.name!r}: input is {x}; dims={self.dims} take rank "
                f"{len(self.dims) + 1}. Name every axis but the batch in dims."
            )
        return x.with_shape((x.shape[0], *(x.shape[d] for d in self.dims)))


class RepeatVector(Layer):
    """Repeats every sample as the steps of a sequence.

    Args:
        n: number of steps.

    Shape:
        (batch, features) -> (batch, n, features).

    Raises:
        ShapeError: the input is not of rank 2.

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).
    """

    n: int = int_field(minimum=0)

    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        self.input_spec = InputSpec(ndim=2, layout="(batch, features)")

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        if x.shape is None or len(x.shape) != 2:
            raise ShapeError(
                f"RepeatVector {self.name!r}: input is {x}; expected rank 2, (batch, features). "
                "Put Flatten() before it."
            )
        return x.with_shape((x.shape[0], self.n, x.shape[1]))
