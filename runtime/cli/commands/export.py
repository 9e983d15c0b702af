"""`kir export`: a model for use without kir."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.options import INPUT_FILE, OUTPUT_FOLDER, command
from runtime.model_files import read_model


@command("kir export model.h5 served/1 --to savedmodel")
@click.argument("file", metavar="MODEL.h5", type=INPUT_FILE)
@click.argument("destination", metavar="OUT", type=OUTPUT_FOLDER)
@click.option(
    "--to",
    "format",
    type=click.Choice(["savedmodel"]),
    default="savedmodel",
    show_default=True,
    help="Format of OUT: a TensorFlow SavedModel in a folder.",
)
def export(file: Path, destination: Path, format: str) -> None:
    """Export the model in MODEL.h5 to OUT, which TensorFlow serves without kir."""
    # Here and not above: it loads TensorFlow.
    from runtime.export.saved_model import export_saved_model

    model = read_model(file)
    export_saved_model(model, destination)
    click.echo(f"{destination}: {model.name} as {format}")
