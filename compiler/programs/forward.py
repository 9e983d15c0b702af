"""The predict program."""

from __future__ import annotations

from typing import Any

from compiler.lowering.context import Context
from compiler.lowering.interpret import interpret
from compiler.passes.inline_networks import InlineNetworks
from compiler.pipeline import PREDICT, run_passes
from compiler.programs.calling import BoundFunction, bind
from compiler.programs.objective import network_updates
from compiler.tensorflow import tf
from compiler.variables import materialize
from kir.ir.graph import Graph, Value, topological_order


class ForwardProgram:
    """Computes a model's outputs at inference.

    One concrete function serves every batch size: the batch axis is left open unless the model
    fixes it.
    """

    def __init__(self, model: Any, jit: bool | None = None) -> None:
        network = InlineNetworks().run(model.graph)
        updates = network_updates(network, stateful_only=True)
        self.output_count = len(network.outputs)
        self.graph = run_passes(_with_results(network, updates), PREDICT)
        self.trace_count = 0
        self._jit = bool(jit)
        self._bound: BoundFunction | None = None

    def compute(self, *inputs: Any) -> list[Any]:
        """The outputs as operations of the function that is being traced."""
        self.trace_count += 1
        context = Context(training=False)
        env = dict(zip(self.graph.inputs, inputs, strict=True))
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
            specs = [signature(v.type) for v in self.graph.inputs]
            self._bound = bind(traced.get_concrete_function(*specs))
        return self._bound


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
