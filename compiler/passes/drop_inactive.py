"""Removes layers that do nothing at inference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.passes.rewriting import Replacement, rewrite
from kir.ir.graph import Graph, Node, Value

# The identity unless the network is being trained.
INACTIVE = frozenset(
    {
        "keras.AlphaDropout",
        "keras.Dropout",
        "keras.GaussianDropout",
        "keras.GaussianNoise",
        "keras.SpatialDropout1D",
        "keras.SpatialDropout2D",
        "keras.SpatialDropout3D",
    }
)


@dataclass(frozen=True)
class DropInactive:
    """Passes the input of dropout and its kin through; for programs that do not train."""

    name = "drop_inactive"

    def run(self, graph: Graph) -> Graph:
        """The graph without inactive layers."""
        return rewrite(graph, _drop)


def _drop(node: Node, inputs: Sequence[Value], masks: Sequence[Value | None]) -> Replacement | None:
    if node.op not in INACTIVE or not getattr(node.layer, "is_lowered", False):
        return None
    if node.training:
        return None  # a call that asks for training behaviour keeps it
    return inputs[:1], ()
