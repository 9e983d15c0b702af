"""Writing files so that a crash cannot destroy what was there before, and asking before it is."""

from __future__ import annotations

import os
from typing import Any

from kir.engine import saving
from kir.errors import ArgumentError
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
        # Where programs put an answer of their own, as it was here that Keras asked.
        return saving.ask_to_proceed_with_overwrite(filepath)
    except EOFError as error:
        raise FileExistsError(
            f"{filepath!r} exists, overwrite=False was given and there is no terminal to ask on. "
            "Choose another name or pass overwrite=True."
        ) from error


def read_bytes(source: Any, kind: str) -> bytes:
    """All that an object with `read()` holds.

    Args:
        source: the object.
        kind: what it is to hold, for the message: ``"an archive"``.

    Raises:
        ArgumentError: it gives no bytes.
    """
    content = source.read()
    if not isinstance(content, bytes):
        raise ArgumentError(
            f"{source!r}.read() returned {type(content).__name__}; {kind} is bytes. Open it with "
            "mode 'rb'."
        )
    return content
