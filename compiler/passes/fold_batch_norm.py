"""Folds batch normalization into the convolution or dense layer before it.

At inference ``gamma * (x @ W + b - mean) / sqrt(variance + epsilon) + beta`` is affine in x, so a
kernel and a bias of its own compute it in one go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from compiler.passes.rewriting import Replacement, copy_node, rewrite
from kir import activations
from kir.ir.graph import Graph, Node, Value

FOLDED = "kir.folded_batch_norm"
FOLDABLE = {"keras.Conv2D", "keras.Dense"}

# Scaling the kernel costs as many products as it has elements; normalizing costs one for each
# element of the result. A batch of this many samples is what the choice is made for.
ASSUMED_BATCH = 32


@dataclass(frozen=True)
class FoldBatchNorm:
    """Joins a layer and the normalization of its result in one node."""

    name = "fold_batch_norm"

    def run(self, graph: Graph) -> Graph:
        """The graph with foldable normalizations joined."""
        users = graph.users()
        results = set(graph.outputs)

        def fold(
            node: Node, inputs: Sequence[Value], masks: Sequence[Value | None]
        ) -> Replacement | None:
            if node.op != "keras.BatchNormalization" or node.training:
                return None
            source = inputs[0].producer
            if source is None or not _is_foldable(source, node):
                return None
            original = node.inputs[0]
            if len(users.get(original, ())) != 1 or original in results:
                return None
            if any(v in users or v in results for v in node.outputs[1:]):
                return None  # something reads the batch's own statistics
            joined = Node(
                FOLDED,
                source.inputs,
                [node.outputs[0].type],
                name=f"{source.name}/{node.name}",
                weights=(*source.weights, *node.weights),
                region=_body(source, node),
                output_names=[node.outputs[0].name],
            )
            return joined.outputs, [joined]

        return rewrite(graph, fold)


def _body(source: Node, normalization: Node) -> Graph:
    """The two calls on inputs of their own: a region sees no value of the graph around it."""
    inputs = [Value(v.type, v.name) for v in source.inputs]
    first = copy_node(source, inputs, ())
    second = copy_node(normalization, first.outputs, ())
    name = f"{source.name}_{normalization.name}"
    return Graph(name, inputs, second.outputs[:1], [first, second])


def _is_foldable(source: Node, normalization: Node) -> bool:
    layer, norm = source.layer, normalization.layer
    if source.op not in FOLDABLE or not (layer.is_lowered and norm.is_lowered):
        return False
    if layer.activation is not activations.linear:
        return False
    shape = source.outputs[0].type.shape
    if shape is None or norm.axis % len(shape) != _channel_axis(layer, len(shape)):
        return False
    positions = math.prod(s for s in shape[1:] if s is not None) / shape[norm.axis]
    fan_in = math.prod(layer.kernel.type.shape[:-1])
    return ASSUMED_BATCH * positions >= fan_in


def _channel_axis(layer: object, rank: int) -> int:
    return 1 if getattr(layer, "data_format", None) == "channels_first" else rank - 1
