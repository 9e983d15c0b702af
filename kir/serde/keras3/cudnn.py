"""Weights of cuDNN's recurrent layers in the layout of `GRU` and `LSTM`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def plain_arrays(layer: Any, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Kernel, recurrent kernel and bias of the plain layer with the same results.

    Args:
        layer: a `CuDNNGRU`, for `GRU(reset_after=True)`, or a `CuDNNLSTM`.
        arrays: its weights; each gate's part of a kernel holds the transposed matrix.
    """
    kernel, recurrent, bias = arrays
    kernels = [_transposed(k, layer.gate_count) for k in (kernel, recurrent)]
    two = bias.reshape(2, -1)
    return [*kernels, two if type(layer).__name__ == "CuDNNGRU" else two.sum(axis=0)]


def _transposed(kernel: np.ndarray, gates: int) -> np.ndarray:
    parts = np.split(kernel, gates, axis=1)
    return np.concatenate([p.reshape(p.shape[1], p.shape[0]).T for p in parts], axis=1)
