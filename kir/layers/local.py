"""Locally connected layers: convolutions with weights of their own at each position."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from kir.engine.base_layer import InputSpec as InputSpec
from kir.engine.base_layer import Layer
from kir.engine.fields import (
    activation_field,
    constraint_field,
    data_format_field,
    field,
    initializer_field,
    int_field,
    ints_field,
    padding_field,
    regularizer_field,
)
from kir.engine.lowered_call import LoweredCall
from kir.errors import ShapeError
from kir.ir.types import TensorType
from kir.layers.spatial import (
    check_image,
    check_sizes,
    image_shape,
    image_spec,
    known_channels,
    spatial_sizes,
)
from kir.utils.conv_utils import conv_output_length

_ARGUMENTS = (
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "data_format",
    "activation",
    "use_bias",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
)


class _LocallyConnected(Layer):
    """What locally connected layers have in common; a class a rank declares its window."""

    filters: int = int_field(minimum=1)
    padding: str = padding_field(("valid",))
    activation: Any = activation_field()
    use_bias: bool = field(True)
    kernel_initializer: Any = initializer_field("glorot_uniform")
    bias_initializer: Any = initializer_field("zeros")
    kernel_regularizer: Any = regularizer_field()
    bias_regularizer: Any = regularizer_field()
    activity_regularizer: Any = regularizer_field()
    kernel_constraint: Any = constraint_field()
    bias_constraint: Any = constraint_field()

    rank: int  # number of spatial axes
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    data_format: str

    @property
    def layout(self) -> str:
        """The order of the axes that the layer works with."""
        return self.data_format

    def _after_init(self) -> None:
        self.input_spec = image_spec(self.rank, self.layout)

    def _positions(self, x: TensorType) -> tuple[int, ...]:
        """The number of window positions along each axis."""
        sizes = spatial_sizes(check_image(self, x, self.rank, self.layout), self.layout)
        windows = zip(sizes, self.kernel_size, self.strides, strict=True)
        found = [conv_output_length(s, window, "valid", stride) for s, window, stride in windows]
        positions = tuple(n for n in found if n is not None)
        if len(positions) != self.rank:
            raise ShapeError(
                "The spatial dimensions of the inputs to a "
                f"{type(self).__name__} layer should be fully-defined, since each position has "
                f"weights of its own, but {self.name!r} received {x}. Give the model's input a "
                "full shape."
            )
        check_sizes(self, x, positions)
        return positions

    def parameters(self, *inputs: TensorType) -> Iterable[Any]:
        (x,) = inputs
        channels = known_channels(self, x, self.rank, self.layout)
        positions = self._positions(x)
        fan_in = math.prod(self.kernel_size) * channels
        yield self.parameter("kernel", (math.prod(positions), fan_in, self.filters))
        if self.use_bias:
            yield self.parameter("bias", (*positions, self.filters))
        else:
            self.bias = None
        self.input_spec = image_spec(self.rank, self.layout, channels)

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        known_channels(self, x, self.rank, self.layout)
        shape = check_image(self, x, self.rank, self.layout)
        return x.with_shape(image_shape(shape[0], self._positions(x), self.filters, self.layout))


class LocallyConnected1D(_LocallyConnected):
    """A convolution over time with a kernel of its own at each step.

    Args:
        filters: number of output channels.
        kernel_size: length of the window, in steps.
        strides: step of the window.
        padding: only `valid`.
        data_format: Keras 2.2: without effect; the input is (batch, steps, channels) always.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: losses on weights and result.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        (batch, steps, channels) -> (batch, new_steps, filters); the steps must be known.

    Weights:
        kernel (new_steps, kernel_size * channels, filters), bias (new_steps, filters).

    Raises:
        ShapeError: the input is not of rank 3, or a size of it is unknown.

    Reference:
        https://keras.io/layers/local (Keras 2.2.4).
    """

    kernel_size: tuple[int] = ints_field(1)
    strides: tuple[int] = ints_field(1, 1)
    data_format: str = data_format_field(in_config=False)

    _argument_order = _ARGUMENTS
    rank = 1
    call = LoweredCall("inputs")

    @property
    def layout(self) -> str:
        return "channels_last"


class LocallyConnected2D(_LocallyConnected):
    """A convolution of images with a kernel of its own at each position.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the window, in pixels; one number for both.
        strides: steps of the window, in pixels.
        padding: only `valid`.
        data_format: `channels_last` (batch, height, width, channels) or `channels_first`
            (batch, channels, height, width); None is `K.image_data_format()`.
        activation: name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: losses on weights and result.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        (batch, height, width, channels) -> (batch, new_height, new_width, filters); height and
        width must be known.

    Weights:
        kernel (new_height * new_width, kernel_height * kernel_width * channels, filters),
        bias (new_height, new_width, filters).

    Raises:
        ShapeError: the input is not of rank 4, or a size of it is unknown.

    Reference:
        https://keras.io/layers/local (Keras 2.2.4).
    """

    kernel_size: tuple[int, int] = ints_field(2)
    strides: tuple[int, int] = ints_field(2, (1, 1))
    data_format: str = data_format_field()

    _argument_order = _ARGUMENTS
    rank = 2
    call = LoweredCall("inputs")
