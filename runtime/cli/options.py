"""Options and kinds of arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

INPUT_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUTPUT_FILE = click.Path(dir_okay=False, path_type=Path)
OUTPUT_FOLDER = click.Path(file_okay=False, path_type=Path)

_DEBUG = "kir.debug"


def _set_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_DEBUG] = True  # shared by the contexts of the program and of its command


def is_debugging(ctx: click.Context) -> bool:
    """Whether --debug was given."""
    return bool(ctx.meta.get(_DEBUG))


def debug_option(function: _F) -> _F:
    """Adds --debug; taken before and after a command's name, as users write it in both places."""
    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=_set_debug,
        help="Show the Python traceback of an error.",
    )(function)


def _allow_code(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from kir.utils.generic_utils import allow_unsafe_code  # loads NumPy

        ctx.with_resource(allow_unsafe_code())


def _load_custom(ctx: click.Context, _: click.Parameter, value: tuple[Path, ...]) -> None:
    if value:
        from runtime.cli.custom import custom_objects  # loads NumPy

        ctx.with_resource(custom_objects(value))


def code_options(function: _F) -> _F:
    """Adds --custom and --allow-code, for commands that read models."""
    function = click.option(
        "--allow-code",
        is_flag=True,
        expose_value=False,
        callback=_allow_code,
        help="Run the Python code that Lambda layers hold in files. Only for files you trust.",
    )(function)
    return click.option(
        "--custom",
        "custom_files",
        type=INPUT_FILE,
        metavar="FILE.py",
        multiple=True,
        expose_value=False,
        callback=_load_custom,
        help="Python file with layers and functions of your own that a model names. Repeatable.",
    )(function)


def json_option(function: _F) -> _F:
    """Adds --json, for output that programs read; it is passed as `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON, for programs to read."
    )(function)


def metrics_option(function: _F) -> _F:
    """Adds --metrics, passed on as a list of names."""
    return click.option(
        "--metrics",
        multiple=True,
        callback=_split_names,
        help="Names of metrics, e.g. accuracy,mae.",
    )(function)


def _split_names(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> list[str]:
    """Names that were given in several options or, with commas, in one."""
    return [name.strip() for text in value for name in text.split(",") if name.strip()]


def data_options(function: _F) -> _F:
    """Adds --data and --target."""
    function = click.option(
        "--target",
        metavar="COLUMN",
        help="Column of a .csv file that holds the targets: its name, or its number from 0.",
    )(function)
    return click.option(
        "--data",
        "source",
        required=True,
        metavar="digits|FILE.npz|FILE.csv",
        help="The data: the digits of scikit-learn, or a file with the arrays x and y, or columns.",
    )(function)


def command(
    example: str, trouble_status: int = 1, **settings: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """Declares a command of the program.

    Args:
        example: shown at the end of its help, and run by the tests.
        trouble_status: the exit status after an error.
        **settings: passed to `click.command`.
    """

    def declare(function: Callable[..., Any]) -> click.Command:
        heading = "Examples" if "\nkir " in example else "Example"
        epilog = f"\b\n{heading}:\n" + "\n".join(f"  {line}" for line in example.splitlines())
        context = {**CONTEXT, **settings.pop("context_settings", {})}
        made = click.command(context_settings=context, epilog=epilog, **settings)(
            debug_option(function)
        )
        made.trouble_status = trouble_status  # type: ignore[attr-defined]
        return made

    return declare
