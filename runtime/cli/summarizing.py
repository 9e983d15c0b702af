"""The summary of a model: the table in colour, or plain data."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import click

from kir.errors import KirError
from kir.utils.layer_utils import count_params
from runtime.wording import counted

# What the parts of a line look like on a terminal, as (pattern, style).
_STYLES = (
    (r"^[_=]+$", "dim"),
    (r"^Layer \(type\).*", "bold"),
    (r"^(Total|Trainable|Non-trainable) params: [\d,]+", "bold"),
    (r"^\S+ (?=\()", "cyan"),
    (r"(?<=\()(?!None\b)[A-Z]\w*", "magenta"),
    (r"(?<= )\d+(?= |$)", "green"),
    (r"\S+\[\d+\]\[\d+\]$", "dim cyan"),
)


def print_summary(model: Any, as_json: bool, line_length: int | None) -> None:
    """Prints the table of layers, in colour on a terminal, or the same as JSON."""
    if as_json:
        click.echo(json.dumps(describe(model), indent=2))
    elif sys.stdout.isatty():
        _print_coloured(model, line_length)
    else:
        model.summary(line_length=line_length, print_fn=click.echo)


def print_weights(path: Path, as_json: bool) -> None:
    """Prints what a file of weights holds."""
    # Here and not above: it loads h5py.
    from runtime.hdf5.diagnosis import list_weights

    found = list_weights(str(path))
    total = sum(math.prod(shape) for _, _, shape, _ in found)
    if as_json:
        keys = ("layer", "weight", "shape", "dtype")
        rows = [dict(zip(keys, weight, strict=True)) for weight in found]
        click.echo(json.dumps({"weights": rows, "total_params": total}, indent=2))
        return
    rows = [("layer", "weight", "shape", "dtype")]
    rows += [(layer, weight, str(shape), dtype) for layer, weight, shape, dtype in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for i, row in enumerate(rows):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        click.echo(click.style(line.rstrip(), bold=not i))
    click.echo(f"{counted(len(found), 'array')} with {counted(total, 'number')}; no architecture")


def _print_coloured(model: Any, line_length: int | None) -> None:
    # Here and not above: a pipe needs no colour and should not wait for it.
    from rich.text import Text

    from runtime.cli.console import make_console

    console = make_console()

    def show(line: str) -> None:
        text = Text(line)
        for pattern, style in _STYLES:
            text.highlight_regex(pattern, style)
        console.print(text, soft_wrap=True)

    model.summary(line_length=line_length, print_fn=show)


def describe(model: Any) -> dict[str, Any]:
    """What the summary says, as plain data."""
    nodes = {node for at_depth in model._nodes_by_depth.values() for node in at_depth}
    trainable = count_params(model.trainable_weights)
    frozen = count_params(model.non_trainable_weights)
    return {
        "name": model.name,
        "class_name": type(model).__name__,
        "layers": [
            {
                "name": layer.name,
                "class_name": type(layer).__name__,
                "output_shape": _output_shape(layer),
                "params": layer.count_params(),
                "trainable": bool(layer.trainable),
                "inputs": [
                    source.name
                    for node in layer._inbound_nodes
                    if node in nodes
                    for source in node.inbound_layers
                ],
            }
            for layer in model.layers
        ],
        "total_params": trainable + frozen,
        "trainable_params": trainable,
        "non_trainable_params": frozen,
    }


def _output_shape(layer: Any) -> Any:
    """The shape or shapes of a layer's results; None where its calls differ."""
    try:
        return _plain(layer.output_shape)
    except (KirError, AttributeError):
        return None


def _plain(shape: Any) -> Any:
    """A shape of Python's integers; some layers compute theirs with NumPy."""
    if isinstance(shape, list | tuple):
        return [_plain(size) for size in shape]
    return None if shape is None else int(shape)
