"""Zip files, read and written in memory: nothing is ever extracted to the disk.

What the directory of the archive says is checked before any member is read: a file may come from
anyone.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from kir.errors import FileFormatError, MissingFileError, UnsafeFileError
from runtime.files import read_bytes, replacing

SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
"""What a zip file starts with; the second one is an empty archive's."""

MEMBERS = 10_000
"""Members that an archive may have; Keras writes three, and a few for vocabularies."""

SIZE_LIMIT = 64 << 20
"""Declared bytes up to which a member is read however well it is compressed."""

RATIO_LIMIT = 100
"""Declared over stored bytes beyond which a larger member is refused; weights hardly shrink."""

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can hold: equal models, equal files


class Archive:
    """An open archive whose directory was checked.

    Attributes:
        name: of the file, for messages.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name
        size = file.seek(0, os.SEEK_END)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise FileFormatError(
                f"{name} is no zip archive, or a truncated one ({error}). Copy it again."
            ) from error
        self._members: Mapping[str, zipfile.ZipInfo] = _checked(self._zip.infolist(), size, name)

    def __contains__(self, member: str) -> bool:
        return member in self._members

    def names(self) -> list[str]:
        """The names of all members."""
        return list(self._members)

    def read(self, member: str) -> bytes:
        """The content of a member.

        Raises:
            FileFormatError: there is none of that name, or it is damaged.
        """
        if member not in self._members:
            raise FileFormatError(
                f"{self.name} has no member {member!r}; it holds {', '.join(self._members)}. Is it "
                "an archive of another kind?"
            )
        try:
            return self._zip.read(self._members[member])
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise FileFormatError(
                f"{self.name} is damaged: its member {member!r} cannot be read ({error}). Copy it "
                "again."
            ) from error

    def read_json(self, member: str) -> Any:
        """What a member says as JSON.

        Raises:
            FileFormatError: there is none of that name, or it is damaged.
        """
        try:
            return json.loads(self.read(member))
        except (ValueError, RecursionError) as error:
            raise FileFormatError(
                f"{self.name} is damaged: its {member!r} is no JSON ({error})."
            ) from error


def _checked(members: list[zipfile.ZipInfo], size: int, name: str) -> Mapping[str, zipfile.ZipInfo]:
    """The members by name.

    Raises:
        UnsafeFileError: the directory of the archive is made to do harm.
    """
    if len(members) > MEMBERS:
        raise UnsafeFileError(f"{name} has {len(members)} members; at most {MEMBERS} are read.")
    found: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        fault = _fault(member, found, size)
        if fault is not None:
            raise UnsafeFileError(
                f"{name}: the member {member.filename!r} {fault}. The file is damaged or made to "
                "do harm; get it from its author again."
            )
        found[member.filename] = member
    stored = sum(member.compress_size for member in members)
    if stored > size:  # members that overlap
        raise UnsafeFileError(f"{name}: its members claim {stored} bytes, but it has {size}.")
    return found


def _fault(member: zipfile.ZipInfo, found: Mapping[str, Any], size: int) -> str | None:
    path = member.filename
    if path in found:
        return "is there twice"
    if path.startswith(("/", "\\")) or ".." in path.replace("\\", "/").split("/") or ":" in path:
        return "has the name of a file outside the archive"
    if member.flag_bits & 1:
        return "is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"is compressed in an unusual way ({member.compress_type})"
    if member.header_offset + member.compress_size > size:
        return f"claims {member.compress_size} bytes, more than the file has"
    if member.file_size > max(SIZE_LIMIT, RATIO_LIMIT * member.compress_size):
        return f"declares {member.file_size} bytes, but stores {member.compress_size}"
    return None


@contextlib.contextmanager
def open_archive(source: Any) -> Iterator[Archive]:
    """Opens an archive to read.

    Args:
        source: a path, or an object whose `read()` returns bytes.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: it is no zip archive.
        UnsafeFileError: its directory is made to do harm.
    """
    if hasattr(source, "read"):
        content = read_bytes(source, "an archive")
        yield Archive(io.BytesIO(content), f"{source!r:.80}")
        return
    path = os.fsdecode(source)
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below; only opening is in the try
    except FileNotFoundError as error:
        raise MissingFileError(f"There is no file {path!r} to read a model from.") from error
    with file:
        yield Archive(file, repr(path))


def write_archive(target: Any, members: Mapping[str, bytes]) -> None:
    """Writes an archive of uncompressed members; equal members give equal bytes.

    Args:
        target: a path, whose file is replaced only when the new one is complete, or an object with
            `write(bytes)`.
        members: content by name.
    """
    if hasattr(target, "write"):
        buffer = io.BytesIO()
        _write(buffer, members)
        target.write(buffer.getvalue())
        return
    with replacing(os.fsdecode(target)) as beside, open(beside, "wb") as file:
        _write(file, members)


def _write(file: Any, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
