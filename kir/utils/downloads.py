"""Files from the network, kept in a folder of the user's: downloaded once, checked, resumed."""

from __future__ import annotations

import contextlib
import hashlib
import http
import http.client
import json
import os
import shutil
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kir.errors import ConfigError, DownloadError, FileFormatError
from kir.utils.progbar import Progbar

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

__all__ = ["get_file", "validate_file"]

# Seconds without a byte after which a connection counts as lost.
_TIMEOUT = 60
# Connections in a row that may bring nothing.
_ATTEMPTS = 3
# Seconds between two of them, times their number.
_PAUSE = 0.5
_CHUNK = 1 << 16


def get_file(
    fname: Any,
    origin: str,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
) -> str:
    """The path of a file of the cache, which is downloaded if it is not there.

    A download that was interrupted goes on where it stopped, if the server can do that. The file
    takes its name only when it is complete and its hash is right.

    Args:
        fname: name of the file in the cache, or an absolute path.
        origin: where it comes from.
        untar: it is a tar archive, which is unpacked; `fname` is the unpacked folder's name.
        md5_hash: deprecated; the same as `file_hash` with the algorithm 'md5'.
        file_hash: the hash that it must have, as hexadecimal digits.
        cache_subdir: folder within the cache.
        hash_algorithm: 'md5', 'sha256', or 'auto': by the number of digits.
        extract: it is an archive, which is unpacked beside it.
        archive_format: 'tar', 'zip', a list of these, 'auto' for either, None for none.
        cache_dir: the cache; the environment's KERAS_HOME or ``~/.keras`` if None.

    Raises:
        DownloadError: it cannot be fetched, or has another hash.
        FileFormatError: it is a damaged archive, or one that would write elsewhere.

    Reference:
        https://keras.io/utils (Keras 2.2.4).
    """
    if file_hash is None and md5_hash is not None:
        file_hash, hash_algorithm = md5_hash, "md5"
    folder = _cache_folder(cache_dir, cache_subdir)
    fname = os.fspath(fname)
    unpacked = os.path.join(folder, fname)
    path = f"{unpacked}.tar.gz" if untar else unpacked
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not _is_valid(path, file_hash, hash_algorithm):
        _download(origin, path, file_hash, hash_algorithm)
    if untar:
        if not os.path.exists(unpacked):
            _unpack(path, folder, "tar")
        return unpacked
    if extract:
        _unpack(path, folder, archive_format)
    return path


def validate_file(
    fpath: Any, file_hash: str, algorithm: str = "auto", chunk_size: int = 65535
) -> bool:
    """Whether a file has a hash.

    Args:
        fpath: the file.
        file_hash: the hash, as hexadecimal digits.
        algorithm: 'md5', 'sha256', or 'auto': by the number of digits.
        chunk_size: bytes that are read at once.
    """
    if algorithm not in ("auto", "md5", "sha256"):
        raise ConfigError(f"The hash algorithm is {algorithm!r}; it is 'auto', 'md5' or 'sha256'.")
    if algorithm == "auto":
        algorithm = "sha256" if len(file_hash) == 64 else "md5"
    return _hash_file(fpath, algorithm, chunk_size) == str(file_hash).lower()


def _hash_file(fpath: Any, algorithm: str = "sha256", chunk_size: int = 65535) -> str:
    """The hash of a file, as hexadecimal digits."""
    is_md5 = algorithm == "md5"
    digest = hashlib.md5(usedforsecurity=False) if is_md5 else hashlib.sha256()
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest()


def _cache_folder(cache_dir: Any, cache_subdir: str) -> str:
    if cache_dir is None:
        home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    else:
        home = os.path.expanduser(cache_dir)
    with contextlib.suppress(OSError):
        os.makedirs(home, exist_ok=True)
    if not os.access(home, os.W_OK):
        home = os.path.join(tempfile.gettempdir(), ".keras")
    return os.path.join(home, cache_subdir)


def _is_valid(path: str, file_hash: str | None, algorithm: str) -> bool:
    if not os.path.exists(path):
        return False
    if file_hash is None or validate_file(path, file_hash, algorithm):
        return True
    print(
        "A local file was found, but it seems to be incomplete or outdated because the "
        f"{algorithm} file hash does not match the original value of {file_hash} so we will "
        "re-download the data."
    )
    return False


def _download(origin: str, path: str, file_hash: str | None, algorithm: str) -> None:
    part = f"{path}.part"
    with _locked(os.path.join(os.path.dirname(path), ".kir-download.lock")):
        # Another process may have fetched it while this one waited.
        if os.path.exists(path) and (
            file_hash is None or validate_file(path, file_hash, algorithm)
        ):
            return
        print("Downloading data from", origin)
        was_resumed = _fetch(origin, part)
        is_right = file_hash is None or validate_file(part, file_hash, algorithm)
        if not is_right and was_resumed:
            # The first half may have been another file's.
            _forget(part)
            _fetch(origin, part)
            is_right = file_hash is None or validate_file(part, file_hash, algorithm)
        if not is_right:
            _forget(part)
            raise DownloadError(
                f"The file from {origin} does not have the hash {file_hash}: it is another file, "
                "or was changed on its way. Nothing was kept."
            )
        os.replace(part, path)
        _forget(part)


def _fetch(origin: str, part: str) -> bool:
    """Downloads to the file `part`, from where it ends; returns whether it had a beginning."""
    was_resumed = False
    failures = 0
    while True:
        size = os.path.getsize(part) if os.path.exists(part) else 0
        try:
            return _fetch_rest(origin, part) or was_resumed
        except urllib.error.HTTPError as error:
            reason, is_final = f"{error.code} {error.reason}", error.code < 500
            error.close()
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                # There is nothing behind what is here: begin again.
                _forget(part)
                is_final = False
        except (OSError, http.client.HTTPException) as error:
            reason, is_final = str(getattr(error, "reason", error)) or type(error).__name__, False
        has_grown = os.path.exists(part) and os.path.getsize(part) > size
        was_resumed = was_resumed or has_grown
        failures = 0 if has_grown else failures + 1
        if is_final or failures >= _ATTEMPTS:
            raise DownloadError(
                f"URL fetch failure on {origin}: {reason}. Check the address and the connection, "
                f"or put the file by hand at {part.removesuffix('.part')}"
            ) from None
        time.sleep(_PAUSE * failures)


def _fetch_rest(origin: str, part: str) -> bool:
    """One connection; returns whether it went on where an earlier one had stopped."""
    request = urllib.request.Request(origin)
    start = os.path.getsize(part) if os.path.exists(part) else 0
    version = _version_of(part)
    if start and version and request.type in ("http", "https"):
        request.add_header("Range", f"bytes={start}-")
        # If the file is another one now, all of it comes.
        request.add_header("If-Range", version)
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        is_rest = answer.status == 206 if hasattr(answer, "status") else False
        is_rest = is_rest and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        length = answer.headers.get("Content-Length")
        start = start if is_rest else 0
        total = start + int(length) if length else None
        _remember_version(part, answer.headers)
        with open(part, "ab" if is_rest else "wb") as file:
            _copy(answer, file, Progbar(total), start)
            file.flush()
            os.fsync(file.fileno())
    size = os.path.getsize(part)
    if total is not None and size < total:
        raise ConnectionError(f"the connection ended after {size} of {total} bytes")
    return is_rest


def _copy(source: Any, target: Any, progress: Progbar, position: int) -> None:
    while chunk := source.read(_CHUNK):
        target.write(chunk)
        position += len(chunk)
        progress.update(position)


def _version_of(part: str) -> str | None:
    """What the server said of the version of the file whose beginning `part` holds."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        return str(json.loads(Path(f"{part}.json").read_text())["version"])
    return None


def _remember_version(part: str, headers: Any) -> None:
    version = headers.get("ETag") or headers.get("Last-Modified")
    # A weak tag says that two files mean the same, not that their bytes are the same.
    if version and not version.startswith("W/"):
        Path(f"{part}.json").write_text(json.dumps({"version": version}))
    else:
        Path(f"{part}.json").unlink(missing_ok=True)


def _forget(part: str) -> None:
    for path in (part, f"{part}.json"):
        Path(path).unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """Lets one process after the other download to a folder, where the system has such locks."""
    with open(path, "w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unpack(path: str, folder: str, archive_format: Any) -> None:
    """Unpacks an archive, if it is one of the formats."""
    if archive_format is None:
        return
    formats = ["tar", "zip"] if archive_format == "auto" else archive_format
    for name in [formats] if isinstance(formats, str) else formats:
        if name not in ("tar", "zip"):
            raise ConfigError(f"archive_format holds {name!r}; there are 'tar' and 'zip'.")
        if name == "tar" and tarfile.is_tarfile(path):
            _unpack_beside(path, folder, tarfile.open)
            return
        if name == "zip" and zipfile.is_zipfile(path):
            _unpack_beside(path, folder, zipfile.ZipFile)
            return
    warnings.warn(
        f"{path!r} is no archive of the format {archive_format!r}: it was not unpacked.",
        stacklevel=3,
    )


def _unpack_beside(path: str, folder: str, opener: Any) -> None:
    """Unpacks into a new folder first: what has its place in `folder` is complete."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unpacking-") as fresh:
        try:
            with opener(path) as archive:
                if isinstance(archive, tarfile.TarFile):
                    archive.extractall(fresh, filter="data")
                else:
                    archive.extractall(fresh)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
            raise FileFormatError(f"The archive {path!r} cannot be unpacked: {error}.") from error
        for name in os.listdir(fresh):
            _move_into(os.path.join(fresh, name), os.path.join(folder, name))


def _move_into(source: str, target: str) -> None:
    """Moves a file or folder; into a folder that exists, and over files that exist."""
    if os.path.isdir(source) and os.path.isdir(target):
        for name in os.listdir(source):
            _move_into(os.path.join(source, name), os.path.join(target, name))
    elif os.path.isdir(source):
        shutil.move(source, target)
    else:
        os.replace(source, target)
