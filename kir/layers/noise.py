"""Layers that add noise in training: what regularizes without weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from kir.engine.base_layer import Layer
from kir.engine.fields import REQUIRED, Field
from kir.engine.lowered_call import LoweredCall
from kir.engine.variable import Variable
from kir.errors import ArgumentError
from kir.initializers.draws import draw_seed
from kir.ir.types import TensorType
from kir.layers.dropout import check_noise_shape


def _number_field() -> Any:
    """A number, or a variable that holds one; kept as it is given."""

    def convert(name: str, value: Any) -> Any:
        if isinstance(value, str) or not (np.isscalar(value) or isinstance(value, Variable)):
            raise ArgumentError(f"`{name}` is {value!r}; expected a number.")
        return value

    return Field(REQUIRED, convert)


class _Noise(Layer):
    """What noise layers have in common: the input's type, masks, one seed a call."""

    seed: int | None = None

    supports_masking = True

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]

    def draw_seeds(self) -> tuple[int, ...]:
        return (draw_seed(self.seed),) if self.varies_with_phase() else ()


class GaussianNoise(_Noise):
    """In training, adds Gaussian noise of mean 0.

    Args:
        stddev: the noise's standard deviation.

    Shape:
        any -> same.

    Reference:
        https://keras.io/layers/noise (Keras 2.2.4).
    """

    stddev: float = _number_field()

    call = LoweredCall("inputs", training=None)

    def varies_with_phase(self) -> bool:
        return True


class GaussianDropout(_Noise):
    """In training, multiplies by Gaussian noise of mean 1 and variance rate / (1 - rate).

    Args:
        rate: the fraction that Dropout would drop for a noise of this variance, between 0 and 1.

    Shape:
        any -> same.

    Reference:
        Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014,
        section 10.
        https://keras.io/layers/noise (Keras 2.2.4).
    """

    rate: float = _number_field()

    call = LoweredCall("inputs", training=None)

    def varies_with_phase(self) -> bool:
        return 0.0 < self.rate < 1.0


class AlphaDropout(_Noise):
    """In training, sets a random fraction to SELU's negative limit, keeping mean and variance.

    To be used with the activation `selu` and the initializer `lecun_normal`.

    Args:
        rate: fraction of the input that is dropped, between 0 and 1.
        noise_shape: shape of the random mask, with None or 1 where it is shared along an axis;
            None is the input's shape. Keras 2.2: not in the config.
        seed: seed of this layer's random numbers. Keras 2.2: not in the config.

    Shape:
        any -> same.

    Reference:
        Klambauer et al., Self-Normalizing Neural Networks, 2017, equation 15.
        https://keras.io/layers/noise (Keras 2.2.4).
    """

    rate: float = _number_field()
    noise_shape: Any = Field(None, in_config=False)
    seed: int | None = Field(None, in_config=False)  # type: ignore[assignment]

    call = LoweredCall("inputs", training=None)

    def infer(self, *inputs: TensorType) -> TensorType:
        check_noise_shape(self, inputs[0], self.noise_shape)
        return inputs[0]

    def varies_with_phase(self) -> bool:
        return 0.0 < self.rate < 1.0
