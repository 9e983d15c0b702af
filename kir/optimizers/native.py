"""TensorFlow's own optimizers, as a user brings them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kir.engine.names import name_scope, variable_name
from kir.engine.variable import Variable
from kir.errors import DTypeError, MissingAttributeError, UnsupportedError
from kir.initializers.draws import Filled
from kir.ir.types import TensorType
from kir.optimizers.base import Optimizer

# Where optimizers of TensorFlow's several generations keep their learning rate.
RATE_NAMES = ("lr", "learning_rate", "_lr", "_learning_rate")


class TFOptimizer(Optimizer):
    """Wraps an object with `apply_gradients(grads_and_vars)`.

    The optimizers of `tf.compat.v1.train` and of `tf.keras.optimizers` have it. Their slots are
    their own: they are not among `weights` and no file holds them. The gradients are not clipped
    but by the wrapped optimizer.

    Args:
        optimizer: the object. A learning rate that `tf.compat.v1.train` was given as a number is
            put into a variable, so that callbacks can change it.

    Raises:
        DTypeError: the object has no such method.

    Reference:
        https://keras.io/optimizers (Keras 2.2.4).
    """

    def __init__(self, optimizer: Any) -> None:
        if not callable(getattr(optimizer, "apply_gradients", None)):
            raise DTypeError(
                f"TFOptimizer wraps an object with a method apply_gradients(grads_and_vars); got "
                f"{optimizer!r} ({type(optimizer).__name__})."
            )
        self.optimizer = optimizer
        self.updates: list[Any] = []
        with name_scope(type(self).__name__):
            self.iterations = Variable(
                TensorType("int64", ()),
                variable_name("iterations"),
                Filled(0, (), "int64"),
                trainable=False,
            )

    @property
    def lr(self) -> Any:
        """The variable that holds the learning rate.

        Raises:
            MissingAttributeError: the wrapped optimizer keeps its rate in none.
        """
        optimizer = self.__dict__.get("optimizer")
        for name in RATE_NAMES:
            found = getattr(optimizer, name, None)
            if hasattr(found, "assign"):
                return found
        raise MissingAttributeError(
            f"TFOptimizer: {type(optimizer).__name__} keeps its learning rate in no variable, so "
            "that it cannot be read or changed while training. Give it a tf.Variable, or use an "
            "optimizer of kir.optimizers."
        )

    @property
    def weights(self) -> list[Variable]:  # type: ignore[override]
        """Not available, as in Keras.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError(
            f"TFOptimizer: the state of {type(self.optimizer).__name__} is TensorFlow's own and "
            "cannot be read or set. Use an optimizer of kir.optimizers."
        )

    def get_weights(self) -> Any:
        """Not available; raises UnsupportedError."""
        return self.weights

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Not available; raises UnsupportedError."""
        _ = self.weights

    def get_config(self) -> dict[str, Any]:
        """Not available, as in Keras.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError(
            f"TFOptimizer: the arguments of {type(self.optimizer).__name__} cannot be read. Use an "
            "optimizer of kir.optimizers."
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Not available, as in Keras.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError("TFOptimizer cannot be made from a config: pass it the optimizer.")
