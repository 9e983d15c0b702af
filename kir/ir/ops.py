"""The registry of ops: what the representation itself knows of `keras.Dense` or `k.dot`.

An op need not be registered. Of one that is not, the text form writes every attribute and the
verifier takes the types as they stand.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kir.errors import ConfigError
from kir.ir.attributes import Attribute, attributes_equal
from kir.ir.graph import Node
from kir.ir.types import TensorType


@dataclass(frozen=True, eq=False)
class OpDef:
    """What is known of an op.

    Attributes:
        name: ``dialect.Name``.
        infer: the output types that follow from a node's inputs and attributes; None where there
            is no rule.
        defaults: the values of attributes that the text form leaves out.
    """

    name: str
    infer: Callable[[Node], Sequence[TensorType]] | None = None
    defaults: Mapping[str, Attribute] = field(default_factory=dict)


_op_defs: dict[str, OpDef] = {}


def register(op_def: OpDef) -> OpDef:
    """Makes `op_def` known.

    Raises:
        ConfigError: an op of this name is registered already.
    """
    if op_def.name in _op_defs:
        raise ConfigError(f"The op {op_def.name!r} is registered already; choose another name.")
    _op_defs[op_def.name] = op_def
    return op_def


def find(name: str) -> OpDef | None:
    """The definition of the op called `name`, or None."""
    return _op_defs.get(name)


def without_defaults(op: str, attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """The attributes that differ from what the op's definition says."""
    op_def = _op_defs.get(op)
    if op_def is None or not op_def.defaults:
        return dict(attributes)
    defaults = op_def.defaults
    return {
        key: value
        for key, value in attributes.items()
        if key not in defaults or not attributes_equal(value, defaults[key])
    }


def with_defaults(op: str, attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """`attributes`, then those that only the op's definition gives."""
    op_def = _op_defs.get(op)
    filled = dict(attributes)
    if op_def is not None:
        for key, value in op_def.defaults.items():
            if key not in filled:
                filled[key] = copy.deepcopy(value)
    return filled
