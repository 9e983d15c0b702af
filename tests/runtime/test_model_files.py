"""Models in files: how a file's format is found, and what is read of it."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest

from kir.errors import ConfigError, FileFormatError, MissingFileError
from kir.layers import Dense
from kir.models import Sequential
from runtime import model_files
from runtime.model_files import (
    FORMATS,
    Format,
    find_format,
    read_architecture,
    read_config,
    read_model,
    write_model,
)


@pytest.fixture
def model() -> Sequential:
    return Sequential([Dense(3, input_shape=(4,), name="a")], name="net")


@pytest.fixture
def model_h5(model, tmp_path) -> Path:
    model.save(tmp_path / "net.h5")
    return tmp_path / "net.h5"


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("a.json", b"{}", "json"),
        ("a.YML", b"a: 1", "yaml"),
        ("a.kirt", b"", "text"),
        ("a.h5", b"no HDF5", "hdf5"),
        ("best", b"\x89HDF\r\n\x1a\n...", "hdf5"),
        ("a.json", b"\x89HDF\r\n\x1a\n...", "hdf5"),
    ],
)
def test_format_is_that_of_the_content_or_of_the_suffix(tmp_path, name, content, wanted):
    (tmp_path / name).write_bytes(content)
    assert find_format(tmp_path / name) == wanted


def test_no_format_is_found(tmp_path):
    (tmp_path / "a.jsn").touch()
    (tmp_path / "a").touch()
    with pytest.raises(ConfigError, match=r"'.jsn' stands for no format.* Did you mean '.json'"):
        find_format(tmp_path / "a.jsn")
    with pytest.raises(ConfigError, match="the name has no suffix"):
        find_format(tmp_path / "a")
    with pytest.raises(MissingFileError, match="There is no file"):
        find_format(tmp_path / "absent.json")
    with pytest.raises(IsADirectoryError, match="is a folder; expected a file"):
        find_format(tmp_path)


def test_config_is_read_with_its_mistakes(tmp_path):
    config = {"class_name": "Modle", "config": {"layers": 3}}
    (tmp_path / "a.json").write_text(json.dumps(config))
    assert read_config(tmp_path / "a.json") == config


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".kirt", ".kirpb"])
def test_every_format_gives_the_same_architecture(tmp_path, model, suffix):
    from kir.serde.architecture import write_architecture

    path = tmp_path / f"net{suffix}"
    write_architecture(model, path)
    assert read_architecture(path).get_config() == model.get_config()
    assert read_config(path)["config"]["name"] == "net"


@pytest.mark.tf
def test_hdf5_gives_the_architecture_and_the_model(model, model_h5):
    assert read_architecture(model_h5).get_config() == model.get_config()
    loaded = read_model(model_h5)
    assert (loaded.get_weights()[0] == model.get_weights()[0]).all()


@pytest.mark.tf
def test_models_are_written_in_the_format_of_the_suffix(tmp_path, model):
    for name in ("other.hdf5", "other.json"):
        write_model(model, tmp_path / name)
        assert read_architecture(tmp_path / name).name == "net"
    write_model(model, tmp_path / "graph", "text")
    assert "keras.Dense" in (tmp_path / "graph").read_text()
    with pytest.raises(ConfigError, match=r"Unknown format 'jsn'; .* Did you mean 'json'"):
        write_model(model, tmp_path / "graph", "jsn")


def test_an_architecture_is_no_model_with_weights(tmp_path, model):
    (tmp_path / "a.json").write_text(model.to_json())
    with pytest.raises(ConfigError, match=r"holds an architecture without weights .*\.h5"):
        read_model(tmp_path / "a.json")


def test_errors_name_the_file_once(tmp_path):
    (tmp_path / "a.json").write_text('{"class_name": "Modle", "config": {}}')
    with pytest.raises(ConfigError, match="Unknown layer: Modle") as caught:
        read_architecture(tmp_path / "a.json")
    assert caught.value.__notes__ == [f"In the file {str(tmp_path / 'a.json')!r}."]
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(FileFormatError, match=r"a\.h5'.* truncated or damaged") as caught:
        read_architecture(tmp_path / "a.h5")
    assert not hasattr(caught.value, "__notes__")


def test_a_format_is_one_entry_of_the_table(tmp_path, monkeypatch, model):
    reader = types.ModuleType("a_reader")
    reader.config = lambda path: json.loads(Path(path).read_text()[4:])
    reader.model = lambda path, compile: f"the model in {Path(path).name}"
    monkeypatch.setitem(sys.modules, "a_reader", reader)
    monkeypatch.setitem(
        model_files.FORMATS,
        "new",
        Format((".new",), "a new one", b"new:", "a_reader:config", "a_reader:model"),
    )
    path = tmp_path / "net.old"
    path.write_text("new:" + model.to_json())
    assert find_format(path) == "new"
    assert read_architecture(path).get_config() == model.get_config()
    assert read_model(path) == "the model in net.old"


def test_no_suffix_stands_for_two_formats_of_one_signature():
    for one in FORMATS.values():
        for other in FORMATS.values():
            if one is not other and one.signature == other.signature:
                assert not set(one.suffixes) & set(other.suffixes)
