"""What a user adds to a model from outside: losses and updates by hand, and values in closures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compiler.lowering.captures import judge, try_out
from kir import backend as K
from kir.engine.inlining import is_network_call, substitute
from kir.engine.layer_effects import each_once
from kir.engine.user_code import explain
from kir.errors import DTypeError
from kir.ir.graph import Value
from kir.ir.types import TensorType

_OWN_PACKAGES = ("kir", "compiler", "runtime")


def losses_by_hand(model: Any) -> list[Any]:
    """What `add_loss` was given outside of calls, for the model and everything in it."""
    return _by_hand(model, "_losses")


def updates_by_hand(model: Any) -> list[Value]:
    """What `add_update` was given outside of calls, for the model and everything in it.

    None of what is frozen and keeps no state.
    """
    found = _by_hand(model, "_updates")
    return [u if isinstance(u, Value) else K.update(*u) for u in found]


def _by_hand(network: Any, attribute: str) -> list[Any]:
    def counts(layer: Any) -> bool:
        return attribute == "_losses" or layer.trainable or layer.stateful

    if not counts(network):
        return []
    found = [
        value
        for layer in (network, *(x for x in network.layers if not x.is_network))
        for value in (layer.added_by_hand(attribute) if counts(layer) else ())
    ]
    for node in network.graph.nodes:
        if is_network_call(node):
            # They are expressions of the nested model's own inputs.
            known = dict(zip(node.region.inputs, node.inputs, strict=False))  # type: ignore[union-attr]
            for value in _by_hand(node.layer, attribute):
                found += substitute([value], known) if isinstance(value, Value) else [value]
    return each_once(found)


def is_users(function: Any) -> bool:
    """Whether a loss or metric comes from the program."""
    module = getattr(function, "__module__", None) or type(function).__module__
    return bool(module.split(".")[0] not in _OWN_PACKAGES)


def closure_values(
    function: Callable[..., Any], types: Sequence[TensorType], label: str, output: Value
) -> tuple[Value, ...]:
    """The symbolic values that a loss or metric of the user's takes from outside.

    Args:
        function: of tensors of these types.
        types: those of targets and predictions.
        label: what it is, for messages.
        output: the model's output that the predictions are.

    Raises:
        KirError: the function fails, or gives no tensor.
    """
    if not is_users(function):
        return ()
    try:
        trial = try_out(lambda tensors: judge(function, tensors[0], tensors[1], output), types)
    except Exception as error:
        raise explain(error, label, types) from None
    if len(trial.types) != 1:
        raise DTypeError(
            f"{label} returned {len(trial.types)} tensors; expected one. Is a `return` missing?"
        )
    return trial.captured
