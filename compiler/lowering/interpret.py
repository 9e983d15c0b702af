"""Evaluates a graph with TensorFlow tensors: the heart of every program."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import compiler.lowering.rules  # noqa: F401 - registers the rules
from compiler import backend
from compiler.dispatch import lower_call
from compiler.lowering.captures import captured, flat_tensors, resolve, type_of
from compiler.lowering.cells import call_cell
from compiler.lowering.context import (
    CONTEXTS,
    Call,
    Context,
    Environment,
    current_context,
)
from compiler.lowering.registry import layer_rule, op_rule
from compiler.lowering.scopes import scope_name
from compiler.tensorflow import tf
from compiler.variables import resource
from kir import settings
from kir.engine.nesting import masked_body
from kir.engine.tensor import execution
from kir.engine.tracing import run_opaque
from kir.engine.user_code import is_tensorflows, tensorflow_reason
from kir.engine.variable import Variable
from kir.errors import KirError, ShapeError, StateError
from kir.ir.graph import Graph, Node, Opaque, Ref, Value, topological_order
from kir.ir.types import TensorType


def read(variable: Value) -> Any:
    """A variable's value in the program under way, or now; a symbolic value's in the program."""
    if not isinstance(variable, Variable):
        return resolve(variable)
    context = current_context()
    return context.read(variable) if context is not None else resource(variable).read_value()


def interpret(
    outputs: Sequence[Value],
    env: Environment,
    context: Context,
    also_used: Iterable[Value] = (),
) -> list[Any]:
    """The tensors of `outputs`.

    Args:
        outputs: values of a graph.
        env: tensors of its inputs; gets those of every value that is computed.
        context: the program that is being built.
        also_used: values that something else reads later; a layer leaves out results that nobody
            uses.

    Raises:
        StateError: an output depends on an input that `env` does not hold.
    """
    wanted = [v for v in outputs if v not in env and not isinstance(v, Variable)]
    order = topological_order(wanted, stop=env)
    used = {*outputs, *also_used}
    for node in order:
        used.update(node.operands)
    context.evaluate = interpret
    CONTEXTS.append(context)
    try:
        with execution():
            for node in order:
                _evaluate(node, env, context, used)
    finally:
        CONTEXTS.pop()
    return [lookup(v, env, context) for v in outputs]


def lookup(value: Value, env: Environment, context: Context) -> Any:
    """The tensor of a value: computed, read from a variable, or fixed."""
    found = env.get(value)
    if found is None:
        if isinstance(value, Variable):
            return context.read(value)
        fixed = getattr(value, "fixed_value", None)
        if fixed is None:
            raise StateError(
                f"The result depends on {value!r}, which is no input of this function. Add it to "
                "the inputs."
            )
        env[value] = found = context.read(fixed) if isinstance(fixed, Variable) else fixed
    return found


def _evaluate(node: Node, env: Environment, context: Context, used: set[Value]) -> None:
    if any(output in env for output in node.outputs):
        return
    with contextlib.ExitStack() as scopes:
        if node.device:
            scopes.enter_context(tf.device(node.device))
        if node.phase is not None:
            scopes.enter_context(context.in_phase(node.phase))
        if node.gradient_names:
            graph = tf.compat.v1.get_default_graph()
            scopes.enter_context(graph.gradient_override_map(dict(node.gradient_names)))
        _store(node, _results(node, env, context, used), env)


def _results(node: Node, env: Environment, context: Context, used: set[Value]) -> Any:
    rule = op_rule(node.op)
    if rule is not None:
        operands = [v if isinstance(v, Variable) else lookup(v, env, context) for v in node.inputs]
        return rule(node, operands, context)
    if node.layer is not None:
        return _call_layer(node, env, context, used)
    if node.op.startswith(("k.", "tf.")):
        apply = apply_backend if node.op.startswith("k.") else lower_call
        operands = [lookup(v, env, context) for v in node.inputs]
        try:
            return apply(node, operands)
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            raise _refused(node, operands, error) from None
    raise StateError(f"The op {node.op} has no lowering.")


def _refused(node: Node, operands: Sequence[Any], error: Exception) -> Exception:
    """What to raise where TensorFlow refuses operands whose shapes are known only now."""
    if isinstance(error, KirError) or not is_tensorflows(error):
        return error
    got = ", ".join(str(type_of(x)) for x in operands if tf.is_tensor(x))
    return ShapeError(f"{node.op} of {got} in a program's step: {tensorflow_reason(error)}")


def _store(node: Node, result: Any, env: Environment) -> None:
    results = result if isinstance(result, list | tuple) else [result]
    for output, tensor in zip(node.outputs, results, strict=False):
        if tensor is not None:
            env[output] = tensor


def apply_backend(node: Node, operands: Sequence[Any]) -> Any:
    """A `k.*` node, by the backend function of its name."""
    arguments = {name: _decode(value, operands) for name, value in node.attributes.items()}
    return getattr(backend, node.op[2:])(**arguments)


def _decode(value: Any, operands: Sequence[Any]) -> Any:
    if isinstance(value, Ref):
        return operands[value.index]
    if isinstance(value, Opaque):
        return value.value
    if isinstance(value, list | tuple):
        return type(value)(_decode(v, operands) for v in value)
    if isinstance(value, dict):
        return {k: _decode(v, operands) for k, v in value.items()}
    return value


def _call_layer(node: Node, env: Environment, context: Context, used: set[Value]) -> Any:
    layer = node.layer
    inputs = [lookup(v, env, context) for v in node.inputs]
    masks = [None if m is None else lookup(m, env, context) for m in node.masks]
    if layer.is_network:
        if node.inner is not None:
            return interpret(node.inner.outputs, env, context, used)
        assert node.region is not None
        inner = _bind(node.region.inputs, inputs)
        return interpret(node.region.outputs, inner, context)
    if node.effects is not None:
        return _call_user_layer(node, inputs, masks, context)
    arguments = dict(node.arguments)
    call = Call(
        layer,
        context,
        masks,
        arguments,
        node.seeds,
        lambda index: node.outputs[index] in used,
        node.inner,
    )
    with tf.name_scope(scope_name(layer.name, node.path)):
        return layer_rule(type(layer))(layer, call, *inputs)


def _bind(values: Sequence[Value], tensors: Iterable[Any]) -> Environment:
    """A network's inputs with their tensors, converted to the dtypes that it declares."""
    return {value: _as_declared(value, x) for value, x in zip(values, tensors, strict=True)}


def _as_declared(value: Value, x: Any) -> Any:
    if x.dtype.name != value.type.dtype:
        x = tf.cast(x, value.type.dtype)
    is_unknown = isinstance(x, tf.Tensor) and x.shape.rank is None
    if is_unknown and value.type.shape is not None:
        x = tf.ensure_shape(x, value.type.shape)
    return x


def _call_user_layer(
    node: Node, inputs: list[Any], masks: list[Any], context: Context
) -> list[Any]:
    """The results of a layer whose `call` is a user's: its region's, or those of running it."""
    with tf.name_scope(scope_name(node.name, node.path)):
        if node.region is not None:
            given = [*inputs, *(m for m in masks if m is not None)]
            env: Environment = dict(zip(node.region.inputs, given, strict=True))
            results = interpret(node.region.outputs, env, context)
        else:
            taken = node.effects.captured
            with captured(dict(zip(taken, inputs[len(inputs) - len(taken) :], strict=True))):
                results = flat_tensors(run_opaque(node, inputs, masks))
    return [_refined(x, v) for x, v in zip(results, node.outputs, strict=True)]


def _refined(tensor: Any, value: Value) -> Any:
    """The tensor with what its type says of its shape; a user may know more than TensorFlow.

    Keras 2.2: a layer may declare another batch size than what it computes.
    """
    shape = value.type.shape and (None, *value.type.shape[1:])
    if shape is not None and isinstance(tensor, tf.Tensor) and not tf.executing_eagerly():
        known = tensor.shape
        if known.rank is None or any(
            a is None and b is not None for a, b in zip(known.as_list(), shape, strict=True)
        ):
            tensor = tf.ensure_shape(tensor, shape)
    return tensor


def apply_region(region: Graph, tensors: Sequence[Any]) -> list[Any]:
    """The results of a traced function."""
    context = current_context() or Context(training=False)
    return interpret(region.outputs, dict(zip(region.inputs, tensors, strict=True)), context)


def _call_network(layer: Any, tensors: list[Any], mask: Any, context: Context) -> Any:
    masks = list(mask) if isinstance(mask, list | tuple) else [mask]
    present = [m for m in masks if m is not None]
    inputs, outputs = layer.inputs, layer.outputs
    if present:
        types = [None if m is None else Value(_type_of(m)) for m in masks]
        body, _ = masked_body(layer, types + [None] * (len(inputs) - len(types)))
        inputs, outputs = body.inputs, body.outputs[: len(outputs)]
    results = interpret(outputs, _bind(inputs, [*tensors, *present]), context)
    return results if len(results) > 1 else results[0]


def _phase_of(arguments: Mapping[str, Any]) -> bool:
    """The learning phase of a call outside of any program."""
    given = arguments.get("training")
    return bool(settings.fixed_learning_phase() if given is None else given)


def call_layer(cls: type, layer: Any, inputs: Any, arguments: dict[str, Any]) -> Any:
    """Applies the lowering of `cls` for `layer` to tensors: what `layer.call(x)` does."""
    tensors: Iterable[Any] = inputs if isinstance(inputs, list | tuple) else [inputs]
    context = current_context() or Context(training=_phase_of(arguments))
    context.evaluate = interpret
    if layer.is_network:
        return _call_network(layer, list(tensors), arguments.get("mask"), context)
    if "states" in arguments:
        return call_cell(cls, layer, inputs, arguments, context)
    mask = arguments.pop("mask", None)
    given = [arguments.pop(name, None) or () for name in ("initial_state", "constants")]
    states = getattr(layer, "kept_states", list)()
    operands = [*tensors, *given[0], *given[1], *map(context.read, states)]
    masks = list(mask) if isinstance(mask, list | tuple) else [mask]
    call = Call(layer, context, masks, arguments, layer.draw_seeds())
    result = layer_rule(cls)(layer, call, *operands)
    if isinstance(result, list | tuple):
        # The next batch starts from the last states, though a user's code made the call.
        for state, last in zip(states, result[len(result) - len(states) :], strict=True):
            context.assign(state, last)
        public = len(result) - len(layer.internal_types(*(_type_of(t) for t in operands)))
        return result[0] if public == 1 else list(result[:public])
    return result


def _type_of(tensor: Any) -> Any:
    shape = None if tensor.shape.rank is None else tuple(tensor.shape.as_list())
    return TensorType(tensor.dtype.name, shape)
