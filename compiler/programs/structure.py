"""Keys of graphs: equal for graphs that compute the same from values of the same types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.programs.inference import frozen, has_opaque
from kir.backend.recording import RANDOM_OPS
from kir.engine.variable import Variable
from kir.ir.graph import Graph, Node, Value, topological_order

# Two nodes of these are two things, however much alike: they hold a state or change one.
_STATEFUL = frozenset({*RANDOM_OPS, "k.update", "k.update_add", "k.update_sub"}) | {
    "k.moving_average_update",
    "k.print_tensor",
}


@dataclass
class Structure:
    """A graph without names and without the identity of its leaves.

    Attributes:
        variables: in the order in which the graph reads them.
        parts: what the graph consists of, hashable.
    """

    variables: list[Variable] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)
    _numbers: dict[Value, int] = field(default_factory=dict)

    def _number(self, value: Value) -> int | None:
        if value not in self._numbers:
            if not isinstance(value, Variable):
                return None
            self.variables.append(value)
            self._leaf(value)
        return self._numbers[value]

    def _leaf(self, value: Value) -> None:
        self._numbers[value] = len(self._numbers)
        self.parts.append(value.type)

    def _add(self, node: Node) -> bool:
        """Whether the node can stand in a key."""
        if not node.op.startswith("k.") or node.op in _STATEFUL or has_opaque(node.attributes):
            return False
        if node.gradient_names:
            return False
        operands = [self._number(v) for v in node.inputs]
        if None in operands:
            return False
        self.parts.append((node.op, tuple(operands), frozen(node.attributes)))
        if node.region is not None and not self._region(node.region):
            return False
        for output in node.outputs:
            self._leaf(output)
        return True

    def _region(self, region: Graph) -> bool:
        for value in region.inputs:
            self._leaf(value)
        if not all(map(self._add, region.nodes)):
            return False
        self.parts.append(tuple(self._number(v) for v in region.outputs))
        return True


def structure(outputs: Sequence[Value]) -> tuple[Any, list[Variable]] | None:
    """The key of a graph without inputs, and the variables that it reads.

    None if the graph holds something that is told apart by more than its structure.
    """
    found = Structure()
    if not all(map(found._add, topological_order(outputs))):
        return None
    ends = [found._number(v) for v in outputs]
    if None in ends:
        return None
    return (*found.parts, tuple(ends)), found.variables
