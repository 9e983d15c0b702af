"""Transforms of one image: affine maps, channel shifts, brightness; and their random versions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kir.errors import ConfigError
from kir.preprocessing.image._packages import load
from kir.preprocessing.image.pictures import array_to_img, img_to_array


def random_rotation(
    x: np.ndarray,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Rotates an image by a random angle.

    Args:
        x: an image of rank 3.
        rg: greatest angle, in degrees, either way.
        row_axis: axis of the rows.
        col_axis: axis of the columns.
        channel_axis: axis of the channels.
        fill_mode: see `apply_affine_transform`.
        cval: see `apply_affine_transform`.
        interpolation_order: see `order` of `apply_affine_transform`.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    theta = np.random.uniform(-rg, rg)
    axes = (row_axis, col_axis, channel_axis)
    return _affine(x, axes, fill_mode, cval, interpolation_order, theta=theta)


def random_shift(
    x: np.ndarray,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Shifts an image by a random distance.

    Args:
        x: an image of rank 3.
        wrg: greatest horizontal shift, as a fraction of the width.
        hrg: greatest vertical shift, as a fraction of the height.
        row_axis: axis of the rows.
        col_axis: axis of the columns.
        channel_axis: axis of the channels.
        fill_mode: see `apply_affine_transform`.
        cval: see `apply_affine_transform`.
        interpolation_order: see `order` of `apply_affine_transform`.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    return _affine(
        x, (row_axis, col_axis, channel_axis), fill_mode, cval, interpolation_order, tx=tx, ty=ty
    )


def random_shear(
    x: np.ndarray,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Shears an image by a random angle.

    Args:
        x: an image of rank 3.
        intensity: greatest angle, in degrees, either way.
        row_axis: axis of the rows.
        col_axis: axis of the columns.
        channel_axis: axis of the channels.
        fill_mode: see `apply_affine_transform`.
        cval: see `apply_affine_transform`.
        interpolation_order: see `order` of `apply_affine_transform`.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    shear = np.random.uniform(-intensity, intensity)
    axes = (row_axis, col_axis, channel_axis)
    return _affine(x, axes, fill_mode, cval, interpolation_order, shear=shear)


def random_zoom(
    x: np.ndarray,
    zoom_range: Sequence[float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Zooms an image by two random factors.

    Args:
        x: an image of rank 3.
        zoom_range: (least, greatest) factor; below 1 enlarges.
        row_axis: axis of the rows.
        col_axis: axis of the columns.
        channel_axis: axis of the channels.
        fill_mode: see `apply_affine_transform`.
        cval: see `apply_affine_transform`.
        interpolation_order: see `order` of `apply_affine_transform`.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    least, greatest = checked_pair("zoom_range", zoom_range)
    zx, zy = (1, 1) if least == greatest == 1 else np.random.uniform(least, greatest, 2)
    return _affine(
        x, (row_axis, col_axis, channel_axis), fill_mode, cval, interpolation_order, zx=zx, zy=zy
    )


def _affine(
    x: np.ndarray,
    axes: tuple[int, int, int],
    fill_mode: str,
    cval: float,
    order: int,
    **parameters: float,
) -> np.ndarray:
    row_axis, col_axis, channel_axis = axes
    return apply_affine_transform(
        x,
        row_axis=row_axis,
        col_axis=col_axis,
        channel_axis=channel_axis,
        fill_mode=fill_mode,
        cval=cval,
        order=order,
        **parameters,
    )


def apply_channel_shift(x: np.ndarray, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """Adds a number to all values, and clips them to the range that the image had.

    Args:
        x: an image.
        intensity: what is added.
        channel_axis: without effect, as all channels get the same; Keras has it.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    # float(): a NumPy scalar would turn a float32 image into float64.
    return np.clip(x + float(intensity), x.min(), x.max())


def random_channel_shift(
    x: np.ndarray, intensity_range: float, channel_axis: int = 0
) -> np.ndarray:
    """Adds a random number to all values; see `apply_channel_shift`.

    Args:
        x: an image.
        intensity_range: greatest number, either way.
        channel_axis: see `apply_channel_shift`.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    intensity = np.random.uniform(-intensity_range, intensity_range)
    return apply_channel_shift(x, intensity, channel_axis=channel_axis)


def apply_brightness_shift(x: np.ndarray, brightness: float) -> np.ndarray:
    """Makes an image brighter or darker.

    The image is first stretched to 0 ... 255 and rounded down, as in Keras.

    Args:
        x: an image of rank 3, in the backend's order of axes.
        brightness: factor; 0 is black, 1 leaves it as it is.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    return brightened(x, brightness, None)


def brightened(x: np.ndarray, brightness: float, data_format: str | None) -> np.ndarray:
    """`apply_brightness_shift` for an image in any order of axes."""
    enhance = load("PIL.ImageEnhance", "A change of brightness")
    image = enhance.Brightness(array_to_img(x, data_format)).enhance(brightness)
    return img_to_array(image, data_format)


def random_brightness(x: np.ndarray, brightness_range: Sequence[float]) -> np.ndarray:
    """Makes an image brighter or darker by a random factor; see `apply_brightness_shift`.

    Args:
        x: an image of rank 3, in the backend's order of axes.
        brightness_range: (least, greatest) factor.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    least, greatest = checked_pair("brightness_range", brightness_range)
    return apply_brightness_shift(x, np.random.uniform(least, greatest))


def checked_pair(name: str, given: Any, otherwise: str = "a ") -> tuple[float, float]:
    """The two numbers of a range; `otherwise` says what else there might be."""
    if not isinstance(given, Sequence | np.ndarray) or len(given) != 2:
        raise ConfigError(
            f"`{name}` should be {otherwise}tuple or list of two floats. Received: {given!r}"
        )
    return given[0], given[1]


def flip_axis(x: np.ndarray, axis: int) -> np.ndarray:
    """The image mirrored along an axis.

    Args:
        x: an array.
        axis: the axis whose order is reversed.

    Shape:
        any shape -> the same.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    return np.flip(x, axis)


def transform_matrix_offset_center(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    """The 3x3 map `matrix` about the centre of an image in place of its corner.

    Args:
        matrix: a map of homogeneous coordinates.
        x: height of the image.
        y: width of the image.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    # Keras 2.2: half a pixel off the true centre, (height - 1) / 2.
    row, column = float(x) / 2 + 0.5, float(y) / 2 + 0.5
    there = np.array([[1, 0, row], [0, 1, column], [0, 0, 1]])
    back = np.array([[1, 0, -row], [0, 1, -column], [0, 0, 1]])
    return there @ matrix @ back


def _affine_matrix(
    theta: float, tx: float, ty: float, shear: float, zx: float, zy: float
) -> np.ndarray | None:
    """From output to input coordinates: rotation, shift, shear and zoom; None if nothing moves."""
    factors = []
    if theta != 0:
        sine, cosine = math.sin(math.radians(theta)), math.cos(math.radians(theta))
        factors.append([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    if tx != 0 or ty != 0:
        factors.append([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    if shear != 0:
        sine, cosine = math.sin(math.radians(shear)), math.cos(math.radians(shear))
        factors.append([[1, -sine, 0], [0, cosine, 0], [0, 0, 1]])
    if zx != 1 or zy != 1:
        factors.append([[zx, 0, 0], [0, zy, 0], [0, 0, 1]])
    if not factors:
        return None
    matrix = np.eye(3)
    for factor in factors:
        matrix = matrix @ np.array(factor, dtype=np.float64)
    return matrix


def apply_affine_transform(
    x: np.ndarray,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """Rotates, shifts, shears and zooms an image about its centre.

    Args:
        x: an image of rank 3.
        theta: angle of the rotation, in degrees.
        tx: vertical shift, in pixels.
        ty: horizontal shift, in pixels.
        shear: angle of the shear, in degrees.
        zx: vertical zoom; below 1 enlarges.
        zy: horizontal zoom.
        row_axis: axis of the rows.
        col_axis: axis of the columns.
        channel_axis: axis of the channels.
        fill_mode: what lies outside the image: 'constant' (`cval`), 'nearest' (the edge),
            'reflect' or 'wrap'.
        cval: value outside the image for 'constant'.
        order: of the spline that interpolates, from 0 to 5; 1 is linear. Came after Keras 2.2.4.

    Returns:
        An image of the same shape and type; `x` itself if nothing moves.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    matrix = _affine_matrix(theta, tx, ty, shear, zx, zy)
    if matrix is None:
        return x
    matrix = transform_matrix_offset_center(matrix, x.shape[row_axis], x.shape[col_axis])
    ndimage = load("scipy.ndimage", "Moving an image")
    channels = np.moveaxis(x, channel_axis, 0)
    moved = np.empty(channels.shape, x.dtype)
    for source, target in zip(channels, moved, strict=True):
        ndimage.affine_transform(
            source,
            matrix[:2, :2],
            matrix[:2, 2],
            output=target,
            order=order,
            mode=fill_mode,
            cval=cval,
        )
    return np.moveaxis(moved, 0, channel_axis)
