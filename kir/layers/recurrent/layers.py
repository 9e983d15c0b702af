"""Recurrent layers of one kind of cell each."""

from __future__ import annotations

import warnings
from typing import Any

from kir.engine.lowered_call import LoweredCall
from kir.layers.recurrent.base import RNN
from kir.layers.recurrent.cells import GRUCell, LSTMCell, SimpleRNNCell


class SimpleRNN(RNN, cell=SimpleRNNCell):
    """Fully connected recurrent layer; its result is fed back.

    Args:
        units ... recurrent_dropout: see `SimpleRNNCell`.
        activity_regularizer: loss on the result.
        return_sequences, return_state, go_backwards, stateful, unroll: see `RNN`.

    Shape:
        (batch, timesteps, features) -> (batch, units), or (batch, timesteps, units).

    Weights:
        kernel (features, units), recurrent_kernel (units, units), bias (units,).

    Reference:
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    call = LoweredCall("inputs", mask=None, training=None, initial_state=None)

    def _prepare_common(self, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
        super()._prepare_common(given, kwargs)
        if "implementation" in kwargs:
            del kwargs["implementation"]
            warnings.warn(
                "SimpleRNN has no argument `implementation` any more; it was ignored.",
                stacklevel=4,
            )


class GRU(RNN, cell=GRUCell, last=("reset_after",)):
    """Gated recurrent unit.

    Args:
        units ... implementation, reset_after: see `GRUCell`.
        activity_regularizer: loss on the result.
        return_sequences, return_state, go_backwards, stateful, unroll: see `RNN`.

    Shape:
        (batch, timesteps, features) -> (batch, units), or (batch, timesteps, units).

    Weights:
        kernel (features, 3 * units), recurrent_kernel (units, 3 * units), bias (3 * units,), or
        (2, 3 * units) with reset_after.

    Reference:
        Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    call = LoweredCall("inputs", mask=None, training=None, initial_state=None)


class LSTM(RNN, cell=LSTMCell):
    """Long short-term memory.

    Args:
        units ... implementation: see `LSTMCell`.
        activity_regularizer: loss on the result.
        return_sequences, return_state, go_backwards, stateful, unroll: see `RNN`.

    Shape:
        (batch, timesteps, features) -> (batch, units), or (batch, timesteps, units).

    Weights:
        kernel (features, 4 * units), recurrent_kernel (units, 4 * units), bias (4 * units,).

    Reference:
        Hochreiter and Schmidhuber, Long Short-Term Memory, 1997.
        https://keras.io/layers/recurrent (Keras 2.2.4).
    """

    call = LoweredCall("inputs", mask=None, training=None, initial_state=None)
