"""Recorded backend functions that need more than their operands: regions, gradients, the phase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compiler import backend as K
from compiler.lowering.context import Context
from compiler.lowering.registry import lowers_op
from compiler.tensorflow import tf
from kir.backend.recording import substitute
from kir.engine.variable import Variable
from kir.ir.graph import Graph, Node, used_weights


def _arguments(node: Node, operands: Sequence[Any], context: Context) -> dict[str, Any]:
    """The call's arguments, operands in their places."""
    tensors = [context.read(v) if isinstance(v, Variable) else v for v in operands]
    return {k: substitute(v, tensors) for k, v in node.attributes.items() if k != "result"}


def _body(node: Node, captures: Sequence[Any], context: Context) -> Callable[..., list[Any]]:
    """The node's region as a function from its parameters to its results."""
    region = node.region
    assert isinstance(region, Graph)
    for inner in region.walk():
        for weight in used_weights(inner):
            # Read here: what is first read inside a loop would not be known outside of it.
            if isinstance(weight, Variable):
                context.read(weight)

    def body(*parameters: Any) -> list[Any]:
        inputs = [*parameters, *captures]
        env = dict(zip(region.inputs, inputs, strict=True))
        results: list[Any] = context.evaluate(region.outputs, env, context)
        return results

    return body


@lowers_op("k.learning_phase")
def lower_learning_phase(node: Node, operands: list[Any], context: Context) -> Any:
    return context.training


@lowers_op("k.gradients")
def lower_gradients(node: Node, operands: list[Any], context: Context) -> Any:
    arguments = _arguments(node, operands, context)
    found = K.gradients(**arguments)
    # The types promise a value; where TensorFlow stops earlier than the rules did, it is zero.
    return [
        tf.zeros_like(v) if g is None else g
        for g, v in zip(found, arguments["variables"], strict=True)
    ]


@lowers_op("k.switch")
def lower_switch(node: Node, operands: list[Any], context: Context) -> Any:
    arguments = _arguments(node, operands, context)
    body = _body(node, arguments["captures"], context)
    half = len(node.outputs)

    # The branches share the region; TensorFlow drops what the taken one does not need.
    def then() -> list[Any]:
        return [tf.identity(t) for t in body()[:half]]

    def otherwise() -> list[Any]:
        return [tf.identity(t) for t in body()[half:]]

    return K.branch(arguments["condition"], then, otherwise)


@lowers_op("k.rnn")
def lower_rnn(node: Node, operands: list[Any], context: Context) -> Any:
    arguments = _arguments(node, operands, context)
    body = _body(node, arguments.pop("captures"), context)

    def step(x: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        output, *new = body(x, *states)
        return output, new

    last, outputs, states = K.rnn(step, **arguments)
    return [last, outputs, *states]


@lowers_op("k.map_fn")
def lower_map_fn(node: Node, operands: list[Any], context: Context) -> Any:
    arguments = _arguments(node, operands, context)
    body = _body(node, arguments["captures"], context)
    kinds = tuple(tf.as_dtype(v.type.dtype) for v in node.outputs)

    def element(parts: Any) -> Any:
        results = body(*parts)
        return tuple(tf.cast(r, k) for r, k in zip(results, kinds, strict=True))

    return list(K.map_fn(element, tuple(arguments["elems"]), dtype=kinds))


@lowers_op("k.foldl", "k.foldr")
def lower_fold(node: Node, operands: list[Any], context: Context) -> Any:
    arguments = _arguments(node, operands, context)
    body = _body(node, arguments["captures"], context)
    elems = arguments["elems"]
    fold = K.foldl if node.op == "k.foldl" else K.foldr
    return fold(
        lambda state, parts: body(state, *(parts if len(elems) > 1 else (parts,)))[0],
        tuple(elems) if len(elems) > 1 else elems[0],
        initializer=arguments["initializer"],
    )
