"""`kir diff`: what differs between two architectures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from runtime.cli.options import INPUT_FILE, code_options, command, json_option
from runtime.wording import counted

_MARKS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


@command("kir diff old.json new.yaml", trouble_status=2)
@click.argument("old", metavar="A", type=INPUT_FILE)
@click.argument("new", metavar="B", type=INPUT_FILE)
@click.option("--ignore-names", is_flag=True, help="Let layers and models have other names.")
@code_options
@json_option
@click.pass_context
def diff(ctx: click.Context, old: Path, new: Path, ignore_names: bool, as_json: bool) -> None:
    """Show what differs between two architectures.

    A and B are architectures or models, in any formats, compared layer by layer. A layer of B that
    is not in A is marked +, one that is gone -, and one with other arguments, inputs, class or
    name ~; below it stands what changed. Layers inside models are called model/layer.

    The exit status is 0 if nothing differs, 1 if something does, and 2 if a file cannot be read.
    """
    # Here and not above: it loads NumPy, which --help does without.
    from runtime.comparing import Comparison
    from runtime.model_files import read_architecture

    comparison = Comparison(read_architecture(old), read_architecture(new), ignore_names)
    if as_json:
        click.echo(json.dumps(_describe(old, new, comparison), indent=2))
    else:
        _print(old, new, comparison)
    ctx.exit(0 if comparison.is_equal else 1)


def _describe(old: Path, new: Path, comparison: Any) -> dict[str, Any]:
    return {
        "equal": comparison.is_equal,
        "a": {"file": str(old), **_model(comparison.old)},
        "b": {"file": str(new), **_model(comparison.new)},
        "changes": [
            {
                "kind": change.kind,
                "a": change.old,
                "b": change.new,
                "class_name": change.class_name,
                "details": [{"what": d.what, "a": d.old, "b": d.new} for d in change.details],
            }
            for change in comparison.changes
        ],
    }


def _model(model: Any) -> dict[str, Any]:
    return {
        "name": model.name,
        "class_name": type(model).__name__,
        "layers": len(model.layers),
        "params": model.count_params() if model.built else None,
    }


def _print(old: Path, new: Path, comparison: Any) -> None:
    if comparison.is_equal:
        count = counted(len(comparison.new.layers), "layer")
        click.echo(click.style(f"No differences ({count}).", fg="green"))
        return
    for mark, colour, file, model in (
        ("---", "red", old, comparison.old),
        ("+++", "green", new, comparison.new),
    ):
        facts = _model(model)
        size = "" if facts["params"] is None else f", {counted(facts['params'], 'parameter')}"
        layers = counted(facts["layers"], "layer")
        text = f"{facts['class_name']} {facts['name']!r}, {layers}{size}"
        click.echo(f"{click.style(f'{mark} {file}', fg=colour, bold=True)}  {text}")
    for change in comparison.changes:
        _print_change(change)
    counts = [f"{comparison.count(kind)} {kind}" for kind in _MARKS]
    click.echo(", ".join(counts))


def _print_change(change: Any) -> None:
    mark, colour = _MARKS[change.kind]
    name = change.new or change.old
    if None not in (change.old, change.new) and change.old != change.new:
        name = f"{change.old} -> {change.new}"
    click.echo(f"{click.style(f'{mark} {name}', fg=colour)} ({change.class_name})")
    for detail in change.details:
        if detail.what == "name":
            continue  # stands in the line above
        label = click.style(f"    {detail.what}:", dim=True)
        old, new = (_text(detail.what, value) for value in (detail.old, detail.new))
        if change.kind == "changed":
            click.echo(f"{label} {click.style(old, fg='red')} -> {click.style(new, fg='green')}")
        else:
            click.echo(f"{label} {new if detail.old is None else old}")


def _text(what: str, value: Any) -> str:
    """What differs about a layer on one line."""
    if what in ("inputs", "outputs") and isinstance(value, list):
        return ", ".join(value) or "none"
    return _argument(value)


def _argument(value: Any) -> str:
    """A value of a config: lists in brackets, objects as calls."""
    if isinstance(value, list):
        return f"({', '.join(map(_argument, value))})"
    if isinstance(value, dict) and set(value) == {"class_name", "config"}:
        config = value["config"]
        inner = config.items() if isinstance(config, dict) else ()
        return f"{value['class_name']}({', '.join(f'{k}={_argument(v)}' for k, v in inner)})"
    return value if isinstance(value, str) else repr(value)
