"""The axes of sequences, images and volumes: what layers over them share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kir.engine.base_layer import Layer
from kir.engine.input_spec import InputSpec, expected_rank
from kir.errors import ShapeError
from kir.ir.types import Shape, TensorType

AXES = {1: "steps", 2: "height, width", 3: "depth, height, width"}


def channel_axis(data_format: str) -> int:
    """The number of the axis with the channels."""
    return 1 if data_format == "channels_first" else -1


def spatial_sizes(shape: Shape, data_format: str) -> Shape:
    """The sizes of the axes between batch and channels, or after them."""
    return shape[2:] if data_format == "channels_first" else shape[1:-1]


def image_shape(
    batch: int | None, sizes: Iterable[int | None], channels: int | None, data_format: str
) -> Shape:
    """The shape that has these sizes."""
    if data_format == "channels_first":
        return (batch, channels, *sizes)
    return (batch, *sizes, channels)


def layout(rank: int, data_format: str) -> str:
    """The axes of an input with `rank` spatial axes, in words."""
    if data_format == "channels_first":
        return f"(batch, channels, {AXES[rank]})"
    return f"(batch, {AXES[rank]}, channels)"


def image_spec(rank: int, data_format: str, channels: int | None = None) -> InputSpec:
    """What an input with `rank` spatial axes has to be."""
    axes = {channel_axis(data_format): channels}
    return InputSpec(ndim=rank + 2, axes=axes, layout=layout(rank, data_format))


def check_image(layer: Layer, x: TensorType, rank: int, data_format: str) -> Shape:
    """The shape of `x`.

    Raises:
        ShapeError: it has not `rank` spatial axes.
    """
    if x.shape is None or len(x.shape) != rank + 2:
        expected = expected_rank(rank + 2, layout(rank, data_format), x.shape or ())
        raise ShapeError(
            f"{type(layer).__name__} {layer.name!r}: input is {x}; expected {expected}."
        )
    return x.shape


def known_channels(layer: Layer, x: TensorType, rank: int, data_format: str) -> int:
    """The number of channels of `x`.

    Raises:
        ShapeError: it is unknown, or `x` has not `rank` spatial axes.
    """
    axis = channel_axis(data_format)
    channels = check_image(layer, x, rank, data_format)[axis]
    if channels is None:
        raise ShapeError(
            f"{type(layer).__name__} {layer.name!r}: The channel dimension of the inputs should be "
            f"defined. Found `None` on axis {axis} of {x} ({data_format}). Give the model's input "
            "a full shape."
        )
    return channels


def check_sizes(layer: Layer, x: TensorType, sizes: Sequence[int | None]) -> None:
    """A window that is larger than its input leaves nothing: Keras and TensorFlow refuse it."""
    if any(s is not None and s <= 0 for s in sizes):
        raise ShapeError(
            f"{type(layer).__name__} {layer.name!r}: input is {x}; its window does not fit: the "
            f"result would have the sizes {tuple(sizes)}. Use a smaller window, padding='same', "
            "or a larger input."
        )
