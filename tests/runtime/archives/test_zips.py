"""Zip files of which the directory lies."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from kir.errors import FileFormatError, MissingFileError, UnsafeFileError
from kir.models import load_model
from runtime.archives.zips import Archive, open_archive, write_archive

pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")


def made(members, compression=zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def opened(content: bytes) -> Archive:
    return Archive(io.BytesIO(content), "'file'")


def test_members_are_read_back(tmp_path):
    members = {"a.json": b"{}", "b/c": b"\0" * 1000}
    write_archive(tmp_path / "x.zip", members)
    with open_archive(tmp_path / "x.zip") as archive:
        assert {name: archive.read(name) for name in archive.names()} == members


@pytest.mark.parametrize(
    "name", ["../owned", "/etc/owned", "a/../../owned", "..\\owned", "\\owned", "C:\\owned"]
)
def test_a_member_outside_the_archive_is_refused(name):
    with pytest.raises(UnsafeFileError, match="outside the archive"):
        opened(made([("config.json", b"{}"), (name, b"owned")]))


def test_a_member_that_is_there_twice_is_refused():
    with pytest.raises(UnsafeFileError, match=r"'config\.json' is there twice"):
        opened(made([("config.json", b"{}"), ("config.json", b"[]")]))


def test_a_bomb_is_refused_before_it_is_read():
    bomb = made([("config.json", b"\0" * (200 << 20))], zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1 << 20
    with pytest.raises(UnsafeFileError, match="declares 209715200 bytes, but stores"):
        opened(bomb)


@pytest.mark.parametrize("size", [1 << 31, 0xFFFFFFFE])
def test_a_declared_size_that_is_not_there_is_refused(size):
    content = bytearray(made([("config.json", b"{}")]))
    directory = content.index(b"PK\x01\x02")
    content[directory + 20 : directory + 28] = struct.pack("<II", size, size)
    with pytest.raises(UnsafeFileError, match="more than the file has"):
        opened(bytes(content))


def test_members_that_overlap_are_refused():
    content = bytearray(made([("a", b"x" * 1000), ("b", b"x" * 1000)]))
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    content[second + 20 : second + 28] = struct.pack("<II", 2000, 2000)
    content[second + 42 : second + 46] = struct.pack("<I", 0)
    with pytest.raises((UnsafeFileError, FileFormatError)):
        opened(bytes(content)).read("b")


def test_too_many_members_are_refused():
    with pytest.raises(UnsafeFileError, match="members; at most"):
        opened(made([(str(i), b"") for i in range(10_001)]))


@pytest.mark.parametrize("flip", [0, 30, 45, -30, -5])
def test_damage_is_reported(flip):
    content = bytearray(made([("config.json", b"{}" * 20)]))
    content[flip] ^= 0xFF
    with pytest.raises((FileFormatError, UnsafeFileError)):
        opened(bytes(content)).read("config.json")


def test_a_truncated_archive_is_reported():
    content = made([("config.json", b"{}" * 20)])
    for length in range(0, len(content) - 1, 7):
        with pytest.raises(FileFormatError):
            opened(content[:length]).read("config.json")


def test_a_missing_member_names_what_is_there():
    with pytest.raises(FileFormatError, match=r"no member 'config\.json'; it holds other"):
        opened(made([("other", b"")])).read("config.json")


def test_a_missing_file_is_named(tmp_path):
    with (
        pytest.raises(MissingFileError, match=r"nothing\.keras"),
        open_archive(tmp_path / "nothing.keras"),
    ):
        pass


@pytest.mark.tf
def test_an_archive_of_something_else_is_reported(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(made([("word/document.xml", b"<w/>")]))
    with pytest.raises(FileFormatError, match="holds no model"):
        load_model(path)


def test_nothing_is_written_when_writing_fails(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    with pytest.raises(TypeError):
        write_archive(path, {"a": "no bytes", "b": None})
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]
