"""`kir plot`: a picture of a model."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.options import INPUT_FILE, OUTPUT_FILE, code_options, command, json_option
from runtime.cli.output import report
from runtime.wording import counted


@command("kir plot model.json -o model.svg --shapes")
@click.argument("file", type=INPUT_FILE)
@click.option(
    "-o",
    "--output",
    type=OUTPUT_FILE,
    help="The picture: .svg, .png, .pdf or what else Graphviz draws, or .dot for its "
    "description.  [FILE's name with .svg]",
)
@click.option("--shapes", is_flag=True, help="Show the shapes of inputs and outputs.")
@click.option("--no-names", is_flag=True, help="Leave the names of layers out.")
@click.option(
    "--rankdir",
    type=click.Choice(["TB", "LR", "BT", "RL"]),
    default="TB",
    show_default=True,
    help="Which way the edges point: down, right, up or left.",
)
@code_options
@json_option
def plot(
    file: Path, output: Path | None, shapes: bool, no_names: bool, rankdir: str, as_json: bool
) -> None:
    """Draw a model as SVG, PNG or PDF.

    Each layer is a box, and each model inside the model has a frame around it. FILE is an
    architecture or a model, in any format. Needs pydot and Graphviz (kir doctor says whether they
    are there).
    """
    # Here and not above: it loads NumPy, which --help does without.
    from kir.utils.vis_utils import plot_model
    from runtime.model_files import read_architecture

    model = read_architecture(file)
    target = output or file.with_suffix(".svg")
    plot_model(model, target, shapes, not no_names, rankdir)
    report(
        as_json,
        f"{target}: {model.name}, {counted(len(model.layers), 'layer')}",
        output=str(target),
        name=model.name,
        layers=len(model.layers),
    )
