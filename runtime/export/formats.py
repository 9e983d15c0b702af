"""The formats that models can be exported to: one table, which the API and `kir export` read."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kir.errors import ArgumentError, ConfigError


@dataclass(frozen=True)
class ExportFormat:
    """One format.

    Attributes:
        writer: function ``(model, path, **options)``, as ``module:name``.
        description: what it is and who reads it.
        suffix: of its files' names; empty for a folder.
    """

    writer: str
    description: str
    suffix: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether a folder is written, and not a file."""
        return not self.suffix

    def load(self) -> Callable[..., None]:
        """The function that writes it."""
        module, _, name = self.writer.partition(":")
        found: Callable[..., None] = getattr(importlib.import_module(module), name)
        return found


EXPORT_FORMATS: dict[str, ExportFormat] = {
    "savedmodel": ExportFormat(
        "runtime.export.saved_model:export_saved_model",
        "TensorFlow's SavedModel, a folder; for TensorFlow Serving and plain TensorFlow",
    ),
    "frozen": ExportFormat(
        "runtime.export.frozen:export_frozen",
        "a GraphDef with the weights in it; for programs of TensorFlow 1 and other tools",
        ".pb",
    ),
    "tflite": ExportFormat(
        "runtime.export.tflite:export_tflite",
        "TensorFlow Lite; for phones and other small machines",
        ".tflite",
    ),
    "onnx": ExportFormat(
        "runtime.export.onnx:export_onnx",
        "ONNX; for ONNX Runtime, OpenVINO, TensorRT and others",
        ".onnx",
    ),
    "tfjs": ExportFormat(
        "runtime.export.tfjs:export_tfjs",
        "TensorFlow.js's layers format, a folder; for browsers and Node.js",
    ),
    "stablehlo": ExportFormat(
        "runtime.export.stablehlo:export_stablehlo",
        "the predict and train programs as StableHLO text, a folder; for XLA, JAX, IREE",
    ),
}


def find_export_format(path: str | os.PathLike[str], name: str | None) -> str:
    """The name of a format: as given, else by the path's suffix, else ``savedmodel``.

    Raises:
        ConfigError: the name is unknown.
    """
    if name is None:
        suffix = Path(path).suffix.lower()
        by_suffix = {f.suffix: n for n, f in EXPORT_FORMATS.items() if f.suffix}
        return by_suffix.get(suffix, "savedmodel")
    if name not in EXPORT_FORMATS:
        raise ConfigError(
            f"There is no export format {name!r}; expected one of {', '.join(EXPORT_FORMATS)}."
        )
    return name


def export(model: Any, path: str | os.PathLike[str], to: str | None = None, **options: Any) -> None:
    """Writes a model for use without kir; what `model.export` calls.

    Args:
        model: a built model.
        path: the file or folder to write; it is replaced when the new one is complete.
        to: the format, a key of `EXPORT_FORMATS`; None goes by the path's suffix, and takes a
            path without a known one as the folder of a SavedModel.
        **options: the format's own, see its writer.

    Raises:
        ExportError: the format cannot express a layer; says which, why, and what to do.
        ConfigError: the model is not built, the format is unknown, or an option's value is wrong.
        ArgumentError: the format has no such option.
    """
    name = find_export_format(path, to)
    writer = EXPORT_FORMATS[name].load()
    known = [
        p.name for p in inspect.signature(writer).parameters.values() if p.kind is p.KEYWORD_ONLY
    ]
    unknown = sorted(options.keys() - set(known))
    if unknown:
        raise ArgumentError(
            f"The export to {name} has no option {unknown[0]!r}; it has "
            f"{', '.join(known) or 'none'}."
        )
    writer(model, path, **options)
