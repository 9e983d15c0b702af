"""Looking into a model: what its layers compute, its gradients, and its operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from compiler.lowering.context import Context, Environment
from compiler.lowering.interpret import interpret
from compiler.lowering.scopes import scope_name
from compiler.pipeline import INSPECT, run_passes
from compiler.programs import histogram
from compiler.programs.calling import BoundFunction, bind
from compiler.programs.forward import environment, fed_signature
from compiler.programs.objective import CompiledGraph, fed_inputs, flat_graph
from compiler.tensorflow import tf
from compiler.variables import materialize, resource
from kir.engine.input_layer import InputLayer
from kir.engine.variable import Variable
from kir.ir.graph import Graph, Value

# The group that TensorFlow puts the reading of a variable in.
_READ = re.compile(r"(^|/)Read(_\d+)?$")


def layer_results(model: Any) -> Iterator[tuple[Any, list[Value]]]:
    """Each layer of a model with what its calls in the model give, in the order of the calls."""
    calls: dict[Any, list[Value]] = {layer: [] for layer in model.layers}
    for value in model.inputs:
        layer = value._keras_history[0]
        if isinstance(layer, InputLayer) and layer in calls:
            calls[layer].append(value)
    for node in model.graph.nodes:
        if node.layer in calls:
            calls[node.layer] += node.output_tensors
    yield from calls.items()


def network_only(model: Any, watched: Sequence[Value] = ()) -> CompiledGraph:
    """A model without losses and metrics, in the form of one that is compiled."""
    network = flat_graph(model, watched)
    count = len(model.outputs)
    return CompiledGraph(network, 0, [*fed_inputs(model)], [], [], network.outputs[count:])


class InspectionProgram:
    """Counts, at inference, what layers and gradients are for a batch.

    The passes that make inference faster are left out: they do away with what is looked at.

    Attributes:
        tags: the name of each histogram.
        trace_count: how often the program was traced, for tests.
    """

    def __init__(
        self, compiled: CompiledGraph, results: Sequence[str], params: Mapping[str, Variable]
    ) -> None:
        """Makes the program.

        Args:
            compiled: the graph; its first log is the loss that gradients are taken of.
            results: the tags of `compiled.watched`.
            params: the weights to differentiate by, by the tags of their gradients; those that
                the loss does not depend on are left out.
        """
        count = len(compiled.graph.outputs)
        self.graph = run_passes(_with_outputs(compiled, compiled.watched), INSPECT)
        self._loss = self.graph.outputs[0]
        self._watched = self.graph.outputs[count:]
        self._results = list(results)
        self._params = dict(params)
        self._fed = compiled.fed
        self.tags: list[str] = []
        self.trace_count = 0
        self._bound: BoundFunction | None = None

    def run(self, inputs: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """What a batch adds to each histogram; see `compiler.programs.histogram`.

        Args:
            inputs: tensors of the batch, in the order of the graph's inputs.

        Returns:
            (tags, buckets) counts and (tags, facts) facts.
        """
        if self._bound is None:
            materialize(self.graph, self._params.values())
            traced = tf.function(self._compute, autograph=False)
            specs = [fed_signature(v.type) for v in self._fed]
            self._bound = bind(traced.get_concrete_function(*specs))
        counts, facts = self._bound(*inputs)
        return counts.numpy(), facts.numpy()

    def _compute(self, *inputs: Any) -> list[Any]:
        self.trace_count += 1
        context = Context(training=False)
        env = environment(self.graph.inputs, self._fed, inputs, context)
        wanted = [*self._watched, *([self._loss] if self._params else ())]
        values = interpret(wanted, env, context)
        found = list(zip(self._results, values, strict=False))
        if self._params:
            weights = [context.read(p) for p in self._params.values()]
            grads = tf.gradients(values[-1], weights)
            found += [(t, g) for t, g in zip(self._params, grads, strict=True) if g is not None]
        self.tags = [tag for tag, _ in found]
        return histogram.join([histogram.count(value) for _, value in found])


def can_be_summarized(value: Value) -> bool:
    """Whether there are histograms of values of this type."""
    return not value.type.dtype.startswith(("string", "complex"))


def operation_graph(compiled: CompiledGraph) -> Any:
    """TensorFlow's operations for a batch, as a `GraphDef`: the network, its losses and metrics.

    It is that of the learning phase: dropout is there. The operations of a layer, and its weights,
    stand under the layer's name.
    """
    graph = run_passes(compiled.graph, INSPECT)
    materialize(graph)
    # Bare: a `tf.function` would add an identity for each result, and the order of side effects.
    traced = tf.__internal__.FuncGraph(compiled.graph.name)
    with traced.as_default():
        inputs = [
            tf.compat.v1.placeholder(v.type.dtype, v.type.shape, name=scope_name(v.name))
            for v in compiled.fed
        ]
        context = Context(training=True)
        env = environment(graph.inputs, compiled.fed, inputs, context)
        _interpret_in_groups(graph, compiled.log_count, env, context)
    found = traced.as_graph_def(add_shapes=True)
    _name_variables(found, traced, [resource(v) for v in context.values])
    return found


def _interpret_in_groups(graph: Graph, log_count: int, env: Environment, context: Context) -> None:
    """Computes the layers, then the logs.

    What is computed besides has no group of its own: a mask stands with the layer that reads it, a
    penalty on weights with the loss.
    """
    used = {*graph.outputs, *(v for node in graph.nodes for v in node.operands)}
    waiting: list[Value] = []
    for node in graph.nodes:
        if node.layer is None or not node.outputs:
            continue
        masks = [m for m in node.masks if m is not None and m.producer is not None]
        if masks:
            interpret(waiting, env, context, used)
            waiting = []
            with tf.name_scope(f"{scope_name(node.name, node.path)}/"):
                interpret(masks, env, context, used)
        waiting.append(node.outputs[0])
    interpret(waiting, env, context, used)
    if not log_count:
        interpret(graph.outputs, env, context)
        return
    with tf.name_scope("loss/"):
        interpret(graph.outputs[:1], env, context)
    with tf.name_scope("metrics/"):
        interpret(graph.outputs[1:log_count], env, context)


def _name_variables(found: Any, traced: Any, read: Sequence[Any]) -> None:
    """Shows the variables that a function takes from outside for what they are."""
    handles = {id(v.handle): v for v in (*traced.variables, *read)}
    variables = {
        placeholder.op.name: handles[id(outside)]
        for outside, placeholder in traced.captures
        if id(outside) in handles
    }
    readers: dict[str, str] = {}
    for node in found.node:
        for source in node.input:
            readers.setdefault(source.partition(":")[0], node.name)
    taken = {node.name for node in found.node}
    renamed: dict[str, str] = {}
    for node in found.node:
        variable = variables.get(node.name)
        if variable is None:
            continue
        name = _variable_name(variable, readers.get(node.name, ""))
        if name not in taken:
            taken.add(name)
            renamed[node.name] = node.name = name
        node.op = "VarHandleOp"
        node.attr["dtype"].type = variable.dtype.as_datatype_enum
        node.attr["shape"].shape.CopyFrom(variable.shape.as_proto())
    for node in found.node:
        for i, source in enumerate(node.input):
            name, colon, index = source.partition(":")
            if name in renamed:
                node.input[i] = f"{renamed[name]}{colon}{index}"


def _variable_name(variable: Any, reader: str) -> str:
    """The variable's name, in the group of the layer that reads it.

    A second layer of the same name has weights of another: ``dense_1`` and ``dense_1_1/kernel``.
    """
    name = variable.name.partition(":")[0]
    group = _READ.sub("", reader.rpartition("/")[0])
    if not group or name.startswith(f"{group}/"):
        return name
    first, _, rest = name.partition("/")
    return f"{group}/{rest or first}"


def _with_outputs(compiled: CompiledGraph, more: Sequence[Value]) -> Any:
    graph = compiled.graph
    return type(graph)(
        graph.name, graph.inputs, [*graph.outputs, *more], graph.nodes, graph.attributes
    )
