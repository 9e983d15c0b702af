"""Pictures: files, Pillow images and arrays, and the ways between them."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from kir.errors import ConfigError, ShapeError
from kir.preprocessing.image._packages import load
from kir.settings import DATA_FORMATS, floatx, image_data_format

# Of color_mode: Pillow's mode and the number of channels.
COLOR_MODES = {"grayscale": ("L", 1), "rgb": ("RGB", 3), "rgba": ("RGBA", 4)}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def checked_data_format(data_format: str | None) -> str:
    """The order of the axes; the backend's if None."""
    chosen = image_data_format() if data_format is None else data_format
    if chosen not in DATA_FORMATS:
        raise ConfigError(
            f"Invalid data_format: {chosen!r}. `data_format` should be 'channels_last' (rows, "
            "columns, channels) or 'channels_first' (channels, rows, columns)."
        )
    return chosen


def checked_color_mode(color_mode: str) -> str:
    """`color_mode`, if there is such a mode."""
    if color_mode not in COLOR_MODES:
        raise ConfigError(
            f'Invalid color mode: {color_mode!r}; color_mode must be "grayscale", "rgb", or "rgba".'
        )
    return color_mode


def load_img(
    path: Any,
    grayscale: bool = False,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
) -> Any:
    """Reads an image file.

    Args:
        path: the file.
        grayscale: deprecated; the same as ``color_mode='grayscale'``.
        color_mode: 'grayscale', 'rgb' or 'rgba'; the image is converted.
        target_size: (height, width) to resize to; as it is if None.
        interpolation: for resizing: 'nearest', 'bilinear', 'bicubic', 'hamming', 'box', 'lanczos'.

    Returns:
        A Pillow image.

    Raises:
        ConfigError: there is no such color mode or interpolation.
        DependencyError: Pillow is not installed.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    if grayscale:
        warnings.warn(
            "load_img: grayscale is deprecated; use color_mode='grayscale'.", stacklevel=2
        )
        color_mode = "grayscale"
    mode, _ = COLOR_MODES[checked_color_mode(color_mode)]
    pil = load("PIL.Image", "load_img")
    with pil.open(path) as file:
        # A copy where no conversion is due, as the file is closed.
        image = file.convert(mode) if file.mode != mode else file.copy()
    if target_size is not None:
        width_and_height = (target_size[1], target_size[0])
        if image.size != width_and_height:
            if interpolation not in INTERPOLATIONS:
                raise ConfigError(
                    f"Invalid interpolation method {interpolation} specified. "
                    f"Supported methods are {', '.join(INTERPOLATIONS)}."
                )
            image = image.resize(width_and_height, getattr(pil.Resampling, interpolation.upper()))
    return image


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """A Pillow image (or an array) as an array with a channel axis.

    Args:
        img: a Pillow image, or an array of rank 2 or 3.
        data_format: 'channels_last' or 'channels_first'; the backend's if None.
        dtype: of the result; the backend's float type if None.

    Shape:
        (height, width) or (height, width, channels) -> (height, width, channels), or (channels,
        height, width); dtype: `dtype`.

    Raises:
        ConfigError: there is no such data format.
        ShapeError: the image is not of rank 2 or 3.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    data_format = checked_data_format(data_format)
    # np.array: an array that the caller may change, whatever came in.
    x = np.array(img, dtype=dtype or floatx())
    if x.ndim == 3:
        return x.transpose(2, 0, 1) if data_format == "channels_first" else x
    if x.ndim == 2:
        return x[np.newaxis] if data_format == "channels_first" else x[..., np.newaxis]
    raise ShapeError(
        f"Unsupported image shape: {x.shape}; img_to_array takes (height, width) or "
        "(height, width, channels)."
    )


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Any:
    """An array as a Pillow image.

    Args:
        x: (height, width, channels) with 1 (gray), 3 (RGB) or 4 (RGBA) channels.
        data_format: 'channels_last' or 'channels_first'; the backend's if None.
        scale: stretch the values to 0 ... 255; otherwise they are taken as they are.
        dtype: to compute in; the backend's float type if None.

    Raises:
        ConfigError: there is no such data format.
        ShapeError: `x` is not of rank 3, or has another number of channels.
        DependencyError: Pillow is not installed.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    x = np.asarray(x, dtype=dtype or floatx())
    if x.ndim != 3:
        raise ShapeError(
            "Expected image array to have rank 3 (single image), the channels being one of the "
            f"axes. Got array with shape: {x.shape}"
        )
    if checked_data_format(data_format) == "channels_first":
        x = x.transpose(1, 2, 0)
    channels = x.shape[2]
    if channels not in {1, 3, 4}:
        raise ShapeError(
            f"Unsupported channel number: {channels} channels in an image of shape {x.shape}; "
            "array_to_img takes 1, 3 or 4."
        )
    if scale:
        x = stretched(x)
    pil = load("PIL.Image", "array_to_img")
    with np.errstate(invalid="ignore"):  # values outside 0 ... 255 wrap around, as in Keras
        pixels = x.astype("uint8")
    return pil.fromarray(pixels[..., 0] if channels == 1 else np.ascontiguousarray(pixels))


def stretched(x: np.ndarray) -> np.ndarray:
    """The values moved up to be non-negative, and scaled so that the greatest is 255."""
    x = x + max(-x.min(), 0)
    greatest = x.max()
    return x / greatest * 255 if greatest != 0 else x


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array as an image file.

    Args:
        path: the file, or an open binary file.
        x: see `array_to_img`.
        data_format: see `array_to_img`.
        file_format: 'png', 'jpeg' ...; from the file's name if None.
        scale: see `array_to_img`.
        **kwargs: go to Pillow's ``Image.save``.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    image = array_to_img(x, data_format=data_format, scale=scale)
    named = os.path.splitext(path)[1][1:] if isinstance(path, str | os.PathLike) else ""
    if image.mode == "RGBA" and (file_format or named).lower() in {"jpg", "jpeg"}:
        warnings.warn("JPEG has no alpha channel: saved as RGB without it.", stacklevel=2)
        image = image.convert("RGB")
    if file_format is not None and file_format.lower() == "jpg":
        file_format = "jpeg"  # Pillow knows the format by this name only
    image.save(path, format=file_format, **kwargs)


def list_pictures(directory: Any, ext: Any = "jpg|jpeg|bmp|png|ppm") -> list[str]:
    """The paths of the image files below a folder.

    Args:
        directory: the folder.
        ext: endings of names, separated by ``|``; or a list of them.

    Reference:
        https://keras.io/preprocessing/image (Keras 2.2.4).
    """
    endings = {f".{ending}" for ending in (ext.split("|") if isinstance(ext, str) else ext)}
    return [str(p) for p in sorted(Path(directory).rglob("*")) if p.suffix in endings]
