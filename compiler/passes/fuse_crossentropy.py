"""Computes the cross-entropy of a softmax or sigmoid from the logits.

The fused form saves a pass over the data and its gradient, and loses no digits. It keeps Keras's
clipping: a probability within epsilon of 0 or 1 counts as epsilon away, and passes no gradient.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from compiler.passes.rewriting import Replacement, copy_node, rewrite
from kir import activations, losses
from kir.ir.graph import Graph, Node, Opaque, Ref, Value
from kir.ir.ops import with_defaults

OBJECTIVE = "kir.objective"
# (loss, activation it can be joined with) -> name of the joined function
FUSED = {
    (losses.categorical_crossentropy, activations.softmax): "softmax_crossentropy",
    (losses.sparse_categorical_crossentropy, activations.softmax): "sparse_softmax_crossentropy",
    (losses.binary_crossentropy, activations.sigmoid): "sigmoid_crossentropy",
}
_BACKEND = {activations.softmax: "k.softmax", activations.sigmoid: "k.sigmoid"}
_ACTIVATED = {"keras.Dense", "keras.Conv2D", "keras.Activation"}


@dataclass(frozen=True)
class FuseCrossentropy:
    """Gives a cross-entropy the logits instead of the probabilities."""

    name = "fuse_crossentropy"

    def run(self, graph: Graph) -> Graph:
        """The graph with cross-entropies of logits."""
        wanted: dict[Value, object] = {}
        for node in graph.nodes:
            if node.op == OBJECTIVE:
                loss = node.attributes["function"].value
                activation = _activation_of(node.inputs[1])
                if (loss, activation) in FUSED:
                    wanted[node.inputs[1]] = activation
        if not wanted:
            return graph
        logits: dict[Value, Value] = {}

        def split(
            node: Node, inputs: Sequence[Value], masks: Sequence[Value | None]
        ) -> Replacement | None:
            if node.outputs and node.outputs[0] in wanted:
                return _split_activation(node, inputs, masks, logits)
            if node.op == OBJECTIVE and inputs[1] in logits:
                key = (node.attributes["function"].value, _activation_of(node.inputs[1]))
                if key in FUSED:
                    return _fused(node, inputs, masks, logits[inputs[1]], FUSED[key])
            return None

        return rewrite(graph, split)


def _activation_of(value: Value) -> object:
    node = value.producer
    if node is None or node.op not in _ACTIVATED or not getattr(node.layer, "is_lowered", False):
        return None
    return node.layer.activation


def _split_activation(
    node: Node,
    inputs: Sequence[Value],
    masks: Sequence[Value | None],
    logits: dict[Value, Value],
) -> Replacement:
    """The node without its activation, then the activation alone."""
    activation = node.layer.activation
    nodes = []
    if node.op == "keras.Activation":
        linear = inputs[0]
    else:
        layer = copy.copy(node.layer)
        layer.activation = activations.linear
        before = copy_node(node, inputs, masks, layer)
        before.attributes["activation"] = "linear"
        linear = before.outputs[0]
        nodes.append(before)
    op = _BACKEND[activation]
    activated = Node(
        op,
        [linear],
        [node.outputs[0].type],
        attributes=with_defaults(op, {"x": Ref(0)}),
        output_names=[node.outputs[0].name],
    )
    nodes.append(activated)
    logits[activated.outputs[0]] = linear
    return activated.outputs, nodes


def _fused(
    node: Node,
    inputs: Sequence[Value],
    masks: Sequence[Value | None],
    logits: Value,
    name: str,
) -> Replacement:
    joined = Node(
        OBJECTIVE,
        [inputs[0], logits, *inputs[2:]],
        [v.type for v in node.outputs],
        name=node.name,
        masks=masks,
        attributes={**node.attributes, "function": Opaque(name)},
        output_names=[v.name for v in node.outputs],
    )
    return joined.outputs, [joined]
