"""`kir train`: an architecture and data become a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runtime.cli.options import (
    INPUT_FILE,
    OUTPUT_FILE,
    OUTPUT_FOLDER,
    code_options,
    command,
    data_options,
    json_option,
    metrics_option,
)

_FRACTION = click.FloatRange(0, 1, max_open=True)


@command(
    "kir train mlp.json --data digits --loss categorical_crossentropy --metrics accuracy \\\n"
    "    --epochs 20 --callback EarlyStopping:patience=3 --output runs/mlp"
)
@click.argument("architecture", metavar="ARCH", type=INPUT_FILE)
@data_options
@click.option("--loss", required=True, help="Name of the loss, e.g. categorical_crossentropy.")
@click.option(
    "--optimizer",
    default="adam",
    show_default=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="The optimizer, e.g. sgd:momentum=0.9,nesterov=True.",
)
@click.option("--lr", type=float, help="Learning rate; the optimizer's own if not given.")
@click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--batch-size", type=click.IntRange(min=1), default=32, show_default=True)
@click.option(
    "--validation-split",
    type=_FRACTION,
    default=0.1,
    show_default=True,
    help="Fraction of the training samples, the last ones, to validate on after each epoch.",
)
@click.option(
    "--test-split",
    type=_FRACTION,
    default=0.2,
    show_default=True,
    help="Fraction of the samples to test on at the end, where the data do not say which.",
)
@metrics_option
@click.option(
    "--callback",
    "callbacks",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="A callback of kir.callbacks, e.g. EarlyStopping:monitor=val_loss,patience=3. Repeatable.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1337,
    show_default=True,
    help="Seed of the split, the initial weights, the order of samples and dropout.",
)
@click.option(
    "--device",
    metavar="NAME",
    help="Where to train, e.g. cpu or gpu:1; the first GPU, else the CPU, if not given.",
)
@click.option(
    "--output",
    type=OUTPUT_FOLDER,
    help="Folder for all that follows, under the names in brackets.",
)
@click.option("--log-dir", type=OUTPUT_FOLDER, help="Folder of the TensorBoard log.  [logs]")
@click.option(
    "--checkpoint",
    type=OUTPUT_FILE,
    help="File of the best model so far; one file an epoch if the name holds a field such as "
    "{epoch:02d}.  [checkpoint.h5]",
)
@click.option(
    "--save", type=OUTPUT_FILE, help="File of the trained model: .h5, .keras or .kir.  [model.h5]"
)
@click.option("--export", type=OUTPUT_FOLDER, help="Folder of its SavedModel.  [saved_model]")
@click.option(
    "--curve",
    type=OUTPUT_FILE,
    help="Picture of the learning curve: .png, .pdf or .svg.  [learning_curve.png]",
)
@code_options
@json_option
def train(architecture: Path, output: Path | None, **options: Any) -> None:
    """Train a model on data, and test it.

    ARCH is an architecture (.json, .yaml, .kirt, .kirpb), or a model, whose weights are left out.
    The data are the 8x8 digits of scikit-learn (--data digits); a .npz file with the arrays x and
    y, or x_train, y_train, x_test and y_test; or a .csv file of numbers. For
    categorical_crossentropy, targets that are class numbers are one-hot encoded. Samples are
    reshaped to the model's input where that fits.
    """
    # Here and not above: it loads NumPy and rich, which --help does without.
    from runtime.cli.training import Outputs, TrainingRun

    names = ("log_dir", "checkpoint", "save", "export", "curve")
    given = Outputs(**{name: options.pop(name) for name in names})
    TrainingRun(architecture=architecture, outputs=given.below(output), **options).run()
