"""Optimizers: their hyperparameters and state. How they compute stands in `compiler`.

Hyperparameters are variables, so that `K.set_value(model.optimizer.lr, 0.01)` takes effect on the
next step. The state is made when a model's training program is, or when weights are loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kir.backend import common
from kir.engine.base_layer import assign_weights
from kir.engine.executor import executor
from kir.engine.names import name_scope, variable_name
from kir.engine.variable import Variable
from kir.errors import ArgumentError, ConfigError
from kir.initializers.draws import Filled, Given
from kir.ir.types import TensorType
from kir.utils.generic_utils import deserialize_keras_object, serialize_keras_object, unknown_name


def _hyperparameter(value: Any, name: str, dtype: str | None = None) -> Variable:
    dtype = dtype or common.floatx()
    return Variable(
        TensorType(dtype, ()), variable_name(name), Given(np.asarray(value, dtype)), trainable=False
    )


class Optimizer:
    """Base class of all optimizers.

    Args:
        clipnorm: largest norm of all gradients together; larger ones are scaled down.
        clipvalue: largest absolute value of an element of a gradient.
    """

    def __init__(self, **kwargs: Any) -> None:
        for key in kwargs:
            if key not in ("clipnorm", "clipvalue"):
                raise ArgumentError(
                    f"{type(self).__name__} does not know the argument `{key}`. All optimizers "
                    "take clipnorm and clipvalue; see the documentation of this one for the rest."
                )
        self.__dict__.update(kwargs)
        self.updates: list[Any] = []
        self.weights: list[Variable] = []

    def create_state(self, params: Sequence[Variable]) -> None:
        """Makes the variables that the optimizer keeps for the weights it trains."""

    def _slots(self, params: Iterable[Variable], scalar: bool = False) -> list[Variable]:
        """A variable of zeros for each weight, named as in Keras's files."""
        slots = []
        for p in params:
            shape = (1,) if scalar else p.type.shape
            slots.append(
                Variable(
                    TensorType(p.type.dtype, shape),
                    variable_name("Variable"),
                    Filled(0.0, shape, p.type.dtype),
                    trainable=False,
                )
            )
        return slots

    def get_updates(self, loss: Any, params: Sequence[Variable]) -> list[Any]:
        """Symbolic updates that take one step down the gradient of `loss`."""
        return executor().optimizer_updates(self, loss, params)

    def get_gradients(self, loss: Any, params: Sequence[Variable]) -> list[Any]:
        """Gradients of `loss`, clipped as the optimizer says.

        Raises:
            ConfigError: the loss does not depend on one of `params`.
        """
        from kir import backend as K

        grads = K.gradients(loss, params)
        if any(g is None for g in grads):
            missing = [p.name for p, g in zip(params, grads, strict=True) if g is None]
            raise ConfigError(
                f"The loss does not depend on {missing}, so they have no gradient. Use only "
                "operations with a gradient (K.argmax and K.round have none), or freeze them."
            )
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
        """The arguments that make an equal optimizer, hyperparameters as they are now."""
        config = {}
        for key in ("clipnorm", "clipvalue"):
            if hasattr(self, key):
                config[key] = getattr(self, key)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The optimizer with these arguments."""
        return cls(**config)


class _Declared(Optimizer):
    """What the built-in optimizers share: hyperparameters as variables, a config from them."""

    # Names in the order of the config; those in `_plain` are numbers, the others variables.
    _settings: tuple[str, ...] = ()
    _plain: tuple[str, ...] = ()
    _saves_iterations = True

    def _set(self, values: Mapping[str, Any]) -> None:
        with name_scope(type(self).__name__):
            self.iterations = _hyperparameter(0, "iterations", "int64")
            for key, value in values.items():
                if key in self._plain:
                    setattr(self, key, value)
                else:
                    setattr(self, key, _hyperparameter(value, key))
        self.initial_decay = values.get("decay", 0.0)

    def create_state(self, params: Sequence[Variable]) -> None:
        slots = self._create_slots(params)
        self.weights = [self.iterations, *slots] if self._saves_iterations else slots

    def _create_slots(self, params: Sequence[Variable]) -> list[Variable]:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, hyperparameters as they are now."""
        config = super().get_config()
        for key in self._settings:
            value = getattr(self, key)
            config[key] = value if key in self._plain else float(value.get_value())
        return config


def _epsilon(value: float | None) -> float:
    return common.epsilon() if value is None else value


class SGD(_Declared):
    """Stochastic gradient descent, with momentum.

    Args:
        lr: learning rate, 0 at least.
        momentum: fraction of the last step that is kept.
        decay: the rate in step t is ``lr / (1 + decay * t)``.
        nesterov: looks ahead along the momentum.
        **kwargs: clipnorm, clipvalue.

    Reference: Sutskever et al., On the importance of initialization and momentum, 2013.
    """

    _settings = ("lr", "momentum", "decay", "nesterov")
    _plain = ("nesterov",)

    def __init__(
        self,
        lr: float = 0.01,
        momentum: float = 0.0,
        decay: float = 0.0,
        nesterov: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set({"lr": lr, "momentum": momentum, "decay": decay, "nesterov": nesterov})

    def _create_slots(self, params: Sequence[Variable]) -> list[Variable]:
        self.moments = self._slots(params)
        return self.moments


class RMSprop(_Declared):
    """Divides the gradient by a running average of its size.

    Args:
        lr: learning rate.
        rho: how much of the average each step keeps.
        epsilon: added to the divisor; None is `K.epsilon()`.
        decay: the rate in step t is ``lr / (1 + decay * t)``.
        **kwargs: clipnorm, clipvalue.

    Reference: Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012.
    """

    _settings = ("lr", "rho", "decay", "epsilon")
    _plain = ("epsilon",)
    _saves_iterations = False  # Keras 2.2: its files do not hold them

    def __init__(
        self,
        lr: float = 0.001,
        rho: float = 0.9,
        epsilon: float | None = None,
        decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set({"lr": lr, "rho": rho, "decay": decay, "epsilon": _epsilon(epsilon)})

    def _create_slots(self, params: Sequence[Variable]) -> list[Variable]:
        self.accumulators = self._slots(params)
        return self.accumulators


class Adam(_Declared):
    """Adaptive moment estimation.

    Args:
        lr: learning rate.
        beta_1, beta_2: how much of the first and second moment each step keeps.
        epsilon: added to the divisor; None is `K.epsilon()`.
        decay: the rate in step t is ``lr / (1 + decay * t)``.
        amsgrad: divides by the largest second moment so far (Reddi et al., 2018).
        **kwargs: clipnorm, clipvalue.

    Reference: Kingma and Ba, Adam: A Method for Stochastic Optimization, 2014.
    """

    _settings = ("lr", "beta_1", "beta_2", "decay", "epsilon", "amsgrad")
    _plain = ("epsilon", "amsgrad")

    def __init__(
        self,
        lr: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set(
            {
                "lr": lr,
                "beta_1": beta_1,
                "beta_2": beta_2,
                "decay": decay,
                "epsilon": _epsilon(epsilon),
                "amsgrad": amsgrad,
            }
        )

    def _create_slots(self, params: Sequence[Variable]) -> list[Variable]:
        self.first_moments = self._slots(params)
        self.second_moments = self._slots(params)
        # Keras 2.2: without amsgrad a placeholder of one number stands for each.
        self.largest_moments = self._slots(params, scalar=not self.amsgrad)
        return [*self.first_moments, *self.second_moments, *self.largest_moments]


_CLASSES: dict[str, type[Optimizer]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam}
sgd, rmsprop, adam = SGD, RMSprop, Adam


def serialize(optimizer: Optimizer) -> Any:
    """Class name and config."""
    return serialize_keras_object(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimizer that ``{"class_name": ..., "config": ...}`` describes."""
    config = dict(config)
    if str(config.get("class_name", "")).lower() in _CLASSES:
        config["class_name"] = config["class_name"].lower()
    return deserialize_keras_object(
        config,
        module_objects=_CLASSES,
        custom_objects=custom_objects,
        printable_module_name="optimizer",
    )


def get(identifier: Any) -> Any:
    """An optimizer from its name, its config, or itself.

    Raises:
        ConfigError: an unknown name, or something else.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        if identifier.lower() not in _CLASSES:
            raise unknown_name("optimizer", identifier, [c.__name__ for c in _CLASSES.values()])
        return deserialize({"class_name": identifier, "config": {}})
    raise ConfigError(
        f"The optimizer is {identifier!r} ({type(identifier).__name__}); expected a name such as "
        "'adam' or an optimizer object."
    )
