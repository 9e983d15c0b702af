"""The table of how layers and recorded functions are written in ONNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.lowering.registry import find_cell_rule
from kir.errors import ConfigError

# A layer's rule: (layer, call, *inputs) -> the name of the result, or a list for several.
LayerRule = Callable[..., Any]
# A function's rule: (call, **arguments) -> the same.
OpRule = Callable[..., Any]
# A cell's rule: (cell, builder, x, states) -> (output, new states).
CellRule = Callable[..., Any]

_LAYERS: dict[type, LayerRule] = {}
_OPS: dict[str, OpRule] = {}
_CELLS: dict[type, CellRule] = {}


def _register(table: dict[Any, Any], keys: tuple[Any, ...]) -> Callable[[Any], Any]:
    def register(rule: Any) -> Any:
        for key in keys:
            if key in table:
                raise ConfigError(f"{key} has an ONNX rule already.")
            table[key] = rule
        return rule

    return register


def writes(*classes: type) -> Callable[[LayerRule], LayerRule]:
    """Registers how layers of these classes are written."""
    return _register(_LAYERS, classes)


def writes_op(*names: str) -> Callable[[OpRule], OpRule]:
    """Registers how nodes of these ops are written."""
    return _register(_OPS, names)


def writes_cell(*classes: type) -> Callable[[CellRule], CellRule]:
    """Registers how one time step of cells of these classes is written."""
    return _register(_CELLS, classes)


def layer_rule(cls: type) -> LayerRule | None:
    """The rule of a class or of its nearest base."""
    return next((_LAYERS[base] for base in cls.__mro__ if base in _LAYERS), None)


def cell_rule(cls: type) -> CellRule | None:
    """The rule of a cell's class or nearest base; None if it has a `call` of its own."""
    return find_cell_rule(_CELLS, cls)


def op_rule(name: str) -> OpRule | None:
    """The rule of an op."""
    return _OPS.get(name)
