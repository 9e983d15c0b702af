"""Core layers: Dense, Activation, Masking, ActivityRegularization, and those of two more files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kir import backend as K
from kir import regularizers
from kir.engine.base_layer import InputSpec as InputSpec
from kir.engine.base_layer import Layer
from kir.engine.fields import (
    REQUIRED,
    activation_field,
    constraint_field,
    field,
    initializer_field,
    int_field,
    regularizer_field,
)
from kir.engine.lowered_call import LoweredCall
from kir.errors import UnknownSizeError
from kir.ir.types import TensorType
from kir.layers.dropout import Dropout as Dropout
from kir.layers.dropout import SpatialDropout1D as SpatialDropout1D
from kir.layers.dropout import SpatialDropout2D as SpatialDropout2D
from kir.layers.dropout import SpatialDropout3D as SpatialDropout3D
from kir.layers.lambda_layer import Lambda as Lambda
from kir.layers.reshaping import Flatten as Flatten
from kir.layers.reshaping import Permute as Permute
from kir.layers.reshaping import RepeatVector as RepeatVector
from kir.layers.reshaping import Reshape as Reshape


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

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).
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

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).
    """

    activation: Any = activation_field(REQUIRED)

    supports_masking = True
    call = LoweredCall("inputs")

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]


class Masking(Layer):
    """Marks the time steps whose features all equal `mask_value` as absent.

    Args:
        mask_value: the number that stands for "absent"; such steps are also set to 0.

    Shape:
        (batch, timesteps, features) -> same; the mask is (batch, timesteps).

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).
    """

    mask_value: float = field(0.0)

    supports_masking = True
    call = LoweredCall("inputs")

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return K.any(K.not_equal(inputs, self.mask_value), axis=-1)


class ActivityRegularization(Layer):
    """Passes its input on and adds ``l1 * sum(|x|) + l2 * sum(x ** 2)`` to the losses.

    Args:
        l1, l2: factors of the two sums.

    Shape:
        any -> same.

    Reference:
        https://keras.io/layers/core (Keras 2.2.4).
    """

    l1: float = field(0.0)
    l2: float = field(0.0)

    supports_masking = True
    call = LoweredCall("inputs")

    def _after_init(self) -> None:
        self.activity_regularizer = regularizers.L1L2(l1=self.l1, l2=self.l2)

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]
