"""Architectures as JSON and YAML: round trips, damage, and what must not be executed."""

from __future__ import annotations

import json
import os

import pytest

from kir import backend as K
from kir.errors import ConfigError, DTypeError, FileFormatError, UnsafeFileError
from kir.layers import Dense, Dropout, Input, concatenate
from kir.models import Model, Sequential, model_from_json, model_from_yaml
from kir.serde.yaml_loading import load_yaml


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def two_inputs():
    a, b = Input((4,)), Input((3,))
    return Model([a, b], Dense(2)(concatenate([Dense(3)(a), Dropout(0.5)(b)])))


@pytest.mark.parametrize("make", [two_inputs, lambda: Sequential([Dense(2, input_shape=(3,))])])
def test_texts_round_trip(make):
    model = make()
    assert model_from_json(model.to_json()).to_json() == model.to_json()
    assert model_from_yaml(model.to_yaml()).to_yaml() == model.to_yaml()


def test_the_list_config_of_older_versions_is_read():
    config = {"class_name": "Sequential", "config": Sequential([Dense(2, input_shape=(3,))])}
    config["config"] = config["config"].get_config()["layers"]
    assert model_from_json(json.dumps(config)).output_shape == (None, 2)


def broken(change):
    """The JSON of a model with one thing changed; names start anew."""
    K.clear_session()
    config = json.loads(two_inputs().to_json())
    change(config)
    return json.dumps(config)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{", FileFormatError, "no JSON: .* at line 1, column 2"),
        ("[]", DTypeError, "expects a dictionary, not a list"),
        ("{}", ConfigError, "expected a mapping with 'class_name'"),
        ("3", ConfigError, "no Keras architecture"),
        ('{"class_name": "Sequental", "config": []}', ConfigError, "Did you mean 'Sequential'"),
        (
            broken(lambda c: c["config"]["layers"][2].update(class_name="Dens")),
            ConfigError,
            "Unknown layer: Dens. Did you mean 'Dense'",
        ),
        (
            broken(
                lambda c: c["config"]["layers"][2]["inbound_nodes"][0][0].__setitem__(0, "inputt_1")
            ),
            ConfigError,
            "'inputt_1', which is no layer of the model. Did you mean 'input_1'",
        ),
        (
            broken(lambda c: c["config"]["layers"][2]["inbound_nodes"][0][0].__setitem__(1, 5)),
            ConfigError,
            "can never be made",
        ),
        (
            broken(lambda c: c["config"]["output_layers"][0].__setitem__(2, 3)),
            ConfigError,
            "there is no such result",
        ),
        (broken(lambda c: c["config"].pop("layers")), ConfigError, "has no 'layers'"),
    ],
)
def test_damaged_json_says_what_is_wrong(text, error, message):
    with pytest.raises(error, match=message):
        model_from_json(text)


def test_an_error_inside_a_layer_names_its_place_in_the_file():
    text = broken(lambda c: c["config"]["layers"][2]["config"].update(units=0))
    with pytest.raises(ConfigError) as caught:
        model_from_json(text)
    assert "layer 'dense_2' (Dense)" in caught.value.__notes__[0]


def test_yaml_that_would_run_code_is_refused(tmp_path):
    mark = tmp_path / "executed"
    with pytest.raises(UnsafeFileError, match="python/object/apply"):
        model_from_yaml(f"!!python/object/apply:os.system ['touch {mark}']")
    assert not os.path.exists(mark)


def test_malformed_yaml_says_where():
    with pytest.raises(FileFormatError, match="line 1, column 9"):
        model_from_yaml("a: [1, 2")


def test_a_yaml_bomb_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for i in range(1, 12):
        lines.append(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]")
    with pytest.raises(FileFormatError, match="aliases"):
        load_yaml("\n".join(lines))
