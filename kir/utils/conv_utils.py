"""Sizes of convolutions and pooling, as Keras computes them."""

from __future__ import annotations


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
    lost = {"same": 0, "causal": 0, "valid": window - 1, "full": 1 - window}[padding]
    return (input_length - lost + stride - 1) // stride
