"""`kir run`: a Python program that says `import keras`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from runtime.cli.options import command

# Read at the start of the processes that run a script.
TF1 = "KIR_TF1"
PYTHON = "KIR_PYTHON"
# Read where a file's code is about to be loaded; see `kir.utils._functions`.
ALLOW_CODE = "KIR_ALLOW_CODE"
STARTUP = Path(__file__).parents[1] / "startup"

# The script's own options are none of this command's.
_CONTEXT = {"allow_interspersed_args": False, "ignore_unknown_options": True}


@command("kir run mnist_cnn.py --epochs 2\nkir run -m pytest tests", context_settings=_CONTEXT)
@click.option(
    "-m", "module", metavar="MODULE", help="Run a module by its name instead, as `python -m`."
)
@click.option(
    "--tf1",
    is_flag=True,
    help="Give `import tensorflow` the names of TensorFlow 1 too: tf.Session, tf.placeholder ...",
)
@click.option(
    "--allow-code",
    is_flag=True,
    help="Let files bring along Python code, as a Lambda's do: only for files that you trust.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[SCRIPT] [ARGS]...")
@click.pass_context
def run(
    ctx: click.Context, module: str | None, tf1: bool, allow_code: bool, arguments: tuple[str, ...]
) -> None:
    """Run a Python program of the Keras 2 era, unmodified.

    In it, and in the processes that it starts, `import keras` and all modules below it mean kir.
    All else is as with `python SCRIPT ARGS...`.
    """
    if module is None and not arguments:
        raise click.UsageError("Missing the SCRIPT to run, or -m MODULE.", ctx)
    target = ["-m", module] if module is not None else []
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *target, *arguments], environment(tf1, allow_code))


def environment(tf1: bool = False, allow_code: bool = False) -> dict[str, str]:
    """The environment of a process in which `import keras` means kir."""
    path = [str(STARTUP), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(path), PYTHON: sys.prefix, TF1: "1" if tf1 else ""}
    if allow_code:
        own[ALLOW_CODE] = "1"
    return {**os.environ, **own}
