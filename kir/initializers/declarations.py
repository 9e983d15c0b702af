"""The initializer classes.

Each says by `draw` what its value will be, without computing it; calling it computes the value
with the functions of `K`, as programs do that make their own variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from kir import backend as K
from kir.errors import ConfigError, DTypeError, ShapeError
from kir.initializers.draws import (
    Distribution,
    Draw,
    Filled,
    Given,
    RandomDraw,
    draw_seed,
    known_shape,
)
from kir.ir.types import check_dtype
from kir.utils.generic_utils import construct, describe

Shape = Sequence[int]

# The standard deviation of a normal distribution with mean 0 and standard deviation 1 that is
# truncated to [-2, 2].
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer:
    """Base class: a callable from a shape and a dtype to the first value of a weight.

    A class of your own overrides `__call__`.

    A class of your own overrides `__call__` and `get_config`.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """

    _config_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return describe(self)

    def __call__(self, shape: Shape, dtype: str | None = None) -> Any:
        """A value of this shape: an array or a tensor."""
        raise NotImplementedError(f"{type(self).__name__} does not override __call__.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal object; a class of your own overrides this."""
        return {name: getattr(self, name) for name in self._config_names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The initializer with these arguments."""
        return construct(cls, config)


class _Filling(Initializer):
    """What the constant initializers have in common."""

    def _value(self) -> Any:
        raise NotImplementedError

    def draw(self, shape: Shape, dtype: str | None = None) -> Draw:
        value, sizes = self._value(), known_shape(shape, type(self).__name__)
        if np.size(value) == 0 or np.size(value) > max(1, np.prod(sizes, dtype=np.int64)):
            raise ShapeError(
                f"{type(self).__name__}: {np.size(value)} values are given for a weight of shape "
                f"{sizes}."
            )
        return Filled(value, sizes, check_dtype(dtype or K.floatx()))

    def __call__(self, shape: Shape, dtype: str | None = None) -> Any:
        return K.constant(self._value(), shape=tuple(shape), dtype=dtype)


class Zeros(_Filling):
    """All zeros.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """

    def _value(self) -> float:
        return 0


class Ones(_Filling):
    """All ones.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """

    def _value(self) -> float:
        return 1


class Constant(_Filling):
    """One value everywhere.

    Args:
        value: a number; or as many numbers as there are elements.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Raises:
        ShapeError: the number of values is not that of the weight's elements.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """

    _config_names = ("value",)

    def __init__(self, value: Any = 0) -> None:
        self.value = value

    def _value(self) -> Any:
        return self.value


class _Random(Initializer):
    """What the random initializers have in common."""

    seed: int | None

    def _distribution(self, shape: tuple[int, ...]) -> tuple[Distribution, float, float]:
        """The distribution and its two parameters, in the order of `RandomDraw`."""
        raise NotImplementedError

    def draw(self, shape: Shape, dtype: str | None = None) -> Draw:
        sizes = known_shape(shape, type(self).__name__)
        dtype = check_dtype(dtype or K.floatx())
        if "float" not in dtype:
            raise DTypeError(
                f"{type(self).__name__}: a weight of dtype {dtype!r} cannot be random; expected a "
                "float dtype. Use the initializer 'zeros', 'ones' or 'constant'."
            )
        distribution, a, b = self._distribution(sizes)
        return RandomDraw(distribution, a, b, draw_seed(self.seed), sizes, dtype)

    def __call__(self, shape: Shape, dtype: str | None = None) -> Any:
        sizes = known_shape(shape, type(self).__name__)
        distribution, a, b = self._distribution(sizes)
        function = {
            "uniform": K.random_uniform,
            "normal": K.random_normal,
            "truncated_normal": K.truncated_normal,
        }[distribution]
        return function(sizes, a, b, dtype=dtype, seed=self.seed)


class RandomNormal(_Random):
    """Normally distributed.

    Args:
        mean: the mean.
        stddev: the standard deviation.
        seed: a seed; None to take one from NumPy's global generator for each weight.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Raises:
        DTypeError: a weight of a dtype that is no float.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """

    _config_names = ("mean", "stddev", "seed")

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def _distribution(self, shape: tuple[int, ...]) -> tuple[Distribution, float, float]:
        return "normal", self.mean, self.stddev


class RandomUniform(_Random):
    """Uniformly distributed.

    Args:
        minval: the lower bound.
        maxval: the upper bound.
        seed: a seed; None to take one from NumPy's global generator for each weight.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Raises:
        DTypeError: a weight of a dtype that is no float.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """

    _config_names = ("minval", "maxval", "seed")

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def _distribution(self, shape: tuple[int, ...]) -> tuple[Distribution, float, float]:
        return "uniform", self.minval, self.maxval


class TruncatedNormal(RandomNormal):
    """Normally distributed, values beyond two standard deviations drawn anew.

    Args:
        mean: the mean.
        stddev: the standard deviation before truncation.
        seed: a seed; None to take one from NumPy's global generator for each weight.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Raises:
        DTypeError: a weight of a dtype that is no float.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """

    def _distribution(self, shape: tuple[int, ...]) -> tuple[Distribution, float, float]:
        return "truncated_normal", self.mean, self.stddev


class VarianceScaling(_Random):
    """Random with a variance of ``scale / n``, `n` a number of inputs or outputs of the weight.

    Args:
        scale: the factor, positive.
        mode: what `n` is: ``fan_in`` (inputs), ``fan_out`` (outputs), or ``fan_avg`` (their mean).
        distribution: ``normal``, which is truncated at two standard deviations, or ``uniform``.
        seed: a seed; None to take one from NumPy's global generator for each weight.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Raises:
        ConfigError: an argument is not allowed.
        DTypeError: a weight of a dtype that is no float.

    Reference:
        He et al., Delving Deep into Rectifiers, 2015.
        https://keras.io/initializers (Keras 2.2.4).
    """

    _config_names = ("scale", "mode", "distribution", "seed")

    def __init__(
        self,
        scale: float = 1.0,
        mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in",
        distribution: Literal["normal", "uniform"] = "normal",
        seed: int | None = None,
    ) -> None:
        if scale <= 0.0:
            raise ConfigError(f"VarianceScaling: `scale` is {scale!r}; expected a positive number.")
        self.scale = scale
        self.mode = _choice("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        self.distribution = _choice("distribution", distribution, ("normal", "uniform"))
        self.seed = seed

    def _distribution(self, shape: tuple[int, ...]) -> tuple[Distribution, float, float]:
        fan_in, fan_out = _compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "normal":
            return "truncated_normal", 0.0, float(np.sqrt(variance) / _TRUNCATED_STDDEV)
        limit = float(np.sqrt(3.0 * variance))
        return "uniform", -limit, limit


class _Computed(Initializer):
    """What the initializers have in common that compute their value with NumPy at once."""

    def _array(self, shape: tuple[int, ...]) -> np.ndarray:
        raise NotImplementedError

    def draw(self, shape: Shape, dtype: str | None = None) -> Draw:
        return Given(self(shape).astype(dtype or K.floatx()))

    def __call__(self, shape: Shape, dtype: str | None = None) -> np.ndarray:
        # Keras 2.2: an array in double precision, whatever the dtype.
        return self._array(known_shape(shape, type(self).__name__))


class Orthogonal(_Computed):
    """An orthogonal matrix: rows or columns, whichever are fewer, are orthonormal up to `gain`.

    Args:
        gain: a factor.
        seed: None, or a seed for NumPy's global generator, which is set to it.

    Shape:
        called with (shape, dtype=None) -> an array of that shape; all axes but the last are taken
        for the rows of the matrix; dtype: float64.

    Raises:
        ShapeError: a weight with fewer than two axes.

    Reference:
        Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear neural
        networks, 2013.
    """

    _config_names = ("gain", "seed")

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain = gain
        self.seed = seed

    def _array(self, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal: got shape {shape}; expected two axes or more.")
        flat = (int(np.prod(shape[:-1])), shape[-1])
        if self.seed is not None:
            np.random.seed(self.seed)
        u, _, v = np.linalg.svd(np.random.normal(0.0, 1.0, flat), full_matrices=False)
        # Of the two, the one with the wanted shape is the rectangular orthogonal one.
        matrix = u if u.shape == flat else v
        return self.gain * matrix.reshape(shape)


class Identity(_Computed):
    """The identity matrix, repeated along the longer axis if it is not square.

    Args:
        gain: a factor.

    Shape:
        called with ((rows, columns), dtype=None) -> an array of that shape; dtype: float64.

    Raises:
        ShapeError: a weight that is no matrix, or whose longer side is no multiple of the shorter
            one.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """

    _config_names = ("gain",)

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def _array(self, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) != 2:
            raise ShapeError(f"Identity: got shape {shape}; expected two axes.")
        rows, columns = shape
        short = min(shape)
        if short == 0 or max(shape) % short != 0:
            raise ShapeError(
                f"Identity: got shape {shape}; expected the longer side to be a multiple of the "
                "shorter one."
            )
        return self.gain * np.tile(np.identity(short), (rows // short, columns // short))


def _choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    word = value.lower() if isinstance(value, str) else value
    if word not in allowed:
        raise ConfigError(
            f"VarianceScaling: `{name}` is {value!r}; expected one of "
            f"{', '.join(map(repr, allowed))}."
        )
    return str(word)


def _compute_fans(shape: Sequence[int], data_format: str = "channels_last") -> tuple[float, float]:
    """The numbers of inputs and outputs of a weight, by its shape.

    Args:
        shape: the weight's shape: a matrix, a convolution kernel, or anything else.
        data_format: where a kernel's channel axes stand; Keras 2.2 always keeps them last.
    """
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) in (3, 4, 5):
        if data_format == "channels_first":
            field = int(np.prod(shape[2:]))
            return shape[1] * field, shape[0] * field
        if data_format == "channels_last":
            field = int(np.prod(shape[:-2]))
            return shape[-2] * field, shape[-1] * field
        raise ConfigError(
            f"The data format is {data_format!r}; expected 'channels_first' or 'channels_last'."
        )
    # Keras 2.2: no axis is known to be the input, so both are the square root of the size.
    fan = float(np.sqrt(np.prod(shape)))
    return fan, fan
