"""`kir convert`: a model in another format."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.options import INPUT_FILE, OUTPUT_FILE, code_options, command, json_option
from runtime.cli.output import report
from runtime.wording import counted


@command("kir convert model.json model.yaml\nkir convert model.h5 graph.txt --to text")
@click.argument("source", metavar="IN", type=INPUT_FILE)
@click.argument("destination", metavar="OUT", type=OUTPUT_FILE)
@click.option(
    "--to",
    "format",
    metavar="FORMAT",
    help="Format of OUT (json, yaml, text, proto, hdf5 ...), where its suffix does not say it.",
)
@code_options
@json_option
def convert(source: Path, destination: Path, format: str | None, as_json: bool) -> None:
    """Write a model in another format.

    json (.json) and yaml (.yaml, .yml) are what Keras 2.2.4 writes, text (.kirt) and proto
    (.kirpb) the typed graph, to be read by people and by programs: all of these hold the
    architecture only. hdf5 (.h5) holds the weights too, and takes an IN that has them.
    """
    # Here and not above: it loads NumPy, which --help does without.
    from runtime.cli.converting import convert_file

    model, chosen, has_weights = convert_file(source, destination, format)
    what = "with its weights" if has_weights else "the architecture"
    report(
        as_json,
        f"{destination}: {model.name}, {counted(len(model.layers), 'layer')}, {what}, as {chosen}",
        output=str(destination),
        format=chosen,
        name=model.name,
        layers=len(model.layers),
        weights=has_weights,
    )
