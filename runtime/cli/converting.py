"""From one format of model files to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.model_files import (
    FORMATS,
    checked_format,
    format_of_name,
    read_architecture,
    read_model,
    write_model,
)


def convert_file(source: Path, destination: Path, format: str | None) -> tuple[Any, str, bool]:
    """Reads a model and writes it in another format.

    Args:
        source: the file to read.
        destination: the file to write.
        format: its format; None goes by its suffix.

    Returns:
        (the model, the format, whether the weights were written too)

    Raises:
        ConfigError: an unknown format, or one with weights for a model without them.
        FileFormatError: the source is malformed or damaged.
    """
    chosen = checked_format(format) if format is not None else format_of_name(destination)
    holds_weights = FORMATS[chosen].holds_weights
    model = read_model(source) if holds_weights else read_architecture(source)
    write_model(model, destination, chosen)
    return model, chosen, holds_weights
