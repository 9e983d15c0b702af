"""`kir evaluate`: loss and metrics of a trained model."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.options import (
    INPUT_FILE,
    code_options,
    command,
    data_options,
    json_option,
    metrics_option,
)
from runtime.cli.output import report


@command(
    "kir evaluate model.h5 --data digits\nkir evaluate model.h5 --data test.csv --metrics accuracy"
)
@click.argument("file", metavar="MODEL", type=INPUT_FILE)
@data_options
@click.option("--loss", help="Name of the loss; if not given the one of the model's training.")
@metrics_option
@click.option("--batch-size", type=click.IntRange(min=1), default=32, show_default=True)
@code_options
@json_option
def evaluate(
    file: Path,
    source: str,
    target: str | None,
    loss: str | None,
    metrics: list[str],
    batch_size: int,
    as_json: bool,
) -> None:
    """Print loss and metrics of a model on data.

    MODEL is a file with weights: .h5, .keras or .kir. Of a .npz file the arrays x and y are taken,
    or x_test and y_test; of the digits the part to test on; of a .csv file all columns, the last
    as target unless --target says another.
    """
    # Here and not above: it loads NumPy, which --help does without.
    from runtime.cli.evaluating import evaluate_file

    values, count = evaluate_file(file, source, target, loss, metrics, batch_size)
    width = max(map(len, values))
    lines = [f"{name:<{width}}  {value:.6g}" for name, value in values.items()]
    report(as_json, "\n".join([f"{file}: {count} samples", *lines]), **{"samples": count, **values})
