"""Which golden cases there are, which are slow, and which wait for something that does not exist.

Two text files hold the lists. In both, a line ``[...]`` starts a section and gives its reason,
and every other line is a shell pattern over ``family/case``.
"""

from __future__ import annotations

import fnmatch
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checker import cases

HERE = Path(__file__).parent
DATA = HERE / "data"
PENDING = HERE / "pending.txt"
SLOW = HERE / "slow.txt"

# Families whose cases take longest come first, so that two workers finish together.
FAMILIES = (
    "training",
    "files",
    "callbacks",
    "architectures",
    "layers",
    "backend",
    "functions",
    "errors",
    "preprocessing",
)


@dataclass(frozen=True)
class GoldenCase:
    """One entry of a family's index; its arrays are read when it is judged."""

    family: str
    position: int
    name: str

    @property
    def id(self) -> str:
        return f"{self.family}/{self.name}"

    def load(self) -> cases.Case:
        index = read_index(self.family)
        entry, tolerance = index["cases"][self.position], index.get("tolerance", {})
        return cases.Case(str(DATA / self.family), entry, tolerance)


@dataclass(frozen=True)
class Pattern:
    """A shell pattern over case ids, and why the cases are listed."""

    glob: str
    reason: str

    def matches(self, case: GoldenCase) -> bool:
        return fnmatch.fnmatchcase(case.id, self.glob)


@functools.cache
def read_index(family: str) -> dict[str, Any]:
    return json.loads((DATA / family / "index.json").read_text(encoding="utf8"))


@functools.cache
def all_cases() -> tuple[GoldenCase, ...]:
    return tuple(
        GoldenCase(family, position, entry["name"])
        for family in FAMILIES
        for position, entry in enumerate(read_index(family)["cases"])
    )


def read_patterns(path: Path) -> Iterator[Pattern]:
    reason = ""
    for number, line in enumerate(path.read_text(encoding="utf8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("["):
            reason = text.strip("[]")
        elif reason:
            yield Pattern(text, reason)
        else:
            raise ValueError(f"{path}:{number}: a pattern must follow a line [reason]")


@functools.cache
def pending() -> tuple[Pattern, ...]:
    return tuple(read_patterns(PENDING))


@functools.cache
def slow() -> tuple[Pattern, ...]:
    return tuple(read_patterns(SLOW))
