"""What the tests of passes share: graphs as short texts, and their values."""

from __future__ import annotations

import textwrap

import numpy as np

from compiler.lowering.context import Context
from compiler.lowering.interpret import interpret
from compiler.tensorflow import tf
from kir.ir import Graph, verify


def run(one_pass, graph: Graph) -> Graph:
    """The graph after a pass, verified; the pass must leave the graph that it gets as it was."""
    verify(graph)
    before = str(graph)
    after = one_pass.run(graph)
    verify(after)
    assert str(graph) == before
    return after


def brief(graph: Graph) -> str:
    """The text of a graph without its declarations of weights."""
    lines = str(graph).splitlines()
    return "\n".join(line for line in lines if not line.startswith("  weight "))


def text(snapshot: str) -> str:
    """A snapshot as it stands in a test, indented and with a line continued where it is long."""
    return textwrap.dedent(snapshot).strip().replace(" \\\n", " ")


def evaluate(graph: Graph, *inputs: np.ndarray, training: bool = False) -> list[np.ndarray]:
    """What the graph computes."""
    env = {v: tf.constant(x, v.type.dtype) for v, x in zip(graph.inputs, inputs, strict=True)}
    results = interpret(graph.outputs, env, Context(training=training))
    return [r.numpy() for r in results]


def randomize(model) -> None:
    """Gives every weight a value of its own, so that nothing is left out unnoticed."""
    draws = np.random.RandomState(3)
    model.set_weights([draws.uniform(0.2, 1.2, w.shape) for w in model.get_weights()])
