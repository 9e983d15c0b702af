"""Initializers: where the first values of weights come from.

Given the same ``np.random.seed``, every initializer gives the bits that Keras 2.2.4 gave with
TensorFlow on a CPU (`Orthogonal` apart, whose singular value decomposition is LAPACK's).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir.initializers.declarations import Constant as Constant
from kir.initializers.declarations import Identity as Identity
from kir.initializers.declarations import Initializer as Initializer
from kir.initializers.declarations import Ones as Ones
from kir.initializers.declarations import Orthogonal as Orthogonal
from kir.initializers.declarations import RandomNormal as RandomNormal
from kir.initializers.declarations import RandomUniform as RandomUniform
from kir.initializers.declarations import TruncatedNormal as TruncatedNormal
from kir.initializers.declarations import VarianceScaling as VarianceScaling
from kir.initializers.declarations import Zeros as Zeros
from kir.initializers.declarations import _compute_fans as _compute_fans
from kir.initializers.draws import Draw as Draw
from kir.initializers.draws import Filled as Filled
from kir.initializers.draws import Given as Given
from kir.initializers.draws import Joined as Joined
from kir.initializers.draws import RandomDraw as RandomDraw
from kir.initializers.draws import draw_initial_value as draw_initial_value
from kir.utils.generic_utils import deserialize_keras_object, interpret, serialize_keras_object

__all__ = [
    "Constant",
    "Draw",
    "Filled",
    "Given",
    "Identity",
    "Initializer",
    "Joined",
    "Ones",
    "Orthogonal",
    "RandomDraw",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "draw_initial_value",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "one",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "uniform",
    "zero",
    "zeros",
]


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform within ``sqrt(3 / fan_in)``.

    Args:
        seed: a whole number; None to take one from NumPy's global generator for each weight.

    Returns:
        A `VarianceScaling`.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Reference:
        LeCun et al., Efficient BackProp, 1998.
    """
    return VarianceScaling(scale=1.0, mode="fan_in", distribution="uniform", seed=seed)


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Truncated normal with standard deviation ``sqrt(1 / fan_in)``.

    Args:
        seed: a whole number; None to take one from NumPy's global generator for each weight.

    Returns:
        A `VarianceScaling`.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Reference:
        LeCun et al., Efficient BackProp, 1998; Klambauer et al., Self-Normalizing Neural
        Networks, 2017.
    """
    return VarianceScaling(scale=1.0, mode="fan_in", distribution="normal", seed=seed)


def glorot_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform within ``sqrt(6 / (fan_in + fan_out))``, also known as Xavier.

    Args:
        seed: a whole number; None to take one from NumPy's global generator for each weight.

    Returns:
        A `VarianceScaling`.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Reference:
        Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
        networks, 2010.
    """
    return VarianceScaling(scale=1.0, mode="fan_avg", distribution="uniform", seed=seed)


def glorot_normal(seed: int | None = None) -> VarianceScaling:
    """Truncated normal with standard deviation ``sqrt(2 / (fan_in + fan_out))``.

    Args:
        seed: a whole number; None to take one from NumPy's global generator for each weight.

    Returns:
        A `VarianceScaling`.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Reference:
        Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
        networks, 2010.
    """
    return VarianceScaling(scale=1.0, mode="fan_avg", distribution="normal", seed=seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform within ``sqrt(6 / fan_in)``.

    Args:
        seed: a whole number; None to take one from NumPy's global generator for each weight.

    Returns:
        A `VarianceScaling`.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Reference:
        He et al., Delving Deep into Rectifiers, 2015.
    """
    return VarianceScaling(scale=2.0, mode="fan_in", distribution="uniform", seed=seed)


def he_normal(seed: int | None = None) -> VarianceScaling:
    """Truncated normal with standard deviation ``sqrt(2 / fan_in)``.

    Args:
        seed: a whole number; None to take one from NumPy's global generator for each weight.

    Returns:
        A `VarianceScaling`.

    Shape:
        called with (shape, dtype=None) -> a value of that shape; dtype: `dtype`, or `K.floatx()`.

    Reference:
        He et al., Delving Deep into Rectifiers, 2015.
    """
    return VarianceScaling(scale=2.0, mode="fan_in", distribution="normal", seed=seed)


zero = zeros = Zeros
one = ones = Ones
constant = Constant
uniform = random_uniform = RandomUniform
normal = random_normal = RandomNormal
truncated_normal = TruncatedNormal
identity = Identity
orthogonal = Orthogonal

_FUNCTIONS = (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)
# The public classes under all their names, and the functions.
_BY_NAME: dict[str, Any] = {
    **{
        name: found
        for name, found in globals().items()
        if isinstance(found, type) and issubclass(found, Initializer)
    },
    **{function.__name__: function for function in _FUNCTIONS},
}


def serialize(initializer: Any) -> Any:
    """What a configuration says for an initializer.

    Args:
        initializer: an initializer.

    Raises:
        ConfigError: it has neither `get_config` nor a name.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """
    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer that a configuration stands for.

    Args:
        config: its name, or ``{'class_name': ..., 'config': ...}``.
        custom_objects: your own objects by name; default those of the enclosing
            `custom_object_scope`s.

    Raises:
        ConfigError: the name is unknown, or the configuration is malformed.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """
    return deserialize_keras_object(config, _BY_NAME, custom_objects, "initializer")


def get(identifier: Any) -> Any:
    """An initializer by name, by configuration, or as it is.

    Args:
        identifier: a name, a configuration, a function ``(shape, dtype=None)``, or an
            `Initializer`.

    Raises:
        ConfigError: the name is unknown, or `identifier` is of another type.

    Reference:
        https://keras.io/initializers (Keras 2.2.4).
    """
    return interpret(identifier, deserialize, "initializer")
