"""The base class of optimizers: state, gradients, configuration."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kir import backend as K
from kir.engine.executor import executor
from kir.engine.layer_weights import assign_weights
from kir.engine.names import variable_name
from kir.engine.variable import Variable
from kir.errors import ArgumentError, ConfigError
from kir.initializers.draws import Filled
from kir.ir.types import TensorType
from kir.legacy.interfaces import legacy_get_updates_support
from kir.utils.generic_utils import to_list

CLIPPING = ("clipnorm", "clipvalue")

# What other versions call an argument, where the spelling does not show it.
_OTHER_NAMES = {
    "learning_rate": "lr",
    "global_clipnorm": "clipnorm",
    "weight_decay": "decay",
    "eps": "epsilon",
}

# The variables that an optimizer keeps for the weights it trains, by their purpose: one list for
# each, in the order of those weights.
Slots = dict[str, list[Variable]]


def slots(params: Iterable[Variable], scalar: bool = False) -> list[Variable]:
    """A variable of zeros for each weight, named as in Keras's files.

    Args:
        params: the weights.
        scalar: makes a single number in place of an array of the weight's shape.
    """
    found = []
    for p in params:
        shape: Any = (1,) if scalar else p.type.shape
        found.append(
            Variable(
                TensorType(p.type.dtype, shape),
                variable_name("Variable"),
                Filled(0.0, shape, p.type.dtype),
                trainable=False,
            )
        )
    return found


class Optimizer:
    """Base class of all optimizers.

    A class of your own overrides `get_updates`, which returns `K.update(...)`s; they become part
    of the training program.

    Args:
        clipnorm: largest norm of all gradients together; larger ones are scaled down.
        clipvalue: largest absolute value of an element of a gradient.

    Reference:
        https://keras.io/optimizers (Keras 2.2.4).
    """

    def __init__(self, **kwargs: Any) -> None:
        for key in kwargs:
            if key not in CLIPPING:
                raise ArgumentError(_unknown_argument(type(self), key))
        self.__dict__.update(kwargs)
        self.updates: list[Any] = []
        self.weights: list[Variable] = []

    def create_state(self, params: Sequence[Variable]) -> Slots:
        """Makes the variables that the optimizer keeps for the weights it trains."""
        return {}

    @legacy_get_updates_support
    def get_updates(self, loss: Any, params: Sequence[Variable]) -> list[Any]:
        """Symbolic updates that take one step down the gradient of a loss.

        They are for `K.function(inputs, outputs, updates)`; `fit` needs no such call.

        Args:
            loss: a scalar tensor.
            params: the variables to change, each within its constraint.
        """
        self.updates = executor().optimizer_updates(self, loss, list(params))
        return self.updates

    def get_gradients(self, loss: Any, params: Sequence[Variable]) -> list[Any]:
        """Gradients of `loss`, clipped as the optimizer says.

        Raises:
            ConfigError: the loss does not depend on one of `params`.
        """
        params = to_list(params)  # one tensor will do
        grads = K.gradients(loss, params)
        check_gradients(grads, params)
        clipnorm = getattr(self, "clipnorm", 0)
        if clipnorm and clipnorm > 0:
            norm = K.sqrt(sum([K.sum(K.square(g)) for g in grads]))
            grads = [clip_norm(g, clipnorm, norm) for g in grads]
        clipvalue = getattr(self, "clipvalue", 0)
        if clipvalue and clipvalue > 0:
            grads = [K.clip(g, -clipvalue, clipvalue) for g in grads]
        return grads

    def get_weights(self) -> list[np.ndarray]:
        """The values of the optimizer's state."""
        return [w.get_value() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the state from what `get_weights` gave.

        Raises:
            ConfigError, ShapeError: the arrays do not fit.
        """
        assign_weights(f"Optimizer {type(self).__name__}", self.weights, weights)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the optimizer again, without its state."""
        return {key: getattr(self, key) for key in CLIPPING if hasattr(self, key)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Makes an optimizer from what `get_config` gave."""
        return cls(**config)


def check_gradients(grads: Sequence[Any], params: Sequence[Variable]) -> None:
    """Every weight that is trained needs a gradient.

    Raises:
        ConfigError: one has none; names it.
    """
    missing = [p.name for p, g in zip(params, grads, strict=True) if g is None]
    if missing:
        raise ConfigError(
            f"The loss does not depend on {', '.join(missing)}, so they have no gradient. Use only "
            "operations with a gradient (K.argmax and K.round have none), or freeze them with "
            "`trainable = False`."
        )


def clip_norm(g: Any, c: float, n: Any) -> Any:
    """A gradient scaled by ``c / n`` if `n`, the norm of all gradients, is `c` or more.

    Args:
        g: a gradient.
        c: the largest norm allowed; 0 or less for no limit.
        n: the norm of all gradients.

    Shape:
        `g` of any shape -> the same; dtype: same as `g`.

    Reference:
        https://keras.io/optimizers (Keras 2.2.4).
    """
    return g if c <= 0 else K.switch(n >= c, g * (c / n), g)


def _unknown_argument(cls: type, key: str) -> str:
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    known = [n for n, p in signature.parameters.items() if p.kind == p.POSITIONAL_OR_KEYWORD][1:]
    known += CLIPPING
    near = difflib.get_close_matches(key, known, n=1)
    if _OTHER_NAMES.get(key) in known:
        near = [_OTHER_NAMES[key]]
    hint = f" Did you mean `{near[0]}`?" if near else ""
    return (
        f"Unexpected keyword argument passed to optimizer: {key}.{hint} {cls.__name__} takes "
        f"{', '.join(known)}."
    )
