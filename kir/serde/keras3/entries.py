"""The form in which Keras 3 writes objects."""

from __future__ import annotations

from collections.abc import Mapping
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


def function_name(value: Any) -> str | None:
    """The name of a function, which Keras 3 writes as text or as an object; None for others."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and value.get("class_name") == "function":
        name = value.get("config")
        return name if isinstance(name, str) else None
    return None
