"""Sizes and kernels of convolutions and pooling, as Keras computes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kir.errors import ConfigError, InvalidChoiceError, ShapeError
from kir.settings import normalize_data_format as normalize_data_format  # as in Keras 2.1

# What each padding cuts from the ends of a full transposed convolution.
_CUT = {"same": lambda size: size // 2, "valid": lambda size: 0, "full": lambda size: size - 1}


def _chosen(by_padding: Mapping[str, Any], padding: Any, function: str) -> Any:
    if padding not in by_padding:
        raise InvalidChoiceError(
            f"{function}(): padding is {padding!r}; expected one of {', '.join(by_padding)}."
        )
    return by_padding[padding]


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Number of window positions along one axis; None where the input's size is unknown.

    Args:
        input_length: size of the axis, in pixels or steps.
        filter_size: size of the window.
        padding: `same`, `valid`, `causal` (as same, all padding in front) or `full`.
        stride: step of the window.
        dilation: distance between the window's taps.
    """
    if input_length is None:
        return None
    window = filter_size + (filter_size - 1) * (dilation - 1)
    by_padding = {"same": 0, "causal": 0, "valid": window - 1, "full": 1 - window}
    lost = _chosen(by_padding, padding, "conv_output_length")
    return (input_length - lost + stride - 1) // stride


def deconv_length(
    dim_size: Any,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None,
    dilation: int = 1,
) -> Any:
    """Size of a transposed convolution's result along one axis; None where the input's is unknown.

    Args:
        dim_size: size of the axis, in pixels; a scalar tensor is allowed.
        stride_size: step of the window.
        kernel_size: size of the window.
        padding: `same`, `valid` or `full`.
        output_padding: added to the smallest size that is possible; None chooses the size.
        dilation: distance between the window's taps.
    """
    if dim_size is None:
        return None
    window = kernel_size + (kernel_size - 1) * (dilation - 1)
    if output_padding is not None:
        cut = _chosen(_CUT, padding, "deconv_length")(window)
        return (dim_size - 1) * stride_size + window - 2 * cut + output_padding
    by_padding = {
        "same": 0,
        "valid": max(window - stride_size, 0),
        "full": 2 - stride_size - window,
    }
    return dim_size * stride_size + _chosen(by_padding, padding, "deconv_length")


def conv_input_length(
    output_length: int | None, filter_size: int, padding: str, stride: int
) -> int | None:
    """The smallest size along one axis that gives `output_length` window positions.

    Args:
        output_length: number of window positions, or None.
        filter_size: size of the window.
        padding: `same`, `valid` or `full`.
        stride: step of the window.
    """
    if output_length is None:
        return None
    cut = _chosen(_CUT, padding, "conv_input_length")(filter_size)
    return (output_length - 1) * stride - 2 * cut + filter_size


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """`value` as a tuple of `n` whole numbers; one number stands for `n` equal ones.

    Args:
        value: a number or an iterable of numbers.
        n: how many there are to be.
        name: what the value is called in messages.

    Raises:
        ConfigError: it is neither.
    """
    if isinstance(value, int):
        return (value,) * n
    try:
        result = tuple(value)
        whole = all(int(v) == v for v in result)
    except (TypeError, ValueError):
        result, whole = (), False
    if len(result) != n or not whole:
        raise ConfigError(f"`{name}` is {value!r}; expected a tuple of {n} whole numbers.")
    return result


def normalize_padding(value: str) -> str:
    """The padding mode in lower case.

    Args:
        value: `valid`, `same` or `causal`, in any case.

    Raises:
        ConfigError: it is none of `valid`, `same` and `causal`.
    """
    padding = value.lower()
    if padding not in ("valid", "same", "causal"):
        raise ConfigError(f"`padding` is {value!r}; expected 'valid', 'same' or 'causal'.")
    return padding


def convert_kernel(kernel: Any) -> np.ndarray:
    """A convolution kernel of Theano as one of TensorFlow, or back: flipped along its window.

    Args:
        kernel: an array of the shape (*window, channels, filters), with 1 to 3 spatial axes.

    Raises:
        ShapeError: it has another number of axes.
    """
    array = np.asarray(kernel)
    if not 3 <= array.ndim <= 5:
        raise ShapeError(f"The kernel has the shape {array.shape}; expected 3 to 5 axes.")
    return np.flip(array, tuple(range(array.ndim - 2))).copy()
