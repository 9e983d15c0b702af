"""One thing that is wrong with a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A layer in a config, at any depth of nested models.

    Attributes:
        path: keys and positions that lead to its entry.
        parts: what it and the models around it are called, outermost first.
        layer: its name; None if it has none.
        class_name: its class; None if it has none.
    """

    path: Path = ()
    parts: tuple[str, ...] = ()
    layer: str | None = None
    class_name: str | None = None

    def below(self, *keys: str | int) -> Place:
        """The same layer, at a part of its entry."""
        return replace(self, path=(*self.path, *keys))

    def inner(self, label: str, entry: Any, *keys: str | int) -> Place:
        """A layer inside this one.

        Args:
            label: what it is to this one, e.g. ``'layer 3'`` or ``'cell'``.
            entry: its entry in the config.
            *keys: from this one's path to its.
        """
        name, kind = name_of(entry), class_of(entry)
        part = label + (f" {name!r}" if name else "") + (f" ({kind})" if kind else "")
        return Place((*self.path, *keys), (*self.parts, part), name, kind)


@dataclass(frozen=True)
class Problem:
    """One problem, and where it lies.

    Attributes:
        message: what is wrong, what was expected and how to mend it.
        place: the layer; None if it concerns the file as a whole.
        argument: the layer's argument; None if it concerns none.
        is_error: whether the file cannot be used as it is; else it is a warning.
        line: in the file, counted from 1; None if it has no lines.
    """

    message: str
    place: Place = field(default_factory=Place)
    argument: str | None = None
    is_error: bool = True
    line: int | None = None

    def where(self) -> str:
        """The place in words; empty if it is the whole file."""
        parts = [*self.place.parts, *([self.argument] if self.argument else [])]
        return ", ".join(parts)

    def describe(self) -> dict[str, Any]:
        """The problem as plain data."""
        return {
            "severity": "error" if self.is_error else "warning",
            "line": self.line,
            "where": self.where() or None,
            "layer": self.place.layer,
            "class_name": self.place.class_name,
            "argument": self.argument,
            "message": self.message,
        }


def name_of(entry: Any) -> str | None:
    """The name that a layer's entry gives, itself or in its config."""
    for part in (entry, entry.get("config") if isinstance(entry, dict) else None):
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            return str(part["name"])
    return None


def class_of(entry: Any) -> str | None:
    """The class that a layer's entry gives."""
    kind = entry.get("class_name") if isinstance(entry, dict) else None
    return kind if isinstance(kind, str) else None


def text_of(error: BaseException, leave_out: Iterable[str] = ()) -> str:
    """What an error says, with its notes but for those that hold one of some texts."""
    left_out = tuple(leave_out)
    notes = [n for n in getattr(error, "__notes__", ()) if not any(t in n for t in left_out)]
    return " ".join([str(error), *notes])
