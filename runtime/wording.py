"""Words for people."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 layer``, ``1,234 layers``."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
