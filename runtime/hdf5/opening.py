"""What may be given as a file: a path, a file-like object, or an open HDF5 group."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from kir.errors import ArgumentError, FileFormatError, KirError, MissingFileError
from runtime.files import read_bytes, replacing
from runtime.hdf5.heaps import check_heaps
from runtime.hdf5.safety import check_links

_SIGNATURE = b"\x89HDF\r\n\x1a\n"

_OTHER_FORMATS = (
    (b"PK\x03\x04", "a zip archive, perhaps a .keras file of Keras 3 or a .npz file of NumPy"),
    (b"version https://git-lfs", "a Git LFS pointer; fetch the file itself with `git lfs pull`"),
    (b"{", "perhaps JSON; read an architecture with `model_from_json(open(path).read())`"),
)


@contextlib.contextmanager
def open_to_read(source: Any) -> Iterator[h5py.Group]:
    """Opens `source` and checks that it holds no links to elsewhere.

    Args:
        source: a path, an open h5py group (left open), or an object whose `read()` returns bytes.

    Raises:
        MissingFileError: no file has that name.
        FileFormatError: it is no HDF5 file, or a damaged one.
        UnsafeFileError: it refers to other files.
    """
    if isinstance(source, h5py.Group):
        check_links(source)
        yield source
        return
    with opened(source) as file:
        with reporting_damage(file):
            check_links(file)
        yield file


def opened(source: Any) -> h5py.File:
    """Opens a file to be read and closed by the caller; it is not searched for links."""
    if hasattr(source, "read"):
        content = read_bytes(source, "an HDF5 file")
        check_heaps(content, repr(source))
        try:
            return h5py.File(io.BytesIO(content), "r")
        except OSError as error:
            raise FileFormatError(_diagnosis(repr(source), content[:512], error)) from error
    path = _path(source)
    if not os.path.exists(path):
        raise MissingFileError(
            f"There is no file {path!r}"
            + (f" in {os.getcwd()!r}." if not os.path.isabs(path) else ".")
        )
    if os.path.isdir(path):
        saved_model = Path(path, "saved_model.pb").exists()
        raise IsADirectoryError(
            f"{path!r} is a folder"
            + (" (a SavedModel, which plain TensorFlow loads)" if saved_model else "")
            + "; expected an HDF5 file."
        )
    with open(path, "rb") as file:  # not allowed to read it: PermissionError, as it is
        start = file.read(512)
        if start.startswith(_SIGNATURE):
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                check_heaps(content, repr(path))
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise FileFormatError(_diagnosis(repr(path), start, error)) from error


def _path(source: Any) -> str:
    try:
        return os.fsdecode(source)
    except TypeError:
        raise ArgumentError(
            f"A file was expected: a path, an open h5py.Group or a file-like object; got "
            f"{source!r:.80}."
        ) from None


def _diagnosis(name: str, start: bytes, error: OSError) -> str:
    """What is wrong with a file that HDF5 cannot open."""
    if start.startswith(_SIGNATURE):
        return (
            f"{name} is an HDF5 file, but truncated or damaged ({error}). "
            "Copy it again or take an earlier checkpoint."
        )
    if not start:
        return f"{name} is empty; expected an HDF5 file."
    for signature, description in _OTHER_FORMATS:
        if start.lstrip().startswith(signature):
            return f"{name} is not an HDF5 file but {description}."
    return f"{name} is not an HDF5 file: it starts with {start[:8]!r}."


@contextlib.contextmanager
def reporting_damage(item: h5py.Group | h5py.Dataset) -> Iterator[None]:
    """Turns what h5py raises for a damaged file into a `FileFormatError` that names the file.

    To be put around reading only: an error of other code must keep its class.
    """
    try:
        yield
    except KirError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise FileFormatError(
            f"{item.file.filename!r} is damaged: reading {item.name!r} failed ({error}). "
            "Copy it again or take an earlier checkpoint."
        ) from error


@contextlib.contextmanager
def open_to_write(target: Any) -> Iterator[h5py.Group]:
    """Yields a group to write to; a file appears under its name only when it is complete.

    Args:
        target: a path, an open h5py group (written to directly), or an object with `write(bytes)`.
    """
    if isinstance(target, h5py.Group):
        yield target
    elif hasattr(target, "write"):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            yield file
        target.write(buffer.getvalue())
    else:
        with replacing(_path(target)) as beside, h5py.File(beside, "w") as file:
            yield file


def is_path(target: Any) -> bool:
    """Whether `target` names a file on the disk."""
    return isinstance(target, str | bytes | os.PathLike)
