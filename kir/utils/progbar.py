"""The text progress bar of Keras."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


class Progbar:
    """A progress bar with running averages, drawn on standard output.

    On a terminal the line is redrawn in place; elsewhere (a pipe, a file) each drawing starts a new
    line, as the reference does.

    Args:
        target: number of units of work in all; None if unknown.
        width: width of the bar in characters.
        verbose: 0 silent, 1 bar, 2 one line when the target is reached.
        interval: least time between two drawings, in seconds.
        stateful_metrics: names whose last value is shown instead of their average.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
    ) -> None:
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.stateful_metrics = set(stateful_metrics or ())

        is_terminal = hasattr(sys.stdout, "isatty") and sys.stdout.isatty()
        self._redraws_in_place = is_terminal or "ipykernel" in sys.modules
        self._drawn_width = 0
        self._seen_so_far = 0
        # name -> (weighted sum, weight), in the order of the first appearance
        self._sums: dict[str, tuple[Any, float]] = {}
        self._start = time.time()
        self._last_update = 0.0

    def update(self, current: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Moves the bar to `current` units of work done.

        Args:
            current: units done so far, this step included.
            values: (name, value) pairs of this step; a value counts as often as the step has units.
        """
        weight = current - self._seen_so_far
        for name, value in values or ():
            if name in self.stateful_metrics:
                self._sums[name] = (value, 1)
            else:
                total, seen = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + np.float64(value) * weight, seen + weight)
        self._seen_so_far = current
        self._draw_if_due(time.time())

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Moves the bar on by `n` units of work."""
        self.update(self._seen_so_far + n, values)

    def update_many(
        self, weights: np.ndarray, values: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Moves the bar on by many steps at once, with the sums that `update` would have made.

        The steps are taken to be evenly spread over the time since the bar was made: the first
        step of all is drawn as `update` would have drawn it, then the last one if it is due.

        Args:
            weights: (steps,) units of work of each step.
            values: name -> (steps,) the values of each step.
        """
        columns = values or {}
        steps = len(weights)
        if not steps:
            return
        now = time.time()
        done = 0
        if self._seen_so_far == 0 and steps > 1:
            done = 1
            self._accumulate(weights[:1], {name: v[:1] for name, v in columns.items()})
            self._draw_if_due(self._start + (now - self._start) / steps)
        self._accumulate(weights[done:], {name: v[done:] for name, v in columns.items()})
        self._draw_if_due(now)

    def _accumulate(self, weights: np.ndarray, columns: Mapping[str, np.ndarray]) -> None:
        weight = int(weights.sum())
        for name, column in columns.items():
            if name in self.stateful_metrics:
                self._sums[name] = (column[-1], 1)
            else:
                total, seen = self._sums.get(name, (0.0, 0))
                # cumsum adds one by one, as `update` does: sum() would round differently.
                terms = np.concatenate(([total], column * weights))
                self._sums[name] = (np.cumsum(terms)[-1], seen + weight)
        self._seen_so_far += weight

    def _draw_if_due(self, now: float) -> None:
        is_complete = self.target is not None and self._seen_so_far >= self.target
        if self.verbose == 1:
            is_early = now - self._last_update < self.interval
            if is_early and self.target is not None and not is_complete:
                return
            self._draw_bar(now - self._start, is_complete)
        elif self.verbose == 2 and (self.target is None or is_complete):
            _write(f" - {now - self._start:.0f}s{self._averages_text()}\n")
        self._last_update = now

    def _draw_bar(self, elapsed: float, is_complete: bool) -> None:
        before = self._drawn_width
        start = "\b" * before + "\r" if self._redraws_in_place else "\n"
        line = self._bar_text() + self._time_text(elapsed, is_complete) + self._averages_text()
        self._drawn_width = len(line)
        # Blanks wipe out the rest of a longer line before.
        padding = " " * (before - len(line))
        _write(start + line + padding + ("\n" if is_complete else ""))

    def _bar_text(self) -> str:
        current, target = self._seen_so_far, self.target
        if target is None:
            return f"{current:7d}/Unknown"
        count = f"{current:{len(str(int(target)))}d}/{target:d}"
        filled = int(self.width * (float(current) / target)) if target else self.width
        tip = ">" if current < target else "="
        bar = "=" * (filled - 1) + tip if filled > 0 else ""
        return f"{count} [{bar}{'.' * (self.width - filled)}]"

    def _time_text(self, elapsed: float, is_complete: bool) -> str:
        current = self._seen_so_far
        unit_time = elapsed / current if current else 0.0
        if self.target is not None and not is_complete:
            return f" - ETA: {_duration_text(unit_time * (self.target - current))}"
        return f" - {elapsed:.0f}s {_unit_time_text(unit_time)}/step"

    def _averages_text(self) -> str:
        parts = []
        for name, (total, weight) in self._sums.items():
            average = float(np.mean(total / max(1, weight)))
            number = f"{average:.4f}" if abs(average) > 1e-3 else f"{average:.4e}"
            parts.append(f" - {name}: {number}")
        return "".join(parts)


def _duration_text(seconds: float) -> str:
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    if seconds > 60:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole}s"


def _unit_time_text(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms"
    return f"{seconds * 1e6:.0f}us"


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
