"""Writing files so that a crash cannot destroy what was there before."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Yields the name of a new file that takes the place of `path` when the block ends well.

    The new file is written beside the old one, forced to the disk and then renamed, which the
    file system does in one step: at every moment `path` holds either all of the old content or
    all of the new. If the block raises, the new file is removed and the old one stays.

    A symbolic link is kept and its target replaced; an existing file's permissions are kept.

    Args:
        path: the file to write; it need not exist, but its folder must.

    Raises:
        OSError: the folder is missing or cannot be written to, or `path` is a folder or a device.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"Cannot write {str(target)!r}: there is no folder {str(target.parent)!r}. "
            "Make it first."
        )
    mode = _permissions(target)
    # Kept in the same folder, because a rename is one step only within a file system.
    stem = f".{target.name[:64]}."
    beside = str(target.with_name(f"{stem}{secrets.token_hex(6)}.tmp"))
    # Without a mode of its own the file gets what the process's umask leaves.
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        _remove_leftovers(target.parent, stem, os.stat(beside).st_mtime)
        if mode is not None:
            os.chmod(beside, mode)
        yield beside
        _flush(beside)
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    _flush_folder(target.parent)


@contextlib.contextmanager
def replacing_folder(path: str | os.PathLike[str], mark: str) -> Iterator[str]:
    """Yields the name of a new folder that takes the place of `path` when the block ends well.

    The new folder is written beside the old one and forced to the disk; then the old one is
    renamed away, the new one renamed to `path`, and the old one removed. If the block raises, the
    new folder is removed and the old one stays.

    Args:
        path: the folder to write; it need not exist, and missing parents are made.
        mark: a file that a folder of this kind holds. Of folders that exist only those are
            replaced, and empty ones.

    Raises:
        FileExistsError: `path` is a file, or a folder with other things in it.
        OSError: the folder cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise FileExistsError(f"Cannot write the folder {str(target)!r}: a file has that name.")
    if target.is_dir() and any(target.iterdir()) and not (target / mark).is_file():
        raise FileExistsError(
            f"Cannot replace the folder {str(target)!r}: it holds other things (and no {mark}). "
            "Give the name of a new folder."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    stem = target.with_name(f".{target.name[:64]}.{secrets.token_hex(6)}")
    beside, aside = stem.with_name(f"{stem.name}.tmp"), stem.with_name(f"{stem.name}.old")
    beside.mkdir()
    try:
        yield str(beside)
        for folder, _, files in os.walk(beside):
            for name in files:
                _flush(os.path.join(folder, name))
            _flush_folder(Path(folder))
        if target.is_dir():
            os.rename(target, aside)
        try:
            os.rename(beside, target)
        except BaseException:
            if aside.is_dir():
                os.rename(aside, target)
            raise
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    _flush_folder(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _permissions(target: Path) -> int | None:
    """The permissions of the file to be replaced; None if there is none."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(
            f"Cannot write the file {str(target)!r}: a folder of that name exists. "
            "Give the name of a file, e.g. one in that folder."
        )
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"Cannot write to {str(target)!r}: it is a device, not a file.")
    return stat.S_IMODE(status.st_mode)


def _remove_leftovers(folder: Path, stem: str, now: float) -> None:
    """Removes what writers of the same file left that were killed more than an hour ago."""
    with contextlib.suppress(OSError):  # another process may be removing them too
        for entry in os.scandir(folder):
            is_ours = entry.name.startswith(stem) and re.fullmatch(
                r"[0-9a-f]{12}\.tmp", entry.name[len(stem) :]
            )
            if is_ours and entry.stat().st_mtime < now - 3600:
                os.unlink(entry.path)


def _flush(path: str) -> None:
    """Forces a file's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    """Forces a rename to the disk, where the system can do that for folders."""
    with contextlib.suppress(OSError):
        _flush(str(folder))
