"""Faults of the programs that wrote files, mended where they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kir.serde.upgrading.report import Kind, Report


def template_of_copies(config: Any, report: Report) -> tuple[Any, str | None]:
    """The model that `multi_gpu_model` copied, where a file holds the copies.

    Keras's `multi_gpu_model` gives each device a slice of the batch, cut by a Lambda layer whose
    code nobody can load elsewhere, calls one model on all slices, and joins the results. That one
    model is what the user meant to save.

    Returns:
        The config, and the name that the inner model had as a layer; None if there are no copies.
    """
    inner = config.get("config") if isinstance(config, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("layers"), list):
        return config, None
    entries = [entry for entry in inner["layers"] if isinstance(entry, Mapping)]
    models = [e for e in entries if isinstance(e.get("config"), Mapping | list) and _is_model(e)]
    slices = [e for e in entries if _is_slice(e)]
    others = [
        e for e in entries if e.get("class_name") not in ("InputLayer", "Concatenate", "Lambda")
    ]
    if len(models) != 1 or others != models or not slices:
        return config, None
    lambdas = [e for e in entries if e.get("class_name") == "Lambda"]
    if len(lambdas) != len(slices):
        return config, None
    template = models[0]
    name = str(template.get("name"))
    report.add(
        Kind.REPAIRED,
        f"Model {inner.get('name')!r}",
        f"was saved as multi_gpu_model made it, with {len(slices)} slices of its batch; the model "
        f"{name!r}, which it copied, is taken instead",
    )
    kept = {key: value for key, value in config.items() if key not in ("class_name", "config")}
    return {**kept, "class_name": template["class_name"], "config": template["config"]}, name


def _is_model(entry: Mapping[str, Any]) -> bool:
    config = entry["config"]
    return isinstance(config, list) or "layers" in config


def _is_slice(entry: Mapping[str, Any]) -> bool:
    config = entry.get("config")
    arguments = config.get("arguments") if isinstance(config, Mapping) else None
    return (
        entry.get("class_name") == "Lambda"
        and isinstance(arguments, Mapping)
        and set(arguments) == {"i", "parts"}
    )
