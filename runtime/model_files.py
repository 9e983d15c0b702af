"""Models in files of every format: which format a file has, and how it is read and written.

A new format is one entry of `FORMATS`. Its functions are named, not imported: a program that reads
JSON must not wait for HDF5.
"""

from __future__ import annotations

import difflib
import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kir.errors import ConfigError, KirError, MissingFileError
from kir.serde import architecture
from kir.serde.config import model_from_config

_Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Format:
    """One format of files that hold models.

    Attributes:
        suffixes: of its files' names, in lower case with the dot; the first is the usual one.
        signature: the bytes that its files begin with; empty if they have none.
        description: what it is, for messages.
        config: function ``(path) -> {"class_name": ..., "config": ...}`` that reads the
            architecture, as ``module:name``. It raises errors that name the file.
        model: function ``(path, compile=...) -> model`` that reads architecture and weights, and
            with ``compile=True`` the state of training; empty if the format holds no weights.
        save: function ``(model, path)`` that writes architecture and weights; empty if the format
            is not written, or holds no weights.
    """

    suffixes: tuple[str, ...]
    description: str
    signature: bytes = b""
    config: str = ""
    model: str = ""
    save: str = ""

    @property
    def holds_weights(self) -> bool:
        """Whether files of this format hold weights too."""
        return bool(self.model)


_DESCRIPTIONS = {
    "json": "Keras's JSON",
    "yaml": "Keras's YAML",
    "text": "the graph as text",
    "proto": "the graph as protobuf",
}

# Of formats with the same signature a file's suffix tells which it is; else it is the first.
FORMATS: dict[str, Format] = {
    **{
        name: Format(suffixes, _DESCRIPTIONS[name])
        for name, suffixes in architecture.FORMATS.items()
    },
    "hdf5": Format(
        (".h5", ".hdf5", ".hdf"),
        "Keras's HDF5",
        b"\x89HDF\r\n\x1a\n",
        config="runtime.hdf5:read_config",
        model="runtime.hdf5:load_model",
        save="runtime.hdf5:save_model",
    ),
    "keras": Format(
        (".keras",),
        "an archive of Keras 3",
        b"PK",
        config="runtime.archives:read_config",
        model="runtime.archives:load_model",
        save="runtime.archives:save_keras",
    ),
    "kir": Format(
        (".kir",),
        "kir's own file of graph and weights",
        b"PK",
        config="runtime.archives:read_config",
        model="runtime.archives:load_model",
        save="runtime.archives:save_kir",
    ),
}


def find_format(path: _Path) -> str:
    """The name of a file's format: by the bytes it begins with, else by its suffix.

    Raises:
        MissingFileError: there is no such file.
        IsADirectoryError: it is a folder.
        ConfigError: neither says a format.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            start = file.read(32)
    except FileNotFoundError as error:
        raise MissingFileError(f"There is no file {str(path)!r} to read a model from.") from error
    except IsADirectoryError as error:
        raise IsADirectoryError(
            f"{str(path)!r} is a folder; expected a file ({', '.join(known_suffixes())})."
        ) from error
    signed = [n for n, f in FORMATS.items() if f.signature and start.startswith(f.signature)]
    by_suffix = [n for n, f in FORMATS.items() if path.suffix.lower() in f.suffixes]
    both = [name for name in signed if name in by_suffix]
    if found := both or signed or by_suffix:
        return found[0]
    return format_of_name(path)


def format_of_name(path: _Path) -> str:
    """The name of the format that a file's suffix stands for.

    Raises:
        ConfigError: it stands for none.
    """
    suffix = Path(path).suffix.lower()
    for name, format in FORMATS.items():
        if suffix in format.suffixes:
            return name
    raise architecture.unknown_suffix(Path(path), known_suffixes())


def known_suffixes() -> list[str]:
    """The suffixes of all formats."""
    return [suffix for format in FORMATS.values() for suffix in format.suffixes]


def holds_weights_only(path: _Path) -> bool:
    """Whether a file holds weights without an architecture, as `save_weights` writes them.

    Raises:
        FileFormatError: the file is damaged.
        ConfigError: it is of no known format.
    """
    return find_format(path) == "hdf5" and _function("runtime.hdf5:holds_weights_only")(path)


def read_config(path: _Path) -> Any:
    """The architecture in a file as Keras's config: what `model.get_config` says, with the class.

    Nothing is built, so that a config with mistakes is returned as it is.

    Raises:
        FileFormatError: the file is malformed or damaged.
        ConfigError: it holds no architecture.
    """
    name = find_format(path)
    format = FORMATS[name]
    if format.config:
        return tolerant(_function(format.config), path)
    return tolerant(partial(architecture.read_config, format=name), path)


def read_architecture(path: _Path) -> Any:
    """The model that a file describes, without the file's weights; needs no TensorFlow.

    Raises:
        FileFormatError: the file is malformed or damaged.
        ConfigError: it holds no architecture, or a layer that is unknown or wrong.
    """
    name = find_format(path)
    format = FORMATS[name]
    if format.config:
        return tolerant(lambda p: model_from_config(_function(format.config)(p)), path)
    return tolerant(partial(architecture.read_architecture, format=name), path)


def read_model(path: _Path, compile: bool = False) -> Any:
    """The model that a file holds, with its weights.

    Args:
        path: the file.
        compile: compile the model as it was when it was saved, if the file says how.

    Raises:
        FileFormatError: the file is malformed or damaged.
        ConfigError: it holds no weights, or a layer that is unknown or wrong.
    """
    name = find_format(path)
    format = FORMATS[name]
    if not format.holds_weights:
        suffixes = [s for f in FORMATS.values() if f.holds_weights for s in f.suffixes]
        raise ConfigError(
            f"{os.fspath(path)!r} holds an architecture without weights ({format.description}); "
            f"expected a model with its weights ({', '.join(suffixes)}), as model.save() or "
            "`kir train --save` writes it."
        )
    return tolerant(partial(_function(format.model), compile=compile), path)


def write_model(model: Any, path: _Path, format: str | None = None) -> None:
    """Writes a model: its architecture, and its weights where the format holds them.

    Args:
        model: the model.
        path: the file.
        format: a name of `FORMATS`; None goes by the suffix.

    Raises:
        ConfigError: an unknown format, or one that is only read.
    """
    name = checked_format(format) if format is not None else format_of_name(path)
    if name in architecture.FORMATS:
        architecture.write_architecture(model, path, name)
    elif FORMATS[name].save:
        _function(FORMATS[name].save)(model, path)
    else:
        raise ConfigError(f"{os.fspath(path)!r}: {FORMATS[name].description} is read only.")


def checked_format(name: str) -> str:
    """The name of a format, if it is one.

    Raises:
        ConfigError: it is none.
    """
    if name not in FORMATS:
        near = difflib.get_close_matches(name, FORMATS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"Unknown format {name!r}; expected {', '.join(FORMATS)}.{hint}")
    return name


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def tolerant(read: Callable[[Any], Any], source: Any) -> Any:
    """`read(source)`, with an error of kir's for every config that makes no sense.

    A config can be wrong in more ways than the layers check (a list where a number belongs). No
    code of the user's runs here, so that any such error is about the file.

    Raises:
        ConfigError: the config does not fit.
    """
    try:
        return read(source)
    except KirError as error:
        _name_file(error, source)
        raise
    except OSError:
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise ConfigError(
            f"The config does not describe a model: {error} ({type(error).__name__}). Compare it "
            "with what model.to_json() writes."
        ) from error


def _name_file(error: KirError, source: Any) -> None:
    """Adds to an error which file it is about, unless it says so."""
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if not any(path in text for text in (str(error), *getattr(error, "__notes__", ()))):
            error.add_note(f"In the file {path!r}.")
