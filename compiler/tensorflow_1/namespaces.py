"""Modules of TensorFlow 1 of which some names mean something else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def namespace(module: Any, names: dict[str, Any]) -> Any:
    """A module's public names, some of them replaced."""
    public = {n: getattr(module, n, None) for n in dir(module) if not n.startswith("_")}
    return SimpleNamespace(**{**public, **names})
