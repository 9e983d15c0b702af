"""One table of formats serves `model.export` and `kir export`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from kir.errors import ArgumentError, ConfigError
from kir.layers import Dense, Input
from kir.models import Model, Sequential
from runtime.cli import main
from runtime.export.formats import EXPORT_FORMATS, find_export_format

pytestmark = pytest.mark.tf


@pytest.fixture
def model():
    return Sequential([Dense(2, input_shape=(3,), name="dense")], name="small")


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("model.onnx", None, "onnx"),
        ("model.TFLITE", None, "tflite"),
        ("graph.pb", None, "frozen"),
        ("served/1", None, "savedmodel"),
        ("model.onnx", "tfjs", "tfjs"),
    ],
)
def test_the_suffix_says_the_format_unless_it_is_given(path, name, expected):
    assert find_export_format(path, name) == expected


def test_an_unknown_format_is_refused(model, tmp_path):
    with pytest.raises(ConfigError, match=r"'coreml'; expected one of savedmodel, .*stablehlo"):
        model.export(tmp_path / "x", to="coreml")


def test_an_option_of_another_format_is_refused(model, tmp_path):
    with pytest.raises(ArgumentError, match=r"tfjs has no option 'quantize'; it has none"):
        model.export(tmp_path / "x", to="tfjs", quantize="int8")


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_every_format_refuses_what_is_not_built(name, tmp_path):
    with pytest.raises(ConfigError, match="not built"):
        Sequential([Dense(1)]).export(tmp_path / "x", to=name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_every_format_refuses_sparse_inputs(name, tmp_path):
    x, rows = Input((2,)), Input((2,), sparse=True, name="rows")
    with pytest.raises(ConfigError, match=r"'rows' of .* is sparse"):
        Model([x, rows], Dense(1)(x)).export(tmp_path / "x", to=name)


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_every_format_replaces_what_it_wrote(name, model, tmp_path):
    path = tmp_path / f"model{EXPORT_FORMATS[name].suffix}"
    for _ in range(2):
        model.export(path, to=name)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", [n for n, f in EXPORT_FORMATS.items() if f.is_folder])
def test_a_folder_of_other_things_is_not_replaced(name, model, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="holds other things"):
        model.export(tmp_path, to=name)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


# -- on the command line


def run(*arguments, status=0):
    result = CliRunner().invoke(main, ["export", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def saved(model, tmp_path):
    model.compile("sgd", "mse")
    path = tmp_path / "model.h5"
    model.save(str(path))
    return path


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_the_command_writes_every_format(name, saved, tmp_path):
    out = tmp_path / f"out{EXPORT_FORMATS[name].suffix}"
    found = json.loads(run(saved, out, "--to", name, "--json"))
    assert (found["format"], found["name"]) == (name, "small")
    assert out.is_dir() == EXPORT_FORMATS[name].is_folder


def test_the_command_adds_training(saved, tmp_path):
    out = tmp_path / "out"
    run(saved, out, "--to", "stablehlo", "--training", "--batch-size", 6)
    assert "tensor<6x3xf32>" in (out / "train.mlir").read_text()


@pytest.mark.parametrize("array", ["x", "dense_input"])
def test_the_command_takes_representative_data(array, saved, tmp_path):
    samples = tmp_path / "samples.npz"
    np.savez(samples, **{array: np.random.rand(10, 3)})
    run(saved, tmp_path / "a.tflite", "--quantize", "int8", "--representative", samples)
    assert (tmp_path / "a.tflite").stat().st_size > 0


def test_a_file_that_holds_no_arrays_is_named(saved, tmp_path):
    samples = tmp_path / "samples.npz"
    samples.write_text("no arrays")
    arguments = (saved, tmp_path / "a.tflite", "--quantize", "int8", "--representative", samples)
    assert "samples.npz' is no .npz file" in run(*arguments, status=1).replace("\n", " ")
