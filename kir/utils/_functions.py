"""Marshalled Python functions, as Keras wrote them into the config of a Lambda layer.

Loading one runs whatever code the file holds, so it is refused unless the user allows it with
`allow_unsafe_code`. The permission lies in a context variable: no field of a file reaches it. Code
that this very process dumped may come back without asking, since the process already had it;
cloning a model and reading back its own JSON work therefore as in Keras. So may code that a program
dumped by itself from one of its functions; but not while a configuration is read, as a file could
pick any function of Python's library by its code.
"""

from __future__ import annotations

import base64
import binascii
import gc
import hashlib
import marshal
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CellType, CodeType, FunctionType
from typing import Any

from kir.errors import FileFormatError, UnsafeFileError

# Set to 1 by `kir run --allow-code`.
ALLOW_CODE = "KIR_ALLOW_CODE"
_ALLOWED: ContextVar[bool] = ContextVar("kir_unsafe_code_allowed", default=False)
_READING: ContextVar[bool] = ContextVar("kir_reading_config", default=False)
# The code that this process dumped, with the global names that its function saw last.
_DUMPED_HERE: dict[bytes, dict[str, Any]] = {}


@contextmanager
def allow_unsafe_code() -> Iterator[None]:
    """A ``with`` block in which files may bring along Python code, as a Lambda's does.

    Use it only for files that you made or whose author you trust like your own shell.
    """
    token = _ALLOWED.set(True)
    try:
        yield
    finally:
        _ALLOWED.reset(token)


@contextmanager
def reading_config() -> Iterator[None]:
    """A ``with`` block in which a configuration, perhaps of a file, becomes an object."""
    token = _READING.set(True)
    try:
        yield
    finally:
        _READING.reset(token)


def is_unsafe_code_allowed() -> bool:
    """Whether we are inside `allow_unsafe_code`, or `kir run` was told to allow it."""
    return _ALLOWED.get() or os.environ.get(ALLOW_CODE) == "1"


def func_dump(func: FunctionType) -> tuple[str, tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """A function as (marshalled code in base64, defaults, values of the closure).

    Args:
        func: a function of Python.
    """
    raw = marshal.dumps(func.__code__)
    _DUMPED_HERE[_digest(raw)] = func.__globals__
    closure = tuple(cell.cell_contents for cell in func.__closure__) if func.__closure__ else None
    return base64.encodebytes(raw).decode("ascii"), func.__defaults__, closure


def func_load(
    code: Any,
    defaults: Any = None,
    closure: Any = None,
    globs: dict[str, Any] | None = None,
) -> FunctionType:
    """The function that `func_dump` took apart.

    Args:
        code: marshalled code in base64, or all that `func_dump` returned.
        defaults: the default values of its arguments.
        closure: the values of its closure.
        globs: the global names that it sees; by default only Python's own.

    Raises:
        UnsafeFileError: this process did not dump the code and has no function of the same code,
            or a configuration is being read; and we are not in `allow_unsafe_code`.
        FileFormatError: the code is malformed, or of another version of Python.
    """
    if isinstance(code, tuple | list):
        code, defaults, closure = code
    raw = _decode(code)
    here = _DUMPED_HERE.get(_digest(raw))
    if here is None and not is_unsafe_code_allowed() and not _READING.get():
        here = _globals_of_function(raw)
    if here is None and not is_unsafe_code_allowed():
        raise UnsafeFileError(
            "This configuration holds marshalled Python code (of a Lambda layer's function), which "
            "would run on your machine. If you trust its author, load it inside "
            "`with kir.utils.generic_utils.allow_unsafe_code():`; otherwise give the function by "
            "name in `custom_objects`."
        )
    function_code = _unmarshal(raw)
    return FunctionType(
        function_code,
        _global_names(here, globs),
        name=function_code.co_name,
        # JSON turns tuples into lists.
        argdefs=tuple(defaults) if isinstance(defaults, list) else defaults,
        closure=None if closure is None else tuple(map(_cell, closure)),
    )


def _global_names(here: dict[str, Any] | None, globs: dict[str, Any] | None) -> dict[str, Any]:
    """What the loaded code sees: its own module, if that is here, then what the caller gives."""
    if here is not None:
        return here if not globs else {**globs, **here}
    return {"__builtins__": __builtins__, **(globs or {})}


def _globals_of_function(raw: bytes) -> dict[str, Any] | None:
    """The global names of a function of this process whose dump is `raw`; None if there is none.

    Nothing of `raw` is unmarshalled: it is compared as bytes.
    """
    for found in gc.get_objects():
        # Almost all are told apart without dumping them.
        is_alike = type(found) is FunctionType and found.__code__.co_code in raw
        if is_alike and marshal.dumps(found.__code__) == raw:
            return found.__globals__
    return None


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def _cell(value: Any) -> CellType:
    return value if isinstance(value, CellType) else CellType(value)


def _decode(code: Any) -> bytes:
    try:
        return base64.b64decode("".join(code.split()).encode("ascii"), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error):
        # Keras 2.2: files of Keras 2.0 hold the bytes escaped instead of in base64.
        try:
            return code.encode("raw_unicode_escape")
        except (AttributeError, UnicodeEncodeError) as error:
            raise FileFormatError(
                f"A function's code is {type(code).__name__} {str(code)[:40]!r}; "
                "expected base64 text."
            ) from error


def _unmarshal(raw: bytes) -> CodeType:
    try:
        found = marshal.loads(raw)
    except (ValueError, EOFError, TypeError) as error:
        raise FileFormatError(
            "A function's marshalled code cannot be read: it is truncated, or was written by "
            "another version of Python. Give the function by name in `custom_objects`."
        ) from error
    if not isinstance(found, CodeType):
        raise FileFormatError(
            f"A function's marshalled code holds a {type(found).__name__}; expected a code object."
        )
    return found
