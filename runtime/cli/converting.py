"""From one format of model files to another."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kir.errors import ConfigError
from kir.serde.config import upgrade_config
from runtime.model_files import (
    FORMATS,
    checked_format,
    format_of_name,
    read_architecture,
    read_config,
    read_model,
    tolerant,
    write_model,
)


@dataclass(frozen=True)
class Converted:
    """What was done.

    Attributes:
        model: the model that was read.
        format: of the file that was written.
        has_weights: whether the weights were written too.
        difference: the largest difference of the predictions; None where none were compared.
        changes: what of an architecture of another version of Keras was renamed, left out, assumed
            or repaired, a line each.
    """

    model: Any
    format: str
    has_weights: bool
    difference: float | None = None
    changes: tuple[str, ...] = ()


def convert_file(
    source: Path, destination: Path, format: str | None, compares: bool = True
) -> Converted:
    """Reads a model and writes it in another format.

    Args:
        source: the file to read.
        destination: the file to write.
        format: its format; None goes by its suffix.
        compares: whether the written file is read again and its predictions are compared, where
            it holds weights.

    Raises:
        ConfigError: an unknown format, or one with weights for a model without them.
        FileFormatError: the source is malformed or damaged, or the result predicts otherwise.
    """
    chosen = checked_format(format) if format is not None else format_of_name(destination)
    if not FORMATS[chosen].holds_weights:
        model = read_architecture(source)
        write_model(model, destination, chosen)
        return Converted(model, chosen, False, changes=_changes(source))
    model = _with_training(source)
    write_model(model, destination, chosen)
    difference = None
    if compares:
        from runtime.cli.conversion_check import compare

        difference = compare(model, read_model(destination))
    return Converted(model, chosen, True, difference, _changes(source))


def _changes(source: Path) -> tuple[str, ...]:
    """What had to be changed to read the architecture; nothing for kir's own formats."""
    config = tolerant(read_config, source)
    if not isinstance(config, dict) or "class_name" not in config:
        return ()
    report = upgrade_config(config).report
    return tuple(str(report).splitlines()) if len(report) else ()


def _with_training(source: Path) -> Any:
    """The model, compiled as it was saved if that is possible."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No training configuration")
        try:
            return read_model(source, compile=True)
        except ConfigError as error:
            model = read_model(source)  # fails alike where the architecture is the reason
            warnings.warn(f"The training configuration was left out: {error}", stacklevel=3)
            return model
