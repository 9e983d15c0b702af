"""All the problems of a config are found, each where it lies."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from kir.layers import (
    LSTM,
    Add,
    Bidirectional,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    Input,
    TimeDistributed,
)
from kir.models import Model, Sequential
from runtime.checking.architecture import ArchitectureCheck


def config_of(model: Model) -> dict[str, Any]:
    return json.loads(model.to_json())


def found(config: Any) -> list[str]:
    """The problems, each as its place and the beginning of its message."""
    problems = ArchitectureCheck().check(copy.deepcopy(config))
    return [f"{p.where()}: {p.message}" for p in problems if p.is_error]


def warned(config: Any) -> list[str]:
    problems = ArchitectureCheck().check(copy.deepcopy(config))
    return [f"{p.where()}: {p.message}" for p in problems if not p.is_error]


def sequential() -> dict[str, Any]:
    return config_of(
        Sequential(
            [
                Conv2D(4, 3, input_shape=(8, 8, 1), name="conv"),
                Flatten(name="flat"),
                Dense(3, name="out"),
            ],
            name="net",
        )
    )


def branching() -> dict[str, Any]:
    x = Input((4,), name="x")
    a, b = Dense(3, name="a")(x), Dense(3, name="b")(x)
    both = Concatenate(name="both")([a, b])
    return config_of(Model(x, [Dense(1, name="out")(both), Add(name="sum")([a, b])], name="net"))


def layer(config: dict[str, Any], name: str) -> dict[str, Any]:
    entries = config["config"]["layers"]
    return next(e for e in entries if e.get("name", e["config"].get("name")) == name)


@pytest.mark.parametrize("make", [sequential, branching])
def test_a_good_config_has_no_problems(make):
    assert ArchitectureCheck().check(make()) == []


def test_every_argument_of_a_layer_is_checked():
    config = sequential()
    layer(config, "conv")["config"].update(
        filters=0, padding="sane", activation="rellu", kernel_initializer={"class_name": "Zeroes"}
    )
    where = [text.partition(": ")[0] for text in found(config)]
    names = ("filters", "padding", "activation", "kernel_initializer")
    assert sorted(where) == sorted(f"layer 0 'conv' (Conv2D), {name}" for name in names)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"unitz": 3, "units": None}, "unitz: Dense does not know the argument `unitz`. Did you"),
        ({"units": None}, "units: Dense misses the required argument `units`"),
        ({"units": "many"}, "units: `units` is 'many' (str); expected a whole number"),
        ({"units": [3]}, "units: `units` is [3] (list); expected a whole number"),
        ({"kernel_regularizer": 3}, "kernel_regularizer: Could not interpret regularizer"),
        ({"activation": {"a": 1}}, "activation: "),
        ({"name": 3}, ": The name of a layer is a string; got 3"),
    ],
    ids=lambda v: str(v) if isinstance(v, dict) else None,
)
def test_a_wrong_argument_is_named(changes, wanted):
    config = sequential()
    entry = layer(config, "out")
    given = {**entry["config"], **changes}
    entry["config"] = {k: v for k, v in given.items() if v is not None}
    (problem,) = found(config)
    assert wanted in problem
    assert problem.startswith("layer 2 ")


def test_a_plain_mistake_does_not_hide_what_is_behind_it():
    config = sequential()
    layer(config, "conv")["class_name"] = "Conv2d"
    config["config"]["layers"].insert(
        1, {"class_name": "LSTM", "config": {"units": 3, "name": "lstm"}}
    )
    unknown, shape = found(config)
    assert unknown.startswith("layer 0 'conv' (Conv2d): Unknown layer: Conv2d. Did you mean")
    assert "custom_object_scope" not in unknown
    assert shape.startswith("layer 1 'lstm' (LSTM): ")
    assert "f32[?,6,6,4]; expected rank 3" in shape


def test_what_depends_on_something_unknown_is_not_guessed():
    config = branching()
    layer(config, "a")["config"]["units"] = -1
    layer(config, "b")["config"]["units"] = 7  # fits or not, as `a` says
    assert len(found(config)) == 1


def test_every_connection_is_checked():
    config = branching()
    layer(config, "both")["inbound_nodes"][0][1][0] = "bb"
    layer(config, "a")["inbound_nodes"][0][0][2] = 5
    layer(config, "sum")["inbound_nodes"][0][0][1] = 3
    layer(config, "b")["inbound_nodes"] = "x"
    config["config"]["output_layers"][0][0] = "outt"
    assert sorted(text[:75] for text in found(config)) == sorted(
        text[:75]
        for text in (
            "layer 3 'both' (Concatenate), inbound_nodes[0]: 'bb' is no layer of the model. Did",
            "layer 1 'a' (Dense), inbound_nodes[0]: It takes result 5 of 'x', which has 1",
            "layer 5 'sum' (Add), inbound_nodes[0]: It takes the result of call 3 of 'a', which",
            "layer 2 'b' (Dense), inbound_nodes: `inbound_nodes` is 'x'; expected a list of calls",
            "output_layers: 'outt' is no layer of the model. Did you mean 'out'?",
        )
    )


def test_a_cycle_is_named():
    config = branching()
    layer(config, "a")["inbound_nodes"] = [[["both", 0, 0, {}]]]
    texts = found(config)
    assert any("'both', which waits for it in turn" in text for text in texts)


def test_a_shape_error_lies_at_the_call():
    config = branching()
    layer(config, "b")["config"]["units"] = 5
    (problem,) = found(config)
    assert problem.startswith("layer 5 'sum' (Add): ")


def test_names_that_occur_twice():
    config = sequential()
    layer(config, "out")["config"]["name"] = "conv"
    (problem,) = found(config)
    assert problem.startswith("layer 2 'conv' (Dense), name: Layer 0 is called 'conv' too")


def test_nested_models_and_wrappers_are_entered():
    inner = Sequential([Dense(4, input_shape=(4,), name="deep")], name="inner")
    model = Sequential(
        [
            TimeDistributed(inner, input_shape=(5, 4), name="each"),
            Bidirectional(LSTM(3, name="lstm"), name="both"),
        ]
    )
    config = config_of(model)
    wrapped = layer(config, "each")["config"]["layer"]
    wrapped["config"]["layers"][0]["config"]["units"] = 0
    both = layer(config, "both")["config"]
    both["layer"]["config"]["recurrent_activation"] = "sigmoidd"
    both["merge_mode"] = "add"
    assert [text.partition(": ")[0] for text in found(config)] == [
        "layer 0 'each' (TimeDistributed), layer 'inner' (Sequential), layer 0 'deep' (Dense), "
        "units",
        "layer 1 'both' (Bidirectional), layer 'lstm' (LSTM), recurrent_activation",
        "layer 1 'both' (Bidirectional), merge_mode",
    ]


def test_a_layer_that_is_never_called_is_a_warning():
    config = branching()
    layer(config, "sum")["inbound_nodes"] = []
    config["config"]["output_layers"].pop()
    assert found(config) == []
    assert "layer 5 'sum' (Add): The layer is never called" in warned(config)[0]


def test_spellings_of_keras_1_are_a_warning():
    config = sequential()
    layer(config, "out")["config"] = {"output_dim": 3, "name": "out"}
    assert found(config) == []
    assert "Update your `Dense` call to the Keras 2 API" in warned(config)[0]


def test_a_model_without_input_shape_is_a_warning():
    assert "The shapes were not checked" in warned(config_of(Sequential([Dense(3)])))[0]


@pytest.mark.parametrize(
    "part",
    [None, 3, "x", [], {}, [3], {"a": 1}, True, -1, [[]], [["x"]], [[["x"]]], [[["x", "a", 0]]]],
    ids=str,
)
@pytest.mark.parametrize(
    "keys",
    [
        ("class_name",),
        ("config",),
        ("config", "name"),
        ("config", "layers"),
        ("config", "layers", 1),
        ("config", "layers", 1, "class_name"),
        ("config", "layers", 1, "config"),
        ("config", "layers", 1, "config", "name"),
        ("config", "layers", 1, "config", "units"),
        ("config", "layers", 1, "config", "batch_input_shape"),
        ("config", "layers", 1, "inbound_nodes"),
        ("config", "layers", 1, "inbound_nodes", 0),
        ("config", "layers", 0, "config", "batch_input_shape"),
        ("config", "input_layers"),
        ("config", "output_layers", 0),
    ],
    ids=str,
)
def test_no_config_is_too_strange_to_check(keys, part):
    config = branching()
    place: Any = config
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = part
    found(config)
    del place[keys[-1]]
    found(config)
