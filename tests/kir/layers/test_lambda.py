"""Lambda: shapes, masks, configuration, files. Needs no TensorFlow."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ConfigError, DTypeError, ShapeError, UnsafeFileError
from kir.ir import parse, verify
from kir.layers import Dense, Input, Lambda, Masking
from kir.models import Model, Sequential, clone_model, model_from_json
from kir.serde.graph_config import model_from_graph
from kir.utils.generic_utils import allow_unsafe_code, get_custom_objects
from tests.processes import run_python


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def double(x):
    return x * 2


def scaled(x, factor=3.0):
    return x * factor


def first_half(shape):
    return (shape[0], shape[1] // 2)


@pytest.mark.parametrize(
    ("layer", "want"),
    [
        (lambda: Lambda(lambda x: x[:, :2]), (None, 2)),
        (lambda: Lambda(lambda x: x[:, :2], output_shape=(2,)), (None, 2)),
        (lambda: Lambda(lambda x: x[:, :2], output_shape=[2]), (None, 2)),
        (lambda: Lambda(lambda x: x[:, :2], output_shape=first_half), (None, 2)),
        (lambda: Lambda(lambda x: x[:, :2], output_shape=lambda s: [s[0], 2]), (None, 2)),
        (lambda: Lambda(K.softmax, arguments={"axis": -1}), (None, 4)),
    ],
)
def test_the_shape_is_declared_or_computed(layer, want):
    made = layer()
    x = Input((4,))
    assert made(x).type.shape == want
    assert made.compute_output_shape((None, 4)) == want
    verify(Model(x, made(x)).graph)


def test_several_results_have_several_shapes():
    layer = Lambda(lambda x: [x, x[:, 0]], output_shape=lambda s: [s, (s[0],)])
    assert [y.type.shape for y in layer(Input((4,)))] == [(None, 4), (None,)]


def test_a_wrong_shape_is_refused():
    with pytest.warns(UserWarning, match=r"Lambda 'l': .*\(None, 3\).*Correct `output_shape`"):
        Lambda(lambda x: x, output_shape=(3,), name="l")(Input((4,)))
    with pytest.raises(DTypeError, match="must be a list, a tuple, or a function; got 3"):
        Lambda(lambda x: x, output_shape=3)
    with pytest.raises(ShapeError, match="must return a tuple"):
        Lambda(lambda x: x, output_shape=lambda s: 4)(Input((4,)))


def test_the_function_gets_the_mask_if_it_asks_for_it():
    x = Masking()(Input((4, 2)))
    seen = []

    def function(v, mask=None):
        seen.append(mask)
        return v

    layer = Lambda(function)
    assert layer(x).mask is None
    assert seen == [x.mask]
    assert layer.arguments == {}
    assert Lambda(double, mask=lambda inputs, mask: mask)(x).mask is x.mask
    assert Lambda(double, mask=x.mask)(x).mask is x.mask


def test_the_configuration_is_kerass():
    config = Lambda(scaled, arguments={"factor": 2.5}, name="s").get_config()
    assert list(config) == [
        "name",
        "trainable",
        "function",
        "function_type",
        "output_shape",
        "output_shape_type",
        "arguments",
    ]
    assert config["function"][1:] == ((3.0,), None)
    assert (config["function_type"], config["output_shape_type"]) == ("lambda", "raw")
    assert Lambda(double, output_shape=first_half).get_config()["output_shape_type"] == "lambda"
    assert Lambda(double, output_shape=(4,)).get_config()["output_shape"] == (4,)


def test_functions_of_the_backend_are_named_not_marshalled():
    config = Lambda(K.softmax).get_config()
    assert (config["function"], config["function_type"]) == ("softmax", "function")
    assert Lambda.from_config(config).function is K.softmax


def test_the_code_of_this_process_comes_back_with_its_globals():
    x = Input((4,))
    model = Model(x, Lambda(lambda v: double(v))(x))
    for again in (model_from_json(model.to_json()), clone_model(model)):
        layer = again.layers[1]
        assert layer(Input((4,))).type.shape == (None, 4)


FOREIGN = """
from kir.layers import Input, Lambda
from kir.models import Model
x = Input((4,))
print(Model(x, Lambda(lambda v: v * 3, name='triple')(x)).to_json())
"""


@pytest.fixture(scope="module")
def foreign_text():
    """An architecture whose code another process compiled."""
    return run_python(FOREIGN)


def test_foreign_code_is_refused(foreign_text):
    with pytest.raises(UnsafeFileError, match=r"Lambda 'triple' .*custom_objects={'triple': func"):
        model_from_json(foreign_text)


def test_foreign_code_may_be_replaced_or_allowed(foreign_text):
    model = model_from_json(foreign_text, custom_objects={"triple": double})
    assert model.layers[1].function is double
    with allow_unsafe_code():
        model = model_from_json(foreign_text)
    assert model.output_shape == (None, 4)


def test_a_name_is_looked_up_among_the_custom_objects(monkeypatch):
    config = {**Lambda(double).get_config(), "function": "double", "function_type": "function"}
    with pytest.raises(ConfigError, match="double"):
        Lambda.from_config(config)
    assert Lambda.from_config(config, custom_objects={"double": double}).function is double
    monkeypatch.setitem(get_custom_objects(), "double", double)
    assert Lambda.from_config(config).function is double
    with pytest.raises(ConfigError, match="unknown function type 'code'"):
        Lambda.from_config({**config, "function_type": "code"})


def test_a_file_cannot_pass_a_live_object(foreign_text):
    config = json.loads(foreign_text)["config"]["layers"][1]["config"]
    config.pop("function_type")
    with pytest.raises(ConfigError, match="unknown function type None"):
        Lambda.from_config(config)


def test_arrays_among_the_arguments_come_back():
    config = Lambda(scaled).get_config()
    config["arguments"] = {"factor": {"type": "ndarray", "value": [1.0, 2.0]}}
    np.testing.assert_array_equal(Lambda.from_config(config).arguments["factor"], [1.0, 2.0])


# -- kir's own files hold no code


def test_the_graph_holds_what_the_function_does():
    x = Input((4,))
    model = Model(x, Lambda(lambda v: K.relu(v) - K.mean(v, axis=-1, keepdims=True))(x))
    text = str(model.graph)
    assert 'function = opaque "<lambda>"' in text
    again = model_from_graph(parse(text))
    nodes = again.layers[1]._inbound_nodes[0].region.nodes
    assert [n.op for n in nodes] == ["k.relu", "k.mean", "k.subtract"]


def test_a_function_with_closures_cannot_be_made_from_the_graph_alone():
    x = Input((4,))
    dense = Dense(4)
    y = dense(x)
    model = Model(x, Lambda(lambda v: K.dot(v, dense.kernel), name="tied")(y))
    text = str(model.graph)
    with pytest.raises(ConfigError, match=r"variables.*custom_objects={'tied': function}"):
        model_from_graph(parse(text))
    again = model_from_graph(parse(text), custom_objects={"tied": double})
    assert again.layers[-1].function is double


def test_a_weight_borrowed_from_a_nested_model_is_noticed_too():
    x = Input((4,))
    nested = Sequential([Dense(4, input_shape=(4,))], name="nested")
    kernel = nested.layers[0].kernel
    model = Model(x, Lambda(lambda v: K.dot(v, kernel), name="tied")(nested(x)))
    with pytest.raises(ConfigError, match=r"custom_objects={'tied': function}"):
        model_from_graph(parse(str(model.graph)))
