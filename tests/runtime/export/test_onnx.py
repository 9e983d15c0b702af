"""ONNX files: every golden layer in ONNX Runtime, and what the graphs look like."""

from __future__ import annotations

import collections
import sys

import numpy as np
import pytest

from kir import backend as K
from kir.errors import ConfigError, DependencyError, ExportError
from kir.layers import (
    GRU,
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Bidirectional,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Lambda,
    Layer,
    MaxPooling2D,
    SimpleRNN,
    TimeDistributed,
)
from kir.models import Model, Sequential
from runtime.export.onnx import export_onnx, onnx_model
from tests.runtime.export import golden

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def _fresh_names():
    K.clear_session()


def run(proto, inputs):
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))


def kinds(model):
    return dict(collections.Counter(node.op_type for node in onnx_model(model).graph.node))


def compare(model, inputs, tolerance=1e-5):
    proto = onnx_model(model)
    onnx.checker.check_model(proto, full_check=True)
    for got, want in zip(run(proto, inputs), golden.predictions(model, inputs), strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
    return proto


# -- every layer

STATEFUL = {
    f"{layer}/{kind}"
    for layer in ("SimpleRNN", "GRU", "LSTM", "ConvLSTM2D", "Bidirectional")
    for kind in ("stateful", "masked_stateful")
}


@pytest.mark.parametrize("case", golden.layer_cases(), ids=lambda case: case.name)
def test_a_layer_computes_what_the_reference_did(case):
    model, inputs, want = golden.layer_model(case)
    if case.name in STATEFUL:
        with pytest.raises(ExportError, match="it is stateful"):
            onnx_model(model)
        return
    proto = onnx_model(model)
    onnx.checker.check_model(proto, full_check=True)
    got = run(proto, inputs)
    for found, expected in zip(got, want, strict=False):
        assert found.dtype == expected.dtype
        # Sums in another order, of numbers around 1.
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


# -- what the graph looks like


@pytest.mark.parametrize(
    ("layer", "kind"),
    [(LSTM(3), "LSTM"), (GRU(3), "GRU"), (GRU(3, reset_after=True), "GRU"), (SimpleRNN(3), "RNN")],
    ids=["lstm", "gru", "gru_reset_after", "simple_rnn"],
)
def test_a_recurrent_layer_is_one_node(layer, kind):
    found = kinds(Sequential([layer, Dense(2)]) if layer.built else _sequence(layer))
    assert found.pop(kind) == 1
    assert "Scan" not in found


def _sequence(layer):
    x = Input((5, 4))
    return Model(x, layer(x))


@pytest.mark.parametrize("merge", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("sequences", [True, False])
def test_both_directions_are_one_node(merge, sequences):
    x = Input((5, 4))
    layer = Bidirectional(LSTM(3, return_sequences=sequences), merge_mode=merge)
    model = Model(x, layer(x))
    compare(model, golden.inputs_of(model))
    assert kinds(model)["LSTM"] == 1


def test_transpositions_between_layers_of_pictures_cancel():
    model = Sequential(
        [
            Conv2D(3, 3, activation="relu", padding="same", input_shape=(8, 8, 2)),
            BatchNormalization(),
            Activation("tanh"),
            MaxPooling2D(),
            Conv2D(2, 3),
            Flatten(),
        ]
    )
    compare(model, golden.inputs_of(model))
    assert kinds(model)["Transpose"] == 2


def test_a_residual_sum_needs_no_transposition():
    x = Input((8, 8, 2))
    y = Conv2D(2, 3, padding="same")(x)
    model = Model(x, Add()([Conv2D(2, 3, padding="same")(y), y]))
    compare(model, golden.inputs_of(model))
    assert kinds(model) == {"Transpose": 2, "Conv": 2, "Add": 1, "Identity": 1}


def test_shared_weights_are_held_once_under_keras_names():
    shared, x = Dense(4, name="shared"), Input((4,))
    proto = onnx_model(Model(x, shared(shared(x))))
    assert sorted(t.name for t in proto.graph.initializer) == ["shared/bias", "shared/kernel"]


def test_inputs_and_outputs_have_their_names_and_an_open_batch():
    a, b = Input((3,), name="a"), Input((None, 2), name="b")
    proto = onnx_model(Model([a, b], [Dense(1, name="y")(a), Dense(2, name="z")(b)]))

    def described(values):
        return {
            v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
            for v in values
        }

    assert described(proto.graph.input) == {"a": ["batch", 3], "b": ["batch", "b_1", 2]}
    assert described(proto.graph.output) == {"y": ["batch", 1], "z": ["batch", "z_1", 2]}


def test_an_output_may_be_an_input_or_given_twice():
    x = Input((3,), name="x")
    y = Dense(2, name="y")(x)
    model = Model(x, [y, y])
    compare(model, golden.inputs_of(model))


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("steps", [1, 9])
def test_masked_steps_keep_their_state_wherever_they_are(batch, steps):
    words = Input((None,), dtype="int32")
    x = Embedding(5, 3, mask_zero=True)(words)
    x = LSTM(4, return_sequences=True)(x)
    model = Model(words, TimeDistributed(Dense(2))(Bidirectional(GRU(3, return_sequences=True))(x)))
    inputs = [np.random.randint(0, 3, (batch, steps)).astype("int32")]
    compare(model, inputs)


def test_dropout_is_left_out():
    model = Sequential([Dropout(0.5, input_shape=(3,)), Dense(2), Dropout(0.5)])
    assert kinds(model) == {"Gemm": 1, "Identity": 1}


# -- code of the user


class Scaled(Layer):
    """A layer in Keras's style."""

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (input_shape[-1],), initializer="uniform")
        super().build(input_shape)

    def call(self, x):
        return K.softmax(K.dot(x, K.expand_dims(self.scale)) * x)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[:, 1:, ::2] + 1,
        lambda x: x[:, -1],
        lambda x: K.reverse(x, 1) / 3.0,
        lambda x: K.sum(K.square(x), axis=-1, keepdims=True) - 0.5,
        lambda x: K.max(x, axis=[1, 2]),
        lambda x: K.std(x, axis=1),
        lambda x: K.clip(x, -0.5, 0.5),
        lambda x: K.concatenate([x, -x], axis=1),
        lambda x: K.stack([x, K.exp(x)], axis=1),
        lambda x: K.permute_dimensions(x, (0, 2, 1)),
        lambda x: K.switch(K.greater(x, 0), x, K.zeros_like(x)),
        lambda x: K.cast(K.greater(x, 0.1), "float32"),
        lambda x: K.reshape(x, (-1, 24)),
        lambda x: K.reshape(x, (K.shape(x)[0], 24)),
        lambda x: K.one_hot(K.argmax(x, axis=-1), 4),
        lambda x: K.l2_normalize(x, axis=-1),
        lambda x: K.batch_dot(x, x, axes=2),
        lambda x: K.tile(x, [1, 2, 1]),
        lambda x: K.repeat_elements(x, 2, axis=1),
        lambda x: K.pow(K.abs(x), 1.5),
        lambda x: K.cumsum(x, axis=1),
        lambda x: K.mean(x, axis=1) % 0.3,
        lambda x: K.in_train_phase(K.zeros_like(x), x),
        lambda x: K.temporal_padding(x, (1, 2)),
        lambda x: K.squeeze(K.expand_dims(x, 1), 1),
    ],
)
def test_functions_of_the_backend(function):
    x = Input((6, 4))
    model = Model(x, Lambda(function)(x))
    compare(model, golden.inputs_of(model))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    "function",
    [
        lambda x, k, f: K.conv2d(x, k((2, 3, 2, 4)), (1, 2), "same", f),
        lambda x, k, f: K.conv2d(x, k((3, 3, 2, 4)), 1, "valid", f, (2, 1)),
        lambda x, k, f: K.depthwise_conv2d(x, k((3, 2, 2, 3)), 1, "same", f),
        lambda x, k, f: K.pool2d(x, (2, 2), (2, 2), "same", f, "avg"),
        lambda x, k, f: K.pool2d(x, (3, 2), (1, 1), "valid", f, "max"),
        lambda x, k, f: K.resize_images(x, 2, 3, f),
        lambda x, k, f: K.resize_images(x, 2, 2, f, "bilinear"),
        lambda x, k, f: K.bias_add(x, k((2,)), f),
        lambda x, k, f: K.spatial_2d_padding(x, ((1, 0), (2, 1)), f),
    ],
)
def test_functions_of_the_backend_on_pictures(function, data_format):
    def constant(shape):
        return K.constant(np.random.RandomState(0).normal(size=shape))

    x = Input((6, 8, 2) if data_format == "channels_last" else (2, 6, 8))
    model = Model(x, Lambda(lambda v: function(v, constant, data_format))(x))
    compare(model, golden.inputs_of(model))


def test_convolutions_over_time():
    x = Input((9, 2))
    kernel = np.random.normal(size=(3, 2, 4))
    model = Model(x, Lambda(lambda v: K.conv1d(v, K.constant(kernel), 1, "causal"))(x))
    compare(model, golden.inputs_of(model))


@pytest.mark.parametrize(
    "function",
    [
        lambda tf, x: tf.nn.relu(x) + tf.math.exp(tf.tanh(x)),
        lambda tf, x: tf.matmul(x, tf.transpose(x, [0, 2, 1])),
        lambda tf, x: tf.reduce_mean(x, axis=-1, keepdims=True),
        lambda tf, x: tf.squeeze(tf.expand_dims(tf.reshape(x, [-1, 24]), 1), 1),
        lambda tf, x: tf.concat([x, tf.clip_by_value(x, -0.1, 0.1)], axis=-1),
        lambda tf, x: tf.nn.softmax(tf.where(x > 0, x, -x)),
        lambda tf, x: tf.cast(tf.greater(x, 0.0), tf.float32) / (tf.reduce_sum(x * x) + 1),
    ],
)
def test_functions_of_tensorflow(function):
    x = Input((6, 4))
    model = Model(x, Lambda(lambda v: function(K.tf, v))(x))
    compare(model, golden.inputs_of(model), tolerance=1e-4)


def test_an_unknown_function_of_tensorflow_is_named():
    x = Input((6, 4))
    model = Model(x, Lambda(lambda v: K.tf.nn.l2_normalize(v, 1) * 2, name="scaled")(x))
    with pytest.raises(ExportError, match=r"Lambda 'scaled'.*l2_normalize"):
        onnx_model(model)


def test_a_layer_of_the_user():
    x = Input((4,))
    model = Model(x, Scaled()(x))
    compare(model, golden.inputs_of(model))


def test_an_activation_of_the_user():
    x = Input((8, 8, 2))
    swish = Conv2D(3, 3, activation=lambda v: v * K.sigmoid(v))
    model = Model(x, Dense(2, activation=lambda v: K.square(v) + 1)(Flatten()(swish(x))))
    compare(model, golden.inputs_of(model))


# -- what cannot be


def test_an_error_names_layer_and_function():
    x = Input((4,), name="x")
    model = Model(x, Lambda(lambda v: K.random_normal(K.shape(v)) + v, name="noisy")(x))
    with pytest.raises(ExportError, match=r"Lambda 'noisy'.*K\.random_normal.*savedmodel"):
        onnx_model(model)


def test_dropout_that_never_ends_is_refused():
    x = Input((4,))
    model = Model(x, Dropout(0.5, name="drop")(x, training=True))
    with pytest.raises(ExportError, match=r"Dropout 'drop'.*training=True"):
        onnx_model(model)


def test_an_unbuilt_model_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="not built"):
        export_onnx(Sequential([Dense(1)]), tmp_path / "model.onnx")


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(DependencyError, match=r"kir\[onnx\]"):
        export_onnx(Sequential([Dense(1, input_shape=(2,))]), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_failed_export_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.onnx"
    export_onnx(Sequential([Dense(1, input_shape=(2,))]), path)
    before = path.read_bytes()
    x = Input((4,))
    with pytest.raises(ExportError):
        export_onnx(Model(x, Dropout(0.5)(x, training=True)), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
