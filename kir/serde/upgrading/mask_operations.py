"""Keras 3 writes out how masks are computed; layers here make them themselves.

A functional model that masks has entries for functions such as `NotEqual` and `Any`, whose results
calls of layers name as their argument `mask`. Both go, and a function that something else reads
stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kir.serde.upgrading.calls import TENSOR

_MODULES = ("keras.src.ops", "keras.ops")


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a model is a function of tensors, not a layer."""
    return str(entry.get("module") or "").startswith(_MODULES)


def without_masks(layers: Sequence[Mapping[str, Any]], ends: Any) -> list[Mapping[str, Any]]:
    """The entries of a functional model without what computes masks.

    Args:
        layers: the entries, as Keras 3 wrote them.
        ends: the model's outputs, in any form.
    """
    operations = {str(entry.get("name")): entry for entry in layers if is_operation(entry)}
    if not operations:
        return list(layers)
    kept = [entry if is_operation(entry) else _unmasked(entry, operations) for entry in layers]
    needed = set(_words(ends))
    for entry in kept:
        if not is_operation(entry):
            needed.update(_sources(entry.get("inbound_nodes")))
    waiting = [name for name in operations if name in needed]
    while waiting:
        for source in _sources(operations[waiting.pop()].get("inbound_nodes")):
            if source in operations and source not in needed:
                waiting.append(source)
            needed.add(source)
    return [e for e in kept if not is_operation(e) or str(e.get("name")) in needed]


def _unmasked(entry: Mapping[str, Any], operations: Mapping[str, Any]) -> Mapping[str, Any]:
    calls = entry.get("inbound_nodes")
    if not isinstance(calls, list):
        return entry
    return {**entry, "inbound_nodes": [_unmasked_call(call, operations) for call in calls]}


def _unmasked_call(call: Any, operations: Mapping[str, Any]) -> Any:
    named = call.get("kwargs") if isinstance(call, Mapping) else None
    if not isinstance(named, Mapping) or "mask" not in named:
        return call
    sources = list(_sources(named["mask"]))
    if not sources or not all(source in operations for source in sources):
        return call
    return {**call, "kwargs": {key: v for key, v in named.items() if key != "mask"}}


def _sources(value: Any) -> Iterator[str]:
    """The names of the layers whose results stand somewhere in a value."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            if item.get("class_name") == TENSOR:
                config = item.get("config")
                history = config.get("keras_history") if isinstance(config, Mapping) else None
                yield from _words(history)
            else:
                stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)


def _words(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list | tuple):
            stack.extend(item)
        elif isinstance(item, Mapping):
            stack.extend(item.values())
