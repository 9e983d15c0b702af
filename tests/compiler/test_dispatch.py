"""TensorFlow's functions on symbolic values, and user code that TensorFlow alone can run."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.tensorflow import tf
from kir import backend as K
from kir.engine.base_layer import Layer
from kir.errors import KirError, ShapeError
from kir.ir import parse, verify
from kir.layers import Dense, Input, Lambda
from kir.models import Model

X = np.random.RandomState(0).normal(size=(5, 6)).astype("float32")
IMAGES = np.random.RandomState(1).uniform(size=(2, 8, 8, 3)).astype("float32")


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


@pytest.fixture
def x():
    return K.placeholder((None, 6))


def run(x, y, value=X):
    return K.function([x], [y])([value])[0]


@pytest.mark.parametrize(
    ("op", "function"),
    [
        ("tf.math.reduce_mean", tf.reduce_mean),
        ("tf.math.square", tf.square),
        ("tf.nn.softmax", tf.nn.softmax),
        ("tf.math.l2_normalize", lambda x: tf.nn.l2_normalize(x, 1)),
        ("tf.stack", lambda x: tf.stack([x, x], axis=1)),
        ("tf.concat", lambda x: tf.concat([x, X], 1)),
        ("tf.linalg.matmul", lambda x: tf.matmul(x, X, transpose_b=True)),
        ("tf.math.square", lambda x: tf.raw_ops.Square(x=x)),
        ("tf.einsum", lambda x: tf.einsum("bi,bj->bij", x, x)),
        ("tf.cast", lambda x: tf.cast(x, tf.int32)),
        ("tf.where", lambda x: tf.where(x > 0, x, tf.zeros_like(x))),
        ("tf.clip_by_value", lambda x: tf.clip_by_value(x, -0.5, 0.5)),
        ("tf.map_fn", lambda x: tf.map_fn(lambda row: row * 2, x)),
        ("tf.scan", lambda x: tf.scan(lambda a, b: a + b, x)),
        ("tf.while_loop", lambda x: tf.while_loop(lambda v: False, lambda v: v, [x])[0]),
        ("tf.cond", lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: -x)),
        ("tf.py_function", lambda x: tf.py_function(lambda v: v.numpy() * 2, [x], tf.float32)),
        ("tf.numpy_function", lambda x: tf.numpy_function(np.sin, [x], tf.float32)),
    ],
)
def test_the_outermost_function_is_recorded_and_computes_the_same(x, op, function):
    y = function(x)
    assert y.producer.op == op
    with tf.init_scope():
        np.testing.assert_allclose(run(x, y), function(tf.constant(X)), rtol=1e-5, atol=1e-6)


def test_images_are_resized():
    x = K.placeholder((None, 8, 8, 3))
    y = tf.image.resize(x, (4, 4))
    assert str(y.type) == "f32[?,4,4,3]"
    np.testing.assert_allclose(run(x, y, IMAGES), tf.image.resize(IMAGES, (4, 4)), rtol=1e-6)


def test_structures_of_results_are_kept(x):
    values, indices = tf.nn.top_k(x, 2)
    assert (str(values.type), str(indices.type)) == ("f32[?,2]", "i32[?,2]")
    assert [str(v.type) for v in tf.split(x, 3, axis=1)] == ["f32[?,2]"] * 3
    mean, variance = tf.nn.moments(x, [0])
    np.testing.assert_allclose(run(x, variance), X.var(0), rtol=1e-5)
    assert mean.producer is variance.producer


def test_shapes_and_operators_mix_with_k(x):
    y = tf.reshape(x, [tf.shape(x)[0], 2, 3]) * 2 + tf.constant(1.0)
    z = tf.constant(1.0) - K.sum(y, axis=-1)
    assert str(z.type) == "f32[?,2]"
    np.testing.assert_allclose(run(x, z), 1 - (X.reshape(5, 2, 3) * 2 + 1).sum(-1), rtol=1e-4)
    assert K.reshape(x, (tf.shape(x)[1], -1)).type.shape == (6, None)


def test_gradients_pass_through(x):
    y = tf.reduce_sum(tf.square(x))
    for gradient in (K.gradients(y, [x])[0], tf.gradients(y, x)[0]):
        np.testing.assert_allclose(run(x, gradient), 2 * X, rtol=1e-6)


def test_variables_are_read_anew():
    v = K.variable(np.ones((2, 2)))
    y = tf.reduce_sum(v)
    assert K.eval(y) == 4.0
    K.set_value(v, np.zeros((2, 2)))
    assert K.eval(y) == 0.0


def test_a_variable_of_tensorflows_keeps_its_value_there(x):
    v = tf.Variable(2.0)
    y, z = x * v, tf.multiply(x, v)
    np.testing.assert_allclose(run(x, y), 2 * X)
    v.assign(3.0)
    np.testing.assert_allclose(run(x, y), 3 * X)
    np.testing.assert_allclose(run(x, z), 3 * X)


def test_functions_inside_take_symbolic_values_from_outside(x):
    other = K.square(x)
    steps, result = tf.while_loop(
        lambda i, total: i < 3, lambda i, total: (i + 1, total + other), [0, x]
    )
    assert steps.producer.inputs == (x, other)
    np.testing.assert_allclose(run(x, result), X + 3 * X**2, rtol=1e-5)


def test_a_model_of_tensorflows_functions_verifies_trains_and_is_read_back():
    x = Input((6,))
    y = Lambda(lambda v: tf.nn.relu(v) + tf.reduce_mean(v, axis=1, keepdims=True))(Dense(6)(x))
    model = Model(x, Dense(1)(y))
    verify(model.graph)
    assert parse(str(model.graph)) == model.graph
    model.compile("sgd", "mse")
    history = model.fit(X, X[:, 0], epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_random_functions_draw_in_each_run():
    x = Input((6,))
    recorded = Lambda(lambda v: v + tf.random.normal(tf.shape(v)))
    opaque = Lambda(lambda v: v + tf.random.normal([6]))
    model = Model(x, [recorded(x), opaque(x)])
    assert not recorded._inbound_nodes[0].effects.is_opaque
    assert opaque._inbound_nodes[0].effects.is_opaque
    verify(model.graph)
    for first, second in zip(model.predict(X), model.predict(X), strict=True):
        assert not np.allclose(first, second)


def test_a_mistake_is_reported_without_tensorflows_traceback(x):
    with pytest.raises(ShapeError, match=r"tf.linalg.matmul of f32\[\?,6\]: Dimensions must be"):
        tf.matmul(x, tf.ones((5, 2)))
    with pytest.raises(
        ShapeError, match=r"(?s)Lambda 'l' on f32\[\?,6\].*test_dispatch.py:\d+"
    ) as e:
        Lambda(lambda v: tf.matmul(v, tf.ones((5, 2))), name="l")(Input((6,)))
    assert "/tensorflow/" not in "".join(str(f.path) for f in e.traceback)
    assert e.value.__cause__ is None
    assert e.value.__suppress_context__


class Gradient(Layer):
    """Needs tensors: TensorFlow's tape knows nothing of symbolic values."""

    def build(self, input_shape):
        self.k = self.add_weight(name="k", shape=(input_shape[-1],), initializer="ones")
        self.seen = self.add_weight(name="n", shape=(), initializer="zeros", trainable=False)
        self.mean = self.add_weight(
            name="mean", shape=(input_shape[-1],), initializer="zeros", trainable=False
        )
        super().build(input_shape)

    def call(self, x, training=None):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.square(x) * self.k)
        gradient = tape.gradient(y, x)
        self.add_loss(tf.reduce_mean(tf.square(self.k)))
        self.add_update(K.update_add(self.seen, 1.0), x)
        self.add_update(K.moving_average_update(self.mean, tf.reduce_mean(x, 0), 0.9), x)
        return K.in_train_phase(gradient * 2, gradient, training=training)


def test_code_that_needs_tensors_runs_when_a_program_is_built():
    x = Input((6,))
    layer = Gradient()
    y = layer(x)
    model = Model(x, Dense(1)(y))
    effects = layer._inbound_nodes[0].effects
    assert effects.is_opaque
    assert (len(model.losses), len(model.updates)) == (1, 2)
    assert y._uses_learning_phase
    verify(model.graph)
    predict = K.function([x, K.learning_phase()], [y])
    np.testing.assert_allclose(predict([X, 0])[0], 2 * X, rtol=1e-6)
    np.testing.assert_allclose(predict([X, 1])[0], 4 * X, rtol=1e-6)
    model.compile("sgd", "mse")
    history = model.fit(X, np.ones((5, 1)), epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert K.get_value(layer.seen) == 4
    np.testing.assert_allclose(K.get_value(layer.mean), X.mean(0), rtol=1e-4, atol=1e-6)


def test_opaque_calls_work_in_nested_models_and_take_values_from_outside():
    x = Input((6,))
    other = Dense(6)(x)

    def function(v):
        with tf.GradientTape() as tape:
            tape.watch(v)
            y = v * v * other
        return tape.gradient(y, v)

    layer = Lambda(function)
    inner = Model(x, layer(x))
    assert layer._inbound_nodes[0].effects.captured == (other,)
    outer_input = Input((6,))
    model = Model(outer_input, inner(outer_input))
    want = 2 * X * run(x, other)
    np.testing.assert_allclose(model.predict(X), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(inner.predict(X), want, rtol=1e-5, atol=1e-6)


def test_a_mistake_in_opaque_code_is_the_users_to_see():
    def function(v):
        with tf.GradientTape() as tape:
            tape.watch(v)
        return tf.matmul(v, tf.ones((5, 2)))  # the mistake

    with pytest.raises(KirError, match=r"(?s)Lambda 'o' on f32\[\?,6\].*the mistake.*Dimensions"):
        Lambda(function, name="o")(Input((6,)))


def test_a_mistake_in_a_loss_names_the_output():
    def wrong(y_true, y_pred):
        return K.dot(y_pred, K.ones((7, 7)))

    x = Input((6,))
    model = Model(x, Dense(2, name="out")(x))
    model.compile("sgd", wrong)
    with pytest.raises(
        KirError, match=r"(?s)The loss of output 'out' on f32\[\?,\?\], f32\[\?,2\]"
    ):
        model.fit(X, np.ones((5, 2)), verbose=0)


def test_shapes_can_be_results():
    x = Input((None, 6))
    model = Model(x, [Lambda(lambda v: K.shape(v))(x), Lambda(lambda v: tf.shape(v)[1:])(x)])
    data = np.ones((2, 3, 6))
    np.testing.assert_array_equal(K.function([x], model.outputs)([data])[0], [2, 3, 6])
    np.testing.assert_array_equal(model.predict_on_batch(data)[1], [3, 6])


def test_dropout_in_a_function_is_repeatable():
    def draws():
        K.clear_session()
        np.random.seed(3)
        x = K.placeholder((None, 6))
        from kir.layers import Dropout

        f = K.function([x, K.learning_phase()], [Dropout(0.5)(x)])
        return [f([X, 1])[0] for _ in range(3)]

    first, second = draws(), draws()
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_the_names_that_keras_took_from_tensorflow():
    assert K.tf.TensorShape is tf.TensorShape
    x = K.placeholder((None, 6))
    y = K.control_flow_ops.cond(K.sum(x) > 1e9, lambda: x, lambda: -x)
    np.testing.assert_array_equal(run(x, y), -X)


def test_gradients_are_weighted_by_those_from_above():
    x = Input((2,))
    weights = K.placeholder((None, 2))
    found = tf.gradients(x * x, x, weights)[0]
    run = K.function([x, weights], [found])
    np.testing.assert_array_equal(run([[[1.0, 2.0]], [[3.0, -1.0]]])[0], [[6.0, -4.0]])


def test_a_loop_that_would_run_in_python_is_built_in_the_program():
    def total(x):
        count = K.shape(x)[0]
        rows = tf.TensorArray("float32", size=1, dynamic_size=True)
        _, rows = tf.compat.v1.while_loop(
            lambda i, *_: i < count, lambda i, r: (i + 1, r.write(i, K.sum(x[i]))), [0, rows]
        )
        return rows.stack()

    layer = Lambda(total, output_shape=())
    model = Model(x := Input((3,)), layer(x))
    np.testing.assert_array_equal(model.predict(np.ones((4, 3))), [3.0] * 4)
