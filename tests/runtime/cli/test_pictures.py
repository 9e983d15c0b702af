"""`kir plot`."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest


def test_a_picture_lies_beside_its_model(run, mlp_json):
    output = run("plot", mlp_json).output
    picture = mlp_json.with_suffix(".svg")
    assert output == f"{picture}: mlp, 2 layers\n"
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")


def test_options_reach_the_picture(run, tmp_path, mlp_json):
    path = tmp_path / "net.dot"
    run("plot", mlp_json, "-o", path, "--shapes", "--no-names", "--rankdir", "LR")
    text = path.read_text()
    assert "rankdir=LR" in text
    assert "{Dense|{input:|output:}|{{(None, 4)}|{(None, 8)}}}" in text


def test_json_names_the_picture(run, tmp_path, mlp_json):
    path = tmp_path / "net.png"
    found = json.loads(run("plot", mlp_json, "-o", path, "--json").output)
    assert found == {"output": str(path), "name": "mlp", "layers": 2}


@pytest.mark.parametrize(
    ("name", "message"),
    [("net.xyz", "draws no 'xyz' files"), ("absent/net.svg", "there is no folder")],
)
def test_mistakes_are_named(run, tmp_path, mlp_json, name, message):
    assert message in run("plot", mlp_json, "-o", tmp_path / name, status=1).stderr


def test_without_graphviz(run, tmp_path, mlp_json, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt install graphviz" in run("plot", mlp_json, status=1).stderr
