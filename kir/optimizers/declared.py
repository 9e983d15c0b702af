"""The optimizers of Keras 2.2.4: their hyperparameters and state.

Hyperparameters are variables, so that `K.set_value(model.optimizer.lr, 0.01)` takes effect on the
next step. How an optimizer computes stands in `compiler.lowering.optimizers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kir import settings
from kir.engine.names import name_scope, variable_name
from kir.engine.variable import Variable
from kir.initializers.draws import Given
from kir.ir.types import TensorType
from kir.optimizers.base import Optimizer, Slots, slots


def _hyperparameter(value: Any, name: str, dtype: str | None = None) -> Variable:
    dtype = dtype or settings.floatx()
    return Variable(
        TensorType(dtype, ()), variable_name(name), Given(np.asarray(value, dtype)), trainable=False
    )


class _Declared(Optimizer):
    """What the built-in optimizers share: hyperparameters as variables, a config from them."""

    # Names in the order of the config; those in `_plain` are numbers, the others variables.
    _settings: tuple[str, ...] = ()
    _plain: tuple[str, ...] = ()
    # Names of the slots, in the order of files.
    _slot_names: tuple[str, ...] = ()
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

    def create_state(self, params: Sequence[Variable]) -> Slots:
        """Makes the variables for the weights it trains; `weights` holds what files hold."""
        made = {name: slots(params, self._is_scalar(name)) for name in self._slot_names}
        flat = [v for group in made.values() for v in group]
        self.weights = [self.iterations, *flat] if self._saves_iterations else flat
        return made

    def _is_scalar(self, slot: str) -> bool:
        """Whether one number stands for each weight's slot, which nothing reads."""
        return False

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, hyperparameters as they are now."""
        config = super().get_config()
        for key in self._settings:
            value = getattr(self, key)
            config[key] = value if key in self._plain else float(value.get_value())
        return config


def _epsilon(value: float | None) -> float:
    return settings.epsilon() if value is None else value


class SGD(_Declared):
    """Stochastic gradient descent, with momentum.

    Args:
        lr: learning rate, 0 at least.
        momentum: fraction of the last step that is kept.
        decay: the rate in step t is ``lr / (1 + decay * t)``.
        nesterov: looks ahead along the momentum.
        **kwargs: clipnorm, clipvalue.

    Reference:
        Sutskever et al., On the importance of initialization and momentum, 2013.
        https://keras.io/optimizers (Keras 2.2.4).
    """

    _settings = ("lr", "momentum", "decay", "nesterov")
    _plain = ("nesterov",)
    _slot_names = ("momentum",)

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


class RMSprop(_Declared):
    """Divides the gradient by a running average of its size.

    Args:
        lr: learning rate.
        rho: how much of the average each step keeps.
        epsilon: added to the divisor; None is `K.epsilon()`.
        decay: the rate in step t is ``lr / (1 + decay * t)``.
        **kwargs: clipnorm, clipvalue.

    Reference:
        Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012.
        https://keras.io/optimizers (Keras 2.2.4).
    """

    _settings = ("lr", "rho", "decay", "epsilon")
    _plain = ("epsilon",)
    _slot_names = ("average",)
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


class Adagrad(_Declared):
    """Divides the gradient by the root of the sum of all its squares so far.

    Args:
        lr: learning rate.
        epsilon: added to the divisor; None is `K.epsilon()`.
        decay: the rate in step t is ``lr / (1 + decay * t)``.
        **kwargs: clipnorm, clipvalue.

    Reference:
        Duchi et al., Adaptive Subgradient Methods, 2011.
        https://keras.io/optimizers (Keras 2.2.4).
    """

    _settings = ("lr", "decay", "epsilon")
    _plain = ("epsilon",)
    _slot_names = ("sum",)
    _saves_iterations = False

    def __init__(
        self, lr: float = 0.01, epsilon: float | None = None, decay: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._set({"lr": lr, "decay": decay, "epsilon": _epsilon(epsilon)})


class Adadelta(_Declared):
    """Scales the gradient by the ratio of the running sizes of steps and gradients.

    Args:
        lr: learning rate; 1 as in the paper.
        rho: how much of the averages each step keeps.
        epsilon: added to both averages; None is `K.epsilon()`.
        decay: the rate in step t is ``lr / (1 + decay * t)``.
        **kwargs: clipnorm, clipvalue.

    Reference:
        Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.
        https://keras.io/optimizers (Keras 2.2.4).
    """

    _settings = ("lr", "rho", "decay", "epsilon")
    _plain = ("rho", "epsilon")
    _slot_names = ("average", "step_average")
    _saves_iterations = False

    def __init__(
        self,
        lr: float = 1.0,
        rho: float = 0.95,
        epsilon: float | None = None,
        decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set({"lr": lr, "rho": rho, "decay": decay, "epsilon": _epsilon(epsilon)})


class Adam(_Declared):
    """Adaptive moment estimation.

    Args:
        lr: learning rate.
        beta_1, beta_2: how much of the first and second moment each step keeps.
        epsilon: added to the divisor; None is `K.epsilon()`.
        decay: the rate in step t is ``lr / (1 + decay * t)``.
        amsgrad: divides by the largest second moment so far (Reddi et al., 2018).
        **kwargs: clipnorm, clipvalue.

    Reference:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, 2014.
        https://keras.io/optimizers (Keras 2.2.4).
    """

    _settings = ("lr", "beta_1", "beta_2", "decay", "epsilon", "amsgrad")
    _plain = ("epsilon", "amsgrad")
    _slot_names = ("first", "second", "largest")
    amsgrad: bool

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

    def _is_scalar(self, slot: str) -> bool:
        # Keras 2.2: without amsgrad a placeholder of one number stands for each.
        return slot == "largest" and not self.amsgrad


class Adamax(_Declared):
    """Adam with the largest gradient so far, forgotten slowly, in place of the second moment.

    Args:
        lr: learning rate.
        beta_1, beta_2: how much of the first moment and of the largest gradient each step keeps.
        epsilon: added to the divisor; None is `K.epsilon()`.
        decay: the rate in step t is ``lr / (1 + decay * t)``.
        **kwargs: clipnorm, clipvalue.

    Reference:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, 2014, section 7.
        https://keras.io/optimizers (Keras 2.2.4).
    """

    _settings = ("lr", "beta_1", "beta_2", "decay", "epsilon")
    _plain = ("epsilon",)
    _slot_names = ("first", "largest")

    def __init__(
        self,
        lr: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
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
            }
        )


class Nadam(_Declared):
    """Adam that looks ahead along the momentum, which grows by a schedule.

    Args:
        lr: learning rate.
        beta_1, beta_2: how much of the first and second moment each step keeps.
        epsilon: added to the divisor; None is `K.epsilon()`.
        schedule_decay: the momentum in step t is ``beta_1 * (1 - 0.5 * 0.96**(t *
            schedule_decay))``.
        **kwargs: clipnorm, clipvalue.

    Reference:
        Dozat, Incorporating Nesterov Momentum into Adam, 2015.
        https://keras.io/optimizers (Keras 2.2.4).
    """

    _settings = ("lr", "beta_1", "beta_2", "epsilon", "schedule_decay")
    _plain = ("epsilon", "schedule_decay")
    _slot_names = ("first", "second")

    def __init__(
        self,
        lr: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set(
            {
                "lr": lr,
                "beta_1": beta_1,
                "beta_2": beta_2,
                "epsilon": _epsilon(epsilon),
                "schedule_decay": schedule_decay,
            }
        )
        with name_scope(type(self).__name__):
            # The product of the momenta of all steps. Keras 2.2: its files do not hold it.
            self.m_schedule = _hyperparameter(1.0, "m_schedule")
