"""`kir diff`: its output, its colours and its exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kir.layers import BatchNormalization, Dense, Dropout
from kir.models import Sequential
from runtime.cli import main

ARCHITECTURES = Path(__file__).resolve().parents[2] / "golden" / "data" / "architectures"

WANTED = """\
--- old.json  Sequential 'net', 3 layers, 58 parameters
+++ new.yaml  Sequential 'net', 3 layers, 102 parameters
~ hidden (Dense)
    units: 8 -> 10
    kernel_regularizer: None -> L1L2(l1=0.0, l2=0.009999999776482582)
- drop (Dropout)
    inputs: hidden
+ norm (BatchNormalization)
    inputs: hidden
~ out (Dense)
    activation: linear -> softmax
    inputs: drop -> norm
1 added, 1 removed, 2 changed
"""


@pytest.fixture
def files(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    old = [
        Dense(8, input_shape=(4,), name="hidden"),
        Dropout(0.5, name="drop"),
        Dense(2, name="out"),
    ]
    new = [
        Dense(10, input_shape=(4,), name="hidden", kernel_regularizer="l2"),
        BatchNormalization(name="norm", scale=False),
        Dense(2, name="out", activation="softmax"),
    ]
    Path("old.json").write_text(Sequential(old, name="net").to_json())
    Path("new.yaml").write_text(Sequential(new, name="net").to_yaml())
    return tmp_path


def test_differences_layer_by_layer(run, files):
    assert run("diff", "old.json", "new.yaml", status=1).output == WANTED


def test_differences_in_colour(files):
    result = CliRunner().invoke(main, ["diff", "old.json", "new.yaml"], color=True)
    assert "\x1b[31m- drop" in result.output
    assert "\x1b[32m+ norm" in result.output
    assert "\x1b[33m~ hidden" in result.output


def test_differences_as_json(run, files):
    found = json.loads(run("diff", "old.json", "new.yaml", "--json", status=1).output)
    assert found["equal"] is False
    assert (found["a"]["params"], found["b"]["file"]) == (58, "new.yaml")
    assert [(c["kind"], c["b"] or c["a"]) for c in found["changes"]] == [
        ("changed", "hidden"),
        ("removed", "drop"),
        ("added", "norm"),
        ("changed", "out"),
    ]
    assert found["changes"][0]["details"][0] == {"what": "units", "a": 8, "b": 10}


def test_equal_files_have_status_0(run, files):
    assert run("diff", "old.json", "old.json").output == "No differences (3 layers).\n"
    assert json.loads(run("diff", "old.json", "old.json", "--json").output)["changes"] == []


@pytest.mark.parametrize("name", ["autoencoder_conv", "conv_lstm", "activations_all"])
def test_formats_make_no_difference(run, name):
    run("diff", ARCHITECTURES / f"{name}.json", ARCHITECTURES / f"{name}.yaml")


def test_what_cannot_be_read_has_status_2(run, files):
    Path("bad.json").write_text("{")
    assert "no JSON" in run("diff", "bad.json", "new.yaml", status=2).stderr
    assert "does not exist" in run("diff", "old.json", "absent.json", status=2).stderr
