"""Every command reads every format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kir import backend as K
from kir.models import load_model, model_from_json
from kir.serde.architecture import write_architecture
from runtime.model_files import FORMATS, find_format

ARCHITECTURES = [f.suffixes[0] for f in FORMATS.values() if not f.holds_weights]
MODELS = [f.suffixes[0] for f in FORMATS.values() if f.holds_weights]


@pytest.fixture
def file(request, tmp_path, mlp_json) -> Path:
    """The small classifier in a file with the suffix that the test asks for."""
    model = model_from_json(mlp_json.read_text())
    path = tmp_path / f"model{request.param}"
    if request.param in ARCHITECTURES:
        write_architecture(model, path)
    else:
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.save(path)
    return path


@pytest.mark.tf
@pytest.mark.parametrize("file", [*ARCHITECTURES, *MODELS], indirect=True)
def test_commands_that_look_at_architectures(run, tmp_path, file, mlp_json):
    assert json.loads(run("summary", file, "--json").output)["total_params"] == 67
    assert "no problems (2 layers, 67 parameters" in run("check", file).output
    assert "no problems" in run("check", file).output
    assert run("diff", mlp_json, file).output == "No differences (2 layers).\n"
    run("plot", file, "-o", tmp_path / "m.dot", "--shapes")
    assert "(None, 8)" in (tmp_path / "m.dot").read_text()
    run("convert", file, tmp_path / "back.json")
    run("diff", mlp_json, tmp_path / "back.json")


@pytest.mark.tf
@pytest.mark.parametrize("file", MODELS, indirect=True)
def test_commands_that_need_weights(run, tmp_path, file, data_npz):
    found = json.loads(run("evaluate", file, "--data", data_npz, "--json").output)
    assert found["samples"] == 60
    assert 0 <= found["acc"] <= 1
    run("predict", file, "--data", data_npz, "-o", tmp_path / "p.npz")
    wanted = load_model(file).predict(np.load(data_npz)["x"])
    np.testing.assert_array_equal(np.load(tmp_path / "p.npz")["predictions"], wanted)


@pytest.mark.tf
@pytest.mark.parametrize("suffix", MODELS)
@pytest.mark.parametrize("file", MODELS, indirect=True)
def test_models_go_from_format_to_format(run, tmp_path, file, suffix):
    path = tmp_path / f"other{suffix}"
    found = json.loads(run("convert", file, path, "--json").output)
    assert found["weights"] is True
    assert FORMATS[find_format(path)].suffixes[0] == suffix
    old, new = load_model(file), load_model(path)
    assert new.optimizer.get_config() == old.optimizer.get_config()
    for a, b in zip(old.get_weights(), new.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.tf
@pytest.mark.filterwarnings("default")
def test_a_loss_of_the_user_s_own_is_left_out_with_one_message(run, tmp_path, mlp_json):
    def own_loss(y_true, y_pred):
        return K.mean(K.abs(y_true - y_pred))

    model = model_from_json(mlp_json.read_text())
    model.compile("adam", own_loss)
    model.save(tmp_path / "model.h5")
    stderr = run("convert", tmp_path / "model.h5", tmp_path / "model.kir").stderr
    assert stderr.startswith("Warning: The training configuration was left out: Unknown loss")
    assert ".py" not in stderr
    assert load_model(tmp_path / "model.kir", compile=False).name == "mlp"


@pytest.mark.tf
@pytest.mark.parametrize("suffix", MODELS)
def test_training_saves_what_the_suffix_says(run, tmp_path, mlp_json, data_npz, suffix):
    path = tmp_path / f"trained{suffix}"
    loss = ("--loss", "sparse_categorical_crossentropy")
    report = run(
        "train", mlp_json, "--data", data_npz, *loss, "--epochs", 2, "--save", path, "--json"
    ).stdout
    found = json.loads(report)
    assert (found["epochs"], found["outputs"]) == (2, {"save": str(path)})
    assert len(found["history"]["loss"]) == 2
    assert FORMATS[find_format(path)].suffixes[0] == suffix
