"""The predict program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.lowering.context import Context
from compiler.lowering.interpret import interpret
from compiler.pipeline import PREDICT, run_passes
from compiler.programs.calling import BoundFunction, bind
from compiler.programs.objective import fed_inputs, flat_graph, network_updates
from compiler.tensorflow import tf
from compiler.variables import materialize
from kir.ir.graph import Graph, Value, topological_order


class ForwardProgram:
    """Computes a model's outputs at inference.

    One concrete function serves every batch size: the batch axis is left open unless the model
    fixes it.
    """

    def __init__(self, model: Any, jit: bool | None = None, *, loop_style: str = "arrays") -> None:
        network = flat_graph(model)
        updates = network_updates(network, stateful_only=True)
        self.output_count = len(network.outputs)
        self.graph = run_passes(_with_results(network, updates), PREDICT)
        self.fed = fed_inputs(model)
        self.trace_count = 0
        self._jit = bool(jit)
        self._loop_style = loop_style
        self._bound: BoundFunction | None = None

    def compute(self, *inputs: Any) -> list[Any]:
        """The outputs as operations of the function that is being traced."""
        self.trace_count += 1
        context = Context(training=False)
        context.loop_style = self._loop_style
        env = environment(self.graph.inputs, self.fed, inputs, context)
        results = interpret(self.graph.outputs, env, context)
        # States of stateful layers move on at inference too.
        context.apply_updates()
        return [tf.identity(r) for r in results[: self.output_count]]

    @property
    def function(self) -> BoundFunction:
        """The compiled function: from tensors to a list of tensors."""
        if self._bound is None:
            materialize(self.graph)
            traced = tf.function(self.compute, autograph=False, jit_compile=self._jit)
            specs = [fed_signature(v.type) for v in self.fed]
            self._bound = bind(traced.get_concrete_function(*specs))
        return self._bound


def environment(
    inputs: Sequence[Value], fed: Sequence[Value], tensors: Sequence[Any], context: Context
) -> dict[Value, Any]:
    """A graph's inputs with their tensors: what is fed, and what has a value of its own.

    Sparse inputs are fed as dense tensors: a call takes no others.
    """
    env = dict(zip(fed, tensors, strict=True))
    for value, tensor in env.items():
        if value.type.sparse and not isinstance(tensor, tf.SparseTensor):
            env[value] = tf.sparse.from_dense(tensor)
    for value in inputs:
        if value not in env:
            env[value] = interpret([value], {}, context)[0]
    return env


def _with_results(graph: Graph, more: list[Value]) -> Graph:
    known = set(graph.nodes)
    nodes = [n for n in topological_order(more, stop=graph.inputs) if n not in known]
    return Graph(
        graph.name,
        graph.inputs,
        [*graph.outputs, *more],
        [*graph.nodes, *nodes],
        graph.attributes,
    )


def signature(kind: Any) -> Any:
    """The TensorFlow spec of a type."""
    make = tf.SparseTensorSpec if kind.sparse else tf.TensorSpec
    return make(kind.shape, kind.dtype)


def fed_signature(kind: Any) -> Any:
    """The spec of what is fed for an input of this type; see `environment`."""
    return tf.TensorSpec(kind.shape, kind.dtype)
