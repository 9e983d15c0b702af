"""Layers that add, cut off or repeat rows and columns."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kir.engine.base_layer import Layer
from kir.engine.fields import Field, choice_field, data_format_field, int_tuple, ints_field
from kir.engine.lowered_call import LoweredCall
from kir.errors import ConfigError
from kir.ir.types import TensorType
from kir.layers.convolutional.conv import PAIR, TRIPLE
from kir.layers.spatial import (
    channel_axis,
    check_image,
    image_shape,
    image_spec,
    spatial_sizes,
)

Sides = tuple[int, int]

_ZEROS = (0, 0)


class _Resizing(Layer):
    """What layers have in common that change the sizes of the spatial axes, each on its own."""

    rank: int  # number of spatial axes
    data_format: str = "channels_last"

    def _after_init(self) -> None:
        self.input_spec = image_spec(self.rank, self.data_format)

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        shape = check_image(self, x, self.rank, self.data_format)
        sizes = [
            None if size is None else self._resized(size, axis)
            for axis, size in enumerate(spatial_sizes(shape, self.data_format))
        ]
        channels = shape[channel_axis(self.data_format)]
        return x.with_shape(image_shape(shape[0], sizes, channels, self.data_format))

    def _resized(self, size: int, axis: int) -> int:
        """The result's size along the spatial axis `axis`."""
        raise NotImplementedError


def _sides_field(rank: int, default: Any, one_pair: bool = False) -> Any:
    """A pair (before, after) for each axis, or for the only one.

    A number stands for equal pairs, which are one object if `one_pair` (YAML shows that as
    aliases). With several axes a number in the place of a pair stands for an equal one too.
    """

    def convert(name: str, value: Any) -> Any:
        if rank == 1:
            return int_tuple(name, value, 2, minimum=0)
        if isinstance(value, int | np.integer):
            pairs = [(int(value), int(value)) for _ in range(rank)]
            return tuple(pairs[:1] * rank if one_pair else pairs)
        if not hasattr(value, "__len__") or len(value) != rank:
            count = {2: "two"}.get(rank, str(rank))
            raise ConfigError(
                f"`{name}` should have {count} elements. Found: {value}. Expected a whole number, "
                f"or for each of the {rank} axes a whole number or a pair (before, after)."
            )
        return tuple(int_tuple(name, sides, 2, minimum=0) for sides in value)

    return Field(default, convert)


class _ZeroPadding(_Resizing):
    """What zero padding has in common; `padding` is a pair for each axis."""

    padding: Any

    def _resized(self, size: int, axis: int) -> int:
        return size + sum(self.padding[axis] if self.rank > 1 else self.padding)


class ZeroPadding1D(_ZeroPadding):
    """Adds steps of zeros before and after sequences.

    Args:
        padding: steps on both sides, or (before, after).

    Shape:
        (batch, steps, channels) -> (batch, steps + before + after, channels).

    Raises:
        ShapeError: the input is not of rank 3.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    padding: Sides = _sides_field(1, 1)

    rank = 1
    call = LoweredCall("inputs")


class ZeroPadding2D(_ZeroPadding):
    """Adds rows and columns of zeros around images.

    Args:
        padding: pixels on every side; or (rows, columns); or ((top, bottom), (left, right)).
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, height, width, channels) -> (batch, height + top + bottom, width + left + right,
        channels).

    Raises:
        ShapeError: the input is not of rank 4.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    padding: tuple[Sides, Sides] = _sides_field(2, PAIR)
    data_format: str = data_format_field()

    rank = 2
    call = LoweredCall("inputs")


class ZeroPadding3D(_ZeroPadding):
    """Adds zeros around volumes.

    Args:
        padding: on every side; or one number for each axis; or a pair (before, after) for each.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, depth, height, width, channels) -> the same with larger depth, height and width.

    Raises:
        ShapeError: the input is not of rank 5.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    padding: tuple[Sides, Sides, Sides] = _sides_field(3, TRIPLE, one_pair=True)
    data_format: str = data_format_field()

    rank = 3
    call = LoweredCall("inputs")


class _Cropping(_Resizing):
    """What cropping has in common; `cropping` is a pair for each axis."""

    cropping: Any

    def _resized(self, size: int, axis: int) -> int:
        lost = sum(self.cropping[axis] if self.rank > 1 else self.cropping)
        if lost >= size > 0:
            # Keras 2.2 accepts this, and the result is empty.
            warnings.warn(
                f"{self._label()}: cropping {self.cropping} takes {lost} of the {size} positions "
                f"of spatial axis {axis}; nothing is left.",
                stacklevel=5,
            )
        return max(size - lost, 0)


class Cropping1D(_Cropping):
    """Cuts off steps at the beginning and the end of sequences.

    Args:
        cropping: steps on both sides, or (at the beginning, at the end).

    Shape:
        (batch, steps, channels) -> (batch, fewer_steps, channels).

    Raises:
        ShapeError: the input is not of rank 3.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    cropping: Sides = _sides_field(1, PAIR)

    rank = 1
    call = LoweredCall("inputs")


class Cropping2D(_Cropping):
    """Cuts off rows and columns at the edges of images.

    Args:
        cropping: pixels on every side; or (rows, columns); or ((top, bottom), (left, right)).
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, height, width, channels) -> (batch, height - top - bottom, width - left - right,
        channels).

    Raises:
        ShapeError: the input is not of rank 4.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    cropping: tuple[Sides, Sides] = _sides_field(2, (_ZEROS, _ZEROS))
    data_format: str = data_format_field()

    rank = 2
    call = LoweredCall("inputs")


class Cropping3D(_Cropping):
    """Cuts off the edges of volumes.

    Args:
        cropping: on every side; or one number for each axis; or a pair (before, after) for each.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, depth, height, width, channels) -> the same with smaller depth, height and width.

    Raises:
        ShapeError: the input is not of rank 5.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    cropping: tuple[Sides, Sides, Sides] = _sides_field(3, (PAIR, PAIR, PAIR))
    data_format: str = data_format_field()

    rank = 3
    call = LoweredCall("inputs")


class _UpSampling(_Resizing):
    """What up-sampling has in common; `size` is a factor for each axis."""

    size: Any

    def _resized(self, size: int, axis: int) -> int:
        return size * self.size[axis]


class UpSampling1D(_UpSampling):
    """Repeats each step.

    Args:
        size: how many times.

    Shape:
        (batch, steps, channels) -> (batch, steps * size, channels).

    Raises:
        ShapeError: the input is not of rank 3.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    size: tuple[int] = Field(  # type: ignore[assignment]
        2,
        lambda name, value: int_tuple(name, value, 1),
        lambda size: size[0],  # Keras 2.2: kept as a tuple, but a number in the config
    )

    rank = 1
    call = LoweredCall("inputs")


class UpSampling2D(_UpSampling):
    """Enlarges images by whole factors.

    Args:
        size: factors of height and width; one number for both.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.
        interpolation: `nearest` (repeats rows and columns) or `bilinear`.

    Shape:
        (batch, height, width, channels) -> (batch, height * size[0], width * size[1], channels).

    Raises:
        ShapeError: the input is not of rank 4.

    Reference:
        as in Keras 2.2.4, `bilinear` puts the corners of pixels, not their centres, at whole
        numbers.
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    size: tuple[int, int] = ints_field(2, (2, 2))
    data_format: str = data_format_field()
    interpolation: str = choice_field("nearest", ("nearest", "bilinear"))

    rank = 2
    call = LoweredCall("inputs")


class UpSampling3D(_UpSampling):
    """Repeats the elements of volumes along each axis.

    Args:
        size: factors of depth, height and width; one number for all.
        data_format: `channels_last` or `channels_first`; None is `K.image_data_format()`.

    Shape:
        (batch, depth, height, width, channels) -> the same with larger depth, height and width.

    Raises:
        ShapeError: the input is not of rank 5.

    Reference:
        https://keras.io/layers/convolutional (Keras 2.2.4).
    """

    size: tuple[int, int, int] = ints_field(3, (2, 2, 2))
    data_format: str = data_format_field()

    rank = 3
    call = LoweredCall("inputs")
