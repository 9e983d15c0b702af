"""What an upgrade did to a config, for people and for programs."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field


class Kind(enum.Enum):
    """How far a change reaches."""

    RENAMED = "renamed"
    """The same under another name: no number changes."""

    DROPPED = "dropped"
    """Left out, because it changes no number that the model computes."""

    ASSUMED = "assumed"
    """Not said by the file, or not quite to be had: numbers could differ."""

    REPAIRED = "repaired"
    """A known fault of the program that wrote the file, mended."""


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        kind: how far it reaches.
        where: the layer, as ``Conv2D 'block1_conv'``.
        what: in words.
    """

    kind: Kind
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.where}: {self.what}"


@dataclass
class Report:
    """The changes of an upgrade, in the order of the layers.

    Attributes:
        origin: what wrote the file, as far as it can be told.
        changes: what was renamed, dropped, assumed and repaired.
    """

    origin: str
    changes: list[Change] = field(default_factory=list)

    def add(self, kind: Kind, where: str, what: str) -> None:
        """Notes a change."""
        self.changes.append(Change(kind, where, what))

    def of(self, *kinds: Kind) -> list[Change]:
        """The changes of these kinds."""
        return [change for change in self.changes if change.kind in kinds]

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __str__(self) -> str:
        """The origin and one line for each change; equal changes are counted together."""
        counts: dict[tuple[Kind, str], list[str]] = {}
        for change in self.changes:
            counts.setdefault((change.kind, change.what), []).append(change.where)
        plural = "" if len(self) == 1 else "s"
        lines = [f"Written by {self.origin}; {len(self)} change{plural}."]
        for (kind, what), places in counts.items():
            more = f" and {len(places) - 1} more" if len(places) > 1 else ""
            lines.append(f"{kind.value}: {places[0]}{more}: {what}")
        return "\n".join(lines)
