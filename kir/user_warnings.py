"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings

# Context managers of ours are entered through contextlib.
_OWN = ("kir.", "compiler.", "runtime.", "contextlib.")


def warn_user(message: str) -> None:
    """Warns at the first line outside of this project that led here."""
    depth, frame = 2, sys._getframe(1)
    while frame.f_back is not None and f"{frame.f_globals.get('__name__', '')}.".startswith(_OWN):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=depth)
