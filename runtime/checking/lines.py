"""Where in a JSON or YAML text a part of the config stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from runtime.checking.problem import Path, Problem


def with_lines(problems: Iterable[Problem], text: str) -> list[Problem]:
    """The problems with the lines at which their layers or arguments begin.

    Args:
        problems: what was found in the config that `text` holds.
        text: JSON or YAML. One of a single line has no lines worth a number.
    """
    found = list(problems)
    if "\n" not in text.strip():
        return found
    root = _compose(text)
    return [replace(p, line=_line(root, p.place.path)) if p.place.path else p for p in found]


def _compose(text: str) -> Any:
    """The text as a tree of nodes that know their places; JSON is YAML as well."""
    import yaml  # here, as only a file with problems is read in this way

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(text, Loader=loader)
    except yaml.YAMLError:
        return None  # JSON with tabs, say: then there are no numbers


def _line(node: Any, path: Path) -> int | None:
    """The line of the part at `path`, or of the last part on the way that is there."""
    if node is None:
        return None
    line: int = node.start_mark.line
    for key in path:
        pairs = getattr(node, "value", None)
        if not isinstance(pairs, list):
            break
        if isinstance(key, int):
            if key >= len(pairs) or isinstance(pairs[key], tuple):
                break
            node = pairs[key]
            line = node.start_mark.line
            continue
        match = [pair for pair in pairs if isinstance(pair, tuple) and pair[0].value == key]
        if not match:
            break
        line, node = match[0][0].start_mark.line, match[0][1]
    return line + 1
