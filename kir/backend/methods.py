"""What tensors, variables and operations of TensorFlow 1 can be asked to do themselves.

Programs of the Keras 2 era mix such calls with Keras's: ``loss.eval(session=K.get_session())``,
``weight.initializer.run()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir.backend import values
from kir.backend.operation_names import operation_name
from kir.backend.session import Operation, get_session
from kir.engine.tensor import Symbolic
from kir.engine.variable import Variable
from kir.utils.generic_utils import has_arg


def _eval(self: Any, feed_dict: Mapping[Any, Any] | None = None, session: Any = None) -> Any:
    """The value, as an array, in the given session or the current one."""
    return (session or get_session()).run(self, feed_dict)


def _assign(self: Any, value: Any, *_: Any, **__: Any) -> Any:
    """A tensor that sets the variable when it is computed."""
    return values.update(self, value)


def _assign_add(self: Any, delta: Any, *_: Any, **__: Any) -> Any:
    """A tensor that adds to the variable when it is computed."""
    return values.update_add(self, delta)


def _assign_sub(self: Any, delta: Any, *_: Any, **__: Any) -> Any:
    """A tensor that subtracts from the variable when it is computed."""
    return values.update_sub(self, delta)


def _load(self: Any, value: Any, session: Any = None) -> None:
    """Sets the variable at once."""
    self.set_value(value)


def _itself(self: Any) -> Any:
    """The variable: its value is a tensor already."""
    return self


class Producer:
    """What computes a tensor, as TensorFlow 1 shows it.

    Attributes:
        name: as in TensorFlow 1, such as ``dense_1/BiasAdd``.
        type: the operation's.
        inputs, outputs: its tensors.
    """

    def __init__(self, tensor: Any) -> None:
        node = getattr(tensor, "producer", None)
        self.name = operation_name(tensor)
        self.type = node.op if node else "Placeholder"
        self.inputs = list(node.inputs) if node else []
        self.outputs = list(node.outputs) if node else [tensor]


class Draw(Operation):
    """Sets a variable to a new draw of its initializer."""

    def __init__(self, variable: Any) -> None:
        super().__init__([])
        self.variable = variable

    def prepare(self) -> None:
        """Draws."""
        declared, kind = self.variable.declared_initializer, self.variable.type
        if declared is not None:
            given = {"dtype": kind.dtype} if has_arg(declared, "dtype") else {}
            self.variable.set_value(values.eval(declared(kind.shape, **given)))


def install() -> None:
    """Gives the methods to the classes of everything symbolic."""
    Symbolic.eval = _eval  # type: ignore[attr-defined]
    Symbolic.op = property(Producer)  # type: ignore[attr-defined]
    Variable.initializer = property(Draw)  # type: ignore[assignment]
    for name, method in {
        "assign": _assign,
        "assign_add": _assign_add,
        "assign_sub": _assign_sub,
        "load": _load,
        "read_value": _itself,
        "value": _itself,
        "initialized_value": _itself,
    }.items():
        setattr(Variable, name, method)
