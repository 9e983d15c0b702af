"""What passes share: copying nodes onto new operands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from kir.engine.inlining import copy_node as copy_node
from kir.ir.graph import Graph, Node, Value


class Pass(Protocol):
    """A rewrite of a graph. It never edits in place: nodes and graphs that change are new."""

    @property
    def name(self) -> str:
        """What the pass is called in dumps and messages."""
        ...

    def run(self, graph: Graph) -> Graph:
        """The rewritten graph; the graph itself if nothing changed."""
        ...


# Given a node and its operands after rewriting (inputs, masks): the values that stand for its
# outputs from now on with the new nodes that define them, or None to keep the node.
Replacement = tuple[Sequence[Value], Iterable[Node]]
Rewrite = Callable[[Node, Sequence[Value], Sequence[Value | None]], Replacement | None]


def rewrite(graph: Graph, replace: Rewrite, mapping: Mapping[Value, Value] | None = None) -> Graph:
    """Applies `replace` to every node, operands first; copies nodes whose operands changed.

    Returns:
        The graph itself if nothing changed.
    """
    known: dict[Value, Value] = dict(mapping or {})
    nodes: list[Node] = []
    changed = False
    for node in graph.nodes:
        inputs = [known.get(v, v) for v in node.inputs]
        masks = [None if m is None else known.get(m, m) for m in node.masks]
        found = replace(node, inputs, masks)
        if found is not None:
            outputs, new_nodes = found
            nodes.extend(new_nodes)
            known.update(zip(node.outputs, outputs, strict=False))
            changed = True
        elif inputs != list(node.inputs) or masks != list(node.masks):
            copied = copy_node(node, inputs, masks)
            known.update(zip(node.outputs, copied.outputs, strict=True))
            nodes.append(copied)
            changed = True
        else:
            nodes.append(node)
    if not changed and not mapping:
        return graph
    outputs = [known.get(v, v) for v in graph.outputs]
    return without_dead_nodes(Graph(graph.name, graph.inputs, outputs, nodes, graph.attributes))


def without_dead_nodes(graph: Graph) -> Graph:
    """Leaves out nodes that no output depends on."""
    needed = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if any(v in needed for v in node.outputs):
            kept.append(node)
            needed.update(node.operands)
    if len(kept) == len(graph.nodes):
        return graph
    return Graph(graph.name, graph.inputs, graph.outputs, reversed(kept), graph.attributes)
