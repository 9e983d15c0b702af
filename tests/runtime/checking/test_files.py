"""The problems of files: at which line, and in which weight."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from kir import backend as K
from kir.layers import Dense
from kir.models import Sequential
from runtime.checking import check_file

THREE_MISTAKES = """\
class_name: Sequential
config:
  name: net
  layers:
  - class_name: Conv2D
    config:
      name: conv
      batch_input_shape: [null, 28, 28, 1]
      filters: 32
      kernel_size: [3, 3]
      activation: rellu
  - {class_name: Flaten, config: {name: flat}}
  - class_name: Dense
    config:
      name: out
      units: 10
      use_bais: false
"""


@pytest.fixture(autouse=True)
def plain_names() -> None:
    """Lets weights be called by their layers, though other tests have layers of the same names."""
    K.clear_session()


def net(units: int = 3) -> Sequential:
    return Sequential(
        [Dense(units, input_shape=(4,), name="a"), Dense(2, name="b")],
        name="net",
    )


def problems(path: Path, weights: Path | None = None) -> list[str]:
    return [f"{p.line}: {p.where()}: {p.message}" for p in check_file(path, weights).problems]


def begin_with(found: list[str], *starts: str) -> None:
    assert [text[: len(s)] for text, s in zip(found, starts, strict=True)] == list(starts)


def test_mistakes_in_yaml_have_their_lines(tmp_path):
    (tmp_path / "net.yaml").write_text(THREE_MISTAKES)
    begin_with(
        problems(tmp_path / "net.yaml"),
        "11: layer 0 'conv' (Conv2D), activation: Unknown activation function: rellu.",
        "12: layer 1 'flat' (Flaten): Unknown layer: Flaten. Did you mean 'Flatten'",
        "17: layer 2 'out' (Dense), use_bais: Dense does not know the argument `use_bais`",
    )


def test_mistakes_in_json_have_lines_where_it_has_several(tmp_path):
    config = json.loads(net().to_json())
    config["config"]["layers"][1]["config"]["units"] = -2
    text = json.dumps(config, indent=2)
    line = text[: text.index('"units": -2')].count("\n") + 1
    for content, wanted in ((text, line), (json.dumps(config), None)):
        (tmp_path / "net.json").write_text(content)
        begin_with(problems(tmp_path / "net.json"), f"{wanted}: layer 1 'b' (Dense), units: ")


def test_text_that_is_malformed_is_one_problem(tmp_path):
    (tmp_path / "net.json").write_text('{"class_name": "Model", "config"')
    begin_with(problems(tmp_path / "net.json"), "None: : The text is no JSON: Expecting ':'")


def test_a_folder_and_no_file(tmp_path):
    assert "is a folder" in problems(tmp_path)[0]
    assert "There is no file" in problems(tmp_path / "absent.h5")[0]


def test_a_good_file_says_what_it_holds(tmp_path):
    (tmp_path / "net.json").write_text(net().to_json())
    report = check_file(tmp_path / "net.json")
    assert (report.is_good, report.contents) == (True, "2 layers, 23 parameters")


def test_a_model_that_takes_its_shapes_from_the_data(tmp_path):
    (tmp_path / "net.json").write_text(Sequential([Dense(3)]).to_json())
    report = check_file(tmp_path / "net.json")
    assert (report.is_good, report.contents) == (True, "1 layer")
    assert "The shapes were not checked" in report.problems[0].message


def test_a_value_that_only_the_graph_objects_to(tmp_path):
    config = json.loads(net().to_json())
    config["config"]["layers"][0]["config"]["dtype"] = {"class_name": "Zeros", "config": {}}
    (tmp_path / "net.json").write_text(json.dumps(config))
    assert not check_file(tmp_path / "net.json").is_good


# -- weights

pytestmark = pytest.mark.tf


@pytest.fixture
def weights_h5(tmp_path) -> Path:
    net().save_weights(tmp_path / "weights.h5")
    return tmp_path / "weights.h5"


def test_a_good_file_of_weights(weights_h5):
    report = check_file(weights_h5)
    assert report.is_good
    assert report.contents == "weights of 2 layers: 4 arrays of weights with 23 numbers"


def test_every_weight_that_is_damaged_is_named(weights_h5):
    with h5py.File(weights_h5, "r+") as file:
        file["a/a/kernel:0"][0, :2] = np.nan, np.inf
        del file["a/a/bias:0"]
        del file["b/b/kernel:0"]
        file["b/b/kernel:0"] = np.array([b"text"])
    begin_with(
        problems(weights_h5),
        "None: layer 'a', a/kernel:0: 2 of its 12 numbers are NaN or infinite",
        f"None: layer 'a', a/bias:0: {str(weights_h5)!r} is incomplete: the data set 'a/bias:0'",
        "None: layer 'b', b/kernel:0: Data set '/b/b/kernel:0'",
    )


def test_weights_are_compared_with_the_model(tmp_path, weights_h5):
    (tmp_path / "net.json").write_text(net(5).to_json())
    begin_with(
        problems(tmp_path / "net.json", weights_h5),
        "None: layer 'a', a/kernel:0: In the model the shape is (4, 5), and in the file (4, 3)",
        "None: layer 'a', a/bias:0: In the model the shape is (5,), and in the file (3,) (layer",
        "None: layer 'b', b/kernel:0: In the model the shape is (5, 2), and in the file (3, 2)",
    )


def test_weights_of_another_number_of_layers(tmp_path, weights_h5):
    (tmp_path / "net.json").write_text(Sequential([Dense(3, input_shape=(4,), name="a")]).to_json())
    (problem,) = problems(tmp_path / "net.json", weights_h5)
    assert "The file holds weights of 2 layers, and the model has 1" in problem
    assert "Only in the file: 'b'. Only in the model: none." in problem


def test_a_model_is_compared_with_its_own_weights(tmp_path):
    path = tmp_path / "net.h5"
    net().save(path)
    assert check_file(path).contents.startswith("2 layers, 23 parameters, 4 arrays of weights")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][1]["config"]["units"] = 9
        file.attrs["model_config"] = json.dumps(config)
    assert len(problems(path)) == 2


def test_a_truncated_file_of_weights_is_one_problem(weights_h5):
    weights_h5.write_bytes(weights_h5.read_bytes()[:900])
    (problem,) = problems(weights_h5)
    assert "truncated or damaged" in problem


@pytest.mark.parametrize("suffix", [".keras", ".kir"])
def test_weights_in_archives_are_looked_at(tmp_path, suffix):
    model = net()
    model.layers[0].set_weights([np.full((4, 3), np.nan), np.zeros(3)])
    model.save(tmp_path / f"net{suffix}")
    (problem,) = problems(tmp_path / f"net{suffix}")
    assert problem.startswith("None: layer 'a', a")
    assert "12 of its 12 numbers are NaN" in problem


def test_a_damaged_data_type_is_a_problem_of_the_file(weights_h5):
    exponent_and_bias = b"\x17\x08\x00\x17\x7f\x00\x00\x00"
    content = weights_h5.read_bytes()
    assert exponent_and_bias in content
    weights_h5.write_bytes(content.replace(exponent_and_bias, b"\x17\x08\x00\x17\xff\xff\xff\x7f"))
    assert all("is damaged" in problem for problem in problems(weights_h5))
    assert not check_file(weights_h5).is_good
