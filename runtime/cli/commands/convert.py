"""`kir convert`: a model in another format."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.options import INPUT_FILE, OUTPUT_FILE, code_options, command, json_option
from runtime.cli.output import report
from runtime.wording import counted


@command("kir convert model.json model.yaml\nkir convert old.h5 new.keras")
@click.argument("source", metavar="IN", type=INPUT_FILE)
@click.argument("destination", metavar="OUT", type=OUTPUT_FILE)
@click.option(
    "--to",
    "format",
    metavar="FORMAT",
    help="Format of OUT (json, yaml, text, proto, hdf5 ...), where its suffix does not say it.",
)
@click.option(
    "--compare/--no-compare",
    "compares",
    default=True,
    help="Whether to read OUT again and compare its predictions with those of IN.",
)
@code_options
@json_option
def convert(
    source: Path, destination: Path, format: str | None, compares: bool, as_json: bool
) -> None:
    """Write a model in another format.

    json (.json) and yaml (.yaml, .yml) are what Keras 2.2.4 writes, text (.kirt) and proto
    (.kirpb) the typed graph, to be read by people and by programs: all of these hold the
    architecture only. hdf5 (.h5), keras (.keras, for Keras 3) and kir (.kir) hold the weights
    and the state of training too, and take an IN that has them.
    """
    # Here and not above: it loads NumPy, which --help does without.
    from runtime.cli.converting import convert_file

    done = convert_file(source, destination, format, compares)
    model = done.model
    what = "with its weights" if done.has_weights else "the architecture"
    text = f"{destination}: {model.name}, {counted(len(model.layers), 'layer')}"
    text += f", {what}, as {done.format}"
    if done.difference is not None:
        text += f"; predictions differ by {done.difference:.1e} at most"
    text = "\n".join([text, *done.changes])
    report(
        as_json,
        text,
        output=str(destination),
        format=done.format,
        name=model.name,
        layers=len(model.layers),
        weights=done.has_weights,
        difference=done.difference,
        changes=list(done.changes),
    )
