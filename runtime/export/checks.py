"""What every exporter asks of a model first."""

from __future__ import annotations

from typing import Any

from kir.errors import ConfigError


def check_exportable(model: Any, target: str) -> None:
    """Whether there is a graph to export, with dense inputs.

    Args:
        model: the model.
        target: what the format is called in messages.

    Raises:
        ConfigError: the model is not built, or an input is sparse.
    """
    if not model.inputs:
        raise ConfigError(
            f"{model.name!r} is not built, so there is no graph to export. Give its first layer an "
            "input_shape, or call build() or fit() first."
        )
    for value, name in zip(model.inputs, model.input_names, strict=True):
        if value.type.sparse:
            raise ConfigError(
                f"The input {name!r} of {model.name!r} is sparse; {target} takes dense tensors "
                "only. Export a model with a dense input."
            )
