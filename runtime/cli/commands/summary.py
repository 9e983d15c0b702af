"""`kir summary`: the table of layers, or the same as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from kir.errors import KirError
from runtime.cli.options import INPUT_FILE, command
from runtime.model_files import read_architecture

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


@command("kir summary resnet50.json")
@click.argument("file", type=INPUT_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@click.option("--line-length", type=click.IntRange(min=20), help="Characters in a line.")
def summary(file: Path, as_json: bool, line_length: int | None) -> None:
    """Print the layers of the model in FILE, with shapes and numbers of parameters.

    FILE is an architecture (.json, .yaml, .kirt, .kirpb) or a model (.h5).
    """
    model = read_architecture(file)
    if as_json:
        click.echo(json.dumps(describe(model), indent=2))
    elif sys.stdout.isatty():
        _print_coloured(model, line_length)
    else:
        model.summary(line_length=line_length, print_fn=click.echo)


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
    trainable = _count(model.trainable_weights)
    frozen = _count(model.non_trainable_weights)
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


def _count(weights: Any) -> int:
    """Elements of weights, of which a shared one counts once."""
    from kir.utils.layer_utils import count_params

    return count_params(weights)


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
