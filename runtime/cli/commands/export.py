"""`kir export`: a model for use without kir."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runtime.cli.options import INPUT_FILE, code_options, command, json_option
from runtime.cli.output import report
from runtime.export.formats import EXPORT_FORMATS, find_export_format

_HELP = """Export a model to a format that runs without kir.

MODEL is a file with weights: .h5, .keras or .kir.

\b
Formats:
""" + "\n".join(f"  {name:<11}{one.description}" for name, one in EXPORT_FORMATS.items())


@command(
    "kir export model.h5 served/1 --to savedmodel\n"
    "kir export model.h5 model.onnx\n"
    "kir export model.h5 small.tflite --quantize float16",
    help=_HELP,
)
@click.argument("file", metavar="MODEL", type=INPUT_FILE)
@click.argument("destination", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "format",
    type=click.Choice(list(EXPORT_FORMATS)),
    help="Format of OUT; without it, OUT's suffix says it (.onnx, .tflite, .pb), else savedmodel.",
)
@click.option(
    "--training",
    is_flag=True,
    help="savedmodel, stablehlo: also a step of training. The model must be saved compiled.",
)
@click.option(
    "--quantize",
    type=click.Choice(["none", "float16", "dynamic", "int8"]),
    help="tflite: how weights, and with int8 all values, are held. int8 needs --representative.",
)
@click.option(
    "--representative",
    metavar="FILE.npz",
    type=INPUT_FILE,
    help="tflite: samples like those of use, an array for each input by its name, or one named x.",
)
@click.option("--batch-size", type=int, help="stablehlo: samples in a batch (1).")
@code_options
@json_option
def export(
    file: Path,
    destination: Path,
    format: str | None,
    representative: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Exports a model; its help is `_HELP`."""
    # Here and not above: it loads TensorFlow.
    from runtime.cli.waiting import working
    from runtime.export import export as export_model
    from runtime.model_files import read_model

    chosen = find_export_format(destination, format)
    options = {k: v for k, v in given.items() if v is not None and v is not False}
    if representative is not None:
        options["representative"] = _samples(representative)
    with working("Exporting"):
        # A step of training needs the losses and the optimizer.
        model = read_model(file, compile=bool(options.get("training")))
        export_model(model, destination, chosen, **options)
    report(
        as_json,
        f"{destination}: {model.name} as {chosen}",
        output=str(destination),
        format=chosen,
        name=model.name,
    )


def _samples(path: Path) -> Any:
    """The arrays of a file by name; the array itself if it is the only one and named x."""
    import numpy as np

    from kir.errors import FileFormatError

    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, AttributeError) as error:
        raise FileFormatError(
            f"{str(path)!r} is no .npz file with arrays: {error}. Write it with numpy.savez."
        ) from error
    return arrays["x"] if list(arrays) == ["x"] else arrays
