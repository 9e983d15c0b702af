"""The graph of a compiled model: the network, its losses and its metrics in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.passes.inline_networks import InlineNetworks
from kir import losses
from kir.engine.tensor import Tensor
from kir.errors import ConfigError
from kir.ir.graph import Graph, Node, Opaque, Value, topological_order
from kir.ir.types import TensorType


@dataclass
class Metric:
    """A metric of one output.

    Attributes:
        name: as it is logged.
        function: of targets and predictions.
        is_weighted: whether sample weights and masks of the loss apply to it.
    """

    name: str
    function: Callable[[Any, Any], Any]
    is_weighted: bool = False


@dataclass
class OutputObjective:
    """What is minimized and measured at one output.

    Attributes:
        name: the output's name.
        output: the prediction.
        loss: a function of targets and predictions, or None for no loss.
        factor: the loss's weight in the total.
        is_temporal: whether sample weights are given for each time step.
        metrics: in the order in which they are logged.
    """

    name: str
    output: Tensor
    loss: Callable[[Any, Any], Any] | None
    factor: float = 1.0
    is_temporal: bool = False
    metrics: list[Metric] = field(default_factory=list)


@dataclass(frozen=True)
class CompiledGraph:
    """The joined graph, with what its inputs and outputs mean.

    Attributes:
        graph: inputs are the model's, then a target and sample weights for each output with a
            loss; outputs are the logs, then the updates.
        log_count: how many of the outputs are logs; the first is the total loss.
        update_count: how many are updates of variables.
    """

    graph: Graph
    log_count: int
    update_count: int


def target_type(objective: OutputObjective) -> TensorType:
    """The type of an output's target: the output's, with an open batch axis.

    Sparse targets have one number a sample in place of the classes; of the targets of a user's own
    loss only rank and dtype are known.
    """
    kind = objective.output.type
    loss = objective.loss
    shape = kind.shape or ()
    if loss is losses.sparse_categorical_crossentropy:
        sizes = (*shape[1:-1], 1)
    elif getattr(losses, getattr(loss, "__name__", ""), None) is loss:
        sizes = shape[1:]
    else:
        sizes = (None,) * len(shape[1:])
    return TensorType(kind.dtype, (None, *sizes))


def build_graph(
    model: Any,
    objectives: Sequence[OutputObjective],
    with_updates: bool,
    with_weights: bool = True,
) -> CompiledGraph:
    """Joins the network with its losses and metrics.

    Args:
        model: the network.
        objectives: what is minimized and measured at each of its outputs.
        with_updates: whether moving averages and the like are part of the program.
        with_weights: whether each output has an input for sample weights.

    Raises:
        ConfigError: there is nothing to minimize.
    """
    network = InlineNetworks().run(model.graph)
    outputs = dict(zip(model.outputs, network.outputs, strict=True))
    parts = _Parts(list(network.nodes), [], [], [], [])
    for objective in objectives:
        if objective.loss is not None:
            _add_output(parts, objective, outputs[objective.output], with_weights)
    extra = _network_losses(model, network)
    terms = parts.losses + extra
    if not terms:
        raise ConfigError(
            f"{model._label()} has no loss to minimize: give compile() a loss for an output, or "
            "add one with add_loss()."
        )
    total = Node(
        "kir.total",
        terms,
        [TensorType(terms[0].type.dtype, ())],
        name="total",
        attributes={"factors": [*parts.factors, *(1.0 for _ in extra)]},
        output_names=["total_loss"],
    )
    # Keras logs all losses before the first metric, and none but the total for a single output.
    logs = [*(parts.losses if len(objectives) > 1 else ()), *parts.metrics]
    updates = network_updates(network) if with_updates else []
    results = [total.outputs[0], *logs, *updates]
    known = set(parts.nodes)
    more = topological_order([*extra, *updates], stop=network.inputs)
    nodes = [*parts.nodes, *(n for n in more if n not in known), total]
    graph = Graph(
        model.name, [*network.inputs, *parts.data], results, nodes, {"class_name": "Program"}
    )
    return CompiledGraph(graph, 1 + len(logs), len(updates))


@dataclass
class _Parts:
    nodes: list[Node]
    data: list[Value]
    losses: list[Value]
    factors: list[float]
    metrics: list[Value]


def _add_output(
    parts: _Parts, objective: OutputObjective, output: Value, with_weights: bool
) -> None:
    target = Value(target_type(objective), f"{objective.name}_target")
    parts.data.append(target)
    weights = None
    if with_weights:
        weights = Value(
            TensorType(objective.output.type.dtype, (None,) * (2 if objective.is_temporal else 1)),
            f"{objective.name}_sample_weights",
        )
        parts.data.append(weights)

    def add(function: Any, name: str, is_weighted: bool) -> Value:
        used = weights if is_weighted else None
        node = _objective(function, objective, output, target, used, name)
        parts.nodes.append(node)
        return node.outputs[0]

    parts.losses.append(add(objective.loss, "loss", True))
    parts.factors.append(objective.factor)
    for metric in objective.metrics:
        parts.metrics.append(add(metric.function, metric.name, metric.is_weighted))


def _network_losses(model: Any, network: Graph) -> list[Value]:
    """Losses of weights, once each, then those of calls, then what the user added."""
    found: list[Value] = []
    for layer in all_layers(model):
        found += layer._regularization_losses()
        if not layer.is_lowered and not layer.is_network:
            found += layer._losses
    for node in network.nodes:
        if node.layer is not None and node.layer.is_lowered:
            found += node.layer.node_losses(node)
    return found + [loss for m in all_networks(model) for loss in m._losses]


def all_networks(model: Any) -> Iterator[Any]:
    """The model and every model nested in it, each once."""
    yield model
    for layer in model.layers:
        if layer.is_network:
            yield from all_networks(layer)


def all_layers(model: Any) -> list[Any]:
    """Every layer of the model and of the models nested in it, each once, without the models."""
    found = [layer for m in all_networks(model) for layer in m.layers if not layer.is_network]
    return list(dict.fromkeys(found))


def network_updates(network: Graph, stateful_only: bool = False) -> list[Value]:
    """The updates that the calls in a flat graph perform."""
    found: list[Value] = []
    for node in network.nodes:
        layer = node.layer
        if layer is None or not layer.is_lowered:
            continue
        frozen = not layer.trainable or node.is_frozen
        if (frozen or stateful_only) and not layer.stateful:
            continue
        found += layer.node_updates(node)
    return found


def _objective(
    function: Any,
    objective: OutputObjective,
    output: Value,
    target: Value,
    weights: Value | None,
    name: str,
) -> Node:
    mask = objective.output.mask
    inputs: list[Value] = [target, output]
    if mask is not None:
        inputs.append(mask)
    if weights is not None:
        inputs.append(weights)
    label = getattr(function, "__name__", type(function).__name__)
    return Node(
        "kir.objective",
        inputs,
        [TensorType(objective.output.type.dtype, ())],
        name=f"{objective.name}_{name}",
        attributes={"function": Opaque(label, function), "has_mask": mask is not None},
        output_names=[f"{objective.name}_{name}"],
    )
