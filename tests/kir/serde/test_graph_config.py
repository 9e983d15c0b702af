"""Graphs become live models again, from the text form and the binary form."""

import json
from pathlib import Path

import pytest

from kir import backend as K
from kir import parse
from kir.engine.base_layer import Layer
from kir.errors import ConfigError, VerificationError
from kir.ir import verify
from kir.layers import (
    LSTM,
    Add,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    InputLayer,
    Masking,
    Reshape,
    deserialize,
)
from kir.models import Model, Sequential, model_from_json
from kir.serde import proto
from kir.serde.graph_config import config_from_graph, model_from_graph

ARCHITECTURES = Path(__file__).parents[2] / "golden" / "data" / "architectures"
GOLDEN = sorted(
    p.stem
    for p in ARCHITECTURES.glob("*.json")
    if p.name != "index.json" and ".blanked" not in p.name
)


def load(text):
    """The model, or a skipped test where a class is not there yet."""
    try:
        return model_from_json(text)
    except ConfigError as error:
        if "Unknown layer" not in str(error):
            raise
        pytest.skip(str(error).split(".")[0])


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_architectures_come_back_from_text_and_proto(name):
    K.clear_session()
    source = (ARCHITECTURES / f"{name}.json").read_text()
    graph = load(source).graph
    verify(graph)
    text = str(graph)
    parsed, read = parse(text), proto.from_bytes(proto.to_bytes(graph))
    assert parsed == graph
    assert read == graph
    for found in (parsed, read):
        verify(found)
        K.clear_session()
        model = model_from_graph(found)
        assert model.to_json() == source
        assert str(model.graph) == text


def assert_comes_back(model, **custom_objects):
    """Builds the model again from its text and returns it."""
    text = str(model.graph)
    verify(model.graph)
    again = model_from_graph(parse(text), custom_objects)
    assert again.to_json() == model.to_json()
    assert type(again) is type(model)
    shapes = [w.type for w in again.weights]
    assert shapes == [w.type for w in model.weights]
    return again


def shared_out_of_order():
    """A layer whose later call is farther from the outputs than its first."""
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Dense(4, name="shared")
    first = shared(a)
    deep = Dense(4, name="after")(Dense(4, name="between")(shared(b)))
    return Model([a, b], [deep, first])


def two_outputs_of_one_value():
    x = Input((3,))
    y = Dense(2)(x)
    return Model(x, [y, y, x])


def nested_twice():
    inner = Sequential([Dense(4, input_shape=(4,)), Dropout(0.5)], name="inner")
    a, b = Input((4,)), Input((4,))
    return Model([a, b], Add()([inner(a), inner(inner(b))]))


def inner_results_reused():
    x = Input((4,))
    inner = Model(x, [Dense(3)(x), Dense(2)(x)], name="inner")
    y = Input((4,))
    return Model(y, [*reversed(inner(y)), inner(y)[0]])


def sequential_built_late():
    model = Sequential([Dense(3), Dense(2)])
    model.build((None, 5))
    return model


def sequential_in_sequential_built_late():
    inner = Sequential([Dense(3), Dense(2)], name="inner")
    return Sequential([Reshape((4,), input_shape=(2, 2)), inner, Dense(1)])


def model_first_in_sequential():
    x = Input((4,), dtype="int32")
    return Sequential([Model(x, Embedding(5, 2)(x)), Flatten()])


def masked():
    x = Input((6,), dtype="int32")
    y = Embedding(10, 4, mask_zero=True)(x)
    return Model(x, LSTM(3)(LSTM(3, return_sequences=True)(y)))


def mask_of_a_nested_model():
    inner = Sequential([Embedding(10, 4, mask_zero=True, input_length=6), Dropout(0.5)])
    x = Input((6,), dtype="int32")
    return Model(x, LSTM(3)(inner(x)))


def mask_as_output():
    return Sequential([Masking(0.0, input_shape=(3, 2)), LSTM(2, return_sequences=True)])


def stateful():
    return Sequential([LSTM(2, stateful=True, batch_input_shape=(2, 3, 4))])


def given_states():
    x, h, c = Input((3, 2)), Input((4,)), Input((4,))
    return Model([x, h, c], LSTM(4)(x, initial_state=[h, c]))


def called_for_training():
    x = Input((4,))
    return Model(x, Dropout(0.5)(x, training=True))


@pytest.mark.parametrize(
    "make",
    [
        shared_out_of_order,
        two_outputs_of_one_value,
        nested_twice,
        inner_results_reused,
        sequential_built_late,
        sequential_in_sequential_built_late,
        model_first_in_sequential,
        masked,
        mask_of_a_nested_model,
        mask_as_output,
        stateful,
        given_states,
        called_for_training,
    ],
)
def test_a_model_comes_back(make):
    again = assert_comes_back(make())
    config = json.loads(again.to_json())
    assert json.loads(deserialize(config).to_json()) == config


def test_calls_of_a_shared_layer_stand_in_the_order_in_which_they_were_made():
    graph = shared_out_of_order().graph
    operands = [n.inputs[0].name for n in graph.nodes if n.name == "shared"]
    assert operands == ["a", "b"]


def test_layers_stand_in_the_order_of_the_model():
    x = Input((4,))
    y = Dense(4, name="one")(x)
    model = Model(x, [Dense(2, name="left")(y), Dense(2, name="right")(Dense(4, name="two")(y))])
    names = [layer.name for layer in model.layers if not isinstance(layer, InputLayer)]
    assert [node.name for node in model.graph.nodes] == names


def test_a_sequential_without_input_comes_back_unbuilt():
    again = assert_comes_back(Sequential([Dense(3), Dense(2, activation="relu")], name="plain"))
    assert not again.built
    assert [layer.units for layer in again.layers] == [3, 2]


def test_an_explicit_input_of_a_sequential_is_kept():
    model = Sequential([InputLayer((4,), dtype="int32", name="tokens"), Embedding(5, 2), Flatten()])
    again = assert_comes_back(model)
    assert again.input_names == ["tokens"]
    assert again.input_shape == (None, 4)


def test_an_explicit_input_is_kept_where_json_loses_it():
    model = Sequential([InputLayer((4,)), Dense(2)])
    # Keras 2.2: the config of a Sequential has no InputLayer, so the model comes back unbuilt.
    assert model_from_json(model.to_json()).inputs == []
    assert assert_comes_back(model).input_shape == (None, 4)


def test_frozen_models_stay_frozen():
    inner = Sequential([Dense(2, input_shape=(2,))], name="inner")
    inner.trainable = False
    again = assert_comes_back(Sequential([inner, Dense(1)]))
    assert again.trainable
    assert not again.get_layer("inner").trainable
    assert len(again.trainable_weights) == 2


def test_frozen_layers_stay_frozen():
    model = Sequential([Dense(2, input_shape=(2,)), Dense(1)])
    model.layers[0].trainable = False
    again = assert_comes_back(model)
    assert [layer.trainable for layer in again.layers] == [False, True]


class Scale(Layer):
    """A layer in Keras's style, with an object and an array in its config."""

    def __init__(self, factor, start=None, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.start = start

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=input_shape[1:], initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.scale * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor, "start": self.start}


def test_a_users_layer_comes_back_by_its_class():
    import numpy as np

    from kir.initializers import Constant

    model = Sequential([Scale(np.float32(0.5), start=Constant(2.0), input_shape=(3,))])
    again = assert_comes_back(model, Scale=Scale)
    assert again.layers[0].factor == 0.5


def test_a_users_layer_needs_its_class():
    model = Sequential([Scale(2.0, input_shape=(3,))])
    with pytest.raises(ConfigError, match=r"'Scale' of a user\. Pass the class in"):
        config_from_graph(model.graph)


def doubled(x):
    return x * 2.0


def test_a_users_function_comes_back_by_its_name():
    model = Sequential([Dense(2, activation=doubled, input_shape=(3,))])
    again = assert_comes_back(model, doubled=doubled)
    assert again.layers[0].activation is doubled


class Stack(Sequential):
    """A model class of a user's."""


def test_a_users_model_class_comes_back():
    inner = Stack([Dense(3, input_shape=(4,)), Dense(2)], name="inner")
    assert_comes_back(Stack([inner, Dense(1)]), Stack=Stack)


def test_a_mask_given_by_name_is_an_operand():
    x = Input((3, 2))
    mask = Masking(0.0)(x).mask
    graph = Model(x, LSTM(2)(x, mask=mask)).graph
    verify(graph)
    assert graph.nodes[-1].masks == (mask,)


def test_a_nested_text_by_hand_takes_its_class_from_the_op():
    graph = parse(
        """
        graph @outer(%x: f32[?,4]) -> (f32[?,2]) {
          %head = keras.Sequential "head" (%x) : f32[?,2]
            graph @head(%y_input: f32[?,4]) -> (f32[?,2]) {
              %y = keras.Dense "y" (%y_input) {units = 2} : f32[?,2]
              return %y
            }
          return %head
        }
        """
    )
    assert type(model_from_graph(graph).get_layer("head")) is Sequential


def test_a_text_by_hand_may_leave_the_weights_out():
    graph = parse(
        """
        graph @by_hand(%x: f32[?,4]) -> (f32[?,2]) {
          %h = keras.Dense "h" (%x) {units = 3, activation = "relu"} : f32[?,3]
          %y = keras.Dense "y" (%h) {units = 2} : f32[?,2]
          return %y
        }
        """
    )
    model = model_from_graph(graph)
    assert type(model) is Model
    assert model.name == "by_hand"
    assert model.count_params() == 4 * 3 + 3 + 3 * 2 + 2


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        pytest.param(
            "graph @g(%x: f32[?,4]) -> (f32[?,4]) {\n"
            "  %y = k.relu(%x) {x = $0} : f32[?,4]\n  return %y\n}",
            ConfigError,
            "made by k.relu; only what layers return",
            id="op",
        ),
        pytest.param(
            "graph @g(%x: f32[?,4]) -> (f32[?,3]) {\n"
            '  %y = keras.Dense "y" (%x) {units = 2} : f32[?,3]\n  return %y\n}',
            VerificationError,
            r"IR.8: keras.Dense 'y'.*keras.Dense gives \(f32\[\?,2\]\)",
            id="type",
        ),
        pytest.param(
            "graph @g(%x: f32[?,4]) -> (f32[?,2]) {\n  weight @k : f32[9,9]\n"
            '  %y = keras.Dense "y" (%x) [@k] {units = 2} : f32[?,2]\n  return %y\n}',
            ConfigError,
            r"gives the layer 'y' the weights \['k'\].*the layer has \['f32\[4,2\]', 'f32\[2\]'\]",
            id="weights",
        ),
        pytest.param(
            "graph @g(%x: f32[?,4]) -> (f32[?,4]) {\n"
            '  %y = keras.Dens "y" (%x) {units = 2} : f32[?,4]\n  return %y\n}',
            ConfigError,
            "Unknown layer: Dens. Did you mean 'Dense'",
            id="unknown layer",
        ),
        pytest.param(
            "graph @g(%x: f32[?,4]) -> (f32[?,4]) {\n"
            "  %y = keras.Dense(%x) {units = 4} : f32[?,4]\n  return %y\n}",
            Exception,
            "name",
            id="no name",
        ),
        pytest.param(
            'graph @g(%x: f32[?,4]) -> (f32[?,4]) attributes {input_names = ["a", "b"]} {\n'
            "  return %x\n}",
            ConfigError,
            "expected a name for each of the 1 inputs",
            id="input names",
        ),
    ],
)
def test_a_wrong_graph_is_refused(text, error, message):
    with pytest.raises(error, match=message):
        model_from_graph(parse(text))
