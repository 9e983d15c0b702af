"""A cross-entropy gets logits instead of probabilities, with Keras's clipping and its gradients."""

import numpy as np
import pytest

from compiler import backend
from compiler.lowering.context import Context
from compiler.lowering.interpret import interpret
from compiler.passes.fuse_crossentropy import FuseCrossentropy
from compiler.programs.objective import Metric, OutputObjective, build_graph
from compiler.tensorflow import tf
from kir import backend as K
from kir import losses, metrics
from kir.layers import Activation, BatchNormalization, Conv2D, Dense, Input
from kir.models import Model, Sequential
from tests.compiler.passes.graphs import brief, run, text

pytestmark = pytest.mark.tf

CASES = {
    "categorical": (losses.categorical_crossentropy, "softmax"),
    "sparse": (losses.sparse_categorical_crossentropy, "softmax"),
    "binary": (losses.binary_crossentropy, "sigmoid"),
}


def objective_graph(model, loss, measured=()):
    objectives = [
        OutputObjective(name, output, loss, metrics=list(measured))
        for name, output in zip(model.output_names, model.outputs, strict=True)
    ]
    return build_graph(model, objectives, with_updates=False, with_weights=False).graph


def test_a_dense_layer_is_split_at_its_activation():
    K.clear_session()
    model = Sequential([Dense(3, activation="softmax", input_shape=(4,), name="d")], name="m")
    accuracy = Metric("acc", metrics.categorical_accuracy)
    graph = objective_graph(model, losses.categorical_crossentropy, [accuracy])
    assert brief(run(FuseCrossentropy(), graph)) == text(
        """
        graph @m(%d_input: f32[?,4], %d_target: f32[?,3]) -> (f32[], f32[]) attributes \\
        {class_name = "Program"} {
          %d = keras.Dense "d" (%d_input) [@d/kernel:0, @d/bias:0] \\
        {batch_input_shape = (None, 4), dtype = "float32", units = 3} : f32[?,3]
          %d#2 = k.softmax(%d) {x = $0} : f32[?,3]
          %d_loss = kir.objective "d_loss" (%d_target, %d) {function = opaque \\
        "softmax_crossentropy", has_mask = False} : f32[]
          %d_acc = kir.objective "d_acc" (%d_target, %d#2) {function = opaque \\
        "categorical_accuracy", has_mask = False} : f32[]
          %total_loss = kir.total "total" (%d_loss) {factors = [1.0]} : f32[]
          return %total_loss, %d_acc
        }
        """
    )


def test_probabilities_that_nobody_wants_are_not_computed():
    model = Sequential([Dense(1, input_shape=(4,)), Activation("sigmoid")])
    graph = run(FuseCrossentropy(), objective_graph(model, losses.binary_crossentropy))
    ops = [node.op for node in graph.nodes]
    assert ops == ["keras.Dense", "kir.objective", "kir.total"]


def normal(shape):
    return np.random.RandomState(5).normal(size=shape)


def saturated(shape):
    """Most probabilities are exactly 0 or 1, and none is close to it."""
    return 40.0 * np.round(normal(shape))


def borders(shape):
    """Probabilities on both sides of epsilon and 1 - epsilon."""
    logits = np.zeros(shape)
    logits[..., 0] = np.linspace(-17.5, 17.5, int(np.prod(shape[:-1]))).reshape(shape[:-1])
    logits[..., 1:] = -logits[..., :1] if shape[-1] > 1 else 0.0
    return logits


def targets(kind, shape):
    draws = np.random.RandomState(6)
    if kind == "sparse":
        return draws.randint(0, shape[-1], (*shape[:-1], 1)).astype("float32")
    if kind == "binary":
        return draws.randint(0, 2, shape).astype("float32")
    return np.eye(shape[-1], dtype="float32")[draws.randint(0, shape[-1], shape[:-1])]


def loss_and_gradient(graph, logits, wanted):
    x, y = tf.constant(logits, tf.float32), tf.constant(wanted)
    with tf.GradientTape() as tape:
        tape.watch(x)
        env = dict(zip(graph.inputs, (x, y), strict=True))
        (loss,) = interpret(graph.outputs, env, Context(training=True))
    return loss.numpy(), tape.gradient(loss, x).numpy()


def reference(kind, logits, wanted):
    """Keras's own: the loss of the probabilities, and its gradient through both functions."""
    x = tf.constant(logits, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        if kind == "binary":
            each = tf.reduce_mean(backend.binary_crossentropy(wanted, tf.sigmoid(x)), -1)
        elif kind == "sparse":
            each = backend.sparse_categorical_crossentropy(wanted, tf.nn.softmax(x))
        else:
            each = backend.categorical_crossentropy(wanted, tf.nn.softmax(x))
        loss = tf.reduce_mean(each)
    return loss.numpy(), tape.gradient(loss, x).numpy()


def activation_alone(kind, shape):
    x = Input(shape[1:])
    loss, activation = CASES[kind]
    graph = objective_graph(Model(x, Activation(activation)(x)), loss)
    fused = run(FuseCrossentropy(), graph)
    assert "keras.Activation" not in [node.op for node in fused.nodes]
    return graph, fused


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("draw", [normal, saturated, borders])
@pytest.mark.parametrize("shape", [(64, 5), (8, 3, 4), (64, 1)], ids=str)
def test_loss_and_gradient_are_those_of_the_probabilities(kind, draw, shape):
    logits, wanted = draw(shape).astype("float32"), targets(kind, shape)
    graph, fused = activation_alone(kind, shape)
    loss, gradient = loss_and_gradient(fused, logits, wanted)
    # A float32 probability is exact to 6e-8, which is half of 1 - p where p is almost 1; the logits
    # keep what is lost there.
    tolerance = 1e-3 if draw is borders and kind == "binary" else 1e-5
    for expected in (reference(kind, logits, wanted), loss_and_gradient(graph, logits, wanted)):
        np.testing.assert_allclose(loss, expected[0], rtol=tolerance, atol=1e-6)
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("kind", CASES)
def test_a_clipped_probability_counts_as_epsilon_and_passes_no_gradient(kind):
    graph, fused = activation_alone(kind, (2, 3))
    sign = -1.0 if kind == "binary" else 1.0
    logits = sign * np.array([[40.0, -40.0, -40.0]] * 2, "float32")
    wanted = {
        "categorical": [[0.0, 1.0, 0.0]] * 2,
        "sparse": [[1.0]] * 2,
        "binary": [[1.0, 0.0, 0.0]] * 2,
    }[kind]
    loss, gradient = loss_and_gradient(fused, logits, np.array(wanted, "float32"))
    expected, _ = loss_and_gradient(graph, logits, np.array(wanted, "float32"))
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    assert loss == pytest.approx(-np.log(1e-7), rel=0.02)
    np.testing.assert_array_equal(gradient, np.zeros_like(gradient))


def test_soft_targets_are_weighed():
    _, fused = activation_alone("categorical", (6, 4))
    wanted = np.random.RandomState(2).dirichlet(np.ones(4), 6).astype("float32")
    ours = loss_and_gradient(fused, normal((6, 4)), wanted)
    for a, b in zip(ours, reference("categorical", normal((6, 4)), wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_many_clipped_classes_add_to_the_sparse_loss():
    # Keras 2.2: each of 20000 classes counts as at least epsilon, 0.002 in all.
    logits = np.zeros((1, 20000), "float32")
    logits[0, 0] = 50.0
    _, fused = activation_alone("sparse", (1, 20000))
    loss, _ = loss_and_gradient(fused, logits, np.zeros((1, 1), "float32"))
    assert loss == pytest.approx(0.002, rel=1e-3)


def test_a_label_outside_the_classes_is_an_error():
    _, fused = activation_alone("sparse", (1, 3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="label"):
        loss_and_gradient(fused, np.zeros((1, 3)), np.full((1, 1), 3.0, "float32"))


def test_gradients_reach_the_weights():
    model = Sequential([Dense(3, activation="softmax", input_shape=(4,))])
    graph = objective_graph(model, losses.categorical_crossentropy)
    fused = run(FuseCrossentropy(), graph)
    data, wanted = normal((8, 4)), targets("categorical", (8, 3))
    for a, b in zip(*(loss_and_gradient(g, data, wanted) for g in (graph, fused)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def convolution():
    layers = [Conv2D(3, 1, activation="softmax", input_shape=(2, 2, 2))]
    return Sequential(layers), losses.categorical_crossentropy


def other_activation():
    layers = [Dense(3, activation="sigmoid", input_shape=(4,))]
    return Sequential(layers), losses.categorical_crossentropy


def other_loss():
    return Sequential([Dense(3, activation="softmax", input_shape=(4,))]), losses.mse


def layer_between():
    layers = [Dense(3, activation="softmax", input_shape=(4,)), BatchNormalization()]
    return Sequential(layers), losses.categorical_crossentropy


def own_call():
    class Halved(Dense):
        def call(self, inputs):
            return super().call(inputs) * 0.5

    layers = [Halved(3, activation="softmax", input_shape=(4,))]
    return Sequential(layers), losses.categorical_crossentropy


def test_a_convolution_is_split_too():
    model, loss = convolution()
    ops = [node.op for node in run(FuseCrossentropy(), objective_graph(model, loss)).nodes]
    assert ops == ["keras.Conv2D", "kir.objective", "kir.total"]


@pytest.mark.parametrize("make", [other_activation, other_loss, layer_between, own_call])
def test_what_does_not_fit_is_left(make):
    graph = objective_graph(*make())
    assert FuseCrossentropy().run(graph) is graph


def test_two_losses_of_shared_probabilities():
    x = Input((4,))
    p = Dense(3, activation="softmax", name="p")(x)
    model = Model(x, [p, p])
    graph = objective_graph(model, losses.categorical_crossentropy)
    fused = run(FuseCrossentropy(), graph)
    assert [node.op for node in fused.nodes].count("keras.Dense") == 1
    data, wanted = normal((8, 4)), targets("categorical", (8, 3))
    found = []
    for one in (graph, fused):
        env = dict(
            zip(one.inputs, map(tf.constant, (np.float32(data), wanted, wanted)), strict=True)
        )
        found.append(interpret(one.outputs[:1], env, Context(training=True))[0].numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
