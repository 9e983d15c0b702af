"""`kir summary`, `kir check` and `kir convert`: architectures, without TensorFlow."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from kir.layers import Add, Dense, Input
from kir.models import Model, Sequential, model_from_json
from tests.processes import ROOT, run_python

ARCHITECTURES = ROOT / "tests" / "golden" / "data" / "architectures"
RESNET = ARCHITECTURES / "app_ResNet50.json"

SUMMARY_SECONDS = 0.6


def run_program(*arguments: object) -> str:
    return run_python(["-m", "runtime.cli", *arguments])


# -- summary


def test_summary_is_that_of_keras():
    wanted = RESNET.with_name("app_ResNet50.summary.txt").read_text()
    assert run_program("summary", RESNET).strip() == wanted.strip()


def test_summary_of_a_large_model_is_fast():
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_program("summary", RESNET)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # The program's own time, as others may keep the machine busy; the best of several.
    assert min(seconds() for _ in range(3)) < SUMMARY_SECONDS


def test_commands_on_architectures_load_no_tensorflow(tmp_path):
    source = f"""
import sys
from runtime.cli import main
for arguments in (
    ["summary", {str(RESNET)!r}],
    ["check", {str(RESNET)!r}],
    ["convert", {str(RESNET)!r}, {str(tmp_path / "resnet.kirpb")!r}],
    ["diff", {str(RESNET)!r}, {str(RESNET)!r}],
    ["plot", {str(RESNET)!r}, "-o", {str(tmp_path / "resnet.dot")!r}],
):
    main(arguments, standalone_mode=False)
assert not {{"tensorflow", "h5py", "rich", "matplotlib"}} & set(sys.modules)
"""
    run_python(source)


def test_summary_as_json(run, tmp_path):
    x = Input((4,), name="x")
    a = Dense(4, name="a")(x)
    frozen = Dense(4, name="frozen", trainable=False)
    model = Model(x, Add(name="sum")([a, frozen(x)]), name="net")
    path = tmp_path / "net.json"
    path.write_text(model.to_json())
    found = json.loads(run("summary", path, "--json").output)
    assert found["total_params"] == 40
    assert found["non_trainable_params"] == 20
    assert found["layers"][-1] == {
        "name": "sum",
        "class_name": "Add",
        "output_shape": [None, 4],
        "params": 0,
        "trainable": True,
        "inputs": ["a", "frozen"],
    }


def test_summary_as_json_of_computed_shapes(run):
    found = json.loads(run("summary", ROOT / "specs/examples/digits_cnn.yaml", "--json").output)
    shapes = {layer["class_name"]: layer["output_shape"] for layer in found["layers"]}
    assert shapes["Flatten"] == [None, 288]


# -- check


@pytest.mark.parametrize("path", sorted((ROOT / "specs/examples").iterdir()), ids=lambda p: p.name)
def test_examples_have_no_problems(run, path):
    assert "no problems" in run("check", path).output


def config_of(*layers: object) -> dict:
    return json.loads(Sequential(list(layers), name="net").to_json())


def write(path: Path, config: object) -> Path:
    path.write_text(json.dumps(config))
    return path


def test_check_names_malformed_text(run, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("class_name: [Sequential\nconfig: }")
    assert "line 2" in run("check", path, status=1).output


def test_check_suggests_the_nearest_layer(run, tmp_path):
    config = config_of(Dense(3, input_shape=(4,), name="first"))
    config["config"]["layers"][0]["class_name"] = "Dens"
    output = run("check", write(tmp_path / "net.json", config), status=1).output
    assert "layer 0 'first' (Dens)" in output
    assert "Did you mean 'Dense'" in output


def test_check_lists_every_wrong_layer(run, tmp_path):
    config = config_of(Dense(3, input_shape=(4,), name="a"), Dense(3, name="b"), Dense(3, name="c"))
    layers = config["config"]["layers"]
    layers[0]["class_name"] = "Dens"
    layers[1]["config"]["activation"] = "rellu"
    layers[2]["config"]["unitz"] = 3
    output = run("check", write(tmp_path / "net.json", config), status=1).output
    assert output.count("net.json:") == 3
    for part in ("layer: Dens.", ": rellu.", "unitz"):
        assert part in output


def test_check_finds_problems_in_nested_models(run, tmp_path):
    x = Input((4,))
    inner = Sequential([Dense(4, input_shape=(4,), name="deep")], name="inner")
    config = json.loads(Model(x, inner(x), name="outer").to_json())
    nested = next(e for e in config["config"]["layers"] if e["class_name"] == "Sequential")
    nested["config"]["layers"][0]["class_name"] = "Danse"
    output = run("check", write(tmp_path / "net.json", config), status=1).output
    assert "'inner' (Sequential), layer 0 'deep' (Danse)" in output


def test_check_names_the_layer_whose_shape_does_not_fit(run, tmp_path):
    x = Input((4,), name="x")
    a, b = Dense(3, name="a")(x), Dense(3, name="b")(x)
    config = json.loads(Model(x, Add(name="total")([a, b]), name="net").to_json())
    next(e for e in config["config"]["layers"] if e["name"] == "b")["config"]["units"] = 5
    assert "'total'" in run("check", write(tmp_path / "net.json", config), status=1).output


def test_check_goes_on_after_a_bad_file(run, tmp_path, mlp_json):
    bad = write(tmp_path / "bad.json", [1, 2])
    output = run("check", bad, mlp_json, status=1).output
    assert "bad.json:" in output
    assert "mlp.json: no problems" in output


@pytest.mark.parametrize(
    "config",
    [
        None,
        3,
        {},
        {"class_name": "Sequential"},
        {"class_name": "Sequential", "config": 3},
        {"class_name": "Sequential", "config": [3]},
        {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense"}]}},
        {"class_name": "Model", "config": {"layers": [{}], "input_layers": 3}},
        {"class_name": "Model", "config": {"layers": 3, "input_layers": [], "output_layers": []}},
        {"class_name": "Model", "config": {"layers": [3], "input_layers": [], "output_layers": []}},
        {"class_name": ["Dense"], "config": {}},
    ],
    ids=str,
)
def test_no_malformed_config_gives_a_traceback(run, tmp_path, config):
    result = run("check", write(tmp_path / "net.json", config), status=1)
    assert "net.json:" in result.output


@pytest.mark.parametrize(
    "text", ["", "[" * 100_000, "\x00", "\udcff"], ids=["empty", "deep", "0", "bytes"]
)
@pytest.mark.parametrize("suffix", [".json", ".yaml", ".kirt", ".kirpb"])
def test_no_malformed_text_gives_a_traceback(run, tmp_path, suffix, text):
    path = tmp_path / f"net{suffix}"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert f"net{suffix}:" in run("check", path, status=1).output


# -- convert


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml", ".kirt", ".kirpb"])
def test_convert_there_and_back(run, tmp_path, mlp_json, suffix):
    there, back = tmp_path / f"there{suffix}", tmp_path / "back.json"
    run("convert", mlp_json, there)
    run("convert", there, back)
    assert back.read_text() == mlp_json.read_text()


def test_convert_to_a_format_that_the_suffix_does_not_say(run, tmp_path, mlp_json):
    run("convert", mlp_json, tmp_path / "graph.txt", "--to", "text")
    assert "keras.Dense" in (tmp_path / "graph.txt").read_text()


def test_convert_refuses_an_unknown_suffix(run, tmp_path, mlp_json):
    assert "Did you mean '.json'" in run("convert", mlp_json, tmp_path / "a.jsn", status=1).stderr


def test_convert_takes_the_architecture_of_a_model(run, tmp_path, mlp_json):
    model = model_from_json(mlp_json.read_text())
    model.save(tmp_path / "mlp.h5")
    run("convert", tmp_path / "mlp.h5", tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == mlp_json.read_text()


def test_convert_says_what_it_changed_in_an_old_architecture(run, tmp_path):
    config = {"name": "d", "output_dim": 2, "init": "uniform", "batch_input_shape": [None, 3]}
    layer = {"class_name": "Dense", "config": config}
    old = {"class_name": "Sequential", "config": [layer], "keras_version": "1.2.2"}
    (tmp_path / "old.json").write_text(json.dumps(old))
    output = run("convert", tmp_path / "old.json", tmp_path / "new.json").stdout
    assert "Written by Keras 1 (version 1.2.2); 1 change." in output
    assert "renamed: Dense 'd': init, output_dim of Keras 1: kernel_initializer, units" in output
    again = run("convert", tmp_path / "new.json", tmp_path / "again.json", "--json").stdout
    assert json.loads(again)["changes"] == []
