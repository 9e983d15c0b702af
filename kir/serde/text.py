"""The textual form of graphs, with the defaults of all built-in ops filled in."""

from __future__ import annotations

import kir.layers  # noqa: F401 - registers the layers' ops and their defaults
from kir.ir.graph import Graph
from kir.ir.parser import parse as parse_graph


def parse(text: str, source: str | None = None) -> Graph:
    """The graph that a text describes; the inverse of `str(model.graph)`.

    Args:
        text: the textual form, see specs/text-form.md.
        source: the file's name, for messages.

    Raises:
        FileFormatError: the text is malformed; says the line and column.
    """
    return parse_graph(text) if source is None else parse_graph(text, source)
