"""Activations that Keras got after 2.2.4, for models of those versions.

They are known by name in configs only: Keras 2.2.4 has no such functions, so programs written for
it cannot ask for them, and refuses a file that names them instead of computing something else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kir import backend as K


def hard_sigmoid_3(x: Any) -> Any:
    """The `hard_sigmoid` of Keras 3: ``clip(x / 6 + 0.5, 0, 1)``."""
    return K.clip(x / 6.0 + 0.5, 0.0, 1.0)


def swish(x: Any) -> Any:
    """``x * sigmoid(x)``, also called silu.

    Reference:
        Ramachandran et al., Searching for Activation Functions, 2017.
    """
    return x * K.sigmoid(x)


def hard_silu(x: Any) -> Any:
    """``x * clip(x / 6 + 0.5, 0, 1)``."""
    return x * hard_sigmoid_3(x)


def relu6(x: Any) -> Any:
    """`x` between 0 and 6, and these outside."""
    return K.relu(x, max_value=6.0)


def leaky_relu(x: Any) -> Any:
    """`x` where positive, else ``0.2 * x``."""
    return K.relu(x, alpha=0.2)


def mish(x: Any) -> Any:
    """``x * tanh(softplus(x))``.

    Reference:
        Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.
    """
    return x * K.tanh(K.softplus(x))


LATER: dict[str, Callable[[Any], Any]] = {
    function.__name__: function
    for function in (hard_sigmoid_3, swish, hard_silu, relu6, leaky_relu, mish)
}
