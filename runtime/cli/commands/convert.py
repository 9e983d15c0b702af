"""`kir convert`: an architecture in another format."""

from __future__ import annotations

from pathlib import Path

import click

from kir.serde.architecture import FORMATS, find_format, write_architecture
from runtime.cli.options import INPUT_FILE, OUTPUT_FILE, command
from runtime.model_files import read_architecture


@command("kir convert model.json model.yaml\nkir convert model.h5 graph.txt --to text")
@click.argument("source", metavar="IN", type=INPUT_FILE)
@click.argument("destination", metavar="OUT", type=OUTPUT_FILE)
@click.option(
    "--to",
    "format",
    type=click.Choice(list(FORMATS)),
    help="Format of OUT, where its suffix does not say it.",
)
def convert(source: Path, destination: Path, format: str | None) -> None:
    """Write the architecture in IN to OUT in another format.

    json (.json) and yaml (.yaml, .yml) are what Keras 2.2.4 writes; text (.kirt) and proto
    (.kirpb) hold the typed graph, to be read by people and by programs.

    IN may also be a model (.h5): its architecture is written, without the weights.
    """
    chosen = find_format(destination, format)
    model = read_architecture(source)
    write_architecture(model, destination, chosen)
    click.echo(f"{destination}: {model.name}, {len(model.layers)} layers, as {chosen}")
