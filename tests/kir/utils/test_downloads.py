"""Files that are downloaded once: hashes, resuming, archives, and what is left of a failure."""

import contextlib
import hashlib
import io
import json
import multiprocessing
import os
import tarfile
import zipfile

import numpy as np
import pytest

from kir.errors import FileFormatError
from kir.utils import downloads, get_file
from kir.utils.data_utils import _hash_file, validate_file

CONTENT = np.random.RandomState(0).bytes(300_000)
MD5 = hashlib.md5(CONTENT).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """The cache of these tests."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "_PAUSE", 0)
    return tmp_path / "cache" / "datasets"


def _names(folder):
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"file_hash": MD5},
        {"file_hash": SHA256},
        {"file_hash": SHA256.upper(), "hash_algorithm": "sha256"},
        {"md5_hash": MD5},
    ],
    ids=str,
)
def test_a_file_is_downloaded_once(server, home, options, capsys):
    server.files["a.bin"] = CONTENT
    for _ in range(2):
        path = get_file("a.bin", f"{server.url}/a.bin", **options)
        assert path == str(home / "a.bin")
    with open(path, "rb") as file:
        assert file.read() == CONTENT
    assert server.requests == [("a.bin", None)]
    assert _names(home) == ["a.bin"]
    out = capsys.readouterr().out
    assert f"Downloading data from {server.url}/a.bin" in out
    assert "300000/300000 [==============================]" in out


def test_a_file_with_another_hash_is_downloaded_again(server, home, capsys):
    server.files["a.bin"] = CONTENT
    home.mkdir(parents=True)
    (home / "a.bin").write_bytes(b"old")
    get_file("a.bin", f"{server.url}/a.bin", file_hash=MD5)
    assert (home / "a.bin").read_bytes() == CONTENT
    assert "does not match the original value" in capsys.readouterr().out


def test_a_wrong_file_is_not_kept(server, home):
    server.files["a.bin"] = b"another"
    with pytest.raises(OSError, match="does not have the hash"):
        get_file("a.bin", f"{server.url}/a.bin", file_hash=MD5)
    assert _names(home) == []


def test_a_broken_connection_is_resumed(server, home):
    server.files["a.bin"] = CONTENT
    server.break_after = 100_000
    get_file("a.bin", f"{server.url}/a.bin", file_hash=MD5)
    assert (home / "a.bin").read_bytes() == CONTENT
    assert server.requests == [("a.bin", None), ("a.bin", "bytes=100000-")]


def test_a_download_is_resumed_by_a_later_program(server, home, monkeypatch):
    server.files["a.bin"] = CONTENT
    server.break_after = 100_000
    with monkeypatch.context() as patch:
        patch.setattr(downloads.os, "fsync", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            get_file("a.bin", f"{server.url}/a.bin", file_hash=MD5)
    assert _names(home) == ["a.bin.part", "a.bin.part.json"]
    get_file("a.bin", f"{server.url}/a.bin", file_hash=MD5)
    assert server.requests[-1] == ("a.bin", "bytes=100000-")
    assert _names(home) == ["a.bin"]


def _interrupt(*arguments):
    raise KeyboardInterrupt


def test_a_file_that_changed_meanwhile_is_not_mixed(server, home):
    server.files["a.bin"] = b"x" * 200_000
    server.break_after = 100_000
    original = downloads._fetch_rest

    def change(*arguments):
        try:
            return original(*arguments)
        finally:
            server.files["a.bin"] = CONTENT

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downloads, "_fetch_rest", change)
        get_file("a.bin", f"{server.url}/a.bin", file_hash=MD5)
    assert (home / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("lacking", ["has_ranges", "has_tags"])
def test_a_server_that_cannot_resume_sends_all_of_it_again(server, home, lacking):
    setattr(server, lacking, False)
    server.files["a.bin"] = CONTENT
    server.break_after = 100_000
    get_file("a.bin", f"{server.url}/a.bin")
    assert (home / "a.bin").read_bytes() == CONTENT


def test_a_complete_part_is_recognized(server, home):
    server.files["a.bin"] = CONTENT
    home.mkdir(parents=True)
    (home / "a.bin.part").write_bytes(CONTENT)
    (home / "a.bin.part.json").write_text(json.dumps({"version": f'"{MD5}"'}))
    get_file("a.bin", f"{server.url}/a.bin", file_hash=MD5)
    assert (home / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (503, 3)])
def test_an_error_of_the_server_is_told(server, home, status, requests):
    server.status = status
    with pytest.raises(OSError, match=f"URL fetch failure on .*{status}.*put the file by hand"):
        get_file("a.bin", f"{server.url}/a.bin")
    assert len(server.requests) == requests
    assert _names(home) == []


def test_nobody_listening_is_told(home):
    with pytest.raises(OSError, match=r"URL fetch failure on http://127\.0\.0\.1:1/a: .*refused"):
        get_file("a", "http://127.0.0.1:1/a")


def _tar(files, links=()):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return buffer.getvalue()


def _zip(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_tar_archive_is_unpacked_once(server, home):
    server.files["data.tgz"] = _tar({"data/a": b"1", "data/sub/b": b"2"})
    for _ in range(2):
        path = get_file("data", f"{server.url}/data.tgz", untar=True)
    assert path == str(home / "data")
    assert (home / "data" / "sub" / "b").read_bytes() == b"2"
    assert _names(home) == ["data", "data.tar.gz"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("make", [_tar, _zip])
@pytest.mark.parametrize("archive_format", ["auto", ["tar", "zip"]])
def test_an_archive_is_unpacked_beside_itself(server, home, make, archive_format):
    server.files["d"] = make({"data/a": b"1"})
    (home / "data").mkdir(parents=True)
    (home / "data" / "kept").write_bytes(b"0")
    get_file("d", f"{server.url}/d", extract=True, archive_format=archive_format)
    assert _names(home / "data") == ["a", "kept"]


@pytest.mark.parametrize(
    "archive",
    [
        _tar({"../evil": b"1"}),
        _tar({"/tmp/kir-evil": b"1"}, [("out", "/etc")]),
        _tar({}, [("x", "/etc")]),
    ],
    ids=["above", "absolute", "link"],
)
def test_an_archive_writes_nothing_elsewhere(server, home, archive):
    server.files["d"] = archive
    with contextlib.suppress(FileFormatError):
        get_file("d", f"{server.url}/d", extract=True)
    assert not (home.parent / "evil").exists()
    assert not os.path.exists("/tmp/kir-evil")
    assert not any(p.is_symlink() for p in home.iterdir())


def test_a_damaged_archive_leaves_nothing(server, home):
    server.files["d"] = _tar({"data/a": CONTENT})[:-50_000]
    with pytest.raises(ValueError, match="cannot be unpacked"):
        get_file("data", f"{server.url}/d", untar=True)
    assert _names(home) == ["data.tar.gz"]


def test_what_is_no_archive_is_warned_of(server):
    server.files["a"] = b"text"
    with pytest.warns(UserWarning, match="no archive"):
        get_file("a", f"{server.url}/a", extract=True)
    get_file("a", f"{server.url}/a", extract=True, archive_format=None)
    with pytest.raises(ValueError, match="'rar'"):
        get_file("a", f"{server.url}/a", extract=True, archive_format="rar")


def test_a_cache_that_cannot_be_written_is_replaced(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads.os, "access", lambda *arguments: False)
    monkeypatch.setattr(downloads.tempfile, "gettempdir", lambda: str(tmp_path / "t"))
    server.files["a"] = b"1"
    assert get_file("a", f"{server.url}/a") == str(tmp_path / "t" / ".keras" / "datasets" / "a")


def test_folders_can_be_chosen(server, tmp_path):
    server.files["a"] = b"1"
    path = get_file("b/c", f"{server.url}/a", cache_dir=tmp_path, cache_subdir="models")
    assert path == str(tmp_path / "models" / "b" / "c")
    absolute = str(tmp_path / "d")
    assert get_file(absolute, f"{server.url}/a") == absolute


def _get(arguments):
    return get_file(*arguments, file_hash=MD5)


def test_two_processes_download_a_file_once(server, home):
    server.files["a.bin"] = CONTENT
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        paths = pool.map(_get, [("a.bin", f"{server.url}/a.bin")] * 2)
    assert paths == [str(home / "a.bin")] * 2
    assert len(server.requests) == 1


def test_hashes_are_checked(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    assert _hash_file(path) == SHA256
    assert validate_file(path, MD5)
    assert validate_file(path, SHA256, chunk_size=7)
    assert not validate_file(path, MD5, algorithm="sha256")
    with pytest.raises(ValueError, match="'sha1'"):
        validate_file(path, MD5, algorithm="sha1")
