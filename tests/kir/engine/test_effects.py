"""Which losses and updates a model, a layer and a wrapper say that they have. No TensorFlow."""

from __future__ import annotations

import pytest

from kir import backend as K
from kir.layers import (
    BatchNormalization,
    Bidirectional,
    Dense,
    Input,
    SimpleRNN,
    TimeDistributed,
    add,
)
from kir.models import Model, Sequential, clone_model, model_from_json
from kir.serde.graph_config import model_from_graph
from kir.utils.generic_utils import object_list_uid


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def regularized():
    return Dense(2, kernel_regularizer="l1", activity_regularizer="l1", input_shape=(3,))


def joined(first, second):
    a, b = Input((3,)), Input((3,))
    return Model([a, b], add([first(a), second(b)]))


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (lambda: (regularized(),) * 2, 3),
        (lambda: (regularized(), regularized()), 4),
        (lambda: (Sequential([regularized()]),) * 2, 3),
    ],
    ids=["layer twice", "two layers", "model twice"],
)
def test_activity_counts_per_call_and_a_weight_once(make, count):
    assert len(joined(*make()).losses) == count


def test_numbers_count_as_often_as_they_were_added():
    model = joined(Dense(2), Dense(2))
    penalty = K.mean(model.output)
    for loss in (1, penalty, 1, penalty):
        model.add_loss(loss)
    assert model.losses == [penalty, 1, 1]


def of_both(layer):
    return (layer.forward_layer, layer.backward_layer)


def of_layer(wrapper):
    return (wrapper.layer,)


@pytest.mark.parametrize(
    ("make", "inner", "updates", "losses"),
    [
        (lambda: Bidirectional(SimpleRNN(3, kernel_regularizer="l1")), of_both, 2, (2, 4)),
        (lambda: TimeDistributed(Dense(3, kernel_regularizer="l1")), of_layer, 1, (0, 2)),
    ],
    ids=["Bidirectional", "TimeDistributed"],
)
def test_what_is_added_inside_a_wrapper_is_the_wrappers(make, inner, updates, losses):
    x = Input((3, 2))
    wrapper = make()
    wrapper(x)
    seen = next(iter(wrapper._input_map.values()), x)
    for layer in inner(wrapper):
        for inputs in (seen, None):
            layer.add_update(0, inputs=inputs)
            layer.add_loss(0, inputs=inputs)
    assert len(wrapper.updates) == 2 * updates
    assert len(wrapper.get_updates_for(x)) == len(wrapper.get_updates_for(None)) == updates
    assert (len(wrapper.get_losses_for(x)), len(wrapper.get_losses_for(None))) == losses
    assert len(wrapper.losses) == 3 * updates


def test_time_distributed_knows_what_the_layer_inside_sees():
    layer = TimeDistributed(BatchNormalization(), input_shape=(10, 2))
    model = Sequential([layer])
    assert list(layer._input_map) == [object_list_uid(model.inputs)]
    (seen,) = layer._input_map.values()
    assert K.int_shape(seen) == (None, 2)
    assert len(layer.updates) == len(model.updates) == 2
    fixed = TimeDistributed(Dense(2))
    fixed(Input(batch_shape=(4, 10, 2)))
    assert fixed._input_map == {}


# -- inputs that no output needs


def idle():
    a, b = Input((3,), name="a"), Input((2,), name="b")
    return Model([a, b], Dense(2, name="d")(a))


def test_an_input_that_no_output_needs_is_a_layer_of_the_model():
    # Keras 2.2: of the layers nearest to the outputs it is the first.
    model = idle()
    assert [layer.name for layer in model.layers] == ["a", "b", "d"]
    assert [entry["name"] for entry in model.get_config()["layers"]] == ["a", "b", "d"]
    x, y = Input((3,)), Input((2,))
    around = Model([x, y], model([x, y]))
    assert around.layers[-1] is model


@pytest.mark.parametrize(
    "copy",
    [lambda m: model_from_json(m.to_json()), lambda m: model_from_graph(m.graph), clone_model],
    ids=["json", "graph", "clone"],
)
def test_an_input_that_no_output_needs_survives(copy):
    model = idle()
    assert copy(model).to_json() == model.to_json()
