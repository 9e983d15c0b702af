"""Replaces calls of nested models by the calls inside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.passes.rewriting import Replacement, rewrite
from kir.engine.inlining import inline_call, is_network_call
from kir.ir.graph import Graph, Node, Value


@dataclass(frozen=True)
class InlineNetworks:
    """Makes one flat graph, so that other passes see across the borders of nested models."""

    name = "inline_networks"

    def run(self, graph: Graph) -> Graph:
        """The flat graph."""
        return rewrite(graph, _inline)


def _inline(
    node: Node, inputs: Sequence[Value], masks: Sequence[Value | None]
) -> Replacement | None:
    return inline_call(node, inputs) if is_network_call(node) else None
