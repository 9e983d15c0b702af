"""`scipy.misc`, as it was until SciPy 1.2: images by way of Pillow, and a few functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import comb as comb
from scipy.special import factorial as factorial
from scipy.special import factorial2 as factorial2
from scipy.special import factorialk as factorialk
from scipy.special import logsumexp as logsumexp

from kir.preprocessing.image._packages import load

__all__ = [
    "bytescale",
    "comb",
    "factorial",
    "factorial2",
    "factorialk",
    "fromimage",
    "imread",
    "imresize",
    "imrotate",
    "imsave",
    "imshow",
    "logsumexp",
    "toimage",
]

_FILTERS = {
    "nearest": "NEAREST",
    "lanczos": "LANCZOS",
    "bilinear": "BILINEAR",
    "bicubic": "BICUBIC",
    "cubic": "BICUBIC",
}


def _pil() -> Any:
    return load("PIL.Image", "scipy.misc")


def bytescale(
    data: Any,
    cmin: float | None = None,
    cmax: float | None = None,
    high: int = 255,
    low: int = 0,
) -> Any:
    """Stretches values over the range of bytes; bytes are left as they are.

    Args:
        data: any numbers.
        cmin: the value that becomes `low`; the least one if None.
        cmax: the value that becomes `high`; the greatest one if None.
        high: at most 255.
        low: at least 0.

    Raises:
        ValueError: the range is none.
    """
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    if high > 255 or low < 0 or high < low:
        raise ValueError(f"bytescale: expected 0 <= low <= high <= 255; got {low} and {high}.")
    least = data.min() if cmin is None else cmin
    spread = (data.max() if cmax is None else cmax) - least
    if spread < 0:
        raise ValueError("bytescale: `cmax` should be larger than `cmin`.")
    scaled = (data - least) * ((high - low) / float(spread or 1)) + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def fromimage(im: Any, flatten: bool = False, mode: str | None = None) -> Any:
    """The array of a Pillow image: (height, width) or (height, width, channels).

    Args:
        im: the image.
        flatten: whether to make it gray, as float32.
        mode: Pillow's mode to convert it to.
    """
    if mode is not None:
        if mode != im.mode:
            im = im.convert(mode)
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":
        im = im.convert("L")
    return np.array(im)


def toimage(
    arr: Any,
    high: int = 255,
    low: int = 0,
    cmin: float | None = None,
    cmax: float | None = None,
    pal: Any = None,
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Any:
    """The Pillow image of an array, stretched over the range of bytes.

    Args:
        arr: (height, width), or with an axis of 3 or 4 channels, wherever it is.
        high: what the greatest value becomes.
        low: what the least value becomes.
        cmin: as in `bytescale`.
        cmax: as in `bytescale`.
        pal: a palette of 256 colors, for mode 'P'.
        mode: Pillow's mode.
        channel_axis: which axis holds the channels.

    Raises:
        ValueError: the array has no shape of an image.
    """
    data = np.asarray(arr)
    if np.iscomplexobj(data):
        raise ValueError("Cannot convert a complex-valued array.")
    if data.ndim == 2:
        return _gray(data, high, low, cmin, cmax, pal, mode)
    sizes = [i for i, n in enumerate(data.shape) if n in (3, 4)]
    if data.ndim != 3 or not sizes:
        raise ValueError(
            f"'arr' does not have a suitable array shape for any mode: got {data.shape}; expected "
            "(height, width), or with 3 or 4 channels."
        )
    three = [i for i in sizes if data.shape[i] == 3]
    axis = (three or sizes)[0] if channel_axis is None else channel_axis
    planes = np.moveaxis(bytescale(data, cmin, cmax, high, low), axis, -1)
    made = _pil().fromarray(np.ascontiguousarray(planes))
    return made if mode in (None, made.mode) else made.convert(mode)


def _gray(data: Any, high: int, low: int, cmin: Any, cmax: Any, pal: Any, mode: str | None) -> Any:
    pil = _pil()
    if mode == "F":
        return pil.fromarray(data.astype(np.float32))
    if mode == "I":
        return pil.fromarray(data.astype(np.int32))
    if mode == "1":
        return pil.fromarray(bytescale(data, cmin, cmax, high, low) > 127)
    made = pil.fromarray(bytescale(data, cmin, cmax, high, low))
    if pal is not None or mode == "P":
        colors = np.arange(256)[:, None].repeat(3, 1) if pal is None else np.asarray(pal)
        made.putpalette(colors.astype(np.uint8).tobytes())
    return made if mode in (None, "L", "P") else made.convert(mode)


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> Any:
    """The array of an image file.

    Args:
        name: a path or open file.
        flatten: as in `fromimage`.
        mode: as in `fromimage`.
    """
    with _pil().open(name) as im:
        return fromimage(im, flatten, mode)


def imsave(name: Any, arr: Any, format: str | None = None) -> None:
    """Writes an array into an image file, stretched over the range of bytes.

    Args:
        name: a path or open file.
        arr: as in `toimage`; channels stand last.
        format: Pillow's name of the format; by the path if None.
    """
    toimage(arr, channel_axis=2).save(name, format)


def imresize(arr: Any, size: Any, interp: str = "bilinear", mode: str | None = None) -> Any:
    """An image of another size, as bytes.

    Args:
        arr: as in `toimage`.
        size: percent (int), a factor (float), or (height, width).
        interp: 'nearest', 'lanczos', 'bilinear', 'bicubic' or 'cubic'.
        mode: Pillow's mode to work in.
    """
    im = toimage(arr, mode=mode)
    if isinstance(size, int | np.integer):
        wanted = tuple(int(n * (size / 100.0)) for n in im.size)
    elif isinstance(size, float | np.floating):
        wanted = tuple(int(n * size) for n in im.size)
    else:
        wanted = (int(size[1]), int(size[0]))
    return fromimage(im.resize(wanted, resample=_filter(interp)))


def imrotate(arr: Any, angle: float, interp: str = "bilinear") -> Any:
    """An image turned counter-clockwise about its middle, of the same size, as bytes.

    Args:
        arr: as in `toimage`.
        angle: in degrees.
        interp: as in `imresize`.
    """
    return fromimage(toimage(arr).rotate(angle, resample=_filter(interp)))


def _filter(interp: str) -> Any:
    return getattr(_pil().Resampling, _FILTERS[interp])


def imshow(arr: Any) -> None:
    """Shows an image in a viewer."""
    toimage(arr).show()
