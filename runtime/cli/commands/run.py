"""`kir run`: a Python program that says `import keras`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from runtime.cli.options import command

# Read at the start of the processes that run a script.
TF1 = "KIR_TF1"
NO_FORMER_NAMES = "KIR_NO_FORMER_NAMES"
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
@click.option(
    "--no-former-names",
    is_flag=True,
    help="Leave Python and its libraries as they are: no np.float, no scipy.misc.imresize ...",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[SCRIPT] [ARGS]...")
@click.pass_context
def run(
    ctx: click.Context,
    module: str | None,
    tf1: bool,
    allow_code: bool,
    no_former_names: bool,
    arguments: tuple[str, ...],
) -> None:
    """Run a Python program of the Keras 2 era, unmodified.

    In it, and in the processes that it starts, `import keras` and all modules below it mean kir,
    and Python, NumPy, SciPy, Pillow and others offer the names again that they dropped since 2018.
    All else is as with `python SCRIPT ARGS...`.
    """
    if module is None and not arguments:
        raise click.UsageError("Missing the SCRIPT to run, or -m MODULE.", ctx)
    target = ["-m", module] if module is not None else []
    sys.stdout.flush()
    sys.stderr.flush()
    settings = environment(tf1, allow_code, not no_former_names)
    os.execve(sys.executable, [sys.executable, *target, *arguments], settings)


def environment(
    tf1: bool = False, allow_code: bool = False, former_names: bool = True
) -> dict[str, str]:
    """The environment of a process in which `import keras` means kir."""
    path = [str(STARTUP), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(path), PYTHON: sys.prefix, TF1: "1" if tf1 else ""}
    own[NO_FORMER_NAMES] = "" if former_names else "1"
    if allow_code:
        own[ALLOW_CODE] = "1"
    return {**os.environ, **own}
