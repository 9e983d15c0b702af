"""Convolutions that treat each channel on its own, and those that then mix the channels."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from kir.engine.fields import (
    constraint_field,
    data_format_field,
    initializer_field,
    int_field,
    ints_field,
    regularizer_field,
)
from kir.engine.lowered_call import LoweredCall
from kir.errors import ConfigError
from kir.ir.types import TensorType
from kir.layers.convolutional.conv import CONV_ARGUMENTS, PAIR, Conv2D, _Conv

Sizes = tuple[int | None, ...]

_SEPARABLE_ARGUMENTS = (
    *CONV_ARGUMENTS[:6],
    "depth_multiplier",
    "activation",
    "use_bias",
    "depthwise_initializer",
    "pointwise_initializer",
    "bias_initializer",
    "depthwise_regularizer",
    "pointwise_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "depthwise_constraint",
    "pointwise_constraint",
    "bias_constraint",
)
_KERNEL_ARGUMENTS = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
# The keys of a plain convolution without those of its kernel.
_PLAIN_KEYS = tuple(name for name in CONV_ARGUMENTS if name not in _KERNEL_ARGUMENTS)


def _check_strides(layer: Any) -> None:
    """TensorFlow's depthwise kernels take one stride for both axes; Keras failed when it ran."""
    if len(set(layer.strides)) > 1:
        raise ConfigError(
            f"{layer._label()}: strides are {layer.strides}; expected the same number for both "
            "axes, as depthwise convolutions need."
        )


def _drop_kernel_arguments(layer: Any, kwargs: dict[str, Any]) -> None:
    """Keras 2.2: the arguments of the kernel that the layer does not have are taken, unused."""
    for name in _KERNEL_ARGUMENTS:
        if kwargs.pop(name, None) is not None:
            warnings.warn(
                f"{type(layer).__name__} has no kernel, so `{name}` is ignored. Give "
                f"`{name.replace('kernel', 'depthwise')}` instead.",
                stacklevel=5,
            )


class _SeparableConv(_Conv):
    """What separable convolutions have in common."""

    depth_multiplier: int = int_field(1, minimum=1)
    depthwise_initializer: Any = initializer_field("glorot_uniform")
    pointwise_initializer: Any = initializer_field("glorot_uniform")
    depthwise_regularizer: Any = regularizer_field()
    pointwise_regularizer: Any = regularizer_field()
    depthwise_constraint: Any = constraint_field()
    pointwise_constraint: Any = constraint_field()
    kernel_initializer = kernel_regularizer = kernel_constraint = None

    _config_order = (
        *_PLAIN_KEYS,
        "depth_multiplier",
        "depthwise_initializer",
        "pointwise_initializer",
        "depthwise_regularizer",
        "pointwise_regularizer",
        "depthwise_constraint",
        "pointwise_constraint",
    )

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        _drop_kernel_arguments(self, kwargs)

    def _kernels(self, channels: int) -> Iterable[Any]:
        depth = self.depth_multiplier
        yield self.parameter(
            "depthwise_kernel", (*self.kernel_size, channels, depth), fields="depthwise"
        )
        ones = (1,) * self.rank
        yield self.parameter(
            "pointwise_kernel", (*ones, channels * depth, self.filters), fields="pointwise"
        )

    def _result_sizes(self, x: TensorType, sizes: Sizes) -> Sizes:
        _check_strides(self)
        return super()._result_sizes(x, sizes)


class SeparableConv1D(_SeparableConv):
    """A convolution of each channel over time, then a mixing of the channels at each step.

    Args:
        filters: number of output channels.
        kernel_size: length of the window, in steps.
        strides: step of the window.
        padding: `valid` (no padding) or `same` (the length is kept where strides are 1).
        data_format: `channels_last` (batch, steps, channels) or `channels_first`
            (batch, channels, steps).
        dilation_rate: distance between the window's taps, in steps; not together with strides.
        depth_multiplier: number of results of each channel's convolution.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        depthwise_initializer, pointwise_initializer, bias_initializer: initial values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer:
            losses on weights and result.
        depthwise_constraint, pointwise_constraint, bias_constraint: applied to the weights after
            each update.

    Shape:
        (batch, steps, channels) -> (batch, new_steps, filters).

    Weights:
        depthwise_kernel (kernel_size, channels, depth_multiplier), pointwise_kernel
        (1, channels * depth_multiplier, filters), bias (filters,).

    Raises:
        ShapeError: the input is not of rank 3, or its channels are unknown.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    kernel_size: tuple[int] = ints_field(1)
    strides: tuple[int] = ints_field(1, 1)
    data_format: str = data_format_field("channels_last")
    dilation_rate: tuple[int] = ints_field(1, 1)

    _argument_order = _SEPARABLE_ARGUMENTS
    rank = 1
    call = LoweredCall("inputs")


class SeparableConv2D(_SeparableConv):
    """A convolution of each channel on its own, then a mixing of the channels at each pixel.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the window, in pixels; one number for both.
        strides: step of the window, the same along both axes.
        padding: `valid` (no padding) or `same` (the size is kept where strides are 1).
        data_format: `channels_last` (batch, height, width, channels) or `channels_first`
            (batch, channels, height, width); None is `K.image_data_format()`.
        dilation_rate: distance between the window's taps, in pixels; not together with strides.
        depth_multiplier: number of results of each channel's convolution.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        depthwise_initializer, pointwise_initializer, bias_initializer: initial values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer:
            losses on weights and result.
        depthwise_constraint, pointwise_constraint, bias_constraint: applied to the weights after
            each update.

    Shape:
        (batch, height, width, channels) -> (batch, new_height, new_width, filters).

    Weights:
        depthwise_kernel (*kernel_size, channels, depth_multiplier), pointwise_kernel
        (1, 1, channels * depth_multiplier, filters), bias (filters,).

    Raises:
        ShapeError: the input is not of rank 4, or its channels are unknown.

    Reference:
        Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2017.
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    kernel_size: tuple[int, int] = ints_field(2)
    strides: tuple[int, int] = ints_field(2, PAIR)
    data_format: str = data_format_field()
    dilation_rate: tuple[int, int] = ints_field(2, PAIR)

    _argument_order = _SEPARABLE_ARGUMENTS
    rank = 2
    call = LoweredCall("inputs")


class DepthwiseConv2D(Conv2D):
    """A convolution of each channel on its own: the first half of a separable convolution.

    Args:
        kernel_size: height and width of the window, in pixels; one number for both.
        strides: step of the window, the same along both axes.
        padding: `valid` (no padding) or `same` (the size is kept where strides are 1).
        depth_multiplier: number of results of each channel's convolution.
        data_format: `channels_last` (batch, height, width, channels) or `channels_first`
            (batch, channels, height, width); None is `K.image_data_format()`.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        depthwise_initializer, bias_initializer: initial values.
        depthwise_regularizer, bias_regularizer, activity_regularizer: losses on weights and
            result.
        depthwise_constraint, bias_constraint: applied to the weights after each update.
        dilation_rate: distance between the window's taps, in pixels; not together with strides.

    Shape:
        (batch, height, width, channels) -> (batch, new_height, new_width,
        channels * depth_multiplier).

    Weights:
        depthwise_kernel (*kernel_size, channels, depth_multiplier), bias
        (channels * depth_multiplier,).

    Raises:
        ShapeError: the input is not of rank 4, or its channels are unknown.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    depth_multiplier: int = int_field(1, minimum=1)
    depthwise_initializer: Any = initializer_field("glorot_uniform")
    depthwise_regularizer: Any = regularizer_field()
    depthwise_constraint: Any = constraint_field()
    filters = kernel_initializer = kernel_regularizer = kernel_constraint = None

    _argument_order = (
        "kernel_size",
        "strides",
        "padding",
        "depth_multiplier",
        "data_format",
        "activation",
        "use_bias",
        "depthwise_initializer",
        "bias_initializer",
        "depthwise_regularizer",
        "bias_regularizer",
        "activity_regularizer",
        "depthwise_constraint",
        "bias_constraint",
        "dilation_rate",  # Keras 2.2: not in the signature, but in the config and accepted
    )
    _config_order = (
        *_PLAIN_KEYS[1:],
        "depth_multiplier",
        "depthwise_initializer",
        "depthwise_regularizer",
        "depthwise_constraint",
    )
    call = LoweredCall("inputs", training=None)

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        _drop_kernel_arguments(self, kwargs)

    def _kernels(self, channels: int) -> Iterable[Any]:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        yield self.parameter("depthwise_kernel", shape, fields="depthwise")

    def _result_channels(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def _result_sizes(self, x: TensorType, sizes: Sizes) -> Sizes:
        _check_strides(self)
        return super()._result_sizes(x, sizes)
