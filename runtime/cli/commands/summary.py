"""`kir summary`: the table of layers, or the same as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.options import INPUT_FILE, code_options, command, json_option


@command("kir summary model.json\nkir summary weights.h5")
@click.argument("file", type=INPUT_FILE)
@code_options
@json_option
@click.option("--line-length", type=click.IntRange(min=20), help="Characters in a line.")
def summary(file: Path, as_json: bool, line_length: int | None) -> None:
    """Print the table of the layers of a model.

    It tells of each layer the shape of its output and the number of its parameters. FILE is an
    architecture (.json, .yaml, .kirt, .kirpb), a model (.h5, .keras, .kir), or a file of weights
    (.h5), of which it lists the names and shapes.
    """
    # Here and not above: it loads NumPy, which --help does without.
    from runtime.cli.summarizing import print_summary, print_weights
    from runtime.model_files import holds_weights_only, read_architecture

    if holds_weights_only(file):
        print_weights(file, as_json)
    else:
        print_summary(read_architecture(file), as_json, line_length)
