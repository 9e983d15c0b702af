"""The graph of a compiled model: the network, its losses and its metrics in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from compiler.passes.inline_networks import InlineNetworks
from compiler.programs.added import closure_values, is_users, losses_by_hand, updates_by_hand
from kir import backend as K
from kir import losses
from kir.engine.base_layer import Layer
from kir.engine.inlining import losses_of, updates_of
from kir.engine.tensor import Tensor, record
from kir.errors import ConfigError
from kir.ir.graph import Graph, Node, Opaque, Ref, Value, Weight, topological_order
from kir.ir.types import TensorType


@dataclass
class Metric:
    """A metric of one output.

    Attributes:
        name: as it is logged.
        function: of targets and predictions.
        is_weighted: whether sample weights and masks of the loss apply to it.
        is_stateful: whether it is a layer that accumulates in variables of its own.
    """

    name: str
    function: Callable[[Any, Any], Any]
    is_weighted: bool = False
    is_stateful: bool = False


@dataclass
class OutputObjective:
    """What is minimized and measured at one output.

    Attributes:
        name: the output's name.
        output: the prediction.
        loss: a function of targets and predictions, or None for no loss.
        factor: the loss's weight in the total.
        is_temporal: whether sample weights are given for each time step.
        target: the tensor that is the target; None for data.
        metrics: in the order in which they are logged.
        closures: the symbolic values that loss and metrics take from outside, by the function's id.
        placeholder: stands for the data in all programs, so that what a user computes from it fits
            each; None until it is asked for.
    """

    name: str
    output: Tensor
    loss: Callable[[Any, Any], Any] | None
    factor: float = 1.0
    is_temporal: bool = False
    target: Tensor | None = None
    metrics: list[Metric] = field(default_factory=list)
    closures: dict[int, tuple[Value, ...]] = field(default_factory=dict)
    placeholder: Tensor | None = None

    def target_tensor(self) -> Tensor:
        """The target as a value of the graph."""
        if self.target is not None:
            return self.target
        if self.placeholder is None:
            self.placeholder = Tensor(target_type(self), f"{self.name}_target")
        return self.placeholder

    @property
    def takes_data(self) -> bool:
        """Whether the user passes targets for this output."""
        return self.loss is not None and (self.target is None or is_placeholder(self.target))


@dataclass(frozen=True)
class CompiledGraph:
    """The joined graph, with what its inputs and outputs mean.

    Attributes:
        graph: inputs are the model's, then a target and sample weights for each output with a
            loss; outputs are the logs, then the updates.
        log_count: how many of the outputs are logs; the first is the total loss.
        fed: those of the inputs that are data; the others are tensors with a value of their own.
        targets, sample_weights: those of the inputs that are.
        watched: what stands in the graph for the further values that were asked for.
    """

    graph: Graph
    log_count: int
    fed: list[Value]
    targets: list[Value]
    sample_weights: list[Value]
    watched: tuple[Value, ...] = ()


def is_placeholder(value: Value) -> bool:
    """Whether a tensor has no value but what is fed."""
    return value.producer is None and getattr(value, "fixed_value", None) is None


def fed_inputs(model: Any) -> list[Tensor]:
    """Those of a model's inputs that take data: not those made by ``Input(tensor=...)``."""
    return [x for x in model.inputs if x._keras_history[0].is_placeholder]


def target_type(objective: OutputObjective) -> TensorType:
    """The type of an output's target: the output's, with an open batch axis.

    Sparse targets have one number a sample in place of the classes; of the targets of a user's own
    loss only rank and dtype are known.
    """
    if objective.target is not None:
        return objective.target.type
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
    watched: Sequence[Value] = (),
    with_states: bool = False,
) -> CompiledGraph:
    """Joins the network with its losses and metrics.

    Args:
        model: the network.
        objectives: what is minimized and measured at each of its outputs.
        with_updates: whether moving averages and the like are part of the program.
        with_weights: whether each output has an input for sample weights.
        watched: values of the network that somebody wants to look at.
        with_states: whether stateful layers keep their states, where nothing else is updated.

    Raises:
        ConfigError: there is nothing to minimize.
    """
    added = [_as_value(loss) for loss in losses_by_hand(model)]
    changed = updates_by_hand(model) if with_updates else []
    masks = [x.mask for x in model.outputs if x.mask is not None]
    outside = [*model.outputs, *masks, *_closure_values(objectives), *added, *changed, *watched]
    network = flat_graph(model, outside)
    count = len(model.outputs)
    calls = topological_order(network.outputs[:count], stop=network.inputs)
    outputs = dict(zip(outside, network.outputs[count:], strict=True))
    parts = _Parts(list(network.nodes))
    for objective in objectives:
        if objective.loss is not None:
            _add_output(parts, objective, outputs, with_weights)
    extra = [*_network_losses(model, calls), *(outputs[v] for v in added)]
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
        value_class=Tensor,
    )
    # Keras logs all losses before the first metric, and none but the total for a single output.
    logs = [*(parts.losses if len(objectives) > 1 else ()), *parts.metrics]
    # Keras 2.2: a frozen model updates nothing, unless one of its layers keeps a state.
    is_updated = with_updates and (model.trainable or model.stateful)
    kept = updates_of(calls, not with_updates) if is_updated or with_states else ()
    updates = [*kept, *parts.updates]
    updates += [outputs[v] for v in changed]
    inputs = [*network.inputs, *parts.data]
    graph = Graph(
        model.name, inputs, [total.outputs[0], *logs], [*parts.nodes], {"class_name": "Program"}
    )
    graph = extended(graph, [*extra, *graph.outputs, *updates], updates)
    given = set(network.inputs) - set(fed_inputs(model)) | parts.given
    return CompiledGraph(
        graph,
        1 + len(logs),
        [v for v in inputs if v not in given],
        parts.targets,
        parts.sample_weights,
        tuple(outputs[v] for v in watched),
    )


def with_logs(compiled: CompiledGraph, values: Sequence[Value]) -> CompiledGraph:
    """The graph with further logs behind the others: the means of `values`.

    Raises:
        ConfigError: one depends on what the program is not given, such as sample weights.
    """
    scalars = [v if v.type.shape == () else K.mean(v) for v in values]
    count, graph = compiled.log_count, compiled.graph
    outputs = [*graph.outputs[:count], *scalars, *graph.outputs[count:]]
    nodes = extended(graph, scalars, ()).nodes
    for node in nodes[len(graph.nodes) :]:
        for value in node.inputs:
            is_known = isinstance(value, Weight) or value in graph.inputs
            if is_placeholder(value) and not is_known:
                raise ConfigError(
                    f"A tensor in model.metrics_tensors depends on {value!r}, which a step is not "
                    "given. Compute it from the model's inputs, layers and targets."
                )
    longer = Graph(graph.name, graph.inputs, outputs, nodes, graph.attributes)
    return replace(compiled, graph=longer, log_count=count + len(scalars))


def flat_graph(model: Any, more: Sequence[Value] = ()) -> Graph:
    """A model's graph without nested models; its inputs are free values.

    What computes a tensor that was given to ``Input(tensor=...)`` becomes part of the graph.

    Args:
        model: the network.
        more: further outputs.
    """
    graph = InlineNetworks().run(extended(model.graph, more, more) if more else model.graph)
    free = [x for x in graph.inputs if x.producer is None]
    made = topological_order([x for x in graph.inputs if x.producer is not None], stop=free)
    # A loss by hand may take another output of what computes the input, e.g. an iterator's targets.
    computed = set(made)
    rest = [node for node in graph.nodes if node not in computed]
    return Graph(graph.name, free, graph.outputs, [*made, *rest], graph.attributes)


def extended(graph: Graph, values: Sequence[Value], outputs: Sequence[Value]) -> Graph:
    """The graph with the nodes that `values` need, and with more outputs."""
    known = set(graph.nodes)
    more = topological_order(values, stop=graph.inputs)
    return Graph(
        graph.name,
        graph.inputs,
        [*graph.outputs, *outputs],
        [*graph.nodes, *(n for n in more if n not in known)],
        graph.attributes,
    )


@dataclass
class _Parts:
    nodes: list[Node]
    data: list[Value] = field(default_factory=list)
    given: set[Value] = field(default_factory=set)
    targets: list[Value] = field(default_factory=list)
    sample_weights: list[Value] = field(default_factory=list)
    losses: list[Value] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    metrics: list[Value] = field(default_factory=list)
    updates: list[Value] = field(default_factory=list)


def _closure_values(objectives: Sequence[OutputObjective]) -> list[Value]:
    """What the losses and metrics take from outside; noted with each."""
    found: list[Value] = []
    for objective in objectives:
        if objective.loss is None:
            continue
        types = [target_type(objective), objective.output.type]
        functions = [(objective.loss, "The loss")]
        functions += [(m.function, f"The metric {m.name!r}") for m in objective.metrics]
        for function, what in functions:
            if not isinstance(function, Layer):
                label = f"{what} of output {objective.name!r}"
                taken = closure_values(function, types, label, objective.output)
                objective.closures[id(function)] = taken
                found += taken
    return found


def _add_output(
    parts: _Parts,
    objective: OutputObjective,
    outputs: Mapping[Value, Value],
    with_weights: bool,
) -> None:
    target = objective.target_tensor()
    if target.producer is None:
        parts.data.append(target)
    else:
        known = set(parts.nodes)
        parts.nodes += [n for n in topological_order([target]) if n not in known]
    parts.targets.append(target)
    weights = None
    if not objective.takes_data:
        parts.given.add(target)
    elif with_weights:
        weights = Tensor(
            TensorType(objective.output.type.dtype, (None,) * (2 if objective.is_temporal else 1)),
            f"{objective.name}_sample_weights",
        )
        parts.data.append(weights)
        parts.sample_weights.append(weights)

    def add(function: Any, name: str, is_weighted: bool) -> Value:
        used = weights if is_weighted else None
        node = _objective(function, objective, outputs, target, used, name)
        parts.nodes.append(node)
        return node.outputs[0]

    parts.losses.append(add(objective.loss, "loss", True))
    parts.factors.append(objective.factor)
    for metric in objective.metrics:
        if metric.is_stateful:
            value, updates = _accumulate(metric.function, target, outputs[objective.output])
            parts.metrics.append(value)
            parts.updates += updates
        else:
            parts.metrics.append(add(metric.function, metric.name, metric.is_weighted))


def _accumulate(metric: Any, target: Value, output: Value) -> tuple[Value, list[Value]]:
    """The value of a metric that is a layer, and the updates that its call added.

    A metric made of metrics adds all of theirs, those that belong to other programs again.
    """
    before = list(metric._updates)
    earlier = set(map(id, before))
    value = metric(target, output)
    added = [u for u in metric._updates[len(before) :] if id(u) not in earlier]
    updates = [u if isinstance(u, Value) else K.update(*u) for u in added]
    return (K.mean(value) if value.type.rank else value), updates


def _network_losses(model: Any, calls: Sequence[Node]) -> list[Value]:
    """Losses of weights, once each, then those of calls."""
    found: list[Value] = []
    for layer in all_layers(model):
        found += layer._regularization_losses()
    found += losses_of(calls)
    return [_as_value(loss) for loss in found]


def _as_value(loss: Any) -> Value:
    """The loss; of a plain number (a regularizer with factors 0 gives one) a constant."""
    if isinstance(loss, Value):
        return loss
    constant: Value = record(
        "k.constant",
        {"value": float(loss), "dtype": K.floatx(), "shape": ()},
        lambda *_: TensorType(K.floatx(), ()),
    )
    return constant


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
    return updates_of(network.nodes, stateful_only)


def _objective(
    function: Any,
    objective: OutputObjective,
    outputs: Mapping[Value, Value],
    target: Value,
    weights: Value | None,
    name: str,
) -> Node:
    mask = objective.output.mask
    inputs: list[Value] = [target, outputs[objective.output]]
    if mask is not None:
        inputs.append(outputs[mask])
    if weights is not None:
        inputs.append(weights)
    label = getattr(function, "__name__", type(function).__name__)
    attributes: dict[str, Any] = {
        "function": Opaque(label, function),
        "has_mask": mask is not None,
    }
    if is_users(function):
        attributes["output"] = Opaque("output", objective.output)
    taken = objective.closures.get(id(function), ())
    if taken:
        attributes["captures"] = [Ref(len(inputs) + i) for i in range(len(taken))]
        attributes["captured"] = Opaque("captured", taken)
        inputs += [outputs[v] for v in taken]
    return Node(
        "kir.objective",
        inputs,
        [TensorType(objective.output.type.dtype, ())],
        name=f"{objective.name}_{name}",
        attributes=attributes,
        output_names=[f"{objective.name}_{name}"],
        value_class=Tensor,
    )
