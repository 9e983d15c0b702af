"""What the Inception networks are made of: branches of convolutions, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from kir import layers
from kir.applications._building import channel_axis

# A convolution is (filters, kernel height, kernel width), with an "s" after it if it has stride 2
# and no padding; otherwise a step is a kind of pooling.
Step = tuple[Any, ...] | Literal["avg", "max"]
Branch = tuple[Step, ...]


def convolved(
    x: Any,
    filters: int,
    rows: int,
    columns: int,
    *,
    padding: str = "same",
    strides: tuple[int, int] = (1, 1),
    name: str | None = None,
) -> Any:
    """A convolution, normalised, and its activation."""
    norm, activation = (None, None) if name is None else (f"{name}_bn", f"{name}_ac")
    x = layers.Conv2D(
        filters, (rows, columns), strides=strides, padding=padding, use_bias=False, name=name
    )(x)
    x = layers.BatchNormalization(axis=channel_axis(), scale=False, name=norm)(x)
    return layers.Activation("relu", name=activation)(x)


def stem(x: Any) -> Any:
    """The beginning, which the networks have in common: an eighth of the size, 192 channels."""
    x = convolved(x, 32, 3, 3, strides=(2, 2), padding="valid")
    x = convolved(x, 32, 3, 3, padding="valid")
    x = convolved(x, 64, 3, 3)
    x = layers.MaxPooling2D((3, 3), strides=(2, 2))(x)
    x = convolved(x, 80, 1, 1, padding="valid")
    x = convolved(x, 192, 3, 3, padding="valid")
    return layers.MaxPooling2D((3, 3), strides=(2, 2))(x)


def chain(x: Any, branch: Branch) -> Any:
    """One branch: its steps, one after the other."""
    for step in branch:
        if step == "avg":
            x = layers.AveragePooling2D((3, 3), strides=(1, 1), padding="same")(x)
        elif step == "max":
            x = layers.MaxPooling2D((3, 3), strides=(2, 2))(x)
        elif step[3:]:
            x = convolved(x, *step[:3], strides=(2, 2), padding="valid")
        else:
            x = convolved(x, *step)
    return x


def concatenated(tensors: list[Any], name: str | None = None) -> Any:
    """Tensors side by side, along the channels."""
    return layers.concatenate(tensors, axis=channel_axis(), name=name)


def mixed(x: Any, branches: Iterable[Branch], name: str) -> Any:
    """The branches of one input, side by side."""
    return concatenated([chain(x, branch) for branch in branches], name)
