"""`kir check`: the problems of files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from runtime.cli.options import INPUT_FILE, code_options, command, json_option
from runtime.wording import counted


@command("kir check model.json other.yaml\nkir check model.json --weights weights.h5")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=INPUT_FILE)
@click.option(
    "--weights",
    type=INPUT_FILE,
    help="A file of weights (.h5) to compare with the one architecture in FILE.",
)
@code_options
@json_option
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], weights: Path | None, as_json: bool) -> None:
    """List everything that is wrong with files.

    FILE is an architecture, a model or a file of weights. Looks for malformed text, unknown layers
    and arguments, values that do not fit, connections to nowhere, shapes that do not fit, and
    weights that are missing, of another shape or not finite. Each problem is one line: file, line,
    layer, argument, what is wrong and how to mend it.

    The exit status is 1 if there is any problem; warnings do not count.
    """
    # Here and not above: it loads NumPy, which --help does without.
    from runtime.checking import check_file

    if weights is not None and len(files) > 1:
        raise click.UsageError(f"--weights belongs to one FILE; got {len(files)}.", ctx)
    reports = {file: check_file(file, weights) for file in files}
    if as_json:
        click.echo(json.dumps([_describe(f, r) for f, r in reports.items()], indent=2))
    else:
        for file, report in reports.items():
            _print(file, report)
        _print_count([p for report in reports.values() for p in report.problems])
    ctx.exit(0 if all(report.is_good for report in reports.values()) else 1)


def _describe(file: Path, report: Any) -> dict[str, Any]:
    return {
        "file": str(file),
        "ok": report.is_good,
        "contents": report.contents or None,
        "problems": [problem.describe() for problem in report.problems],
    }


def _print(file: Path, report: Any) -> None:
    for problem in sorted(report.problems, key=lambda p: p.line or 0):
        line = f"{file}:" if problem.line is None else f"{file}:{problem.line}:"
        colour = "red" if problem.is_error else "yellow"
        where = problem.where()
        parts = [click.style(line, fg=colour, bold=problem.is_error)]
        parts += [] if problem.is_error else [click.style("warning:", fg=colour)]
        parts += [click.style(f"{where}:", bold=True)] if where else []
        click.echo(" ".join([*parts, problem.message]))
    if report.is_good:
        click.echo(f"{click.style(f'{file}:', fg='green')} no problems ({report.contents})")


def _print_count(problems: list[Any]) -> None:
    errors = sum(problem.is_error for problem in problems)
    if errors:
        click.echo(counted(errors, "problem"))
