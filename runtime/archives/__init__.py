"""Models in archives: `.keras` of Keras 3, and kir's own `.kir`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kir.errors import FileFormatError
from runtime.archives import keras3, kir_files
from runtime.archives.zips import SIGNATURES, Archive, open_archive

WRITERS: Mapping[str, Callable[..., None]] = {
    ".keras": keras3.save_model,
    ".kir": kir_files.save_model,
}
"""How to write a model to a path, by the path's suffix."""


load_weights = keras3.load_weights


def is_archive(start: bytes) -> bool:
    """Whether a file that starts so is an archive."""
    return start.startswith(SIGNATURES)


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True
) -> Any:
    """The model in an archive, which is of either kind.

    Args:
        filepath: a path or a readable binary file-like object.
        custom_objects: classes and functions of the user's, by the names they have in the file.
        compile: compile the model as it was compiled when it was saved.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: the file is damaged, or holds no model.
        UnsafeFileError: it holds code, or declares more than it stores.
        ConfigError: it names a class or a function that is not known.
    """
    with open_archive(filepath) as archive:
        return _reader(archive).read_model(archive, dict(custom_objects or {}), compile)


def read_config(path: Any) -> Any:
    """The architecture in an archive as a config of Keras 2.2.4; builds nothing."""
    with open_archive(path) as archive:
        return _reader(archive).read_architecture(archive)


def _reader(archive: Archive) -> Any:
    for kind, mark in ((kir_files, kir_files.HEADER), (keras3, keras3.CONFIG)):
        if mark in archive:
            return kind
    raise FileFormatError(
        f"{archive.name} is a zip archive, but holds no model: it has neither {keras3.CONFIG!r} "
        f"(Keras 3) nor {kir_files.HEADER!r}; it has {', '.join(archive.names()[:6]) or 'nothing'}."
    )


save_keras = keras3.save_model
save_kir = kir_files.save_model
