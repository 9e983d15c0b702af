"""What programs of the time reach into: names, marks and hooks that Keras had inside."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir.engine.base_layer import Layer
from kir.layers import GRU, Dense, Dropout, Input, add, concatenate
from kir.layers.merge import Add, _Merge
from kir.models import Model

pytestmark = pytest.mark.tf


class Scores(Layer):
    """A layer that knows its own loss, as the CRF of keras-contrib does."""

    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (input_shape[-1], 2), initializer="ones")
        self.built = True

    def call(self, inputs):
        return K.softmax(K.dot(inputs, self.kernel))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 2)


def loss_of_the_layer(y_true, y_pred):
    layer, index = y_pred._keras_history[:2]
    scores = K.dot(layer._inbound_nodes[index].input_tensors[0], layer.kernel)
    return K.mean(K.square(scores - y_true), axis=-1)


def test_a_loss_finds_the_layer_behind_the_predictions():
    model = Model(x := Input((3,)), Scores()(x))
    model.compile("sgd", loss_of_the_layer, metrics=[loss_of_the_layer])
    found = model.evaluate(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    np.testing.assert_allclose(found, [4.0, 4.0])  # (3 - 1) ** 2
    model.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
    assert model.evaluate(np.ones((4, 3)), np.ones((4, 2)), verbose=0)[0] < 4.0


class Weighted(_Merge):
    def _merge_function(self, inputs):
        return 0.25 * inputs[0] + 0.75 * inputs[1]


class Negated(Add):
    def _merge_function(self, inputs):
        return -(inputs[0] + inputs[1])


@pytest.mark.parametrize(("cls", "wanted"), [(Weighted, 1.75), (Negated, -3.0)])
def test_a_merge_of_the_programs_own(cls, wanted):
    a, b = Input((2,)), Input((2,))
    merged = cls()([a, b])
    assert K.int_shape(merged) == (None, 2)
    found = Model([a, b], merged).predict([np.full((3, 2), 1.0), np.full((3, 2), 2.0)])
    np.testing.assert_allclose(found, wanted)


@pytest.mark.parametrize(("training", "varies"), [(None, True), (True, False), (False, False)])
def test_a_call_that_states_its_phase_does_not_depend_on_it(training, varies):
    x = Input((4,))
    assert Dropout(0.5)(x, training=training)._uses_learning_phase is varies
    model = Model(x, Dropout(0.5)(Dense(2)(x), training=training))
    assert model.uses_learning_phase is varies


def test_a_recurrent_call_may_state_its_phase():
    x = Input((3, 2))
    assert not GRU(2, dropout=0.5)(x, training=True)._uses_learning_phase


def test_a_network_is_computed_on_other_tensors_without_a_call():
    a = Input((3,), name="a")
    model = Model(a, Dense(2)(a))
    x = Input((3,), name="x")
    outputs, masks, shapes = model.run_internal_graph([x], [None])
    assert (masks, shapes) == ([None], [(None, 2)])
    assert len(model._inbound_nodes) == 1
    run = K.function([x], outputs)
    np.testing.assert_allclose(run([np.ones((1, 3))])[0], model.predict(np.ones((1, 3))))


def test_names_of_keras_2_0_are_there():
    dense = Dense(2, name="d")
    model = Model(x := Input((3,), name="x"), dense(x))
    assert dense.inbound_nodes is dense._inbound_nodes
    assert model.layers[0].outbound_nodes == dense.inbound_nodes
    assert model.container_nodes == model._network_nodes == {"x_ib-0", "d_ib-0"}
    assert model.input_layers == [model.layers[0]]
    assert model.output_layers == [dense]
    assert list(model.layers_by_depth) == [0, 1]
    assert list(model.nodes_by_depth) == [0, 1]


def test_the_end_of_a_model_is_cut_off_as_programs_did_it():
    model = Model(x := Input((3,)), Dense(2, name="b")(Dense(4, name="a")(x)))
    model.layers.pop()
    model.outputs = [model.layers[-1].output]
    model.layers[-1].outbound_nodes = []
    cut = Model(model.input, Dense(5)(model.layers[-1].output))
    assert cut.predict(np.ones((1, 3))).shape == (1, 5)
    assert len(model.layers[-1]._outbound_nodes) == 1


def test_what_is_fed_to_a_compiled_model_is_listed():
    x = Input((3,), name="x")
    model = Model(x, [Dense(2, name="a")(x), Dense(4, activation="softmax", name="b")(x)])
    model.compile("sgd", ["mse", "sparse_categorical_crossentropy"])
    assert (model._feed_input_names, model._feed_input_shapes) == (["x"], [(None, 3)])
    assert model._feed_output_names == ["a", "b"]
    assert model._feed_output_shapes == [(None, 2), (None, 1)]
    assert model._feed_outputs == model.outputs
    assert [f.__name__ for f in model._feed_loss_fns] == [
        "mean_squared_error",
        "sparse_categorical_crossentropy",
    ]
    assert model._feed_sample_weight_modes == [None, None]


def test_an_optimizer_gives_the_gradient_by_one_tensor():
    model = Model(x := Input((3,)), Dense(2)(x))
    model.compile("sgd", "mse")
    grads = model.optimizer.get_gradients(model.total_loss, model.layers[-1].output)
    fed = model._feed_inputs + model._feed_targets + model._feed_sample_weights
    inputs, targets, weights = model._standardize_user_data(np.ones((4, 3)), np.ones((4, 2)))
    found = K.function(fed, grads)(inputs + targets + weights)
    assert [f.shape for f in found] == [(4, 2)]


def test_losses_of_a_call_are_found_by_the_variable_that_was_passed():
    layer = Dense(2, activity_regularizer="l2", kernel_regularizer="l1")
    x = K.variable(np.ones((3, 4)))
    layer(x)
    assert len(layer.get_losses_for(x)) == 1
    assert len(layer.get_losses_for(None)) == 1


def test_a_model_gets_back_the_inputs_that_a_program_took_away():
    model = Model(x := Input((3,)), Dense(2)(x))
    values = np.ones((1, 3), "float32")
    wanted = model.predict(values)
    with pytest.raises(ValueError, match="Model inputs are already set"):
        model._set_inputs(model.inputs)
    for given in (x, [x]):
        model.inputs = None
        model._set_inputs(given)
        np.testing.assert_array_equal(model.predict([values]), wanted)
    model.inputs = None
    with pytest.raises(ValueError, match="get back the same inputs"):
        model._set_inputs(Input((3,)))


def test_a_tensor_of_unknown_rank_is_taken_for_what_a_model_was_made_for():
    a, b = Input((3,)), Input((4,))
    model = Model([a, b], [Dense(2)(a), Dense(5)(b)])
    x, y = K.placeholder(), K.placeholder()
    first, second = model([x, y])
    assert [t.get_shape().as_list() for t in (first, second)] == [[None, 2], [None, 5]]
    values = [np.ones((2, 3)), np.ones((2, 4))]
    joined, found = K.function([x, y], [concatenate([x, y], axis=1), first])(values)
    assert joined.shape == (2, 7)
    np.testing.assert_allclose(found, model.predict(values)[0], rtol=1e-6)
    # Samples align, whatever the ranks turn out to be.
    (total,) = K.function([x, y], [add([x, y])])([np.ones((2, 3)), np.ones((2, 4, 3))])
    np.testing.assert_array_equal(total, np.full((2, 4, 3), 2.0))


def test_a_program_is_told_that_trainable_was_changed_after_compile():
    inner = Model(x := Input((3,)), Dense(1)(x))
    model = Model(y := Input((3,)), Dense(1)(inner(y)))
    inner.trainable = False
    model.compile("sgd", "mse")
    data = np.ones((4, 3)), np.ones((4, 1))
    model.train_on_batch(*data)
    inner.trainable = True
    for use in (
        model.summary,
        lambda: model.fit(*data, verbose=0),
        lambda: model.train_on_batch(*data),
    ):
        with pytest.warns(UserWarning, match="Discrepancy between the trainable") as caught:
            use()
        assert [w.filename for w in caught] == [__file__]
    model.compile("sgd", "mse")
    model.summary()
