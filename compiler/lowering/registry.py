"""The table of lowerings: how each layer and each op of the compiler computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kir.errors import ConfigError

# A layer's rule: (layer, call, *inputs) -> result or list of all results, hidden ones included.
LayerRule = Callable[..., Any]
# A recurrent cell's rule: (cell, call) -> its two functions; see `compiler.lowering.cells`.
CellRule = Callable[..., Any]
# An op's rule: (node, operands, context) -> result or list of results.
OpRule = Callable[..., Any]

_LAYER_RULES: dict[type, LayerRule] = {}
_CELL_RULES: dict[type, CellRule] = {}
_OP_RULES: dict[str, OpRule] = {}


def lowers(*classes: type) -> Callable[[LayerRule], LayerRule]:
    """Registers how layers of these classes compute."""

    def register(rule: LayerRule) -> LayerRule:
        for cls in classes:
            if cls in _LAYER_RULES:
                raise ConfigError(f"{cls.__name__} has a lowering already.")
            _LAYER_RULES[cls] = rule
        return rule

    return register


def lowers_cell(cls: type) -> Callable[[CellRule], CellRule]:
    """Registers how cells of this class compute a time step."""

    def register(rule: CellRule) -> CellRule:
        if cls in _CELL_RULES:
            raise ConfigError(f"{cls.__name__} has a cell rule already.")
        _CELL_RULES[cls] = rule
        return rule

    return register


def lowers_op(*names: str) -> Callable[[OpRule], OpRule]:
    """Registers how nodes of these ops compute."""

    def register(rule: OpRule) -> OpRule:
        for name in names:
            if name in _OP_RULES:
                raise ConfigError(f"The op {name} has a lowering already.")
            _OP_RULES[name] = rule
        return rule

    return register


def layer_rule(cls: type) -> LayerRule:
    """The rule of a class or of its nearest base.

    Raises:
        ConfigError: there is none.
    """
    for base in cls.__mro__:
        if base in _LAYER_RULES:
            return _LAYER_RULES[base]
    raise ConfigError(f"{cls.__name__} has no lowering: its class overrides no `call`.")


def cell_rule(cls: type) -> CellRule | None:
    """The rule of a cell's class or of its nearest base; None if the class has its own `call`."""
    return find_cell_rule(_CELL_RULES, cls)


def find_cell_rule(rules: Mapping[type, CellRule], cls: type) -> CellRule | None:
    """As `cell_rule`, in a table of rules for another purpose than to compute."""
    for base in cls.__mro__:
        if base in rules:
            return rules[base]
        if "call" in vars(base):
            return None
    return None


def op_rule(name: str) -> OpRule | None:
    """The rule of an op, or None."""
    return _OP_RULES.get(name)
