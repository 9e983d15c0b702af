"""Core layers: Dense, Activation, Dropout, Flatten, Reshape, Masking."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from kir import backend as K
from kir.engine.base_layer import Layer, LoweredCall
from kir.engine.fields import (
    REQUIRED,
    activation_field,
    constraint_field,
    data_format_field,
    field,
    fraction_field,
    initializer_field,
    int_field,
    regularizer_field,
)
from kir.engine.input_spec import InputSpec
from kir.errors import ConfigError, ShapeError, UnknownSizeError
from kir.initializers.draws import draw_seed
from kir.ir.types import Shape, TensorType


class Dense(Layer):
    """Affine map of the last axis: ``y = activation(x @ kernel + bias)``.

    Args:
        units: size of the result's last axis.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: losses on weights and result.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        (batch, ..., fan_in) -> (batch, ..., units); rank 2 at least.

    Weights:
        kernel (fan_in, units), bias (units,).

    Raises:
        ShapeError: the last axis of the input is unknown.
    """

    units: int = int_field(minimum=1)
    activation: Any = activation_field()
    use_bias: bool = field(True)
    kernel_initializer: Any = initializer_field("glorot_uniform")
    bias_initializer: Any = initializer_field("zeros")
    kernel_regularizer: Any = regularizer_field()
    bias_regularizer: Any = regularizer_field()
    activity_regularizer: Any = regularizer_field()
    kernel_constraint: Any = constraint_field()
    bias_constraint: Any = constraint_field()

    supports_masking = True
    call = LoweredCall("inputs")

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        input_dim_as_shape(kwargs)

    def _after_init(self) -> None:
        self.input_spec = InputSpec(min_ndim=2)

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        (x,) = inputs
        yield self.parameter("kernel", (self._fan_in(x), self.units))
        if self.use_bias:
            yield self.parameter("bias", (self.units,))
        else:
            self.bias = None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: x.shape[-1]})  # type: ignore[index]

    def _fan_in(self, x: TensorType) -> int:
        if x.rank is None or x.rank < 2 or x.shape[-1] is None:  # type: ignore[index]
            raise UnknownSizeError(
                f"Dense {self.name!r}: input is {x}; expected rank 2 at least and a known last "
                "axis. Set input_shape on the first layer, or add Flatten()."
            )
        return x.shape[-1]  # type: ignore[index,return-value]

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        self._fan_in(x)
        return x.with_last(self.units)


def input_dim_as_shape(kwargs: dict[str, Any]) -> None:
    """Keras's shorthand `input_dim=n` for `input_shape=(n,)`."""
    if "input_dim" in kwargs:
        size = kwargs.pop("input_dim")
        kwargs.setdefault("input_shape", (size,))


class Activation(Layer):
    """An element-wise function (softmax: along the last axis).

    Args:
        activation: name or function.

    Shape:
        any -> same.
    """

    activation: Any = activation_field(REQUIRED)

    supports_masking = True
    call = LoweredCall("inputs")

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]


class Dropout(Layer):
    """In training, sets a random fraction of the input to 0 and scales the rest by 1/(1 - rate).

    Args:
        rate: fraction of the input that is dropped, between 0 and 1.
        noise_shape: shape of the random mask, with None or 1 where it is shared along an axis;
            None is the input's shape.
        seed: seed of this layer's random numbers.

    Shape:
        any -> same.

    Reference: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from
        Overfitting, 2014.
    """

    rate: float = fraction_field()
    noise_shape: Any = field(None)
    seed: int | None = field(None)

    supports_masking = True
    call = LoweredCall("inputs", training=None)

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]

    def varies_with_phase(self) -> bool:
        return 0.0 < self.rate < 1.0

    def draw_seeds(self) -> tuple[int, ...]:
        if not self.varies_with_phase():
            return ()
        return (draw_seed(self.seed),)


class Flatten(Layer):
    """Flattens all axes but the batch.

    Args:
        data_format: `channels_first` moves the channels last before flattening, so that weights
            fit both formats; None is `K.image_data_format()`.

    Shape:
        (batch, ...) -> (batch, product of the rest); rank 3 at least.
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
                f"Flatten {self.name!r}: input is {x}; expected known sizes on every axis but "
                "the first. Give the model's input a full shape, or use a global pooling layer."
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
    """

    target_shape: Any = field()

    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        self.target_shape = tuple(self.target_shape)
        if self.target_shape.count(-1) > 1:
            raise ConfigError(
                f"Reshape {self.name!r}: target_shape is {self.target_shape}; only one size may "
                "be -1."
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
                f"Reshape {self.name!r}: a sample of shape {sizes} has {total} elements; expected "
                f"a target_shape of as many, got {self.target_shape}."
            )
        return tuple(numpy_product(sizes) // known if s == -1 else s for s in self.target_shape)


class Masking(Layer):
    """Marks the time steps whose features all equal `mask_value` as absent.

    Args:
        mask_value: the number that stands for "absent"; such steps are also set to 0.

    Shape:
        (batch, timesteps, features) -> same; the mask is (batch, timesteps).
    """

    mask_value: float = field(0.0)

    supports_masking = True
    call = LoweredCall("inputs")

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return K.any(K.not_equal(inputs, self.mask_value), axis=-1)
