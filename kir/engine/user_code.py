"""Errors in a user's functions: where in the user's program they arose, and in which layer.

A message of kir's or of TensorFlow's tells what is wrong with an operation. What the user has to
know besides is which layer called it, on what, and which line of the own program that was.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from kir.errors import DTypeError, KirError, ShapeError
from kir.ir.types import TensorType

_ROOT = Path(__file__).resolve().parents[2]
_OWN = tuple(str(_ROOT / part) + "/" for part in ("kir", "compiler", "runtime"))
_LONGEST_LINE = 100
_FOREIGN = ("/tensorflow/", "/numpy/", "/keras/")


def _is_users(filename: str) -> bool:
    return not filename.startswith((*_OWN, "<frozen", sys.prefix + "/lib", sys.base_prefix)) and (
        not any(part in filename for part in _FOREIGN)
    )


def _frames(traceback: TracebackType | None) -> list[tuple[FrameType, int]]:
    found = []
    while traceback is not None:
        found.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    return found


def place_of(error: BaseException) -> str | None:
    """The user's innermost line on the error's traceback: ``call at model.py:12: `return x @ w```.

    None if no line of the user's took part.
    """
    for frame, line in reversed(_frames(error.__traceback__)):
        code = frame.f_code
        if _is_users(code.co_filename):
            text = linecache.getline(code.co_filename, line, frame.f_globals).strip()
            if len(text) > _LONGEST_LINE:
                text = text[:_LONGEST_LINE] + " ..."
            shown = f": `{text}`" if text else ""
            return f"{code.co_name} at {code.co_filename}:{line}{shown}"
    return None


def defined_at(function: Any) -> str:
    """Where a function stands, as a part of a sentence: `` (model.py:12)``; else nothing."""
    code = getattr(function, "__code__", None)
    return f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""


def is_tensorflows(error: BaseException) -> bool:
    """Whether the error was raised inside TensorFlow."""
    frames = _frames(error.__traceback__)
    return bool(frames) and "/tensorflow/" in frames[-1][0].f_code.co_filename


def explain(error: Exception, label: str, types: Iterable[TensorType]) -> Exception:
    """The error to raise for a failure in a user's function: with layer, line and types.

    It has the class of the original; a failure of TensorFlow's becomes a `ShapeError` or
    `DTypeError`, and its traceback is left out.

    Args:
        error: what the function raised.
        label: which function it was, such as ``Lambda 'lambda_1'``.
        types: those of its operands.
    """
    if getattr(error, "kir_place", None) is not None:
        error.add_note(f"In the call of {label}.")
        return error
    place = place_of(error)
    got = ", ".join(map(str, types))
    where = f"{f' on {got}' if got else ''}{f', in {place}' if place else ''}"
    if isinstance(error, KirError):
        raised: Any = _renewed(error, f"{label}{where}: {error}")
    elif is_tensorflows(error):
        made = DTypeError if isinstance(error, TypeError) else ShapeError
        raised = made(f"{label}{where}: {tensorflow_reason(error)}")
    elif len(error.args) == 1 and isinstance(error.args[0], str) and type(error) is not KeyError:
        error.args = (f"{error.args[0]} (in the call of {label}{where})",)
        raised = error
    else:
        error.add_note(f"In the call of {label}{where}.")
        raised = error
    raised.kir_place = place or label
    return raised  # type: ignore[no-any-return]


def _renewed(error: KirError, message: str) -> KirError:
    """The same error with another message and without the frames that it came through."""
    renewed = type(error)(message)
    for note in getattr(error, "__notes__", ()):
        renewed.add_note(note)
    return renewed


def tensorflow_reason(error: BaseException) -> str:
    """What TensorFlow says is wrong, without the names of its own nodes and functions."""
    text = str(error).strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    skipped = ("Exception encountered", "in user code", "File ", "Call arguments", "Arguments rec")
    lines = [line for line in lines if not line.startswith(skipped)]
    reason = lines[0] if lines else type(error).__name__
    return reason.split(" for '{{node")[0].split(" {{function_node")[0].rstrip(".:") + "."
