"""Layers of Keras 1 that Keras 2 kept for old programs only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kir.engine.base_layer import InputSpec as InputSpec
from kir.engine.base_layer import Layer as Layer
from kir.engine.fields import (
    Field,
    activation_field,
    constraint_field,
    field,
    initializer_field,
    int_field,
    regularizer_field,
)
from kir.engine.lowered_call import LoweredCall
from kir.errors import ShapeError
from kir.ir.types import TensorType
from kir.layers.convolutional import Conv1D, Conv2D
from kir.legacy.recurrent import ConvRecurrent2D as ConvRecurrent2D
from kir.legacy.recurrent import Recurrent as Recurrent
from kir.user_warnings import warn_user


class _Dense(Layer):
    """What the dense layers of Keras 1 have in common: weights called W and b."""

    W_regularizer: Any
    b_regularizer: Any
    W_constraint: Any
    b_constraint: Any

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        warn_user(
            f"The layer {type(self).__name__} is deprecated; Keras dropped it after June 2017."
        )
        kwargs["weights"] = given.pop("weights")
        if given["input_dim"]:
            kwargs["input_shape"] = (given["input_dim"],)

    def _after_init(self) -> None:
        self.input_spec = InputSpec(ndim=2)

    def _fan_in(self, x: TensorType) -> int:
        if x.rank != 2 or x.shape[-1] is None:  # type: ignore[index]
            raise ShapeError(
                f"{self._label()}: input is {x}; expected (batch, features) with a known number "
                "of features."
            )
        self.input_spec = InputSpec(shape=(None, x.shape[-1]))  # type: ignore[index]
        return x.shape[-1]  # type: ignore[index,return-value]

    def _weight(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        kind = name[0]
        weight = self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
        )
        setattr(self, name, weight)
        return weight


class MaxoutDense(_Dense):
    """The maximum of several affine maps.

    Args:
        output_dim: size of the result.
        nb_feature: number of maps.
        init: initial values of W; b starts at zero.
        weights: arrays to start from.
        W_regularizer, b_regularizer, activity_regularizer: losses on weights and result.
        W_constraint, b_constraint: applied to the weights after each update.
        bias: whether there is a b.
        input_dim: size of the input, if this is a model's first layer.

    Shape:
        (batch, features) -> (batch, output_dim).

    Weights:
        W (nb_feature, features, output_dim), b (nb_feature, output_dim).

    Reference:
        Goodfellow et al., Maxout Networks, 2013.
        Keras 1.2.2, https://github.com/keras-team/keras/tree/1.2.2.
    """

    output_dim: int = int_field(minimum=1)
    nb_feature: int = int_field(4, minimum=1)
    init: Any = initializer_field("glorot_uniform")
    weights: Any = Field(None, in_config=False)
    W_regularizer: Any = regularizer_field()
    b_regularizer: Any = regularizer_field()
    activity_regularizer: Any = regularizer_field()
    W_constraint: Any = constraint_field()
    b_constraint: Any = constraint_field()
    bias: bool = field(True)
    input_dim: int | None = field(None)

    _config_order = (
        "output_dim",
        "init",
        "nb_feature",
        "W_regularizer",
        "b_regularizer",
        "activity_regularizer",
        "W_constraint",
        "b_constraint",
        "bias",
        "input_dim",
    )
    call = LoweredCall("x")

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        """Declares W and b."""
        yield self._weight(
            "W", (self.nb_feature, self._fan_in(inputs[0]), self.output_dim), self.init
        )
        self.b = None
        if self.bias:
            yield self._weight("b", (self.nb_feature, self.output_dim), "zeros")

    def infer(self, *inputs: TensorType) -> TensorType:
        """The input's type with the last axis changed."""
        return inputs[0].with_last(self.output_dim)


class Highway(_Dense):
    """A dense layer whose gate lets part of the input pass: ``t * f(x @ W + b) + (1 - t) * x``.

    The gate is ``t = sigmoid(x @ W_carry + b_carry)``.

    Args:
        init: initial values of W and W_carry; b starts at zero and b_carry at one.
        activation: name or function f; None is the identity.
        weights: arrays to start from.
        W_regularizer, b_regularizer, activity_regularizer: losses on weights and result.
        W_constraint, b_constraint: applied to the weights after each update.
        bias: whether there are biases.
        input_dim: size of the input, if this is a model's first layer.

    Shape:
        (batch, features) -> same.

    Weights:
        W, W_carry (features, features), b, b_carry (features,).

    Reference:
        Srivastava et al., Highway Networks, 2015.
        Keras 1.2.2, https://github.com/keras-team/keras/tree/1.2.2.
    """

    init: Any = initializer_field("glorot_uniform")
    activation: Any = activation_field()
    weights: Any = Field(None, in_config=False)
    W_regularizer: Any = regularizer_field()
    b_regularizer: Any = regularizer_field()
    activity_regularizer: Any = regularizer_field()
    W_constraint: Any = constraint_field()
    b_constraint: Any = constraint_field()
    bias: bool = field(True)
    input_dim: int | None = field(None)

    call = LoweredCall("x")

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        """Declares the weights of the map and of the gate."""
        size = self._fan_in(inputs[0])
        yield self._weight("W", (size, size), self.init)
        yield self._weight("W_carry", (size, size), self.init)
        self.b = self.b_carry = None
        if self.bias:
            yield self._weight("b", (size,), "zeros")
            yield self._weight("b_carry", (size,), "ones")

    def infer(self, *inputs: TensorType) -> TensorType:
        """The input's type."""
        return inputs[0]


def AtrousConvolution1D(*args: Any, **kwargs: Any) -> Any:  # noqa: N802 - Keras's name
    """A `Conv1D`, with its `dilation_rate` by its old name `atrous_rate`.

    Args:
        *args: those of `Conv1D`, in order.
        **kwargs: those of `Conv1D`, and `atrous_rate`.

    Shape:
        (batch, steps, channels) -> (batch, new_steps, filters).

    Reference:
        Keras 1.2.2, https://github.com/keras-team/keras/tree/1.2.2.
    """
    return _dilated(Conv1D, 1, args, kwargs)


def AtrousConvolution2D(*args: Any, **kwargs: Any) -> Any:  # noqa: N802 - Keras's name
    """A `Conv2D`, with its `dilation_rate` by its old name `atrous_rate`.

    Args:
        *args: those of `Conv2D`, in order.
        **kwargs: those of `Conv2D`, and `atrous_rate`.

    Shape:
        (batch, rows, columns, channels), or with channels first -> (batch, new rows, new columns,
        filters).

    Reference:
        Keras 1.2.2, https://github.com/keras-team/keras/tree/1.2.2.
    """
    return _dilated(Conv2D, (1, 1), args, kwargs)


def _dilated(cls: Any, default: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    kwargs["dilation_rate"] = kwargs.pop("atrous_rate", default)
    warn_user(
        f"The layer Atrous{cls.__name__.replace('Conv', 'Convolution')} is deprecated; use "
        f"{cls.__name__} with dilation_rate={kwargs['dilation_rate']}."
    )
    return cls(*args, **kwargs)


AtrousConv1D = AtrousConvolution1D
AtrousConv2D = AtrousConvolution2D
