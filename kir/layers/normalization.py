"""Batch normalization."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kir import backend as K
from kir.engine.base_layer import Layer
from kir.engine.fields import (
    constraint_field,
    field,
    initializer_field,
    int_field,
    regularizer_field,
)
from kir.engine.input_spec import InputSpec
from kir.engine.lowered_call import LoweredCall
from kir.engine.tensor import Tensor
from kir.errors import ShapeError
from kir.ir.types import TensorType


class BatchNormalization(Layer):
    """Normalizes each channel: ``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta``.

    In training, mean and variance are the batch's; at inference, moving averages of them. As in
    Keras 2.2.4 on TensorFlow the moving averages are free of their initial value's bias: after the
    first training batch the moving mean *is* the batch mean, so that values from `set_weights` or
    a file are replaced, not averaged with, as soon as training goes on.

    Args:
        axis: the axis that is kept (channels); the mean is over all others.
        momentum: how much of the moving averages each step keeps, a fraction of 1.
        epsilon: added to the variance.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer: initial values of the weights.
        moving_mean_initializer, moving_variance_initializer: initial values of the averages.
        beta_regularizer, gamma_regularizer: losses on the weights.
        beta_constraint, gamma_constraint: applied to the weights after each update.

    Shape:
        any of rank 2 at least -> same.

    Weights:
        gamma, beta, moving_mean, moving_variance, each (channels,).

    Raises:
        ShapeError: the size of `axis` is unknown.

    Reference:
        Ioffe and Szegedy, Batch Normalization, 2015. As in Keras 2.2.4, the moving variance is N/(N
        - 1 - epsilon) times the batch variance, N being the number of values a channel, and with
        channels last in four dimensions another N/(N - 1) times.
        https://keras.io/layers/normalization (Keras 2.2.4).
    """

    axis: int = int_field(-1)
    momentum: float = field(0.99)
    epsilon: float = field(1e-3)
    center: bool = field(True)
    scale: bool = field(True)
    beta_initializer: Any = initializer_field("zeros")
    gamma_initializer: Any = initializer_field("ones")
    moving_mean_initializer: Any = initializer_field("zeros")
    moving_variance_initializer: Any = initializer_field("ones")
    beta_regularizer: Any = regularizer_field()
    gamma_regularizer: Any = regularizer_field()
    beta_constraint: Any = constraint_field()
    gamma_constraint: Any = constraint_field()

    supports_masking = True
    call = LoweredCall("inputs", training=None)

    def _channels(self, x: TensorType) -> int:
        if x.rank is None or not -x.rank <= self.axis < x.rank:
            raise ShapeError(
                f"BatchNormalization {self.name!r}: input is {x}; expected an axis {self.axis}."
            )
        size = x.shape[self.axis]  # type: ignore[index]
        if size is None:
            raise ShapeError(
                f"BatchNormalization {self.name!r}: Axis {self.axis} of input tensor should have a "
                "defined dimension but the layer received an input with shape "
                f"{x.shape}. Give the model's input a full shape, or choose another axis."
            )
        return size

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        (x,) = inputs
        size = self._channels(x)
        self.input_spec = InputSpec(ndim=x.rank, axes={self.axis: size})
        self.gamma = self.beta = None
        if self.scale:
            yield self.parameter("gamma", (size,))
        if self.center:
            yield self.parameter("beta", (size,))
        yield self.parameter("moving_mean", (size,), trainable=False)
        yield self.parameter("moving_variance", (size,), trainable=False)

    def infer(self, *inputs: TensorType) -> TensorType:
        self._channels(inputs[0])
        return inputs[0]

    def internal_types(self, *inputs: TensorType) -> list[TensorType]:
        """The batch statistics that the moving averages are updated with."""
        (x,) = inputs
        statistics = TensorType(x.dtype, (self._channels(x),))
        return [statistics, statistics]

    def varies_with_phase(self) -> bool:
        return True

    def node_updates(self, node: Any) -> list[Any]:
        training = node.arguments.get("training")
        if training is not None and not isinstance(training, Tensor) and not training:
            return []  # a call with training=False never updates
        _, mean, variance = node.outputs
        return [
            K.moving_average_update(self.moving_mean, mean, self.momentum),
            K.moving_average_update(self.moving_variance, variance, self.momentum),
        ]
