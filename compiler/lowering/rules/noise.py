"""Noise in training."""

from __future__ import annotations

import math
from typing import Any

from compiler.lowering.context import Call
from compiler.lowering.registry import lowers
from compiler.lowering.rules.core import in_training, noise_sizes
from compiler.tensorflow import tf
from kir.layers.noise import AlphaDropout, GaussianDropout, GaussianNoise

# Klambauer et al. 2017: what SELU tends to for large negative inputs, -scale * alpha.
_SELU_LIMIT = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


@lowers(GaussianNoise)
def lower_gaussian_noise(op: GaussianNoise, call: Call, x: Any) -> Any:
    return in_training(call, lambda: x + _normal(call, x, 0.0, op.stddev), x)


@lowers(GaussianDropout)
def lower_gaussian_dropout(op: GaussianDropout, call: Call, x: Any) -> Any:
    if not op.varies_with_phase():
        return x
    stddev = math.sqrt(op.rate / (1.0 - op.rate))
    return in_training(call, lambda: x * _normal(call, x, 1.0, stddev), x)


def _normal(call: Call, x: Any, mean: float, stddev: float) -> Any:
    draws = tf.random.stateless_normal(tf.shape(x), call.seed(0), mean, stddev, x.dtype)
    draws.set_shape(x.shape)
    return draws


@lowers(AlphaDropout)
def lower_alpha_dropout(op: AlphaDropout, call: Call, x: Any) -> Any:
    if not op.varies_with_phase():
        return x
    rate = op.rate
    # Equation 15: the affine map that restores mean 0 and variance 1.
    scale = ((1 - rate) * (1 + rate * _SELU_LIMIT**2)) ** -0.5
    shift = -scale * _SELU_LIMIT * rate

    def dropped() -> Any:
        sizes = noise_sizes(x, op.noise_shape)
        draws = tf.random.stateless_uniform(sizes, call.seed(0), dtype=x.dtype)
        limit = tf.constant(_SELU_LIMIT, x.dtype)
        y = scale * tf.where(draws >= rate, x, limit) + shift
        y.set_shape(x.shape)
        return y

    return in_training(call, dropped, x)
