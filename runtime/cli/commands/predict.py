"""`kir predict`: a model's outputs for data, in a file."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.options import (
    INPUT_FILE,
    OUTPUT_FILE,
    code_options,
    command,
    data_options,
    json_option,
)
from runtime.cli.output import report


@command("kir predict model.h5 --data new.csv -o predictions.csv")
@click.argument("file", metavar="MODEL", type=INPUT_FILE)
@data_options
@click.option(
    "-o",
    "--output",
    required=True,
    type=OUTPUT_FILE,
    help="File to write: .npz with the array predictions, or .csv.",
)
@click.option("--classes", is_flag=True, help="Also write the class with the largest output.")
@click.option("--batch-size", type=click.IntRange(min=1), default=32, show_default=True)
@code_options
@json_option
def predict(
    file: Path,
    source: str,
    target: str | None,
    output: Path,
    classes: bool,
    batch_size: int,
    as_json: bool,
) -> None:
    """Write what a model predicts for data.

    MODEL is a file with weights: .h5, .keras or .kir. Of a .npz file the array x is taken, or
    x_test; of the digits the part to test on; of a .csv file all columns but --target.
    """
    # Here and not above: --help does without NumPy.
    from runtime.cli.predicting import check_output, write_predictions

    check_output(output)
    count, shape = write_predictions(file, source, target, output, classes, batch_size)
    report(
        as_json,
        f"{output}: predictions for {count} samples, each of shape {shape}",
        output=str(output),
        samples=count,
        shape=list(shape),
    )
