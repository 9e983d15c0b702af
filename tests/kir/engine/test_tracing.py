"""Layers of the user's: how their calls stand in the graph. Needs no TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir import regularizers
from kir.engine.base_layer import Layer
from kir.errors import ConfigError, DTypeError, ShapeError
from kir.ir import parse, verify
from kir.layers import (
    BatchNormalization,
    Dense,
    Embedding,
    Input,
    Lambda,
    Masking,
    TimeDistributed,
    Wrapper,
)
from kir.models import Model, Sequential, model_from_json
from kir.serde.proto import from_bytes, to_bytes
from kir.utils import CustomObjectScope
from tests.processes import run_python


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


class Scale(Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.scale = self.add_weight(
            name="scale",
            shape=(input_shape[-1],),
            initializer="ones",
            regularizer=regularizers.l2(0.1),
        )
        super().build(input_shape)

    def call(self, x):
        return x * self.scale * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def node_of(layer, index=0):
    return layer._inbound_nodes[index]


def round_trips(model):
    graph = model.graph
    verify(graph)
    return parse(str(graph)) == graph and str(from_bytes(to_bytes(graph))) == str(graph)


TEXT = """\
graph @model_1(%input_1: f32[?,3]) -> (f32[?,3]) attributes {class_name = "Model"} {
  weight @scale_1/scale:0 : f32[3] {initializer = {class_name = "Ones", config = {}}, \
regularizer = {class_name = "L1L2", config = {l1 = 0.0, l2 = 0.10000000149011612}}}
  %scale_1 = user.Scale "scale_1" (%input_1) [@scale_1/scale:0] {trainable = True, factor = 2.0} \
: f32[?,3]
    graph @call(%input_1: f32[?,3]) -> (f32[?,3]) {
      %#1 = k.multiply(%input_1, @scale_1/scale:0) {x = $0, y = $1} : f32[?,3]
      %#2 = k.multiply(%#1) {x = $0, y = 2.0} : f32[?,3]
      return %#2
    }
  return %scale_1
}"""


def test_a_call_is_a_node_with_a_region():
    x = Input((3,))
    model = Model(x, Scale()(x))
    assert str(model.graph) == TEXT
    assert round_trips(model)


def test_tracing_needs_no_tensorflow():
    code = (
        "import sys; from kir.layers import Input, Lambda; from kir import backend as K\n"
        "y = Lambda(lambda x: K.relu(x) + K.mean(x))(Input((3,)))\n"
        "assert y.type.shape == (None, 3), y\n"
        "assert 'tensorflow' not in sys.modules"
    )
    run_python(code)


class Returning(Layer):
    """Computes what it is told to."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    def call(self, x):
        return self.function(x)


@pytest.mark.parametrize(
    ("function", "want"),
    [
        (lambda x: x, "f32[?,4,6]"),
        (lambda x: K.sum(x, axis=-1), "f32[?,4]"),
        (lambda x: K.shape(x), "i32[3]"),
        (lambda x: K.cast(x > 0, "int32"), "i32[?,4,6]"),
        (lambda x: x[:, -1], "f32[?,6]"),
        (lambda x: K.zeros((2, 3)), "f32[2,3]"),
        (lambda x: np.ones((2,), "float32"), "f32[2]"),
        (lambda x: [x], "f32[?,4,6]"),
    ],
)
def test_the_type_is_what_the_function_computes(function, want):
    assert str(Returning(function)(Input((4, 6))).type) == want


def test_a_list_of_results_stays_a_list():
    outputs = Returning(lambda x: [x, K.sum(x, -1), x])(Input((4,)))
    assert [str(y.type) for y in outputs] == ["f32[?,4]", "f32[?]", "f32[?,4]"]


class Declaring(Layer):
    def __init__(self, shape, **kwargs):
        super().__init__(**kwargs)
        self.shape = shape

    def call(self, x):
        return K.sum(x, axis=1)

    def compute_output_shape(self, input_shape):
        return self.shape


def test_a_declared_shape_counts():
    x = Input((4, 6))
    assert Declaring((None, 6))(x).type.shape == (None, 6)
    assert Declaring((None, None))(x).type.shape == (None, None)


@pytest.mark.parametrize(
    ("declared", "seen", "message"),
    [
        ((None, 5), (None, 5), r"Declaring 'wrong': .*\(None, 5\).* f32\[\?,6\]"),
        ((None, 6, 1), (None, 6, 1), r"\(None, 6, 1\)"),
        ([(None, 6), (None, 6)], (None, 6), "as 2 shapes"),
        (None, (None, 6), "as None, which is no tuple"),
    ],
)
def test_a_wrong_declaration_is_what_the_program_sees_with_a_warning(declared, seen, message):
    with pytest.warns(UserWarning, match=message):
        y = Declaring(declared, name="wrong")(Input((4, 6)))
    assert str(y.type) == "f32[?,6]"
    assert K.int_shape(y) == seen == y._keras_history[0].output_shape


def test_a_declared_batch_size_does_not_bind_what_is_fed():
    y = Declaring((8, 6))(Input((4, 6)))
    assert (y.type.shape, K.int_shape(y)) == ((None, 6), (8, 6))


def test_too_few_declared_shapes_are_refused():
    class Two(Declaring):
        def call(self, x):
            return [x, x]

    with pytest.raises(ShapeError, match="gives 1 shapes"):
        Two((None, 4, 6))(Input((4, 6)))


class WithTable(Embedding):
    """Gives its table too."""

    def compute_output_shape(self, input_shape):
        shape = super().compute_output_shape(input_shape)
        return [shape, (self.input_dim, self.output_dim)]

    def call(self, x):
        return [super().call(x), K.identity(self.embeddings)]


def test_a_subclass_asks_the_built_in_class_for_its_shape():
    vectors, table = WithTable(7, 3)(Input((5,)))
    assert (K.int_shape(vectors), K.int_shape(table)) == ((None, 5, 3), (7, 3))


def test_a_layer_asks_the_base_class_for_its_shape():
    class Same(Layer):
        def call(self, x):
            return x * 2.0

        def compute_output_shape(self, input_shape):
            return super().compute_output_shape(input_shape)

    assert K.int_shape(Same()(Input((4,)))) == (None, 4)


def test_values_from_outside_become_operands():
    x = Input((3,))
    other = Dense(3)(x)
    layer = Returning(lambda v: v + other)
    model = Model(x, layer(x))
    node = node_of(layer)
    assert node.inputs == (x, other)
    assert node.region.attributes == {"captures": 1}
    assert round_trips(model)
    assert [n.op for n in model.graph.nodes] == ["keras.Dense", "user.Returning"]


class TwoInputs(Layer):
    def call(self, x, other=None, twice=False):
        return x + other * (2 if twice else 1)


def test_tensors_may_be_keyword_arguments():
    x, y = Input((3,)), Input((3,))
    layer = TwoInputs()
    model = Model([x, y], layer(x, other=Dense(3)(y), twice=True))
    assert 'user.TwoInputs "two_inputs_1" (%input_1, %dense_1, other = $1, twice = True)' in str(
        model.graph
    )
    assert round_trips(model)


def test_one_tensor_may_be_two_inputs():
    x = Input((3,))
    layer = Returning(lambda v: v[0] - v[1])
    assert round_trips(Model(x, layer([x, x])))


class Masked(Layer):
    def call(self, x, mask=None):
        return x if mask is None else x * K.expand_dims(K.cast(mask, "float32"))

    def compute_mask(self, inputs, mask=None):
        return mask


def test_masks_are_inputs_of_the_region():
    x = Input((4, 2))
    layer = Masked()
    y = layer(Masking()(x))
    (node,) = layer._inbound_nodes
    assert node.masks[0] is y.mask
    assert len(node.region.inputs) == 2
    assert round_trips(Model(x, y))
    assert len(Masked()(x)._keras_history[0]._inbound_nodes[0].region.inputs) == 1


# -- losses and updates


class Counting(Layer):
    def build(self, input_shape):
        self.count = self.add_weight(name="n", shape=(), initializer="zeros", trainable=False)
        self.mean = self.add_weight(name="m", shape=(3,), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, x):
        noise = K.random_normal(K.shape(x))
        self.add_loss(K.mean(K.square(noise)), inputs=x)
        self.add_update([K.update_add(self.count, 1.0), (self.mean, K.mean(x, axis=0))], inputs=x)
        self.add_update(K.moving_average_update(self.mean, K.mean(x, axis=0), 0.9), inputs=x)
        return x + noise


def test_losses_and_updates_are_hidden_results_of_the_call():
    x = Input((3,))
    layer = Counting()
    model = Model(x, layer(x))
    node = node_of(layer)
    assert [str(v.type) for v in node.outputs] == ["f32[?,3]", "f32[]", "f32[3]", "f32[3]"]
    assert node.effects.losses == (1,)
    assert layer.losses == model.losses == [node.outputs[1]]
    assert [u.producer.op for u in model.updates] == [
        "k.update_add",
        "k.update",
        "k.moving_average_update",
    ]
    assert layer.get_losses_for(x) == layer.losses
    assert layer.get_updates_for(x) == layer.updates
    assert layer.get_updates_for(None) == []
    # Drawn once: the loss is that of the noise which was added.
    assert sum(n.op == "k.random_normal" for n in node.region.nodes) == 1
    assert round_trips(model)


def test_each_call_has_its_own_losses():
    layer = Counting()
    a, b = Input((3,)), Input((3,))
    layer(a)
    second = Model(b, layer(b))
    assert len(layer.losses) == 2
    assert second.losses == [node_of(layer, 1).outputs[1]]


def test_losses_by_hand_depend_on_no_call():
    x = Input((3,))
    layer = Scale()
    model = Model(x, layer(x))
    layer.add_loss(K.sum(layer.scale))
    model.add_loss(K.mean(x))
    assert len(model.losses) == 3  # the regularizer's too
    assert len(layer.get_losses_for(None)) == 2


class Switching(Layer):
    def call(self, x, training=None):
        return K.in_train_phase(x * 2, x, training=training)


def test_the_learning_phase_is_asked_for_inside():
    x = Input((3,))
    layer = Switching()
    y, z = layer(x), layer(x, training=True)
    assert y._uses_learning_phase
    assert not z._uses_learning_phase
    assert "k.learning_phase" in [n.op for n in node_of(layer).region.nodes]
    assert node_of(layer).inputs == (x,)
    assert node_of(layer, 1).arguments == {"training": True}
    assert round_trips(Model(x, [y, z]))


# -- layers in layers


class DoubledDense(Dense):
    def call(self, x):
        return super().call(x) * 2


class ShiftedNorm(BatchNormalization):
    def call(self, x, training=None):
        return super().call(x, training=training) + 1


def test_super_call_records_the_built_in_layer():
    x = Input((3,))
    layer = DoubledDense(4)
    model = Model(x, layer(x))
    node = node_of(layer)
    assert [n.op for n in node.region.nodes] == ["keras.Dense", "k.multiply"]
    assert node.region.nodes[0].weights == tuple(layer.weights)
    assert layer.output_shape == (None, 4)
    assert round_trips(model)


def test_super_call_keeps_the_updates():
    x = Input((3,))
    layer = ShiftedNorm()
    model = Model(x, layer(x))
    assert len(model.updates) == 2
    assert node_of(layer).effects.public_count == 1
    assert round_trips(model)


class Inside(Layer):
    """Applies a layer that it made itself."""

    def build(self, input_shape):
        self.dense = Dense(2, name="inner")
        super().build(input_shape)

    def call(self, x):
        return self.dense(x)


def test_layers_called_inside_are_nodes_of_the_region():
    x = Input((3,))
    layer = Inside()
    model = Model(x, layer(x))
    assert [n.op for n in node_of(layer).region.nodes] == ["keras.Dense"]
    assert layer.dense.weights[0].name == "inside_1/inner/kernel:0"
    assert model.layers == [model.layers[0], layer]
    assert round_trips(model)


class Around(Wrapper):
    def build(self, input_shape):
        self.layer.build(input_shape)
        self.layer.built = True
        super().build()

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def call(self, x):
        return self.layer.call(x) + 1


def test_a_wrapper_of_the_user_calls_the_layer_inside():
    x = Input((3,))
    layer = Around(Dense(5))
    model = Model(x, layer(x))
    assert [n.op for n in node_of(layer).region.nodes] == ["keras.Dense", "k.add"]
    assert [w.type.shape for w in model.weights] == [(3, 5), (5,)]
    assert round_trips(model)


def test_wrappers_take_the_shape_from_the_function():
    x = Input((4, 6))
    assert TimeDistributed(Returning(lambda v: v[:, :2]))(x).type.shape == (None, 4, 2)
    assert TimeDistributed(Lambda(lambda v: v[:, :2]))(x).type.shape == (None, 4, 2)


class LateWeight(Layer):
    def call(self, x):
        self.kernel = self.add_weight(name="kernel", shape=(3, 2))
        return K.dot(x, self.kernel)


def test_weights_may_be_made_in_the_call():
    x = Input((3,))
    model = Model(x, LateWeight()(x))
    assert [w.name for w in model.weights] == ["late_weight_1/kernel:0"]
    assert round_trips(model)


def test_a_nested_model_infers_its_layers_anew_for_another_shape():
    x = Input((None, 3))
    inner = Model(x, Returning(lambda v: K.sum(v, axis=2))(x))
    assert inner(Input((7, 3))).type.shape == (None, 7)
    assert Sequential([Scale(input_shape=(3,)), Scale()]).output_shape == (None, 3)


def test_a_model_is_read_with_custom_objects():
    x = Input((3,))
    text = Model(x, Scale(3.0)(x)).to_json()
    with pytest.raises(ConfigError, match="Scale"):
        model_from_json(text)
    assert model_from_json(text, custom_objects={"Scale": Scale}).layers[1].factor == 3.0
    with CustomObjectScope({"Scale": Scale}):
        assert model_from_json(text).to_json() == text


# -- mistakes


class Mistaken(Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(5, 2))
        super().build(input_shape)

    def call(self, x):
        return K.dot(x, self.kernel)  # THE LINE


def line_of(text):
    with open(__file__) as file:
        return next(i for i, line in enumerate(file, 1) if line.rstrip().endswith(text))


def test_a_mistake_names_the_layer_the_line_and_the_types():
    with pytest.raises(ShapeError) as caught:
        Mistaken(name="wrong")(Input((3,)))
    message = str(caught.value)
    assert message.startswith("Mistaken 'wrong' on f32[?,3], in call at ")
    assert f"{__file__}:{line_of('# THE LINE')}: `return K.dot(x, self.kernel)" in message
    assert "f32[?,3] by f32[5,2]" in message


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda x: x.absent, AttributeError, "absent"),
        (lambda x: undefined, NameError, "undefined"),  # noqa: F821
        (lambda x: x if x > 0 else -x, TypeError, "no truth value"),
        (lambda x: 1 / 0, ZeroDivisionError, "division"),
    ],
)
def test_errors_of_python_keep_their_class(function, error, message):
    with pytest.raises(error, match=rf"(?s){message}.*Lambda 'lambda_1' on f32\[\?,3\]"):
        Lambda(function)(Input((3,)))


def test_a_forgotten_return_is_named():
    with pytest.raises(ConfigError, match=r"Lambda 'lambda_1' .*test_tracing.py:\d+\) returned No"):
        Lambda(lambda x: None)(Input((3,)))
    with pytest.raises(DTypeError, match="returned 'text'"):
        Lambda(lambda x: "text")(Input((3,)))


def test_a_mistake_in_a_layer_inside_names_both():
    class Outer(Layer):
        def call(self, x):
            return Mistaken(name="inner")(x)

    with pytest.raises(ShapeError, match="Mistaken 'inner'") as caught:
        Outer(name="outer")(Input((3,)))
    assert caught.value.__notes__ == ["In the call of Outer 'outer'."]
