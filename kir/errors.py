"""The exceptions that kir raises for a user's mistake.

Each is also the builtin exception that Keras 2.2.4 raises in the same place, so that
`except ValueError` in an old program keeps working.
"""

from __future__ import annotations

import json


class KirError(Exception):
    """Base class of every error that kir raises on purpose."""


class ConfigError(KirError, ValueError):
    """An argument or a configuration that is not allowed."""


class ShapeError(KirError, ValueError):
    """A tensor whose shape does not fit."""


class RankError(ShapeError, AssertionError):
    """An input with too few axes, where Keras had an assertion."""


class PaddingError(ConfigError, AssertionError):
    """No pairs of numbers that say how much to pad, where Keras had an assertion."""


class DTypeError(KirError, TypeError):
    """A value of the wrong Python type or the wrong dtype."""


class ArgumentError(KirError, TypeError):
    """A call with an argument that is unknown, missing or given twice."""


class StateError(KirError, RuntimeError):
    """A call that comes too early or too late, e.g. `fit` before `compile`."""


class UnknownSizeError(ShapeError, TypeError):
    """A size that must be known when the model is built, and is not."""


class NoTensorError(ConfigError, TypeError):
    """Something else where a symbolic tensor is expected."""


class SeveralOutputsError(ConfigError, TypeError):
    """A layer with several outputs where one is expected."""


class MissingShapeError(ConfigError, AssertionError):
    """An input without a shape."""


class InvalidChoiceError(ConfigError, AssertionError):
    """A choice outside of the allowed ones, where Keras had an assertion."""


class ExecutionError(KirError, RuntimeError, ValueError):
    """A program that failed while it ran, because of the data that it was given."""


class MissingAttributeError(KirError, AttributeError):
    """An attribute that exists only after something else happened, e.g. `layer.output`."""


class MissingKeyError(KirError, KeyError):
    """A name that is looked up and is not there, e.g. a field of a checkpoint's file name."""

    def __str__(self) -> str:
        # KeyError prints the repr of its argument, which quotes and escapes a sentence.
        return str(self.args[0]) if self.args else ""


class UnsupportedError(KirError, NotImplementedError):
    """Something that cannot be had from the object it is asked of."""


class MissingTargetError(ConfigError, IndexError):
    """A call without the targets that the model's losses need."""


class ExhaustedError(KirError, StopIteration):
    """A generator that ended before the last step that was asked for."""


class LabelError(KirError, IndexError):
    """A class number outside the range that was announced."""


class FileFormatError(KirError, ValueError, OSError):
    """A file or a text that is malformed, truncated, or of another format than expected."""


class MissingFileError(KirError, FileNotFoundError):
    """A file that does not exist."""


class JSONFormatError(FileFormatError, json.JSONDecodeError):
    """A text that is no JSON; has the attributes of `json.JSONDecodeError`."""

    def __init__(self, message: str, cause: json.JSONDecodeError) -> None:
        json.JSONDecodeError.__init__(self, message, cause.doc, cause.pos)
        self.args = (message,)

    def __str__(self) -> str:
        return str(self.args[0])


class UnsafeFileError(FileFormatError):
    """A file whose loading would run code that the user has not allowed."""


class VerificationError(KirError, ValueError):
    """A graph of the intermediate representation that breaks one of its rules."""


class DownloadError(KirError, OSError):
    """A file that could not be fetched, or that is not the one that was announced."""


class DependencyError(KirError, ImportError):
    """A package that the called feature needs is not installed."""


class MissingProgramError(KirError, OSError):
    """A program that the called feature runs is not installed."""


class MissingModuleError(KirError, ModuleNotFoundError):
    """A module of Keras's that there is not."""


class ExportError(UnsupportedError, ValueError):
    """A model, or a part of one, that a file format of another program cannot express."""


class UpgradeWarning(UserWarning):
    """An architecture of another version of Keras: something was assumed that it does not say."""


class RepairWarning(UserWarning):
    """A file with a known fault of the program that wrote it, which was mended."""
