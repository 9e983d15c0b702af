"""Replaces calls of nested models by the calls inside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.passes.rewriting import Replacement, copy_node, rewrite
from kir.ir.graph import Graph, Node, Value


@dataclass(frozen=True)
class InlineNetworks:
    """Makes one flat graph, so that other passes see across the borders of nested models."""

    name = "inline_networks"

    def run(self, graph: Graph) -> Graph:
        """The flat graph."""
        return rewrite(graph, _inline)


def _inline(
    node: Node,
    inputs: Sequence[Value],
    masks: Sequence[Value | None],
    is_frozen: bool = False,
) -> Replacement | None:
    if node.region is None or node.layer is None or not node.layer.is_network:
        return None
    is_frozen = is_frozen or not node.layer.trainable
    known: dict[Value, Value] = dict(zip(node.region.inputs, inputs, strict=True))
    nodes: list[Node] = []
    for inner in node.region.nodes:
        inner_inputs = [known.get(v, v) for v in inner.inputs]
        inner_masks = [None if m is None else known.get(m, m) for m in inner.masks]
        found = _inline(inner, inner_inputs, inner_masks, is_frozen)
        if found is not None:
            outputs, new_nodes = found
            nodes.extend(new_nodes)
        else:
            copied = copy_node(inner, inner_inputs, inner_masks)
            copied.is_frozen = is_frozen
            outputs = copied.outputs
            nodes.append(copied)
        known.update(zip(inner.outputs, outputs, strict=False))
    return [known[v] for v in node.region.outputs], nodes
