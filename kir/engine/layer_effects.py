"""What calls of a layer do besides giving results: losses, and new values of variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kir.engine import tracing
from kir.engine.variable import Variable
from kir.ir.graph import Value
from kir.utils.generic_utils import to_list


class LayerEffects:
    """The part of a layer that concerns its losses and updates."""

    trainable: bool
    stateful: bool
    _collector: tracing.Collector | None
    _regularized: list[tuple[Any, Variable]]
    _losses: list[Any]
    _updates: list[Any]
    _per_input_losses: dict[Any, list[Any]]
    _per_input_updates: dict[Any, list[Any]]
    _from_calls: set[Any]

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Adds scalar losses; those that depend on `inputs` count where the inputs are used."""
        found = to_list(losses)
        if not found:
            return
        if self._collector is not None:
            self._collector.losses += found
            self._collector.free_losses += found if inputs is None else ()
            return
        self._losses += found
        key = object_key(inputs)
        self._per_input_losses.setdefault(key, []).extend(found)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Adds updates (`K.update(...)` or pairs of variable and new value)."""
        found = _flat_updates(updates)
        if not found:
            return
        if self._collector is not None:
            self._collector.updates += found
            return
        self._updates += found
        self._per_input_updates.setdefault(object_key(inputs), []).extend(found)

    @property
    def losses(self) -> list[Any]:
        """The scalar losses of the weights, then those that were added by calls or by hand."""
        return self._regularization_losses() + list(self._losses)

    @property
    def updates(self) -> list[Any]:
        """What the calls change besides giving results; none if the layer is frozen."""
        if not self.trainable and not self.stateful:
            return []
        return list(self._updates)

    def added_by_hand(self, attribute: str) -> list[Any]:
        """What a program added outside of calls, to ``_losses`` or ``_updates``."""
        values = getattr(self, attribute)
        return [v for v in values if not (isinstance(v, Value) and v in self._from_calls)]

    def _regularization_losses(self) -> list[Any]:
        # Made when asked for: most programs never look at a single regularizer's value.
        cached: dict[int, Any] = self.__dict__.setdefault("_regularization_cache", {})
        for i, (regularizer, weight) in enumerate(self._regularized):
            if i not in cached:
                cached[i] = regularizer(weight)
        return [cached[i] for i in range(len(self._regularized))]

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Losses that depend on `inputs`; for None those that depend on no input."""
        if inputs is None:
            return self._regularization_losses() + self._per_input_losses.get(None, [])
        return self._per_input_losses.get(object_key(inputs), [])

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Updates that depend on `inputs`; for None those that depend on no input."""
        if not self.trainable and not self.stateful:
            return []
        return self._per_input_updates.get(object_key(inputs), [])


def _flat_updates(updates: Any) -> list[Any]:
    """Updates that may stand in lists of lists; pairs of variable and value are tuples."""
    if not isinstance(updates, list):
        return [updates]
    return [u for item in updates for u in _flat_updates(item)]


def object_key(inputs: Any) -> Any:
    """What losses and updates are kept under: the identity of the inputs they depend on."""
    found = [x for x in to_list(inputs) if x is not None] if inputs is not None else []
    # The tensor that a variable was called with is known to the program by the variable.
    return tuple(id(getattr(x, "_stands_for", x)) for x in found) or None


def each_once(values: Iterable[Any]) -> list[Any]:
    """Each object once, then the numbers: these count as often as they were added."""
    values = list(values)
    others = {id(v): v for v in values if not isinstance(v, int | float)}
    return [*others.values(), *(v for v in values if isinstance(v, int | float))]
