"""`kir export`: a model for use without kir."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.options import INPUT_FILE, OUTPUT_FOLDER, command, json_option
from runtime.cli.output import report


@command("kir export model.h5 served/1 --to savedmodel")
@click.argument("file", metavar="MODEL", type=INPUT_FILE)
@click.argument("destination", metavar="OUT", type=OUTPUT_FOLDER)
@click.option(
    "--to",
    "format",
    type=click.Choice(["savedmodel"]),
    default="savedmodel",
    show_default=True,
    help="Format of OUT: a TensorFlow SavedModel in a folder.",
)
@json_option
def export(file: Path, destination: Path, format: str, as_json: bool) -> None:
    """Export a model to a format that runs without kir.

    MODEL is a file with weights, e.g. .h5; TensorFlow serves OUT.
    """
    # Here and not above: it loads TensorFlow.
    from runtime.cli.waiting import working
    from runtime.export.saved_model import export_saved_model
    from runtime.model_files import read_model

    with working("Exporting"):
        model = read_model(file)
        export_saved_model(model, destination)
    report(
        as_json,
        f"{destination}: {model.name} as {format}",
        output=str(destination),
        format=format,
        name=model.name,
    )
