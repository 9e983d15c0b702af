"""`save_model` and `load_model` of the language, for every kind of file."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import h5py

from kir.errors import ConfigError
from runtime import archives, hdf5
from runtime.files import may_write
from runtime.hdf5.opening import is_path
from runtime.hdf5.report import LoadReport


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Writes a model: as an archive where the path ends in `.keras` or `.kir`, else as HDF5."""
    suffix = Path(os.fsdecode(filepath)).suffix.lower() if is_path(filepath) else ""
    save = archives.WRITERS.get(suffix)
    if save is None:
        hdf5.save_model(model, filepath, overwrite, include_optimizer)
    elif may_write(filepath, overwrite):
        save(model, filepath, include_optimizer)


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True
) -> Any:
    """The model that a file holds; the kind of file is seen from its first bytes.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: the file is damaged, of another kind, or holds no model.
        UnsafeFileError: it holds code, refers to other files, or declares more than it stores.
        ConfigError: it names a class or a function that is not known.
    """
    if archives.is_archive(_start(filepath)):
        return archives.load_model(filepath, custom_objects, compile)
    return hdf5.load_model(filepath, custom_objects, compile)


def load_weights(
    model: Any,
    filepath: Any,
    by_name: bool = False,
    skip_mismatch: bool = False,
    reshape: bool = False,
) -> LoadReport:
    """Reads weights into a model; see `runtime.hdf5.load_weights`.

    Of the `.weights.h5` files of Keras 3 and tf.keras the layout is seen from their groups.

    Raises:
        ConfigError: `by_name`, `skip_mismatch` or `reshape` for such a file, whose layers have no
            names.
    """
    content = _content_of_keras_3(filepath)
    if content is None:
        return hdf5.load_weights(model, filepath, by_name, skip_mismatch, reshape)
    if by_name or skip_mismatch or reshape:
        raise ConfigError(
            f"{filepath!r} is a `.weights.h5` file, which numbers the layers of a model: it can "
            "only be loaded as a whole, without by_name, skip_mismatch and reshape."
        )
    return LoadReport(matched=archives.load_weights(model, content))


def _content_of_keras_3(source: Any) -> bytes | None:
    """The content of a `.weights.h5` file; None if it is another one."""
    if not is_path(source) or not os.path.isfile(source):
        return None
    try:
        with h5py.File(source, "r") as file:
            is_one = not file.attrs.keys() & {"layer_names", "layer_names0", "model_config"} and (
                "layers" in file or "_layer_checkpoint_dependencies" in file
            )
    except OSError:
        return None  # the HDF5 reader says what is wrong
    return Path(os.fsdecode(source)).read_bytes() if is_one else None


def _start(source: Any) -> bytes:
    """The first bytes of a file; none where they cannot be looked at."""
    if is_path(source):
        try:
            with open(source, "rb") as file:
                return file.read(4)
        except OSError:
            return b""  # the HDF5 reader says what is wrong
    if hasattr(source, "read") and hasattr(source, "seek"):
        try:
            position = source.tell()
            start = source.read(4)
            source.seek(position)
        except (OSError, io.UnsupportedOperation):
            return b""
        return start if isinstance(start, bytes) else b""
    return b""
