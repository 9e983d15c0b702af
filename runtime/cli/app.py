"""The program `kir`: finds the command, and tells the user's mistakes from kir's own."""

from __future__ import annotations

import difflib
import importlib
import traceback
import warnings
from typing import Any, NoReturn

import click

from kir.errors import KirError
from runtime.cli.options import CONTEXT, debug_option, is_debugging

# A command's module is loaded when it is called or listed: one that needs no TensorFlow must not
# wait for another's imports.
COMMANDS = (
    "check",
    "convert",
    "diff",
    "doctor",
    "evaluate",
    "export",
    "plot",
    "predict",
    "run",
    "summary",
    "train",
)


# What stands for a remedy in Python here.
_HINTS = {
    "allow_unsafe_code": "Here: give --allow-code, if you trust the file's author.",
    "custom_object_scope": "Here: give --custom FILE.py, a Python file that defines it.",
}


class _Program(click.Group):
    """A group whose commands are modules, and whose errors are messages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"runtime.cli.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = difflib.get_close_matches(args[0], COMMANDS, n=1)
        if near and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                return super().invoke(ctx)
        except KirError as error:
            self._fail(ctx, error)
        except BrokenPipeError:
            raise  # the reader of a pipe had enough, which click knows how to treat
        except OSError as error:
            self._fail(ctx, error)  # the user's files and folders, or a full disk

    def _fail(self, ctx: click.Context, error: BaseException) -> NoReturn:
        command = self.get_command(ctx, ctx.invoked_subcommand or "")
        _explain(ctx, error)
        ctx.exit(getattr(command, "trouble_status", 1))


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    """Prints a warning as a message; where in kir it arose means nothing here."""
    label = click.style("Warning:", fg="yellow", bold=True)
    click.echo(f"{label} {message}", err=True)


def _explain(ctx: click.Context, error: BaseException) -> None:
    """Prints what is wrong."""
    if is_debugging(ctx):
        click.echo(traceback.format_exc(), err=True, nl=False)
    else:
        label = click.style("Error:", fg="red", bold=True)
        lines = [str(error), *getattr(error, "__notes__", ())]
        lines += [hint for text, hint in _HINTS.items() if text in lines[0]]
        click.echo(f"{label} " + "\n       ".join(lines), err=True)


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib import metadata  # costs more than the rest of this module

    def version(package: str) -> str:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return "(not installed)"

    click.echo(f"kir {version('kir')}, Keras 2.2.4 on TensorFlow {version('tensorflow')}")
    ctx.exit()


@click.command(
    cls=_Program,
    context_settings=CONTEXT,
    epilog="Example: kir summary model.json. Each command explains itself: kir train --help.",
)
@debug_option
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the versions of kir and TensorFlow.",
)
def main() -> None:
    """Keras 2.2.4 models in files: look at them, check, convert, train, run and export them."""
