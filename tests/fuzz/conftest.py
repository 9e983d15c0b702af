"""Runs loaders over many inputs and counts what comes of it."""

from __future__ import annotations

import resource
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kir import backend as K
from kir.errors import KirError

# These modules stand in no package, as other test folders have some of the same names.
sys.path.insert(0, str(Path(__file__).parent))

SECONDS = 20.0
"""What one input may take at most, on a busy machine; mostly it is a few milliseconds."""

GROWTH = 1 << 20
"""KiB by which the process may grow over all inputs of a format."""


@dataclass
class Tally:
    """What came of the inputs of one format."""

    format: str
    loaded: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.loaded + sum(self.refused.values()) + len(self.failures)

    def __str__(self) -> str:
        kinds = ", ".join(f"{n} {name}" for name, n in self.refused.most_common(4))
        return (
            f"{self.format}: {self.count} inputs, {self.loaded} loaded, "
            f"{sum(self.refused.values())} refused ({kinds}), {len(self.failures)} failures; "
            f"slowest {self.slowest:.2f} s"
        )


Fuzz = Callable[[str, Iterable[Any], Callable[[Any], Any]], Tally]


@pytest.fixture
def fuzz() -> Fuzz:
    """Loads every input; only errors of kir's may come out, in bounded time and memory."""

    def run(format: str, inputs: Iterable[Any], load: Callable[[Any], Any]) -> Tally:
        tally = Tally(format)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number, given in enumerate(inputs):
            if number % 100 == 0:
                K.clear_session()
            _load(tally, given, load)
            if len(tally.failures) >= 5:
                break
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"{tally}; grown by {grown >> 10} MiB")
        assert not tally.failures, "\n\n".join(tally.failures)
        assert tally.slowest < SECONDS
        assert grown < GROWTH
        return tally

    return run


def _load(tally: Tally, given: Any, load: Callable[[Any], Any]) -> None:
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            load(given)
    except KirError as error:
        str(error)
        tally.refused[type(error).__name__] += 1
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        trace = "".join(traceback.format_exception(error)[-3:])
        tally.failures.append(f"{given!r:.1500}\n{trace[-1500:]}")
    else:
        tally.loaded += 1
    tally.slowest = max(tally.slowest, time.perf_counter() - start)
