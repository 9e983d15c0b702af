"""Layers and functions of the user's own, from a Python file."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from kir.aliases import install_as_keras
from kir.errors import ConfigError
from kir.utils.generic_utils import CustomObjectScope


def custom_objects(files: Iterable[Path]) -> AbstractContextManager[Any]:
    """A scope in which the classes and functions of these files are known by name.

    Raises:
        ConfigError: a file does not run.
    """
    return CustomObjectScope(*(dict(_defined_in(file)) for file in files))


def _defined_in(file: Path) -> Iterator[tuple[str, Any]]:
    """The public classes and functions that a file defines itself; its `keras` is kir."""
    spec = importlib.util.spec_from_file_location(f"kir_custom_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ConfigError(f"--custom {file}: expected a Python file (.py).")
    module = importlib.util.module_from_spec(spec)
    if re.search(r"^\s*(import|from)\s+keras\b", file.read_text("utf-8", "replace"), re.MULTILINE):
        install_as_keras(former_names=False)  # a program of its own it is not
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever it is, it is about the user's file
        raise ConfigError(f"--custom {file}: {type(error).__name__}: {error}") from error
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_"):
            yield name, value
