"""The form in which Keras 3 writes objects."""

from __future__ import annotations

from typing import Any

Config = dict[str, Any]


def entry(module: str, class_name: str, config: Any) -> Config:
    """An object as Keras 3 writes it."""
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": None,
    }
