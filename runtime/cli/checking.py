"""Finds all the problems of an architecture, where reading it stops at the first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kir.errors import KirError
from kir.serde.architecture import find_format
from runtime.model_files import read_architecture, tolerant


def check_file(path: Path) -> tuple[Any, list[str]]:
    """Reads an architecture and looks for problems.

    Returns:
        (the model, or None if it cannot be built; the problems, one text each)
    """
    from kir.ir.verifier import verify

    try:
        model = read_architecture(path)
        verify(model.graph)
    except KirError as error:
        # Each layer on its own shows the problems that the first one hides. The first itself is
        # among them, unless it lies between layers, as a shape that does not fit does.
        found = list(_layer_problems(_parse(path)))
        if not any(str(error) in problem for problem in found):
            found.append(_text(error, path))
        return None, found
    return model, []


def _parse(path: Path) -> Any:
    """The config in a JSON or YAML file; None if there is none to be had."""
    try:
        format = find_format(path)
        if format == "json":
            return json.loads(path.read_text("utf-8"))
        if format == "yaml":
            from kir.serde.yaml_loading import load_yaml

            return load_yaml(path.read_text("utf-8"))
    except (OSError, RecursionError, ValueError):
        pass  # reported by whoever read the file first
    return None


def _layer_problems(config: Any, where: str = "") -> Iterator[str]:
    """The problems of the layers in a model's config, and of those in nested models."""
    from kir.layers import deserialize

    for position, entry in enumerate(_entries(config)):
        if not isinstance(entry, Mapping):
            continue
        settings = entry.get("config")
        name = entry.get("name") or (isinstance(settings, Mapping) and settings.get("name"))
        place = f"{where}layer {position}" + (f" {name!r}" if name else "")
        if _entries(entry):
            yield from _layer_problems(entry, f"{place}, ")
            continue
        try:
            tolerant(deserialize, entry)
        except KirError as error:
            yield f"{place} ({entry.get('class_name')}): {_text(error)}"


def _entries(config: Any) -> list[Any]:
    """The layers in the config of a model; empty for anything else."""
    if not isinstance(config, Mapping) or config.get("class_name") not in ("Model", "Sequential"):
        return []
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, Mapping) else inner
    return layers if isinstance(layers, list) else []


def _text(error: KirError, path: Path | None = None) -> str:
    """What an error says and where, but for the file's name, which stands before it."""
    notes = [
        note for note in getattr(error, "__notes__", ()) if path is None or str(path) not in note
    ]
    return " ".join([str(error), *notes])
