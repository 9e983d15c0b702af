"""Output for people: colour and tables where there is a terminal, plain text elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table


def make_console(stderr: bool = False) -> Console:
    """A console on standard output, or on standard error, that prints text as it is."""
    return Console(stderr=stderr, highlight=False, emoji=False, markup=False)


def make_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table whose first column names the rows, and whose other columns are numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(header):
        table.add_column(name, justify="right" if i else "left", style="" if i else "bold")
    for row in rows:
        table.add_row(*row)
    return table
