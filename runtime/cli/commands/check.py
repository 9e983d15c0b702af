"""`kir check`: the problems of architectures."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.checking import check_file
from runtime.cli.options import INPUT_FILE, command


@command("kir check model.json other.yaml")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=INPUT_FILE)
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...]) -> None:
    """List what is wrong with the architecture in each FILE.

    Looks for malformed JSON or YAML, unknown layers and arguments, connections to nowhere and
    shapes that do not fit. The exit status is 1 if there is any problem.
    """
    failed = False
    for file in files:
        model, problems = check_file(file)
        for problem in problems:
            failed = True
            click.echo(f"{click.style(f'{file}:', fg='red')} {problem}")
        if not problems:
            click.echo(
                f"{click.style(f'{file}:', fg='green')} no problems ({len(model.layers)} layers, "
                f"{model.count_params():,} parameters)"
            )
    if failed:
        ctx.exit(1)
