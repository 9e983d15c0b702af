"""Writing files so that a crash cannot destroy what was there before, and asking before it is."""

from __future__ import annotations

import os

from kir.utils.atomic import replacing as replacing
from kir.utils.atomic import replacing_folder as replacing_folder


def may_write(path: str | os.PathLike[str], overwrite: bool) -> bool:
    """Whether `path` may be written: it is new, overwriting is allowed, or the user agrees."""
    if overwrite or not os.path.isfile(path):
        return True
    return ask_to_proceed_with_overwrite(os.fspath(path))


def ask_to_proceed_with_overwrite(filepath: str) -> bool:
    """Asks on the terminal whether an existing file may be replaced.

    Args:
        filepath: the file, as it is to be shown.

    Returns:
        Whether the answer was yes.

    Raises:
        FileExistsError: there is no terminal to ask on.
    """
    try:
        answer = input(f"[WARNING] {filepath} already exists - overwrite? [y/n]").strip().lower()
        while answer not in ("y", "n"):
            answer = input('Enter "y" (overwrite) or "n" (cancel).').strip().lower()
    except EOFError as error:
        raise FileExistsError(
            f"{filepath!r} exists, overwrite=False was given and there is no terminal to ask on. "
            "Choose another name or pass overwrite=True."
        ) from error
    if answer == "n":
        return False
    print("[TIP] Next time specify overwrite=True!")
    return True
