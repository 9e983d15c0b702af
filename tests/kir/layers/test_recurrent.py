"""Recurrent layers: types, states, errors, configurations. Needs no TensorFlow."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ConfigError, DTypeError, MissingAttributeError, ShapeError
from kir.layers import (
    GRU,
    LSTM,
    RNN,
    ConvLSTM2D,
    ConvLSTM2DCell,
    ConvRNN2D,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    GRUCell,
    Input,
    Layer,
    LSTMCell,
    Masking,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    deserialize,
    serialize,
)
from kir.models import Model, Sequential, model_from_json
from kir.utils import CustomObjectScope


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


class Accumulator(Layer):
    """A cell in Keras's style: adds what comes in, and constants if there are any."""

    def __init__(self, units, **kwargs):
        self.units = units
        self.state_size = units
        super().__init__(**kwargs)

    def build(self, input_shape):
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], self.units))
        self.built = True

    def call(self, inputs, states, constants=None):
        output = states[0] + K.dot(inputs, self.kernel)
        if constants is not None:
            output = output + constants[0]
        return output, [output]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Bare:
    """A cell that is no layer."""

    state_size = (2, 3)
    output_size = 4

    def call(self, inputs, states):
        raise AssertionError("not called while a model is built")


@pytest.mark.parametrize(
    ("make", "shape", "want"),
    [
        (lambda: SimpleRNN(3), (None, 5, 4), ["f32[?,3]"]),
        (lambda: GRU(3, return_sequences=True), (None, None, 4), ["f32[?,?,3]"]),
        (lambda: LSTM(3, return_state=True), (7, 5, 4), ["f32[7,3]", "f32[7,3]", "f32[7,3]"]),
        (lambda: CuDNNGRU(3, return_state=True), (None, 5, 4), ["f32[?,3]", "f32[?,3]"]),
        (lambda: CuDNNLSTM(3, return_sequences=True), (None, 5, 4), ["f32[?,5,3]"]),
        (
            lambda: RNN([LSTMCell(3), GRUCell(2)], return_state=True),
            (None, 5, 4),
            ["f32[?,2]", "f32[?,3]", "f32[?,3]", "f32[?,2]"],
        ),
        (
            lambda: RNN(Bare(), return_state=True, return_sequences=True),
            (None, 5, 4),
            ["f32[?,5,4]", "f32[?,2]", "f32[?,3]"],
        ),
        (lambda: RNN(Accumulator(2)), (None, 5, 4), ["f32[?,2]"]),
        (
            lambda: ConvLSTM2D(2, (2, 3), return_state=True, return_sequences=True),
            (None, 6, 5, 7, 3),
            ["f32[?,6,4,5,2]", "f32[?,4,5,2]", "f32[?,4,5,2]"],
        ),
        (
            lambda: ConvLSTM2D(2, 3, strides=2, padding="same", data_format="channels_first"),
            (None, None, 3, 5, None),
            ["f32[?,2,3,?]"],
        ),
        (
            lambda: ConvRNN2D(ConvLSTM2DCell(4, 2, dilation_rate=2)),
            (2, 3, 5, 6, 1),
            ["f32[2,3,4,4]"],
        ),
    ],
)
def test_types(make, shape, want):
    layer = make()
    found = layer(Input(batch_shape=shape))
    assert [str(x.type) for x in (found if isinstance(found, list) else [found])] == want
    shapes = layer.compute_output_shape(shape)
    assert (shapes if isinstance(shapes, list) else [shapes]) == [
        x._keras_shape for x in (found if isinstance(found, list) else [found])
    ]


@pytest.mark.parametrize(
    ("layer", "want"),
    [
        (SimpleRNN(3), [(4, 3), (3, 3), (3,)]),
        (GRU(3), [(4, 9), (3, 9), (9,)]),
        (GRU(3, reset_after=True), [(4, 9), (3, 9), (2, 9)]),
        (LSTM(3, use_bias=False), [(4, 12), (3, 12)]),
        (CuDNNGRU(3), [(4, 9), (3, 9), (18,)]),
        (CuDNNLSTM(3), [(4, 12), (3, 12), (24,)]),
        (RNN([GRUCell(2), SimpleRNNCell(3)]), [(4, 6), (2, 6), (6,), (2, 3), (3, 3), (3,)]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_weights(layer, want):
    layer(Input((5, 4)))
    assert [w.type.shape for w in layer.weights] == want
    assert layer.count_params() == sum(int(np.prod(shape)) for shape in want)


def test_weights_of_stacked_cells_are_numbered():
    layer = RNN([SimpleRNNCell(2, use_bias=False), SimpleRNNCell(2, use_bias=False)])
    layer(Input((5, 4)))
    names = ["kernel", "recurrent_kernel", "kernel_1", "recurrent_kernel_1"]
    assert [w.name for w in layer.weights] == [f"rnn_1/{name}:0" for name in names]


def test_a_layer_shows_and_sets_the_parameters_of_its_cell():
    layer = LSTM(3, recurrent_activation="sigmoid", dropout=0.5)
    assert isinstance(layer.cell, LSTMCell)
    assert (layer.units, layer.cell.units, layer.recurrent_activation.__name__) == (3, 3, "sigmoid")
    layer.dropout = 0.25
    assert layer.cell.dropout == 0.25
    assert layer.get_config()["dropout"] == 0.25


def test_frozen_layers_have_no_trainable_weights():
    layer = RNN([LSTMCell(2), GRUCell(2)])
    layer(Input((5, 4)))
    layer.trainable = False
    assert (len(layer.trainable_weights), len(layer.non_trainable_weights)) == (0, 6)
    layer.trainable, layer.cell.cells[0].trainable = True, False
    assert (len(layer.trainable_weights), len(layer.non_trainable_weights)) == (3, 3)


def test_regularizers_of_a_cell_are_losses_of_the_layer():
    layer = RNN([LSTMCell(2, kernel_regularizer="l2"), GRUCell(2, bias_regularizer="l1")])
    layer(Input((5, 4)))
    assert len(layer.losses) == 2


def test_a_gate_is_a_part_of_the_weight():
    cell = LSTMCell(2)
    with pytest.raises(AttributeError, match="not built"):
        _ = cell.kernel_f
    cell.build((None, 4))
    assert (cell.kernel_f._keras_shape, cell.bias_o._keras_shape) == ((4, 2), (2,))
    assert not hasattr(cell, "kernel_x")


# -- states and constants


def test_states_and_constants_are_inputs_of_the_call():
    x, state, constant = Input((5, 4)), Input((2,)), Input((2,))
    layer = RNN(Accumulator(2))
    y = layer(x, initial_state=state, constants=constant)
    assert layer.get_input_at(0) == [x, state, constant]
    assert layer([x, state, constant])._keras_shape == (None, 2)
    model = Model([x, state, constant], y)
    assert layer.get_config()["num_constants"] == 1
    text = model.to_json()
    assert model_from_json(text, {"Accumulator": Accumulator}).to_json() == text


def test_a_variable_can_be_the_initial_state():
    layer, state = GRU(2), K.zeros((3, 2))
    layer(Input(batch_shape=(3, 5, 4)), initial_state=state)
    node = layer._inbound_nodes[0]
    assert node.inputs[1] is state
    assert len(node.input_tensors) == 1


def test_a_stateful_layer_keeps_variables():
    layer = LSTM(2, stateful=True)
    assert layer.states == [None, None]
    layer(Input(batch_shape=(3, 5, 4)))
    assert [s.type.shape for s in layer.states] == [(3, 2), (3, 2)]
    assert len(layer.updates) == 2
    assert not layer.trainable_weights[-1].name.startswith("Variable")
    layer.reset_states([np.ones((3, 2)), np.zeros((3, 2))])
    assert layer.states[0].get_value().tolist() == [[1.0, 1.0]] * 3
    layer.reset_states()
    assert layer.states[0].get_value().tolist() == [[0.0, 0.0]] * 3


def test_states_move_on_where_initial_ones_are_given():
    layer = GRU(2, stateful=True)
    layer(Input(batch_shape=(3, 5, 4)), initial_state=Input(batch_shape=(3, 2)))
    assert len(layer.updates) == 1


# -- masks


def test_masks_pass_with_the_sequences():
    x = Masking()(Input((5, 4)))
    assert LSTM(2)(x).mask is None
    assert LSTM(2, return_sequences=True)(x).mask is x.mask
    outputs = LSTM(2, return_sequences=True, return_state=True)(x)
    assert [y.mask for y in outputs] == [x.mask, None, None]
    assert RNN([LSTMCell(3), GRUCell(2)], unroll=True, return_sequences=True)(x).mask is x.mask


# -- errors


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RNN(3), ConfigError, r"`cell` should have a `call` method.* was passed: 3"),
        (lambda: RNN(Dense(2)), ConfigError, r"should have an attribute `state_size`"),
        (
            lambda: StackedRNNCells([LSTMCell(2), 3]),
            ConfigError,
            r"should have a `call` method.* was passed: 3",
        ),
        (lambda: StackedRNNCells(LSTMCell(2)), ConfigError, r"expected a list of cells"),
        (lambda: LSTM(2)(Input((5,))), ShapeError, r"LSTM 'lstm_1'.*f32\[\?,5\]; expected rank 3"),
        (lambda: LSTM(2)(Input((5, None))), ShapeError, r"known number of features"),
        (lambda: LSTM(2, unroll=True)(Input((None, 3))), ShapeError, r"cannot be unrolled"),
        (lambda: LSTM(2, unroll=True)(Input((1, 3))), ShapeError, r"time steps above 1"),
        (
            lambda: GRU(2, stateful=True)(Input((4, 3))),
            ConfigError,
            r"needs to know its batch size",
        ),
        (lambda: GRU(2).reset_states(), MissingAttributeError, r"must be stateful"),
        (
            lambda: LSTM(2)(Input((4, 3)), initial_state=[Input((2,))]),
            ConfigError,
            r"has 2 states; got an initial_state of 1 tensors",
        ),
        (
            lambda: GRU(2)(Input((4, 3)), initial_state=Input((3,))),
            ShapeError,
            r"initial state is f32\[\?,3\]; expected the shape \(None, 2\)",
        ),
        (
            lambda: GRU(2)([Input((4, 3)), Input((2,))], initial_state=Input((2,))),
            ConfigError,
            r"give them once",
        ),
        (
            lambda: LSTM(2)(Input((4, 3)), initial_state=[Input((2,)), K.zeros((5, 2))]),
            ConfigError,
            r"in part results of layers",
        ),
        (
            lambda: RNN(GRUCell(2))(Input((4, 3)), constants=Input((2,))),
            ConfigError,
            r"takes no constants",
        ),
        (lambda: CuDNNLSTM(2)(Masking()(Input((4, 3)))), ConfigError, r"masking is not supported"),
        (
            lambda: RNN([LSTMCell(3), GRUCell(2)])(Masking()(Input((4, 3)))),
            ShapeError,
            r"a masked step repeats the first state, of size 3, but the result has the size 2",
        ),
        (lambda: ConvLSTM2D(2, 3, unroll=True), DTypeError, r"unroll=True is not possible"),
        (lambda: ConvRNN2D([ConvLSTM2DCell(2, 3)]), DTypeError, r"cannot be stacked"),
        (lambda: ConvLSTM2D(2, 3)(Input((4, 2, 5, 1))), ShapeError, r"window does not fit"),
        (lambda: ConvLSTM2D(2, 3)(Input((5, 5, 1))), ShapeError, r"expected rank 5"),
        (
            lambda: Sequential([GRU(2, return_state=True, input_shape=(3, 2))]),
            ConfigError,
            r"a single output tensor",
        ),
    ],
)
def test_mistakes_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_states_of_another_number_or_shape_are_refused():
    layer = LSTM(2, stateful=True)
    layer(Input(batch_shape=(3, 5, 4)))
    with pytest.raises(ConfigError, match="expects 2 states, but it received 1 state values"):
        layer.reset_states(np.zeros((3, 2)))
    with pytest.raises(
        ConfigError,
        match=r"State 0 is incompatible .* expected shape=\(3, 2\), found shape=\(2, 2\)",
    ):
        layer.reset_states([np.zeros((2, 2))] * 2)


# -- configurations


@pytest.mark.parametrize(
    "layer",
    [
        SimpleRNN(2, activation="relu"),
        GRU(2, reset_after=True, dropout=0.5),
        LSTM(2, unit_forget_bias=False, return_state=True),
        RNN([LSTMCell(2), GRUCell(3, implementation=2)], go_backwards=True),
        RNN(StackedRNNCells([SimpleRNNCell(2)], name="stack")),
        ConvLSTM2D(2, 3, strides=2, return_state=True),
        ConvRNN2D(ConvLSTM2DCell(2, 3)),
        CuDNNGRU(2, go_backwards=True),
        CuDNNLSTM(2, unit_forget_bias=False),
        RNN(Accumulator(3)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_config_makes_the_same_layer(layer):
    entry = json.loads(json.dumps(serialize(layer)))
    with CustomObjectScope({"Accumulator": Accumulator}):
        again = deserialize(entry)
    assert json.loads(json.dumps(serialize(again))) == entry


def test_implementation_0_is_an_old_name_of_1():
    with pytest.warns(UserWarning, match="implementation=0 is deprecated"):
        config = LSTM(2, implementation=0).get_config()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LSTM.from_config(config).implementation == 1


def test_the_reversed_order_of_states_is_deprecated():
    with pytest.warns(UserWarning, match="reverse_state_order"):
        cell = StackedRNNCells([LSTMCell(3), GRUCell(2)], reverse_state_order=True)
    assert cell.state_size == (2, 3, 3)
    assert cell.split_states("hab") == [["a", "b"], ["h"]]
    assert cell.join_states([["a", "b"], ["h"]]) == ["h", "a", "b"]


# -- seeds


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (lambda: SimpleRNN(2, dropout=0.5, recurrent_dropout=0.5), 2),
        (lambda: GRU(2, recurrent_dropout=0.5, implementation=2), 3),
        (lambda: LSTM(2, dropout=0.5, recurrent_dropout=0.5), 8),
        (lambda: RNN([LSTMCell(2, dropout=0.5), GRUCell(2, dropout=0.5)]), 7),
        (lambda: LSTM(2, dropout=1.0), 0),
    ],
)
def test_a_seed_is_drawn_for_each_mask(make, count):
    layer = make()
    layer(Input((5, 4)))
    before = np.random.get_state()
    layer.cell.draw_seeds()
    found = np.random.randint(10_000_000)
    np.random.set_state(before)
    np.random.randint(10_000_000, size=count) if count else None
    assert np.random.randint(10_000_000) == found
    assert len(layer._inbound_nodes[0].seeds) == count


def test_a_users_cell_keeps_its_masks():
    shared = RNN(LSTMCell(2, dropout=0.5))
    shared(Input((5, 4)))
    shared(Input((5, 4)))
    first, second = (node.seeds for node in shared._inbound_nodes)
    assert first == second
    own = LSTM(2, dropout=0.5)
    own(Input((5, 4)))
    own(Input((5, 4)))
    assert own._inbound_nodes[0].seeds != own._inbound_nodes[1].seeds
