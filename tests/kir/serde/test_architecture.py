"""Architectures in files of four formats."""

from pathlib import Path

import pytest

from kir import backend as K
from kir.errors import ConfigError, FileFormatError, KirError, MissingFileError
from kir.layers import Conv2D, Dense, Flatten, Input
from kir.models import Model, Sequential
from kir.serde.architecture import find_format, read_architecture, write_architecture
from tests.processes import ROOT, run_python

RESNET = ROOT / "tests" / "golden" / "data" / "architectures" / "app_ResNet50.json"
SUFFIXES = ["json", "yaml", "yml", "kirt", "kirpb", "pb"]


def network():
    x = Input((8, 8, 1), name="image")
    y = Conv2D(4, 3, activation="relu", name="conv")(x)
    return Model(x, Dense(3, name="head")(Flatten(name="flat")(y)), name="net")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_model_is_written_and_read(tmp_path, suffix):
    model = network()
    write_architecture(model, tmp_path / f"net.{suffix}")
    again = read_architecture(tmp_path / f"net.{suffix}")
    assert again.to_json() == model.to_json()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_unbuilt_model_is_written_and_read(tmp_path, suffix):
    model = Sequential([Dense(3), Dense(2)])
    write_architecture(model, tmp_path / f"net.{suffix}")
    assert read_architecture(tmp_path / f"net.{suffix}").to_json() == model.to_json()


def test_json_text_and_proto_convert_into_each_other(tmp_path):
    source = RESNET.read_text()
    K.clear_session()
    model = read_architecture(RESNET)
    for suffix in ("kirpb", "kirt", "json"):
        write_architecture(model, tmp_path / f"net.{suffix}")
        K.clear_session()
        model = read_architecture(tmp_path / f"net.{suffix}")
    assert (tmp_path / "net.json").read_text() == source


def test_json_and_yaml_files_hold_what_keras_wrote(tmp_path):
    model = network()
    write_architecture(model, tmp_path / "net.json")
    write_architecture(model, tmp_path / "net.yaml")
    assert (tmp_path / "net.json").read_text() == model.to_json()
    assert (tmp_path / "net.yaml").read_text() == model.to_yaml()


def test_a_format_overrules_the_suffix(tmp_path):
    model = network()
    write_architecture(model, tmp_path / "net.txt", format="text")
    assert (tmp_path / "net.txt").read_text() == f"{model.graph}\n"
    assert read_architecture(tmp_path / "net.txt", format="text").to_json() == model.to_json()


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.JSON", "json"), ("a.yml", "yaml"), ("a.kirt", "text"), ("a.pb", "proto")],
)
def test_the_suffix_tells_the_format(name, format):
    assert find_format(Path(name)) == format


def test_an_unknown_suffix_is_refused():
    with pytest.raises(ConfigError, match=r"'.jsn' stands for no format.*Did you mean '.json'"):
        find_format(Path("model.jsn"))


def test_an_unknown_format_is_refused():
    with pytest.raises(ConfigError, match="expected one of 'json', 'yaml', 'text', 'proto'"):
        find_format(Path("model.json"), "xml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"There is no file .*net\.json"):
        read_architecture(tmp_path / "net.json")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[1, 2]", b"hello"])
def test_what_is_no_architecture_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"net.{suffix}"
    path.write_bytes(content)
    with pytest.raises(KirError) as caught:
        read_architecture(path)
    assert any("net." in note for note in caught.value.__notes__)


@pytest.mark.parametrize("suffix", ["json", "kirt", "kirpb"])
def test_a_truncated_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"net.{suffix}"
    write_architecture(network(), path)
    data = path.read_bytes()
    for size in range(0, len(data) - 1, 97):
        path.write_bytes(data[:size])
        with pytest.raises(FileFormatError):
            read_architecture(path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "net.json"
    write_architecture(network(), path)
    before = path.read_bytes()

    def fail(self, data):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        write_architecture(Sequential([Dense(1)]), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["net.json"]


def test_no_tensorflow_is_loaded():
    program = (
        "import sys\n"
        "from kir.serde.architecture import read_architecture\n"
        f"model = read_architecture({str(RESNET)!r})\n"
        "from kir.ir import verify\n"
        "verify(model.graph)\n"
        "sys.exit('tensorflow' in sys.modules or 'google.protobuf' in sys.modules)\n"
    )
    run_python(program)
