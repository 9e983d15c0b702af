"""Gradients of recorded expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kir.backend.recording import compute, define, type_rule
from kir.engine.tensor import contains_symbolic, executing, record
from kir.ir.graph import Value, topological_order, used_weights
from kir.ir.types import TensorType

# Functions that are constant around almost every point, or defined to have no gradient.
BLOCKING = frozenset(
    f"k.{name}"
    for name in (
        *("stop_gradient", "shape", "zeros_like", "ones_like", "round", "floordiv"),
        *("argmax", "argmin", "in_top_k", "one_hot", "any", "all", "ctc_decode_all"),
        *("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"),
    )
)


def _gradient_types(loss: Any, variables: list[TensorType]) -> list[TensorType]:
    return [TensorType(v.dtype, v.shape) for v in variables]


define("gradients", _gradient_types, {})
_RULE = type_rule(_gradient_types)


def gradients(loss: Any, variables: Any) -> Any:
    """Differentiates: the gradient of a loss by each of several variables.

    Args:
        loss: a scalar tensor; of other tensors the sum of the elements is meant.
        variables: a list of variables or tensors.

    Returns:
        A list with the gradient by each variable, None where the loss does not depend on it.

    Shape:
        each gradient: the shape and dtype of its variable.
    """
    several = isinstance(variables, list | tuple)
    targets = list(variables) if several else [variables]
    if executing() or not contains_symbolic([loss, *targets]):
        return compute("gradients", {"loss": loss, "variables": targets})
    losses = list(loss) if isinstance(loss, list | tuple) else [loss]
    reached = dependencies(losses, targets)
    found = [v for v in targets if v in reached]
    parts = iter(
        record("k.gradients", {"loss": losses, "variables": found}, _RULE) if found else ()
    )
    return [next(parts) if v in reached else None for v in targets]


def dependencies(outputs: Iterable[Value], targets: Iterable[Value]) -> set[Value]:
    """Those of `targets` that `outputs` depend on differentiably."""
    live = {v for v in outputs if v.type.is_floating}
    for node in reversed(topological_order(live)):
        if node.op in BLOCKING or not any(v in live for v in node.outputs):
            continue
        live.update(v for v in node.inputs if v.type.is_floating)
        live.update(node.weights)
        if node.region is not None:
            for inner in node.region.walk():
                live.update(used_weights(inner))
    return live.intersection(targets)
