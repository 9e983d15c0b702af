"""`kir summary`: the table of layers, or the same as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from runtime.cli.options import INPUT_FILE, command, json_option


@command("kir summary model.json")
@click.argument("file", type=INPUT_FILE)
@json_option
@click.option("--line-length", type=click.IntRange(min=20), help="Characters in a line.")
def summary(file: Path, as_json: bool, line_length: int | None) -> None:
    """Print the table of the layers of a model.

    It tells of each layer the shape of its output and the number of its parameters. FILE is an
    architecture (.json, .yaml, .kirt, .kirpb) or a model (.h5).
    """
    # Here and not above: it loads NumPy, which --help does without.
    from runtime.cli.summarizing import describe, print_coloured
    from runtime.model_files import read_architecture

    model = read_architecture(file)
    if as_json:
        click.echo(json.dumps(describe(model), indent=2))
    elif sys.stdout.isatty():
        print_coloured(model, line_length)
    else:
        model.summary(line_length=line_length, print_fn=click.echo)
