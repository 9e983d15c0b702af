"""Element-wise functions (and softmax) that layers apply to their output."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kir import backend as K
from kir._later_activations import LATER
from kir.errors import ConfigError, ShapeError
from kir.utils.generic_utils import deserialize_keras_object

if TYPE_CHECKING:
    from kir.engine.base_layer import Layer

__all__ = [
    "Layer",
    "deserialize",
    "elu",
    "exponential",
    "get",
    "hard_sigmoid",
    "linear",
    "relu",
    "selu",
    "serialize",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

# Klambauer et al. 2017, equation 14: zero mean and unit variance are a fixed point.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def __getattr__(name: str) -> Any:
    # Keras programs find `Layer` here; layers import this module, so it cannot import them.
    if name == "Layer":
        from kir.engine.base_layer import Layer

        return Layer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def softmax(x: Any, axis: int = -1) -> Any:
    """Normalised exponentials: ``exp(x) / sum(exp(x))``.

    Args:
        x: a tensor.
        axis: the axis over which the results sum to 1. Keras 2.2: ignored for two axes, where it
            is always the last one.

    Shape:
        `x` of rank 2 or more -> the same shape; dtype: same as `x`.

    Raises:
        ShapeError: `x` has fewer than two axes.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    rank = K.ndim(x)
    if rank is not None and rank < 2:
        raise ShapeError(f"Cannot apply softmax to a tensor of {rank} axes; expected 2 or more.")
    if rank == 2:
        return K.softmax(x)
    # Less the maximum, so that no exponential overflows.
    exponentials = K.exp(x - K.max(x, axis=axis, keepdims=True))
    return exponentials / K.sum(exponentials, axis=axis, keepdims=True)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: `x` where positive, else ``alpha * (exp(x) - 1)``.

    Args:
        x: a tensor or variable.
        alpha: the scale of the negative part: the result tends to ``-alpha``.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        Clevert et al., Fast and Accurate Deep Network Learning by ELUs, 2015.
    """
    return K.elu(x, alpha)


def selu(x: Any) -> Any:
    """Scaled exponential linear unit: ``scale * elu(x, alpha)`` with two fixed constants.

    To be used with the initializer ``lecun_normal`` and with AlphaDropout.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """
    return _SELU_SCALE * K.elu(x, _SELU_ALPHA)


def softplus(x: Any) -> Any:
    """Smooth rectifier: ``log(exp(x) + 1)``.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    return K.softplus(x)


def softsign(x: Any) -> Any:
    """``x / (|x| + 1)``, between -1 and 1.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    return K.softsign(x)


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Rectified linear unit.

    ``max_value`` from there on, `x` between `threshold` and `max_value`, and below the threshold
    ``alpha * (x - threshold)``.

    Args:
        x: a tensor.
        alpha: the slope below the threshold.
        max_value: the largest result; None for no bound.
        threshold: where the linear part begins.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    return K.relu(x, alpha=alpha, max_value=max_value, threshold=threshold)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent, between -1 and 1.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    return K.tanh(x)


def sigmoid(x: Any) -> Any:
    """Logistic function: ``1 / (1 + exp(-x))``, between 0 and 1.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    return K.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """Piecewise linear approximation of the sigmoid: ``clip(0.2 * x + 0.5, 0, 1)``.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    return K.hard_sigmoid(x)


def exponential(x: Any) -> Any:
    """Exponential function: ``exp(x)``.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    return K.exp(x)


def linear(x: Any) -> Any:
    """The identity: returns `x`.

    Args:
        x: a tensor or variable.

    Shape:
        `x` and result: any shape; dtype: same as `x`.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    return x


_BY_NAME = {
    function.__name__: function
    for function in (
        elu,
        exponential,
        hard_sigmoid,
        linear,
        relu,
        selu,
        sigmoid,
        softmax,
        softplus,
        softsign,
        tanh,
    )
} | LATER


def serialize(activation: Any) -> Any:
    """What a configuration says for an activation: the function's name.

    Args:
        activation: a function with a name.

    Raises:
        ConfigError: it has no name.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    name = getattr(activation, "__name__", None)
    if name is None:
        raise ConfigError(
            f"Cannot serialize the activation {activation!r}: it has no name. Use a function, or "
            "a layer of its own."
        )
    return name


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The activation that a configuration names.

    Args:
        name: the function's name.
        custom_objects: your own functions by name; default those of the enclosing
            `custom_object_scope`s.

    Raises:
        ConfigError: the name is unknown.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    return deserialize_keras_object(name, _BY_NAME, custom_objects, "activation function")


def get(identifier: Any) -> Any:
    """An activation by name, or as it is; None stands for `linear`.

    Args:
        identifier: a name, a function ``(x) -> y``, a layer, or None for `linear`.

    Raises:
        ConfigError: the name is unknown, or `identifier` is of another type.

    Reference:
        https://keras.io/activations (Keras 2.2.4).
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return deserialize(identifier)
    if callable(identifier):
        if hasattr(identifier, "get_config") and hasattr(identifier, "call"):
            warnings.warn(
                f"The layer {getattr(identifier, 'name', identifier)!r} is given as another "
                "layer's activation, and its weights and config are not part of the model; add it "
                "as a layer of its own.",
                stacklevel=2,
            )
        return identifier
    raise ConfigError(
        f"Could not interpret activation function identifier: {identifier!r} "
        f"({type(identifier).__name__}); expected a name, a function or None."
    )
