"""The error index: every class of kir/errors.py with a program that raises it.

What the programs are is said in docs/errors.yml; they run when the site is built, so that the
messages on the page are the real ones.
"""

from __future__ import annotations

import builtins
import contextlib
import inspect
import io
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from kir import backend as K
from kir import errors

# Where programs run, which differs from build to build.
_FOLDER = re.compile(re.escape(tempfile.gettempdir()) + r"/tmp\w+")
ENTRIES = Path(__file__).parents[1] / "errors.yml"
_HEADER = """# Errors

Every error that kir raises on purpose is a `KirError`, and also the builtin exception that
Keras 2.2.4 raised in the same place: `except ValueError` in an old program keeps working. The
message says what is wrong, where, what was expected, and how to mend it. The messages on this page
are those of the programs above them, run when the page was made.

"""


def classes() -> list[type[BaseException]]:
    """The errors and warnings of `kir.errors`, in the order of the file."""
    return [
        found
        for found in vars(errors).values()
        if inspect.isclass(found) and found.__module__ == errors.__name__
    ]


def entries() -> dict[str, dict[str, str]]:
    """What docs/errors.yml says, by class."""
    return yaml.safe_load(ENTRIES.read_text("utf-8"))


def raised_by(program: str) -> BaseException | Warning:
    """What a program raises, or the last warning that it gives.

    Raises:
        RuntimeError: it does neither.
    """
    with _elsewhere(), warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        K.clear_session()  # so that names count from 1
        try:
            exec(compile(program, "<errors.yml>", "exec"), {"__name__": "__main__"})
        except BaseException as error:
            return error
    if given:
        return given[-1].message  # type: ignore[return-value]
    raise RuntimeError(f"This program raises nothing:\n{program}")


def page() -> str:
    """The text of the page."""
    known = entries()
    parts = [_HEADER]
    parts += [_section(found, known.get(found.__name__, {})) for found in classes()]
    return "\n".join(parts)


def _section(found: type[BaseException], entry: dict[str, str]) -> str:
    lines = [f"## {found.__name__}", "", inspect.cleandoc(found.__doc__ or ""), ""]
    lines += [f"It is also: {', '.join(_builtins(found))}.", ""]
    if "program" in entry:
        program = entry["program"].strip()
        lines += ["```python", program, "```", ""]
        message = _FOLDER.sub("/home/you", str(raised_by(program)))
        lines += ["``` { .text .message }", f"{found.__name__}: {message}", "```", ""]
    if "mend" in entry:
        lines += [f"**To mend it:** {entry['mend'].strip()}", ""]
    return "\n".join(lines)


def _builtins(found: type[BaseException]) -> list[str]:
    """The nearest exceptions of Python's that a class also is."""
    theirs = [c for c in found.__mro__ if vars(builtins).get(c.__name__) is c]
    return [
        f"`{c.__name__}`"
        for c in theirs
        if not any(c is not other and issubclass(other, c) for other in theirs)
    ]


@contextlib.contextmanager
def _elsewhere() -> Iterator[Any]:
    """An empty folder to run in, with nothing printed; what `import keras` means is restored."""
    here, finders = Path.cwd(), list(sys.meta_path)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.callback(os.chdir, here)
        os.chdir(folder)
        try:
            yield
        finally:
            if sys.meta_path != finders:
                sys.meta_path[:] = finders
                for name in [n for n in sys.modules if n.partition(".")[0] == "keras"]:
                    del sys.modules[name]
