"""Live weights: a typed declaration with a value that exists once something asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from kir.engine.executor import executor
from kir.engine.tensor import ReferenceDTypeName, Symbolic
from kir.errors import ShapeError
from kir.ir.graph import Attribute, Opaque, Weight
from kir.ir.types import TensorType


class Variable(Symbolic, Weight):
    """A weight of a layer, a state, or what `K.variable` makes.

    The value is at first a draw (how to compute it), then a NumPy array, and from the first time
    that a program uses it a resource of the runtime, which then is the only holder.

    Attributes:
        declared_initializer, regularizer, constraint: the live objects or functions, or None.
        initializer: an operation that sets the variable to a new initial value, as TensorFlow 1's
            variables have it.
        draw: the initial value's description, until it is computed.
        resource: the runtime's variable; set by the compiler.
        on_creation: told of every new variable, where somebody keeps account of all.
    """

    on_creation: ClassVar[Callable[[Variable], None] | None] = None

    # No __slots__: programs of the Keras 2 era set attributes of their own on variables.

    def __init__(
        self,
        type: TensorType,
        name: str,
        draw: Any,
        *,
        initializer: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(type, name, initializer, regularizer, constraint, trainable)
        self.draw = draw
        self.resource: Any = None
        self._array: np.ndarray | None = None
        self._keras_shape = type.shape
        self._uses_learning_phase = False
        if Variable.on_creation is not None:
            Variable.on_creation(self)

    @property
    def dtype(self) -> ReferenceDTypeName:
        """The element type's name; its attribute `name` is that of a reference."""
        return ReferenceDTypeName(self.type.dtype)

    def settings(self) -> dict[str, Attribute]:
        """The configurations of initializer, regularizer and constraint."""
        return {key: _setting(value) for key, value in super().settings().items()}

    def get_value(self) -> np.ndarray:
        """A copy of the current value."""
        if self.resource is not None:
            value: np.ndarray = self.resource.numpy()
            return value
        return self.host_value().copy()

    def host_value(self) -> np.ndarray:
        """The value before the runtime has taken it over."""
        if self._array is None:
            self._array = executor().initial_values([self.draw])[0]
            self.draw = None
        return self._array

    def set_value(self, value: Any) -> None:
        """Replaces the value.

        Raises:
            ShapeError: the shape differs from the declared one.
        """
        array = np.asarray(value, dtype=self.type.dtype)
        if array.shape != self.type.shape:
            raise ShapeError(
                f"Variable {self.name!r} is {self.type}; got an array of shape {array.shape}."
            )
        if self.resource is not None:
            self.resource.assign(array)
        else:
            self.draw = None
            # The caller may go on writing to its array.
            self._array = array.copy() if array is value else array

    def __repr__(self) -> str:
        return f"<Variable {self.name!r}: {self.type}>"


def _setting(value: Any) -> Attribute:
    """What a file or a text says of a live initializer, regularizer or constraint."""
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": _plain(value.get_config())}
    return Opaque(getattr(value, "__name__", type(value).__name__), value)


def _plain(value: Any) -> Attribute:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value


def compute_initial_values(variables: list[Variable]) -> None:
    """Gives every variable that has none its initial value, all in one go."""
    pending = [v for v in variables if v.resource is None and v._array is None]
    if pending:
        for variable, array in zip(
            pending, executor().initial_values([v.draw for v in pending]), strict=True
        ):
            variable._array = array
            variable.draw = None
