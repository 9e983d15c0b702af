"""What differs between the architectures of two models, layer by layer.

Layers are matched in steps, from the surest to the faintest likeness: equal in everything; the same
name, chosen by the user; equal but for the name; the same name; the same class. What is left was
added or removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from kir.serde.config import json_value

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True)
class Detail:
    """One thing that differs about a layer: an argument, its inputs, its class ..."""

    what: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Change:
    """A layer that was added, removed or changed.

    Attributes:
        kind: `ADDED`, `REMOVED` or `CHANGED`.
        old, new: its name in each model, with those of the models around it before it; None where
            it is not there.
        class_name: its class, in the newer model if it is in both.
        details: what differs; for a layer that was added or removed what it takes.
    """

    kind: str
    old: str | None
    new: str | None
    class_name: str
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True)
class _Entry:
    """A layer as it is compared."""

    layer: Any
    name: str
    class_name: str
    config: Mapping[str, Any]
    inputs: tuple[tuple[tuple[str, int, int], ...], ...]

    @property
    def model(self) -> Any:
        """The layer itself if it is a model, which is compared layer by layer."""
        return self.layer if self.layer.is_network else None

    def key(self, with_name: bool) -> str:
        """Equal for layers that are equal."""
        parts = [self.class_name, self.config, self.name if with_name else None]
        return json.dumps(parts, sort_keys=True)

    def chosen_name(self) -> str | None:
        """The name, unless it is one that is made up for layers without."""
        stem = re.sub(r"_\d+$", "", self.name).replace("_", "")
        is_automatic = stem == self.class_name.lower() or self.class_name == "InputLayer"
        return None if is_automatic else self.name


@dataclass
class Comparison:
    """The changes from one model to another.

    Args:
        old, new: the models.
        ignore_names: whether a layer may have another name.
    """

    old: Any
    new: Any
    ignore_names: bool = False
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._compare(self.old, self.new, "", "")

    @property
    def is_equal(self) -> bool:
        """Whether there is no change."""
        return not self.changes

    def count(self, kind: str) -> int:
        """The number of changes of a kind."""
        return sum(change.kind == kind for change in self.changes)

    def _compare(self, old: Any, new: Any, old_path: str, new_path: str) -> None:
        before, after = _entries(old), _entries(new)
        pairs = _match(before, after)
        renamed = {a.name: b.name for a, b in pairs}
        self._compare_models(old, new, renamed, old_path, new_path)
        by_new = {b.name: a for a, b in pairs}
        left = [a for a in before if a.name not in renamed]
        places = {a.name: i for i, a in enumerate(before)}
        for i, b in enumerate(after):
            # What was removed stands before what came behind it or instead of it.
            following = (by_new[c.name] for c in after[i:] if c.name in by_new)
            next_old = next(following, None)
            limit = len(before) if next_old is None else places[next_old.name]
            while left and places[left[0].name] < limit:
                self._note_lone(REMOVED, left.pop(0), old_path)
            if b.name in by_new:
                self._compare_pair(by_new[b.name], b, renamed, old_path, new_path)
            else:
                self._note_lone(ADDED, b, new_path)
        for a in left:
            self._note_lone(REMOVED, a, old_path)

    def _compare_models(
        self, old: Any, new: Any, renamed: Mapping[str, str], old_path: str, new_path: str
    ) -> None:
        details = []
        if type(old).__name__ != type(new).__name__:
            details.append(Detail("class", type(old).__name__, type(new).__name__))
        if old.name != new.name and not self.ignore_names:
            details.append(Detail("name", old.name, new.name))
        for what in ("input_names", "output_names"):
            names = [getattr(model, what, []) for model in (old, new)]
            if [renamed.get(name, name) for name in names[0]] != list(names[1]):
                details.append(Detail(what.partition("_")[0] + "s", *map(list, names)))
        if details:
            self.changes.append(
                Change(
                    CHANGED,
                    old_path.rstrip("/") or old.name,
                    new_path.rstrip("/") or new.name,
                    type(new).__name__,
                    tuple(details),
                )
            )

    def _compare_pair(
        self, a: _Entry, b: _Entry, renamed: Mapping[str, str], old_path: str, new_path: str
    ) -> None:
        details = list(self._details(a, b, renamed))
        if details:
            names = (old_path + a.name, new_path + b.name)
            self.changes.append(Change(CHANGED, *names, b.class_name, tuple(details)))
        if a.model is not None and b.model is not None:
            self._compare(a.model, b.model, f"{old_path}{a.name}/", f"{new_path}{b.name}/")

    def _details(self, a: _Entry, b: _Entry, renamed: Mapping[str, str]) -> Iterator[Detail]:
        if a.model is None or b.model is None:  # of models it is told with their layers
            if a.class_name != b.class_name:
                yield Detail("class", a.class_name, b.class_name)
            if a.name != b.name and not self.ignore_names:
                yield Detail("name", a.name, b.name)
            for key in dict.fromkeys([*a.config, *b.config]):
                yield from _differences(key, a.config.get(key), b.config.get(key))
        moved = tuple(tuple((renamed.get(n, n), i, k) for n, i, k in call) for call in a.inputs)
        if moved != b.inputs:
            yield Detail("inputs", _texts(a.inputs), _texts(b.inputs))

    def _note_lone(self, kind: str, entry: _Entry, path: str) -> None:
        name, inputs = path + entry.name, _texts(entry.inputs)
        is_new = kind == ADDED
        detail = Detail("inputs", None if is_new else inputs, inputs if is_new else None)
        old, new = (None, name) if is_new else (name, None)
        details = (detail,) if inputs else ()
        self.changes.append(Change(kind, old, new, entry.class_name, details))


def _entries(model: Any) -> list[_Entry]:
    graph = model._is_graph_network
    layers = list(model._topology.layers) if graph else list(model.layers)
    numbers = model._node_numbers() if graph else {}
    return [
        _Entry(
            layer,
            layer.name,
            type(layer).__name__,
            _config(layer, has_input=graph),
            tuple(_inputs(model, layer, numbers)) if graph else (),
        )
        for layer in layers
    ]


def _config(layer: Any, has_input: bool) -> dict[str, Any]:
    """The arguments of a layer as plain data, without its name; of a model none.

    Args:
        layer: the layer.
        has_input: whether the model has a layer for its input, which tells of shape and dtype
            however the first layer behind it was declared.
    """
    if layer.is_network:
        return {}
    config = layer.get_config()
    config.pop("name", None)
    if has_input and type(layer).__name__ != "InputLayer":
        config = {k: v for k, v in config.items() if k not in ("batch_input_shape", "dtype")}
    plain: dict[str, Any] = json.loads(json.dumps(config, default=json_value))
    return plain


def _inputs(
    model: Any, layer: Any, numbers: Mapping[tuple[int, int], int]
) -> Iterator[tuple[tuple[str, int, int], ...]]:
    """For each call of a layer where its operands come from: (layer, call, result)."""
    for index, node in enumerate(layer._inbound_nodes):
        if model._topology.contains(layer, index) and node.inbound_layers:
            yield tuple(
                (source.name, numbers.get((id(source), i), 0) - source.is_network, k)
                for source, i, k in zip(
                    node.inbound_layers, node.node_indices, node.tensor_indices, strict=True
                )
            )


def _texts(calls: Sequence[Sequence[tuple[str, int, int]]]) -> list[str]:
    """Where operands come from, for people: the call and the result only if not the first."""
    return [
        name + (f" (call {call})" if call else "") + (f" (result {result})" if result else "")
        for operands in calls
        for name, call, result in operands
    ]


def _differences(key: str, old: Any, new: Any) -> Iterator[Detail]:
    """What differs between two values of an argument; within objects of one class what exactly."""
    if old == new:
        return
    are_alike = isinstance(old, dict) and isinstance(new, dict)
    if are_alike and old.get("class_name") == new.get("class_name"):
        for inner in dict.fromkeys([*old, *new]):
            label = key if inner == "config" else f"{key}.{inner}"
            yield from _differences(label, old.get(inner), new.get(inner))
        return
    yield Detail(key, old, new)


def _match(before: list[_Entry], after: list[_Entry]) -> list[tuple[_Entry, _Entry]]:
    """Pairs of layers that are the same, or became each other."""
    keys: list[Callable[[_Entry], str | None]] = [
        lambda e: e.key(with_name=True),
        lambda e: e.chosen_name(),
        lambda e: e.key(with_name=False),
        lambda e: f"{e.class_name} {e.name}",
        lambda e: e.class_name,
        lambda e: e.name,
    ]
    pairs: list[tuple[_Entry, _Entry]] = []
    for key in keys:
        olds = [e for e in before if key(e) is not None]
        news = [e for e in after if key(e) is not None]
        matcher = SequenceMatcher(None, [key(e) for e in olds], [key(e) for e in news], False)
        found = [
            (olds[i + k], news[j + k])
            for i, j, size in matcher.get_matching_blocks()
            for k in range(size)
        ]
        pairs += found
        matched = {id(entry) for pair in found for entry in pair}
        before = [e for e in before if id(e) not in matched]
        after = [e for e in after if id(e) not in matched]
    return pairs
