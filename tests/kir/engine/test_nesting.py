"""Models in models: updates, losses, masks, seeds. No TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

import kir
from kir import backend as K
from kir.errors import ShapeError, StateError, UnsupportedError
from kir.ir import verify
from kir.layers import LSTM, BatchNormalization, Conv2D, Dense, Dropout, Input, Masking, Reshape
from kir.models import Model, Sequential
from kir.serde.graph_config import model_from_graph
from kir.utils.layer_utils import get_source_inputs


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def normalizer():
    dense = Dense(4, activity_regularizer="l2", kernel_regularizer="l1", input_shape=(3,))
    return Sequential([dense, BatchNormalization()], name="normalizer")


def test_updates_and_losses_inside_are_those_of_the_model_around():
    inner = normalizer()
    x = Input((3,))
    model = Model(x, inner(x))
    assert len(model.updates) == 2
    assert len(model.losses) == 2
    assert len(inner.get_updates_for(x)) == 2
    assert inner.get_updates_for(Input((3,))) == []
    assert len(inner.get_losses_for(x)) == len(inner.get_losses_for(None)) == 1
    # Asked again, they are the same values, for which a function was perhaps compiled.
    assert list(map(id, model.updates)) == list(map(id, model.updates))


def test_each_call_has_its_own():
    inner = normalizer()
    a, b = Input((3,)), Input((3,))
    model = Model([a, b], [inner(a), inner(b)])
    assert len(model.updates) == 4
    assert len(model.losses) == 3
    assert len(Model(a, inner(a)).losses) == 2


def test_a_frozen_model_inside_updates_nothing():
    inner = normalizer()
    x = Input((3,))
    model = Model(x, Dense(1)(inner(x)))
    inner.trainable = False
    assert model.updates == []
    assert len(model.trainable_weights) == 2
    assert len(model.losses) == 2


def test_masks_go_through_a_model_inside():
    inner = Sequential(
        [LSTM(4, return_sequences=True, input_shape=(5, 3)), Dropout(0.5)], name="inner"
    )
    y = inner(Masking()(Input((5, 3))))
    assert str(y.mask.type) == "bool[?,5]"
    assert inner(Input((5, 3))).mask is None
    model = Model(y._keras_history[0]._inbound_nodes[1].inbound_layers[0].input, LSTM(2)(y))
    verify(model.graph)
    text = str(model.graph)
    assert "%lstm_1_input_mask" in text
    assert kir.parse(text) == model.graph
    assert model_from_graph(kir.parse(text)).to_json() == model.to_json()


def test_a_call_draws_the_seeds_of_the_layers_inside_again():
    # Keras 2.2: so weights that are made after it start from other values.
    inner = Sequential([Dropout(0.5, input_shape=(3,)), Dropout(0.5, seed=3), Dropout(0.5)])
    x = Input((3,))
    np.random.seed(1)
    inner(x)
    after = np.random.randint(1000)
    np.random.seed(1)
    [np.random.randint(10e6) for _ in range(2)]
    assert np.random.randint(1000) == after


def test_the_number_of_inputs_is_checked():
    inner = Model([a := Input((3,)), b := Input((3,))], [a, b])
    with pytest.raises(ShapeError, match="expects 2 inputs, but it received 1"):
        inner(Input((3,)))


def test_another_rank_is_judged_by_the_layers_inside():
    inner = Sequential([Dense(12, input_dim=3), Reshape((2, 6))])
    assert K.int_shape(inner(Input((1, 3)))) == (None, 2, 6)
    convolution = Sequential([Conv2D(2, 3, input_shape=(8, 8, 3), name="c")])
    with pytest.raises(ShapeError, match=r"^Conv2D 'c': .*expected rank 4"):
        convolution(Input((8, 3)))


@pytest.mark.parametrize("shape", [(4,), (1, 4)])
def test_a_last_axis_of_another_size_is_refused(shape):
    with pytest.raises(ShapeError, match=r"^Sequential 's' \(input 0"):
        Sequential([Dense(2, input_dim=3)], name="s")(Input(shape))


def test_source_inputs():
    a, b = Input((3,)), Input((3,))
    y = Dense(2)(kir.layers.add([Dense(4)(a), Dense(4)(b)]))
    assert get_source_inputs(y) == [a, b]
    assert get_source_inputs(a) == [a]
    assert get_source_inputs(3) == 3


class Classifier(Model):
    """A model in the style of Keras 2.2."""

    def __init__(self):
        super().__init__(name="classifier")
        self.hidden = Dense(4, activation="relu")
        self.normal = BatchNormalization()
        self.out = Dense(2)

    def call(self, inputs):
        h = self.normal(self.hidden(inputs))
        return self.out(h + K.abs(h))


def test_a_subclass_with_a_call_has_its_attributes_as_layers():
    model = Classifier()
    assert [layer.name for layer in model.layers] == [
        "dense_1",
        "batch_normalization_1",
        "dense_2",
    ]
    model.build((None, 3))
    assert model.input_names == ["input_1"]
    assert model.output_names == ["output_1"]
    assert str(model.outputs[0].type) == "f32[?,2]"
    assert len(model.weights) == 8
    assert len(model.updates) == 2
    with pytest.raises(UnsupportedError, match="its architecture is Python code"):
        model.to_json()


def test_a_subclass_serves_as_a_layer():
    inner = Classifier()
    x = Input((3,))
    model = Model(x, inner(Dense(3)(x)))
    assert model.output_shape == (None, 2)
    assert len(model.updates) == 2
    assert len(model.trainable_weights) == 8


def test_a_subclass_starts_with_the_constructor_of_its_base():
    class Wrong(Model):
        def __init__(self):
            self.hidden = Dense(4)

        def call(self, inputs):
            return self.hidden(inputs)

    with pytest.raises(StateError, match=r"super\(\).__init__\(\)"):
        Wrong()


def test_a_subclass_needs_inputs_or_a_call():
    class Empty(Model):
        pass

    with pytest.raises(StateError, match="needs inputs and outputs"):
        Empty()
