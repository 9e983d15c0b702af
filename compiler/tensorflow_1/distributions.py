"""`tf.distributions` with symbolic parameters: what is asked of one is recorded as a whole."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from compiler.dispatch import record_call
from compiler.tensorflow import tf
from kir.engine.tensor import executing

v1 = tf.compat.v1


class Distribution:
    """A distribution of TensorFlow's, which is made anew where something is asked of it."""

    real: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = inspect.signature(self.real).bind(*args, **kwargs)
        self.parameters = dict(given.arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self.parameters:
            return self.parameters[name]
        if callable(getattr(self.real, name)):
            return self._method(name)
        return getattr(self.real(**self.parameters), name)

    def _method(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return _recorded(_ask, self.real, self.parameters, name, list(args), kwargs)

        return call


def _recorded(function: Callable[..., Any], *args: Any) -> Any:
    # Always, as each run draws anew.
    return function(*args) if executing() else record_call(function, "", args, {})


def _ask(
    real: Any, parameters: Mapping[str, Any], method: str, args: Any, kwargs: Mapping[str, Any]
) -> Any:
    return getattr(real(**parameters), method)(*args, **kwargs)


def _divergence(a: Any, of_a: Mapping[str, Any], b: Any, of_b: Mapping[str, Any]) -> Any:
    return v1.distributions.kl_divergence(a(**of_a), b(**of_b))


def kl_divergence(
    distribution_a: Distribution, distribution_b: Distribution, *_: Any, **__: Any
) -> Any:
    """`tf.distributions.kl_divergence`: how far the second is from the first, in nats."""
    a, b = distribution_a, distribution_b
    return _recorded(_divergence, a.real, a.parameters, b.real, b.parameters)


_KINDS = (
    "Bernoulli",
    "Beta",
    "Categorical",
    "Dirichlet",
    "DirichletMultinomial",
    "Exponential",
    "Gamma",
    "Laplace",
    "Multinomial",
    "Normal",
    "StudentT",
    "Uniform",
)
NAMES: dict[str, Any] = {
    "Distribution": Distribution,
    "kl_divergence": kl_divergence,
    **{
        kind: type(kind, (Distribution,), {"real": getattr(v1.distributions, kind)})
        for kind in _KINDS
    },
}
