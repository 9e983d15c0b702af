"""Calls of layers that are made of layers, taken apart.

A nested model's call holds a region; a wrapper's call holds an `inner` graph. What the layers
inside change (moving averages, states) and add to the loss concerns the graph around them, so their
calls are copied into it, or the values that they need become further results of the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kir.engine.tensor import Tensor
from kir.ir import ops
from kir.ir.graph import Graph, Node, Ref, Value, topological_order


def copy_node(
    node: Node,
    inputs: Sequence[Value],
    masks: Sequence[Value | None],
    layer: object = None,
) -> Node:
    """The same operation on other operands."""
    is_live = bool(node.outputs) and isinstance(node.outputs[0], Tensor)
    copied = Node(
        node.op,
        inputs,
        [v.type for v in node.outputs],
        name=node.name,
        masks=masks,
        attributes=node.attributes,
        arguments=node.arguments,
        weights=node.weights,
        region=node.region,
        output_names=[v.name for v in node.outputs],
        value_class=Tensor if is_live else Value,
    )
    copied.layer = layer if layer is not None else node.layer
    copied.seeds = node.seeds
    copied.is_frozen = node.is_frozen
    copied.path = node.path
    copied.device = node.device
    copied.phase = node.phase
    copied.gradient_names = node.gradient_names
    copied.effects = node.effects
    # A network's is over the operands that it had.
    copied.inner = node.inner if node.region is None else None
    if is_live:
        for new, old in zip(copied.outputs, node.outputs, strict=True):
            new._uses_learning_phase = old._uses_learning_phase  # type: ignore[attr-defined]
    return copied


def copy_seeds(node: Node, copied: Node) -> None:
    """Gives a call that was made again the seeds of the first."""
    copied.seeds = node.seeds
    if node.inner is not None and copied.inner is not None and node.region is None:
        for old, new in zip(node.inner.nodes, copied.inner.nodes, strict=False):
            copy_seeds(old, new)


def is_network_call(node: Node) -> bool:
    """Whether the node calls a nested model."""
    return node.region is not None and node.layer is not None and bool(node.layer.is_network)


def inline_call(
    node: Node, inputs: Sequence[Value], is_frozen: bool = False, path: str = ""
) -> tuple[list[Value], list[Node]]:
    """The calls that a nested model's call stands for, on the operands `inputs`.

    Args:
        node: the call of a network.
        inputs: what its operands are.
        is_frozen: whether a network around it is not trained.
        path: the names of the networks around it, joined by ``/``.

    Returns:
        The values that stand for the call's results, and the new nodes, without nested models.
    """
    region = node.region
    assert region is not None
    # Keras 2.2: a frozen model is updated nevertheless if one of its layers keeps a state.
    is_frozen = is_frozen or not (node.layer.trainable or node.layer.stateful)
    path = f"{path}/{node.layer.name}" if path else node.layer.name
    nodes: list[Node] = []
    known: dict[Value, Value] = {
        value: _convert(x, value.type.dtype, nodes)
        for value, x in zip(region.inputs, inputs, strict=True)
    }
    for inner in region.nodes:
        inner_inputs = [known.get(v, v) for v in inner.inputs]
        if is_network_call(inner):
            outputs, new_nodes = inline_call(inner, inner_inputs, is_frozen, path)
            for new in new_nodes:
                new.device = new.device or node.device
            nodes.extend(new_nodes)
        else:
            masks = [None if m is None else known.get(m, m) for m in inner.masks]
            copied = copy_node(inner, inner_inputs, masks)
            _refine(copied, inner)
            copied.is_frozen, copied.path = is_frozen, path
            copied.device = inner.device or node.device
            outputs = list(copied.outputs)
            nodes.append(copied)
        known.update(zip(inner.outputs, outputs, strict=False))
    return [known[v] for v in region.outputs], nodes


def _refine(copied: Node, node: Node) -> None:
    """Types of the results anew where the operands say more than the nested model declares."""
    if all(a.type == b.type for a, b in zip(copied.inputs, node.inputs, strict=True)):
        return
    op_def = ops.find(copied.op)
    if op_def is not None and op_def.infer is not None:
        for value, refined in zip(copied.outputs, op_def.infer(copied), strict=True):
            value.type = refined


def _convert(value: Value, dtype: str, nodes: list[Node]) -> Value:
    """The value with the dtype that a nested model declares; adds a cast where that differs."""
    if value.type.dtype == dtype:
        return value
    attributes = {"x": Ref(0), "dtype": dtype}
    cast = Node(
        "k.cast",
        [value],
        [value.type.with_dtype(dtype)],
        attributes=attributes,
        value_class=Tensor,
    )
    nodes.append(cast)
    return cast.outputs[0]


def expansion(node: Node) -> Graph:
    """A nested model's call as calls of the layers inside, in the graph around it.

    The interpreter evaluates these where they exist, so that what depends on one of them and what
    depends on the call's results is computed once.
    """
    if node.inner is None:
        outputs, nodes = inline_call(node, node.inputs)
        node.inner = Graph(node.name, node.inputs, outputs, nodes)
    return node.inner


def updates_of(nodes: Iterable[Node], stateful_only: bool = False) -> list[Value]:
    """The updates that calls perform; those of frozen layers only where they keep a state."""
    found: list[Value] = []
    for node in nodes:
        layer = node.layer
        if layer is None or layer.is_network:
            continue
        frozen = not layer.trainable or node.is_frozen
        if layer.stateful or not (frozen or stateful_only):
            found += updates_by(node)
    return found


def updates_by(node: Node) -> list[Value]:
    """The updates that one call performs."""
    if node.effects is not None:
        # A subclass of a built-in layer changes what its `call` says, not what its base does.
        return [u.value(node.outputs) for u in node.effects.updates]
    found: list[Value] = node.layer.node_updates(node)
    return found


def losses_by(node: Node) -> list[Value]:
    """The losses that one call adds."""
    added = node.effects.losses if node.effects is not None else ()
    return [*(node.outputs[i] for i in added), *node.layer.node_losses(node)]


def free_losses_by(node: Node) -> list[Value]:
    """The losses that a user's call adds, or the calls inside a nested model's, for no inputs."""
    if is_network_call(node):
        return [loss for inner in expansion(node).nodes for loss in free_losses_by(inner)]
    added = node.effects.free_losses if node.effects is not None else ()
    return [node.outputs[i] for i in added]


def losses_of(nodes: Iterable[Node]) -> list[Value]:
    """The losses that calls add, such as activity regularizers'."""
    return [
        loss
        for node in nodes
        if node.layer is not None and not node.layer.is_network
        for loss in losses_by(node)
    ]


def hidden_results(node: Node) -> list[Value]:
    """The results of a call, or of the calls inside a nested model's, that no user sees."""
    if is_network_call(node):
        return [v for inner in expansion(node).nodes for v in hidden_results(inner)]
    if node.layer is None or not (node.layer.is_lowered or node.effects is not None):
        return []
    return list(node.outputs[node.layer.public_count(node) :])


def call_results(values: Iterable[Value]) -> list[Value]:
    """The results of layer calls that `values` are computed from, each once."""
    found: dict[Value, None] = {}
    seen: set[Value] = set()
    stack = list(values)[::-1]
    while stack:
        value = stack.pop()
        if value in seen:
            continue
        seen.add(value)
        producer = value.producer
        if producer is None:
            continue
        if producer.layer is not None:
            found[value] = None
        else:
            stack.extend(reversed(producer.operands))
    return list(found)


def substitute(values: Sequence[Value], known: Mapping[Value, Value]) -> list[Value]:
    """`values` with other values in the place of those in `known`; copies what depends on these."""
    mapping = dict(known)
    for node in topological_order([v for v in values if v not in mapping], stop=mapping):
        inputs = [mapping.get(v, v) for v in node.inputs]
        masks = [None if m is None else mapping.get(m, m) for m in node.masks]
        if inputs != list(node.inputs) or masks != list(node.masks):
            copied = copy_node(node, inputs, masks)
            mapping.update(zip(node.outputs, copied.outputs, strict=True))
    return [mapping.get(v, v) for v in values]


__all__ = [
    "call_results",
    "copy_node",
    "copy_seeds",
    "expansion",
    "hidden_results",
    "inline_call",
    "is_network_call",
    "losses_of",
    "substitute",
    "updates_of",
]
