"""The calls that the config of a functional model lists, each checked as far as possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from runtime.checking.problem import Place

if TYPE_CHECKING:
    from runtime.checking.architecture import ArchitectureCheck

# The results of a call that cannot be made.
_UNKNOWN: Any = None


class FunctionalCheck:
    """Makes the calls of one functional model, and goes on behind those that fail.

    Args:
        check: gets the problems.
        config: of the model.
        entries: of its layers.
        layers: what was made of them; None for those that are broken.
        place: of the model.
    """

    def __init__(
        self,
        check: ArchitectureCheck,
        config: Mapping[str, Any],
        entries: Sequence[Mapping[str, Any]],
        layers: Sequence[Any],
        place: Place,
    ) -> None:
        self.check = check
        self.config = config
        self.place = place
        self.layers: dict[str, Any] = {}
        self.places: dict[str, Place] = {}
        self.calls: dict[str, list[Any]] = {}
        # Layer -> for each call the tensors that it gave, or _UNKNOWN.
        self.results: dict[str, list[Any]] = {}
        self.blocked: set[str] = set()  # layers with a call that can never be made
        for i, (entry, layer) in enumerate(zip(entries, layers, strict=True)):
            self._enter(entry, layer, place.inner(f"layer {i}", entry, "config", "layers", i))

    def _enter(self, entry: Mapping[str, Any], layer: Any, place: Place) -> None:
        name, calls = entry.get("name"), entry.get("inbound_nodes") or []
        if not isinstance(name, str):
            self.check.report(place, "The layer has no 'name', which others call it by.", "name")
            return
        if name in self.layers:
            return  # reported among the names
        if not isinstance(calls, list | tuple):
            self.check.report(place, f"`inbound_nodes` is {calls!r:.80}; {_CALLS}", "inbound_nodes")
            calls = []
        self.layers[name], self.places[name], self.calls[name] = layer, place, list(calls)
        self.results[name] = self._own_results(entry, layer)
        if not calls and entry.get("class_name") != "InputLayer":
            self.check.warn(
                place.below("inbound_nodes"),
                "The layer is never called, so it is no part of the model. Give it "
                "`inbound_nodes`, or remove it.",
            )

    def _own_results(self, entry: Mapping[str, Any], layer: Any) -> list[Any]:
        """What a layer gives before it is called: an input itself, a model its own definition."""
        if layer is not None:
            return [list(node.output_tensors) for node in layer._inbound_nodes]
        has_own = entry.get("class_name") in ("InputLayer", "Model", "Sequential")
        return [_UNKNOWN] if has_own else []

    def run(self) -> Any:
        """The model, if everything about it is right; else None."""
        waiting = {name: self._readable_calls(name) for name in self.layers}
        is_whole = self._make_calls(waiting)
        for name, calls in waiting.items():
            for call in calls:
                self._report_blocked(name, call, waiting)
        self.blocked = {name for name, calls in waiting.items() if calls}
        ends = [self._ends(key) for key in ("input_layers", "output_layers")]
        if not is_whole or self.blocked or None in ends:
            return None
        from kir.models import Model

        inputs, outputs = ends
        name = self.config.get("name")
        return self.check.attempt(self.place, lambda: Model(inputs, outputs, name=name))

    def _readable_calls(self, name: str) -> list[Any]:
        """The calls of a layer; those that make no sense are reported, and stand as None."""
        found: list[Any] = []
        for number, call in enumerate(self.calls[name]):
            fault = self._fault(call)
            if fault:
                where = self.places[name].below("inbound_nodes", number)
                self.check.report(where, fault, _label(number))
            found.append(None if fault else call)
        return found

    def _fault(self, call: Any) -> str | None:
        """What is wrong with a call, but for the shapes."""
        if not isinstance(call, list | tuple):
            return f"It is {call!r:.80}; {_CALLS}"
        for item in call:
            if not _is_operand(item):
                return f"The operand {item!r:.80} makes no sense; {_CALLS}"
            if item[0] not in self.layers:
                return _unknown_layer(item[0], self.layers)
        return None

    def _make_calls(self, waiting: dict[str, list[Any]]) -> bool:
        """Makes all calls whose operands can be had; whether none failed."""
        is_whole, progressed = True, True
        while progressed:
            progressed = False
            for name, calls in waiting.items():
                while calls and self._is_ready(calls[0]):
                    number = len(self.calls[name]) - len(calls)
                    result = self._make_call(name, number, calls.pop(0))
                    self.results[name].append(result)
                    is_whole &= result is not _UNKNOWN
                    progressed = True
        return is_whole

    def _is_ready(self, call: Any) -> bool:
        return call is None or all(item[1] < len(self.results[item[0]]) for item in call)

    def _make_call(self, name: str, number: int, call: Any) -> Any:
        """The tensors that a call gives; _UNKNOWN if it fails or an operand is unknown."""
        if call is None:
            return _UNKNOWN
        place = self.places[name].below("inbound_nodes", number)
        operands, arguments = [], {}
        for source, node_index, tensor_index, *rest in call:
            results = self.results[source][node_index]
            if results is not _UNKNOWN and tensor_index >= len(results):
                self.check.report(
                    place,
                    f"It takes result {tensor_index} of {source!r}, which has {len(results)} "
                    f"(the first is 0).",
                    _label(number),
                )
                return _UNKNOWN
            operands.append(_UNKNOWN if results is _UNKNOWN else results[tensor_index])
            arguments = dict(rest[0]) if rest and isinstance(rest[0], Mapping) else arguments
        layer = self.layers[name]
        if layer is None or not operands or any(x is _UNKNOWN for x in operands):
            return _UNKNOWN
        inputs = operands if len(operands) > 1 else operands[0]
        done = self.check.attempt(place, lambda: (layer(inputs, **arguments),))
        return _UNKNOWN if done is None else list(layer._inbound_nodes[-1].output_tensors)

    def _report_blocked(self, name: str, call: Any, waiting: Mapping[str, list[Any]]) -> None:
        number = len(self.calls[name]) - len(waiting[name]) + waiting[name].index(call)
        place = self.places[name].below("inbound_nodes", number)
        for source, node_index, *_ in call or ():
            total = len(self.results[source]) + len(waiting[source])
            if node_index >= total:
                self.check.report(
                    place,
                    f"It takes the result of call {node_index} of {source!r}, which is called "
                    f"{total} times (the first call is 0).",
                    _label(number),
                )
                return
        if call:
            sources = ", ".join(repr(item[0]) for item in call)
            self.check.report(
                place,
                f"It waits for {sources}, which waits for it in turn, directly or through others; "
                "a model has no cycles. Remove one of these connections.",
                _label(number),
            )

    def _ends(self, key: str) -> list[Any] | None:
        """The tensors that are the model's inputs or outputs; None if one is not to be had."""
        value = self.config[key]
        if not isinstance(value, list | tuple) or not value:
            message = f"`{key}` is {value!r:.80}; expected a list of [layer, call, result]."
            self.check.report(self.place.below("config", key), message, key)
            return None
        found: list[Any] = []
        for item in value if isinstance(value[0], list | tuple) else [value]:
            fault, tensor = self._end(item)
            if fault:
                self.check.report(self.place.below("config", key), fault, key)
            found.append(tensor)
        return None if any(x is _UNKNOWN for x in found) else found

    def _end(self, item: Any) -> tuple[str | None, Any]:
        if not _is_operand(item):
            return f"{item!r:.80} makes no sense; expected [layer, call, result].", _UNKNOWN
        name, node_index, tensor_index = item[:3]
        if name not in self.layers:
            return _unknown_layer(name, self.layers), _UNKNOWN
        if node_index >= len(self.results[name]):
            if self.layers[name] is None or name in self.blocked:
                return None, _UNKNOWN
            count = len(self.results[name])
            return f"{list(item)!r}: {name!r} has {count} calls (the first is 0).", _UNKNOWN
        results = self.results[name][node_index]
        if results is _UNKNOWN:
            return None, _UNKNOWN
        if tensor_index >= len(results):
            return f"{list(item)!r}: the call has {len(results)} results.", _UNKNOWN
        return None, results[tensor_index]


_CALLS = (
    "expected a list of calls, each a list of operands such as ['layer', 0, 0, {}]: the layer, "
    "which call of it, which result of the call."
)


def _label(number: int) -> str:
    return f"inbound_nodes[{number}]"


def _is_operand(item: Any) -> bool:
    return (
        isinstance(item, list | tuple)
        and len(item) >= 3
        and isinstance(item[0], str)
        and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in item[1:3])
    )


def _unknown_layer(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else f" Its layers are {_some(known)}."
    return f"{name!r} is no layer of the model.{hint}"


def _some(names: Mapping[str, Any], limit: int = 8) -> str:
    shown = [repr(name) for name in list(names)[:limit]]
    return ", ".join(shown + ["..."] * (len(names) > limit))
