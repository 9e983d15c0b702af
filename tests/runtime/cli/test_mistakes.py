"""One message and a status for each wrong input, whichever command gets it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from kir.layers import Add, Dense, Input, Lambda
from kir.models import Model, Sequential
from tests.processes import start_python

# How each command is called that reads a model, and with what status it ends after a mistake.
COMMANDS = {
    "summary": (["summary", "FILE"], 1),
    "check": (["check", "FILE"], 1),
    "plot": (["plot", "FILE", "-o", "out.dot"], 1),
    "diff": (["diff", "FILE", "FILE"], 2),
    "convert": (["convert", "FILE", "out.yaml"], 1),
    "train": (["train", "FILE", "--data", "data.npz", "--loss", "mse"], 1),
    "evaluate": (["evaluate", "FILE", "--data", "data.npz"], 1),
    "predict": (["predict", "FILE", "--data", "data.npz", "-o", "out.csv"], 1),
    "export": (["export", "FILE", "out"], 1),
}
# Evaluating, predicting and exporting take weights, which no architecture has.
ARCHITECTURE_COMMANDS = ("summary", "check", "plot", "diff", "convert", "train")


@pytest.fixture
def call(run, tmp_path, monkeypatch):
    """Runs a command on a file; returns what it said, which must be one message."""
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", x=np.zeros((4, 4)), y=np.zeros((4, 2)))

    def call(command: str, name: str, status: int | None = None) -> str:
        arguments, wanted = COMMANDS[command]
        result = run(
            *(name if a == "FILE" else a for a in arguments),
            status=wanted if status is None else status,
        )
        said = result.output if command == "check" else result.stderr
        assert "Traceback" not in said
        assert not Path("out.yaml").exists()
        assert not Path("out").exists()
        if command != "check" and status is None:
            assert said.startswith("Error: ")
            assert said.count("Error: ") == 1
            assert not result.stdout
        return said

    return call


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_there(call, command):
    assert "'absent.json' does not exist" in call(command, "absent.json", status=2)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_instead_of_a_file(call, tmp_path, command):
    (tmp_path / "folder.h5").mkdir()
    assert "'folder.h5' is a directory" in call(command, "folder.h5", status=2)


@pytest.mark.parametrize("command", ARCHITECTURE_COMMANDS)
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b'{"class_name": "Sequential", "config"', "no JSON: Expecting ':' delimiter at"),
        ("a.json", b"\x00\xff\x80junk", "is no text: byte 1 is not UTF-8"),
        ("a.json", b"", "no JSON"),
        ("a.yaml", b"class_name: [Sequential\nconfig: }", "no YAML"),
        ("a.yaml", b"!!python/object/apply:os.system ['true']", "something else than plain values"),
        ("a.kirt", b"\x00\xff", "is no text"),
        ("a.kirpb", b"\x00\xff\x80junk", "a.kirpb"),
        ("a.h5", b"\x00\xff\x80junk", "is not an HDF5 file: it starts with"),
        ("a.h5", b"\x89HDF\r\n\x1a\n\x00\x00", "truncated or damaged"),
        ("a.h5", b"", "is empty"),
        ("a.txt", b"{}", "the suffix '.txt' stands for no format of models"),
    ],
    ids=lambda v: v if isinstance(v, str) and v.startswith("a.") else "",
)
def test_content_that_is_no_model(call, tmp_path, command, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert message in call(command, name)


@pytest.mark.parametrize("command", ARCHITECTURE_COMMANDS)
def test_an_unknown_layer_with_the_nearest_names(call, tmp_path, command):
    config = json.loads(Sequential([Dense(3, input_shape=(4,), name="a")]).to_json())
    config["config"]["layers"][0]["class_name"] = "Dnse"
    (tmp_path / "a.json").write_text(json.dumps(config))
    said = call(command, "a.json")
    assert "Unknown layer: Dnse. Did you mean 'Dense'" in said
    assert "layer 0" in said
    assert "a.json" in said


@pytest.mark.parametrize("command", ARCHITECTURE_COMMANDS)
def test_shapes_that_do_not_fit(call, tmp_path, command):
    x = Input((4,), name="x")
    a, b = Dense(3, name="a")(x), Dense(3, name="b")(x)
    config = json.loads(Model(x, Add(name="total")([a, b])).to_json())
    config["config"]["layers"][2]["config"]["units"] = 5
    (tmp_path / "a.json").write_text(json.dumps(config))
    said = call(command, "a.json")
    assert "'total'" in said
    assert "could not be broadcast together with shapes (3,) (5,)" in said


@pytest.mark.parametrize("command", ["evaluate", "predict", "export"])
def test_an_architecture_where_weights_are_needed(call, tmp_path, command):
    (tmp_path / "a.json").write_text(Sequential([Dense(3, input_shape=(4,))]).to_json())
    assert "holds an architecture without weights" in call(command, "a.json")


@pytest.mark.tf
@pytest.mark.parametrize("command", ["plot", "diff", "convert", "train", "evaluate", "export"])
def test_weights_where_a_model_is_needed(call, tmp_path, command):
    Sequential([Dense(3, input_shape=(4,))]).save_weights(tmp_path / "w.h5")
    assert "holds weights only" in call(command, "w.h5")


@pytest.mark.tf
def test_weights_have_a_summary(run, tmp_path):
    Sequential([Dense(3, input_shape=(4,), name="first")]).save_weights(tmp_path / "w.h5")
    lines = run("summary", tmp_path / "w.h5").output.splitlines()
    assert lines[0].split() == ["layer", "weight", "shape", "dtype"]
    assert lines[1].startswith("first")
    assert "(4, 3)  float32" in lines[1]
    assert lines[-1] == "2 arrays with 15 numbers; no architecture"
    found = json.loads(run("summary", tmp_path / "w.h5", "--json").output)
    assert found["total_params"] == 15
    assert found["weights"][1]["shape"] == [3]


@pytest.mark.tf
def test_evaluation_without_a_loss(run, tmp_path):
    Sequential([Dense(2, input_shape=(4,))]).save(tmp_path / "m.h5")
    np.savez(tmp_path / "d.npz", x=np.zeros((4, 4)), y=np.zeros((4, 2)))
    data = ("--data", tmp_path / "d.npz")
    assert "Give --loss" in run("evaluate", tmp_path / "m.h5", *data, status=1).stderr
    found = json.loads(run("evaluate", tmp_path / "m.h5", *data, "--loss", "mse", "--json").output)
    assert found == {"samples": 4, "loss": 0.0}
    np.savez(tmp_path / "d.npz", x=np.zeros((4, 4)))
    said = run("evaluate", tmp_path / "m.h5", *data, "--loss", "mse", status=1).stderr
    assert "no targets" in said


# -- code of the user's

CUSTOM = """
import keras
from keras.layers import Layer

class Twice(Layer):
    def call(self, x):
        return 2 * x
"""


def start(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`kir` in a process of its own, where `keras` may become kir and no function is known."""
    return start_python(["-m", "runtime.cli", *arguments], folder=folder)


def test_layers_of_the_user_s_own_come_from_a_file(tmp_path):
    config = json.loads(Sequential([Dense(3, input_shape=(4,)), Dense(2)]).to_json())
    config["config"]["layers"][1] = {"class_name": "Twice", "config": {"name": "twice"}}
    (tmp_path / "a.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text(CUSTOM)
    assert "--custom FILE.py" in start(tmp_path, "summary", "a.json").stderr
    shown = start(tmp_path, "summary", "--custom", "own.py", "a.json")
    assert "twice (Twice)" in shown.stdout, shown.stderr
    assert start(tmp_path, "check", "--custom", "own.py", "a.json").returncode == 0


def test_a_file_of_the_user_s_that_does_not_run(run, tmp_path, mlp_json):
    (tmp_path / "own.py").write_text("import absent_module")
    said = run("summary", mlp_json, "--custom", tmp_path / "own.py", status=1).stderr
    assert "own.py: ModuleNotFoundError: No module named 'absent_module'" in said


@pytest.mark.tf
def test_code_in_a_file_runs_only_when_allowed(tmp_path):
    def quadruple(x):
        for _ in range(2):
            x = x + x
        return x

    model = Sequential([Lambda(quadruple, name="often", input_shape=(4,))])
    (tmp_path / "a.json").write_text(model.to_json())
    assert "give --allow-code" in start(tmp_path, "summary", "a.json").stderr
    assert "often (Lambda)" in start(tmp_path, "summary", "a.json", "--allow-code").stdout
    assert "would run on your machine" in start(tmp_path, "check", "a.json").stdout
