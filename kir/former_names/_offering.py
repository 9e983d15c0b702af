"""How names are added, and who asks for them."""

from __future__ import annotations

import functools
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def offer(owner: Any, names: Mapping[str, Any]) -> None:
    """Gives a module or class the names that it lacks."""
    for name, value in names.items():
        if name not in vars(owner):
            setattr(owner, name, value)


@functools.cache
def _folders_of_libraries() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    found = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    # Those of the Python that an environment was made of, as files may be reached by links.
    found |= {str(Path(path).resolve()) for path in found}
    found.add(str(Path(__file__).parents[2] / "kir"))
    found |= {str(Path(__file__).parents[2] / name) for name in ("compiler", "runtime")}
    return (*(f + "/" for f in sorted(found)), "<frozen")


def is_called_by_program() -> bool:
    """Whether the caller's caller is the program itself, not a library."""
    file = sys._getframe(2).f_code.co_filename
    # Folders of other Pythons' packages may be on the path too.
    is_packaged = "/site-packages/" in file or "/dist-packages/" in file
    return not is_packaged and not file.startswith(_folders_of_libraries())
