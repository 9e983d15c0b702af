"""What a command says at its end: a line for people, or JSON for programs."""

from __future__ import annotations

import json
from typing import Any

import click


def report(as_json: bool, text: str, **data: Any) -> None:
    """Prints `text`, or with --json the same as an object."""
    click.echo(json.dumps(data, indent=2) if as_json else text)
