"""Calls of layers in a functional model's config, as Keras 2 lists them.

Keras 2: each call is a list of ``[layer, call of it, result of the call, arguments]``, one item for
each operand. tf.keras puts operands among the arguments too; Keras 3 writes trees of tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kir.errors import ConfigError

TENSOR = "__keras_tensor__"

Place = list[Any]


def to_lists(calls: Any, label: str) -> list[Any]:
    """All calls of one layer in the form of Keras 2.

    Args:
        calls: `inbound_nodes`.
        label: the layer, for messages.

    Raises:
        ConfigError: operands where Keras 2.2.4 has none.
    """
    return [
        _from_tree(call, label) if isinstance(call, Mapping) else _from_list(call, label)
        for call in calls or ()
    ]


def _from_tree(call: Mapping[str, Any], label: str) -> list[Any]:
    """Keras 3: {"args": [tensor, or list of tensors, ...], "kwargs": {...}}."""
    operands: list[Place] = []
    for position, argument in enumerate(call.get("args") or ()):
        found = _tensors(argument)
        if found is None:
            if position and argument is None:
                continue
            raise ConfigError(
                f"{label} is called with {argument!r} as argument {position}; a layer of Keras "
                "2.2.4 is called on tensors. Use a Lambda layer."
            )
        operands += found
    arguments: dict[str, Any] = {}
    for key, value in (call.get("kwargs") or {}).items():
        # Keras 3 writes what a call resolved to: `training=False` says nothing.
        if value is None or (key == "training" and value is False):
            continue
        found = _tensors(value)
        if found is None:
            arguments[key] = value
        elif key == "initial_state":
            operands += found
        else:
            raise ConfigError(_foreign_operand(label, key))
    return [[*place, arguments] for place in operands]


def _from_list(call: Any, label: str) -> list[Any]:
    if not isinstance(call, list | tuple):
        raise ConfigError(f"{label}: a call is {call!r}; expected a list of operands.")
    items = [call] if call and isinstance(call[0], str) else list(call)
    operands: list[Place] = []
    extra: list[Place] = []
    arguments: dict[str, Any] = {}
    for item in items:
        operands.append(list(item[:3]))
        given = item[3] if len(item) > 3 and isinstance(item[3], Mapping) else {}
        for key, value in given.items():
            if value is None:
                continue
            places = _places(value)
            if places is None:
                arguments[key] = value
            elif key == "initial_state":
                extra = extra or places
            elif key not in ("y", "x", "b"):  # operands of a function, which is mapped later
                raise ConfigError(_foreign_operand(label, key))
            else:
                extra += places
    return [[*place, arguments] for place in (*operands, *extra)]


def _foreign_operand(label: str, key: str) -> str:
    return (
        f"{label} is called with the tensor argument `{key}`, which no layer of Keras 2.2.4 takes. "
        "Pass a class of your own in custom_objects."
    )


def _tensors(value: Any) -> list[Place] | None:
    """The places of a tensor, or of a list of tensors; None for anything else."""
    if isinstance(value, Mapping) and value.get("class_name") == TENSOR:
        return [list(value["config"]["keras_history"])]
    if isinstance(value, list | tuple) and value:
        found = [_tensors(item) for item in value]
        if all(places is not None for places in found):
            return [place for places in found for place in places or ()]
    return None


def _places(value: Any) -> list[Place] | None:
    """As `_tensors`, in the form of tf.keras: [layer, call, result]."""
    if not isinstance(value, list | tuple) or not value:
        return None
    if isinstance(value[0], str):
        is_place = len(value) >= 3 and all(isinstance(part, int) for part in value[1:3])
        return [list(value[:3])] if is_place else None
    found = [_places(item) for item in value]
    if any(places is None for places in found):
        return None
    return [place for places in found for place in places or ()]


def ends(value: Any) -> list[Place]:
    """`input_layers` or `output_layers` as a list of places."""
    if isinstance(value, Mapping):
        return [list(place) for place in value.values()]
    if isinstance(value, list | tuple) and value and isinstance(value[0], str):
        return [list(value)]
    return [place for item in value or () for place in ends(item)]


def renumber(calls: list[Any], shift: Callable[[str], int]) -> list[Any]:
    """The calls with the numbers of the calls that they refer to moved.

    Args:
        calls: `inbound_nodes` in the form of Keras 2.
        shift: how far, by the layer that is referred to.
    """
    return [[moved(item, shift) for item in call] for call in calls]


def moved(place: Place, shift: Callable[[str], int]) -> Place:
    """One reference, with its call's number moved."""
    name, number, *rest = place
    return [name, number + shift(name), *rest]
