"""`.kir` files: graph, weights and state of training, without code."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kir.engine.base_layer
from kir import backend as K
from kir.errors import ConfigError, FileFormatError, KirError, ShapeError, UnsafeFileError
from kir.layers import (
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Input,
    Lambda,
    Masking,
    TimeDistributed,
)
from kir.models import Model, Sequential, load_model
from kir.regularizers import l2
from kir.serde import proto
from kir.serde.text import parse
from runtime.archives import kir_files

pytestmark = pytest.mark.tf


class Scale(kir.engine.base_layer.Layer):
    """A layer in the style of Keras 2, with a loss, a phase and a weight that is not trained."""

    supports_masking = True

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.w = self.add_weight("w", (input_shape[-1],), initializer="ones", regularizer=l2(0.1))
        self.shift = self.add_weight("shift", (input_shape[-1],), trainable=False)
        super().build(input_shape)

    def call(self, x):
        self.add_loss(K.sum(self.w) * 0.1)
        return K.in_train_phase(x * self.w * self.factor, x * self.w + self.shift)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Doubled(Dense):
    def call(self, inputs):
        return super().call(inputs) * 2


class Gate(kir.engine.base_layer.Layer):
    """Masked sums, with a built-in layer inside."""

    supports_masking = True

    def build(self, input_shape):
        self.inner = Dense(3, activation="relu")
        self.inner.build(input_shape)
        self._trainable_weights = self.inner.trainable_weights
        super().build(input_shape)

    def call(self, x, mask=None):
        y = self.inner(x)
        return y if mask is None else y * K.expand_dims(K.cast(mask, "float32"))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 3)


class Pair(kir.engine.base_layer.Layer):
    def call(self, inputs):
        a, b = inputs
        return [a + b, a * b]

    def compute_output_shape(self, input_shape):
        return list(input_shape)


class Loop(kir.engine.base_layer.Layer):
    """A recurrence written with K.rnn, which reads a weight inside the loop."""

    def build(self, input_shape):
        self.u = self.add_weight("u", (2, 2))
        super().build(input_shape)

    def call(self, x):
        def step(inputs, states):
            new = K.tanh(inputs + K.dot(states[0], self.u))
            return new, [new]

        return K.rnn(step, x, [K.zeros_like(x[:, 0])])[1]

    def compute_output_shape(self, input_shape):
        return input_shape


def scale_twice() -> Model:
    x, y = Input((4,)), Input((4,))
    shared = Scale(3.0, name="shared")
    return Model([x, y], [shared(x), shared(shared(y))])


def masked() -> Model:
    x = Input((5,))
    h = Embedding(6, 4, mask_zero=True)(x)
    h = Gate(name="gate")(h)
    return Model(x, LSTM(2)(h))


def pair() -> Model:
    x, y = Input((4,)), Input((4,))
    a, b = Pair()([x, y])
    return Model([x, y], Dense(2)(Lambda(lambda v: K.concatenate(v))([a, b])))


def with_variable() -> Model:
    offset = K.variable(np.array([1.0, 2.0, 3.0]), name="offset")
    x = Input((3,))
    return Model(x, Lambda(lambda v: v + offset)(x))


def with_capture() -> Model:
    x = Input((3,))
    hidden = Dense(3)(x)
    return Model(x, Lambda(lambda v: v * hidden)(Dense(3)(x)))


def nested() -> Model:
    inner = Sequential([Scale(input_shape=(3,)), Dense(2)], name="inner")
    x = Input((3,))
    return Model(x, inner(Lambda(lambda v: K.relu(v) + 1)(x)))


CUSTOM = {
    "layer": lambda: Sequential([Scale(input_shape=(3,)), Dense(1)]),
    "subclass of a built-in": lambda: Sequential([Doubled(4, input_shape=(3,)), Dense(1)]),
    "called three times": scale_twice,
    "mask and inner layer": masked,
    "two results": pair,
    "variable of a Lambda": with_variable,
    "captured tensor": with_capture,
    "nested": nested,
    "loop": lambda: Sequential([Loop(input_shape=(4, 2)), Dense(1)]),
}


def reloaded(model: Any, **kwargs: Any) -> Any:
    """The model after a round trip through bytes."""
    buffer = io.BytesIO()
    kir_files.save_model(model, buffer)
    return load_model(io.BytesIO(buffer.getvalue()), **kwargs)


@pytest.mark.parametrize("name", CUSTOM)
def test_a_users_code_is_in_the_file(name, golden):
    model = golden.randomized(CUSTOM[name]())
    inputs = golden.inputs(model)
    again = reloaded(model)
    golden.assert_same(golden.predictions(again, inputs), golden.predictions(model, inputs))
    names = [type(layer).__name__ for layer in again.layers]
    assert {type(layer).__name__ for layer in model.layers} <= set(names)
    third = reloaded(again)  # and what was loaded can be saved again
    golden.assert_same(golden.predictions(third, inputs), golden.predictions(model, inputs))


@pytest.mark.parametrize("name", ["layer", "subclass of a built-in", "nested", "loop"])
def test_a_users_layers_train_without_their_class(name, golden):
    model = golden.randomized(CUSTOM[name]())
    again = reloaded(model)
    x = golden.inputs(model, rows=8)[0]
    y = np.ones((8, *model.outputs[0].type.shape[1:]))
    histories = []
    for one in (model, again):
        one.compile("sgd", "mse")
        histories.append(one.fit(x, y, epochs=2, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(*histories, rtol=1e-6)
    assert [w.shape for w in again.trainable_weights] == [w.shape for w in model.trainable_weights]


def test_the_class_is_used_where_it_is_given(golden):
    model = golden.randomized(Sequential([Scale(5.0, input_shape=(3,))]))
    again = reloaded(model, custom_objects={"Scale": Scale})
    assert isinstance(again.layers[0], Scale)
    assert again.layers[0].factor == 5.0
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_what_the_class_wrote_is_kept():
    again = reloaded(Sequential([Scale(5.0, name="s", input_shape=(3,))]))
    config = again.layers[0].get_config()
    assert (config["name"], config["factor"]) == ("s", 5.0)


def test_a_wrapped_layer_of_a_users_needs_its_class():
    model = Sequential([TimeDistributed(Scale(), input_shape=(4, 3))])
    with pytest.raises(KirError, match="Scale"):
        reloaded(model)


def test_a_loaded_layer_refuses_operands_that_it_was_not_traced_for():
    layer = reloaded(Sequential([Scale(input_shape=(3,))])).layers[0]
    with pytest.raises(ConfigError, match="known by its traced calls only"):
        layer(Input((4,)))


@pytest.mark.parametrize(
    "name", ["mlp_sequential", "siamese_shared_model", "stacked_cells", "masked_sequence",
             "seq2seq_states", "doubly_nested", "conv1d_variety", "custom_everything"]
)  # fmt: skip
def test_a_round_trip_is_exact(name, golden, tmp_path):
    check_round_trip(name, golden, tmp_path)


@pytest.mark.slow
def test_a_round_trip_of_every_golden_architecture_is_exact(golden, tmp_path):
    for name in golden.names():
        K.clear_session()
        check_round_trip(name, golden, tmp_path)
    print(f".kir: {len(golden.names())} of {len(golden.names())} golden architectures are equal")


def check_round_trip(name: str, golden: Any, folder: Path) -> None:
    model = golden.model(name)
    inputs = golden.inputs(model)
    model.save(folder / "model.kir")
    again = load_model(folder / "model.kir")
    assert again.to_json() == model.to_json(), name
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    pairs = zip(golden.predictions(again, inputs), golden.predictions(model, inputs), strict=True)
    for a, b in pairs:
        np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "nadam", "sgd"])
def test_training_goes_on_exactly(optimizer, tmp_path):
    x, y = np.random.rand(32, 5), np.random.rand(32, 1)
    model = Sequential([Dense(4, activation="tanh", input_shape=(5,)), Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"])
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.kir")
    again = load_model(tmp_path / "model.kir")
    for one in (model, again):
        one.fit(x, y, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_the_optimizer_the_model_is_not_compiled(tmp_path):
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.kir", include_optimizer=False)
    assert load_model(tmp_path / "model.kir").optimizer is None


def test_a_loss_of_a_users_is_asked_for():
    def loss(y_true, y_pred):
        return K.mean(y_pred)

    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", loss)
    with pytest.warns(UserWarning, match="Pass its functions in `custom_objects`"):
        assert reloaded(model).optimizer is None
    assert reloaded(model, custom_objects={"loss": loss}).loss is loss


def test_equal_models_give_equal_files(golden):
    contents = []
    for _ in range(2):
        K.clear_session()
        model = golden.randomized(nested())
        buffer = io.BytesIO()
        kir_files.save_model(model, buffer)
        contents.append(buffer.getvalue())
    assert contents[0] == contents[1]


def test_weights_of_the_same_name_are_told_apart(golden):
    model = Sequential([Dense(2, name="d", input_shape=(2,)), Dense(2)])
    for weight in model.weights:
        weight.name = "same"
    golden.randomized(model)
    for a, b in zip(reloaded(model).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# -- properties

NUMBERS = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
arrays = st.sampled_from(NUMBERS).flatmap(
    lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, min_side=0, max_side=4))
)


class Members:
    """What is asked of an archive."""

    name = "'file'"

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, member: str) -> bytes:
        return self.content


@given(st.dictionaries(st.text(max_size=8), arrays, max_size=5))
@settings(max_examples=60, deadline=None)
def test_arrays_of_any_type_and_shape_come_back(given_arrays):
    found = kir_files._unpacked(Members(kir_files._packed(given_arrays)), "x")
    assert found.keys() == given_arrays.keys()
    for name, array in given_arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 4), st.randoms())
@settings(max_examples=15, deadline=None)
def test_models_of_any_shape_come_back(shape, units, random):
    kinds = [Activation("tanh"), Dropout(0.3), Dense(units), Masking(), Scale()]
    layers = random.sample(kinds, random.randint(1, 4))
    model = Sequential([Dense(units, input_shape=tuple(shape)), *layers])
    again = reloaded(model, custom_objects={"Scale": Scale})
    assert again.to_json() == model.to_json()
    assert str(again.graph).count("keras.") == str(model.graph).count("keras.")


# -- files that are damaged, or made to do harm


def changed(model: Any, **members: Any) -> io.BytesIO:
    """A file of the model with some members replaced; None leaves one out."""
    buffer = io.BytesIO()
    kir_files.save_model(model, buffer)
    made = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = members.get(name.split(".")[0], old.read(name))
            if content is not None:
                new.writestr(name, content)
    made.seek(0)
    return made


def dense() -> Model:
    K.clear_session()  # the weights' names are counted in a session
    model = Sequential([Dense(2, input_shape=(3,), name="d")])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("members", "error", "message"),
    [
        ({"kir": json.dumps({"format": "kir", "version": 2})}, FileFormatError, "version 2"),
        ({"kir": json.dumps({"format": "other"})}, FileFormatError, "no .kir file"),
        ({"kir": "["}, FileFormatError, "no JSON"),
        ({"kir": "[]"}, FileFormatError, "no .kir file"),
        ({"kir": None}, FileFormatError, "holds no model"),
        ({"graph": None}, FileFormatError, r"no member 'graph\.kirpb'"),
        ({"graph": b"nonsense"}, FileFormatError, "graph"),
        ({"weights": None}, FileFormatError, r"no member 'weights\.safetensors'"),
        ({"weights": b"nonsense"}, FileFormatError, "cannot be read"),
        ({"weights": b"\xff" * 8 + b"{}"}, FileFormatError, "cannot be read"),
        ({"weights": kir_files._packed({})}, FileFormatError, "hold no 'd/kernel:0'"),
        (
            {
                "weights": kir_files._packed(
                    {"d/kernel:0": np.zeros((3, 3), "f"), "d/bias:0": np.zeros(2, "f")}
                )
            },
            ShapeError,
            r"Layer 'd', weight 'd/kernel:0' .* \(3, 3\)",
        ),
        ({"training": "[]"}, FileFormatError, "no mapping"),
        ({"training": "{"}, FileFormatError, "no JSON"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(members, error, message):
    with pytest.raises(error, match=message):
        load_model(changed(dense(), **members))


def test_a_declared_size_is_checked_before_memory_is_taken():
    header = json.dumps(
        {"d/kernel:0": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}
    ).encode()
    content = len(header).to_bytes(8, "little") + header
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_model(changed(dense(), weights=content))


@pytest.mark.parametrize(
    "training",
    [
        {"optimizer_config": {"class_name": "system", "config": {}}, "loss": "mse"},
        {"optimizer_config": {"class_name": "SGD", "config": {}}, "loss": "os.system"},
        {"optimizer_config": 3, "loss": "mse"},
        {},
    ],
)
def test_a_training_configuration_that_means_nothing_is_left_out(training):
    with pytest.warns(UserWarning, match="not\\* compiled"):
        model = load_model(changed(dense(), training=json.dumps(training)))
    assert model.optimizer is None


GRAPH = """
graph @model(%x: f32[?,3]) -> (f32[?,3]) attributes {{class_name = "Model"}} {{
  %y = {op} "bad" (%x) {{function = opaque "f", output_shape = None, arguments = {{}}}} : f32[?,3]
    graph @call(%x: f32[?,3]) -> (f32[?,3]) {{
      %#1 = {inner} : f32[?,3]
      return %#1
    }}
  return %y
}}
"""


@pytest.mark.parametrize("op", ["keras.Lambda", "user.Layer"])
@pytest.mark.parametrize(
    "inner",
    [
        'tf.io.write_file(%x) {filename = "owned", contents = "owned"}',
        'tf.io.read_file(%x) {filename = "/etc/passwd"}',
        'tf.io.gfile.remove(%x) {path = "owned"}',
        'tf.raw_ops.WriteFile(%x) {filename = "owned", contents = "owned"}',
        'tf.load_library(%x) {library_location = "owned.so"}',
        'tf.load_op_library(%x) {library_filename = "owned.so"}',
        "tf.py_function(%x) {inp = $0}",
        "tf.compat.v1.py_func(%x) {inp = $0}",
        'tf.saved_model.load(%x) {export_dir = "owned"}',
        'tf.keras.models.load_model(%x) {filepath = "owned"}',
        "tf.config.set_visible_devices(%x) {devices = []}",
        "tf.random.set_seed(%x) {seed = 3}",
        'tf.math.__builtins__.eval(%x) {source = "1"}',
        'tf.compat.v1.gfile.Remove(%x) {filename = "owned"}',
        'k.eval(%x) {x = $0}',
        'k.clear_session(%x) {}',
        'k.apply_config(%x) {config = $0}',
    ],
)  # fmt: skip
def test_an_op_that_acts_is_not_read_from_a_file(op, inner, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = parse(GRAPH.format(op=op, inner=inner))
    with pytest.raises(UnsafeFileError, match=r"'bad'.* applies .*only ops that compute"):
        load_model(changed(dense(), graph=proto.to_bytes(graph)))
    assert not list(tmp_path.iterdir())


def test_an_op_of_tensorflow_that_computes_is_read(golden):
    from compiler.tensorflow import tf

    model = Sequential([Lambda(lambda x: tf.nn.relu(tf.math.sin(x)), input_shape=(3,))])
    inputs = golden.inputs(model)
    again = reloaded(model)
    golden.assert_same(golden.predictions(again, inputs), golden.predictions(model, inputs))


def test_a_bidirectional_of_a_loaded_model_has_its_weights(golden):
    model = golden.randomized(Sequential([Bidirectional(LSTM(2), input_shape=(3, 2))]))
    for a, b in zip(reloaded(model).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("twentieths", range(20))
def test_a_truncated_file_is_an_error_of_kir(twentieths):
    buffer = io.BytesIO()
    kir_files.save_model(dense(), buffer)
    content = buffer.getvalue()
    with pytest.raises(KirError):
        load_model(io.BytesIO(content[: len(content) * twentieths // 20]))
