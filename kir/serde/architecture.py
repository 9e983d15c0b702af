"""Architectures in files: JSON, YAML, the text form and the binary form.

None of them holds weights, and none needs TensorFlow.
"""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kir.errors import ConfigError, FileFormatError, KirError, MissingFileError
from kir.ir.graph import Graph
from kir.serde import config
from kir.serde.graph_config import config_from_graph, model_from_graph
from kir.serde.text import parse
from kir.utils.atomic import replacing

# The formats, each with the suffixes of its files.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "json": (".json",),
    "yaml": (".yaml", ".yml"),
    "text": (".kirt",),
    "proto": (".kirpb", ".pb"),
}
_GRAPHS = ("text", "proto")


def read_architecture(
    path: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    format: str | None = None,
) -> Any:
    """The model that a file describes, with new initial weights.

    Args:
        path: the file.
        custom_objects: classes and functions of the user's, by the names used in the file.
        format: ``'json'``, ``'yaml'``, ``'text'`` or ``'proto'``; None goes by the suffix: .json,
            .yaml or .yml, .kirt, .kirpb or .pb.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: the file is malformed, truncated or of another format.
        ConfigError: an unknown suffix, or the architecture is wrong, e.g. names an unknown layer.
    """
    path = Path(path)
    chosen, data = _read(path, format)
    with _naming(path):
        if chosen in _GRAPHS:
            return model_from_graph(_graph(data, path, chosen), custom_objects)
        return config.model_from_config(_config(data, path, chosen), custom_objects)


def read_config(path: str | os.PathLike[str], format: str | None = None) -> Any:
    """The config in a file, from which `model_from_config` makes the model.

    Nothing is built, so that a config with mistakes is returned as it is.

    Args:
        path: the file.
        format: as in `read_architecture`.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: the file is malformed, truncated or of another format.
        ConfigError: an unknown suffix, or a graph that does not consist of layer calls.
    """
    path = Path(path)
    chosen, data = _read(path, format)
    with _naming(path):
        if chosen in _GRAPHS:
            return config_from_graph(_graph(data, path, chosen))
        return _config(data, path, chosen)


def write_architecture(model: Any, path: str | os.PathLike[str], format: str | None = None) -> None:
    """Writes a model's architecture to a file.

    An existing file is replaced only when the new one is complete.

    Args:
        model: the model.
        path: the file; its folder must exist.
        format: as in `read_architecture`.

    Raises:
        ConfigError: an unknown suffix.
        FileFormatError: the model holds what no file can.
        OSError: the file cannot be written.
    """
    chosen = find_format(Path(path), format)
    data = _serialize(model, chosen)
    with replacing(path) as beside:
        Path(beside).write_bytes(data)


def find_format(path: Path, format: str | None = None) -> str:
    """The format that is asked for, or that the file's suffix stands for.

    Raises:
        ConfigError: it stands for none.
    """
    if format is not None:
        if format not in FORMATS:
            raise ConfigError(
                f"Unknown format of architectures: {format!r}; expected one of "
                f"{', '.join(map(repr, FORMATS))}."
            )
        return format
    for name, suffixes in FORMATS.items():
        if path.suffix.lower() in suffixes:
            return name
    raise unknown_suffix(path, [one for suffixes in FORMATS.values() for one in suffixes])


def unknown_suffix(path: Path, known: Sequence[str]) -> ConfigError:
    """The error for a file whose suffix is not among the known ones, with the nearest."""
    suffix = path.suffix.lower()
    near = difflib.get_close_matches(suffix, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    what = f"the suffix {suffix!r} stands for no format" if suffix else "the name has no suffix"
    return ConfigError(f"{path.name!r}: {what} of models; expected {', '.join(known)}.{hint}")


def _read(path: Path, format: str | None) -> tuple[str, bytes]:
    """The file's format and content."""
    chosen = find_format(path, format)
    try:
        return chosen, path.read_bytes()
    except FileNotFoundError as error:
        raise MissingFileError(f"There is no file {str(path)!r} to read a model from.") from error


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Adds to an error of kir's which file it is about."""
    try:
        yield
    except KirError as error:
        error.add_note(f"In the file {str(path)!r}.")
        raise


def _graph(data: bytes, path: Path, format: str) -> Graph:
    if format == "text":
        return parse(_decode(data, path), str(path))
    from kir.serde import proto  # here, as protobuf takes long to load

    return proto.from_bytes(data, str(path))


def _config(data: bytes, path: Path, format: str) -> Any:
    text = _decode(data, path)
    if format == "json":
        return config.parse_json(text)
    from kir.serde.yaml_loading import load_yaml  # here, as it loads PyYAML

    return load_yaml(text)


def _serialize(model: Any, format: str) -> bytes:
    if format == "proto":
        from kir.serde import proto  # here, as protobuf takes long to load

        return proto.to_bytes(model.graph)
    if format == "text":
        text = f"{model.graph}\n"
    elif format == "yaml":
        text = model.to_yaml()
    else:
        text = model.to_json()
    return text.encode()


def _decode(data: bytes, path: Path) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{str(path)!r} is no text: byte {error.start} is not UTF-8. Is it a file of another "
            "format?"
        ) from error
