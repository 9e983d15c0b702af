"""Shows on a terminal that work goes on: with a spinner, or with a bar and the time left.

It stands on standard error, so that results can be piped, and vanishes when the work is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def working(what: str) -> AbstractContextManager[Any]:
    """A spinner beside `what`, for work whose length is not known."""
    return Console(stderr=True).status(what)


def make_bar(console: Console) -> Progress:
    """A bar with numbers and the time left, that only a terminal gets."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[values]}", style="dim"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def batches(
    what: str, arrays: Sequence[Any], batch_size: int
) -> Iterator[tuple[Iterator[Any], int]]:
    """A generator of batches that moves a bar while it is read.

    Args:
        what: shown beside the bar.
        arrays: the inputs, or the inputs and the targets: arrays of as many samples.
        batch_size: samples in a batch; the last one may be smaller.

    Yields:
        (the generator, the number of batches)
    """
    count = len(arrays[0])
    bar = make_bar(Console(stderr=True))
    task = bar.add_task(what, total=count, values="")

    def generate() -> Iterator[Any]:
        # Endless, as the reader may ask for one more than it uses.
        while True:
            for start in range(0, count, batch_size):
                rows = slice(start, start + batch_size)
                parts = [array[rows] for array in arrays]
                yield parts[0] if len(parts) == 1 else tuple(parts)
                bar.update(task, completed=min(start + batch_size, count))

    with bar:
        yield generate(), -(-count // batch_size)
