"""SavedModels give the model's predictions in a process that has TensorFlow and no kir."""

import json
from pathlib import Path

import numpy as np
import pytest

from compiler.variables import resource
from kir.errors import ConfigError
from kir.layers import (
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
)
from kir.models import Model, Sequential
from runtime.export import export_saved_model
from runtime.export.programs import argument_name, distinct
from tests.processes import run_python

pytestmark = pytest.mark.tf

SERVER = """
import json, sys
for name in ("kir", "compiler", "runtime"):
    sys.modules[name] = None  # an import of any of them fails
import numpy as np
import tensorflow as tf

folder, batches = sys.argv[1], json.loads(sys.argv[2])
found = {}
for model in sys.argv[3:]:
    loaded = tf.saved_model.load(f"{folder}/{model}")
    serve = loaded.signatures["serving_default"]
    found[f"{model}/weights"] = np.array(len(loaded.weights))
    for batch in batches:
        inputs = np.load(f"{folder}/{model}_{batch}.npz")
        outputs = serve(**{name: tf.constant(inputs[name]) for name in inputs.files})
        for name, value in outputs.items():
            found[f"{model}/{batch}/{name}"] = value.numpy()
np.savez(f"{folder}/found.npz", **found)
"""


def several():
    """Two inputs and two outputs, with what behaves differently in training."""
    tokens = Input((7,), dtype="int32", name="tokens")
    extra = Input((4,), name="extra")
    text = LSTM(5)(Embedding(11, 3, mask_zero=True)(tokens))
    joined = Dropout(0.5)(BatchNormalization()(Concatenate()([text, Dense(3)(extra)])))
    classes = Dense(3, activation="softmax", name="classes")(joined)
    return Model([tokens, extra], [classes, Dense(1, name="score")(joined)])


def images():
    """Normalization after a convolution: the exported graph has it folded into the kernel."""
    model = Sequential(name="images")
    model.add(Conv2D(4, 3, use_bias=False, input_shape=(8, 8, 2), name="conv"))
    model.add(BatchNormalization())
    model.add(Activation("relu"))
    model.add(Flatten())
    model.add(Dense(2))
    return model


def nested():
    inner = Sequential([Dense(4, input_shape=(4,)), Dropout(0.3)])
    a, b = Input((4,), name="a"), Input((4,), name="b/1")
    total = Add(name="total")([inner(a), inner(b)])
    return Model([a, b], [total, total])


MODELS = {"several": several, "images": images, "nested": nested}
BATCHES = (1, 5)


def random_inputs(model, batch):
    draws = np.random.RandomState(batch)
    found = []
    for value in model.inputs:
        shape = (batch, *value.type.shape[1:])
        is_index = value.type.dtype == "int32"
        array = draws.randint(0, 11, shape) if is_index else draws.normal(size=shape)
        found.append(array.astype(value.type.dtype))
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """What the exported models gave, by model, batch size and output; and what kir predicts."""
    folder = tmp_path_factory.mktemp("served")
    np.random.seed(7)
    expected = {}
    for name, make in MODELS.items():
        model = make()
        # Not the initial values: those of a normalization would hide that it is left out.
        model.set_weights([np.random.uniform(0.1, 1.0, w.shape) for w in model.get_weights()])
        export_saved_model(model, folder / name)
        names = distinct([argument_name(n) for n in model.input_names])
        for batch in BATCHES:
            inputs = random_inputs(model, batch)
            np.savez(folder / f"{name}_{batch}.npz", **dict(zip(names, inputs, strict=True)))
            outputs = model.predict(inputs, batch_size=batch)
            outputs = outputs if isinstance(outputs, list) else [outputs]
            for key, value in zip(distinct(model.output_names), outputs, strict=True):
                expected[f"{name}/{batch}/{key}"] = value
        expected[f"{name}/weights"] = np.array(len(model.get_weights()))
    run_python(["-I", "-c", SERVER, folder, json.dumps(BATCHES), *MODELS], folder="/", timeout=300)
    return dict(np.load(folder / "found.npz")), expected


def test_predictions_are_the_models(served):
    found, expected = served
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        # The same graph on the same kernels; the tolerance is for another number of threads.
        np.testing.assert_allclose(found[key], value, rtol=1e-6, atol=1e-6, err_msg=key)


def test_inputs_and_outputs_have_their_names(served):
    found, _ = served
    assert {"several/1/classes", "several/1/score"} <= found.keys()
    assert {"nested/5/total", "nested/5/total_1"} <= found.keys()


def load(path):
    from compiler.tensorflow import tf

    return tf.saved_model.load(str(path))


def test_each_variable_is_saved_once(tmp_path):
    from compiler.tensorflow import tf

    model = several()
    export_saved_model(model, tmp_path / "model")
    saved = tf.train.list_variables(str(tmp_path / "model" / "variables" / "variables"))
    shapes = [tuple(shape) for name, shape in saved if name.startswith("weights/")]
    assert sorted(shapes) == sorted(w.shape for w in model.get_weights())
    others = {name for name, _ in saved if not name.startswith("weights/")}
    assert others == {"_CHECKPOINTABLE_OBJECT_GRAPH"}


def test_weights_stand_in_the_order_of_get_weights(tmp_path):
    model = several()
    export_saved_model(model, tmp_path / "model")
    for saved, own in zip(load(tmp_path / "model").weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(saved.numpy(), own)


def test_the_model_goes_on_with_its_own_variables(tmp_path):
    model = Sequential([Dense(1, input_shape=(2,))])
    before = resource(model.weights[0])
    export_saved_model(model, tmp_path / "model")
    assert resource(model.weights[0]) is before
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    saved = load(tmp_path / "model").weights[0].numpy()
    assert not np.array_equal(saved, model.get_weights()[0])


def test_states_of_a_stateful_layer_move_on(tmp_path):
    from compiler.tensorflow import tf

    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(1, 3, 4), name="lstm")])
    model.set_weights([np.full(w.shape, 0.3) for w in model.get_weights()])
    export_saved_model(model, tmp_path / "model")
    loaded = load(tmp_path / "model")
    serve = loaded.signatures["serving_default"]
    x = np.ones((1, 3, 4), "float32")
    first, second = (serve(**{model.input_names[0]: tf.constant(x)})["lstm"] for _ in range(2))
    np.testing.assert_allclose(first, model.predict(x), rtol=1e-6)
    np.testing.assert_allclose(second, model.predict(x), rtol=1e-6)
    assert len(loaded.states) == 2


def test_a_saved_model_is_replaced(tmp_path):
    model = Sequential([Dense(1, input_shape=(2,))])
    for value in (1.0, 2.0):
        model.set_weights([np.full(w.shape, value) for w in model.get_weights()])
        export_saved_model(model, tmp_path / "a" / "1")
    assert load(tmp_path / "a" / "1").weights[0].numpy()[0, 0] == 2.0
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["1"]


def test_a_failed_export_leaves_the_old_one(tmp_path, monkeypatch):
    from runtime.export import saved_model

    model = Sequential([Dense(1, input_shape=(2,))])
    export_saved_model(model, tmp_path / "model")
    before = {p: p.read_bytes() for p in (tmp_path / "model").rglob("*") if p.is_file()}

    def fail(module, folder):
        Path(folder, "saved_model.pb").write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(saved_model, "_save", fail)
    with pytest.raises(OSError, match="disk full"):
        export_saved_model(model, tmp_path / "model")
    after = {p: p.read_bytes() for p in (tmp_path / "model").rglob("*") if p.is_file()}
    assert after == before
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_folder_of_other_things_is_not_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="holds other things"):
        export_saved_model(Sequential([Dense(1, input_shape=(2,))]), tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_the_training_signature_takes_steps(tmp_path):
    from compiler.tensorflow import tf

    def made():
        np.random.seed(3)
        model = Sequential(
            [Dense(4, activation="relu", input_shape=(3,)), BatchNormalization(), Dense(1)],
            name="model",
        )
        model.compile("adam", "mse", metrics=["mae"])
        return model

    x, y = np.random.rand(2, 8, 3).astype("float32"), np.random.rand(2, 8, 1).astype("float32")
    model = made()
    export_saved_model(model, tmp_path / "model", training=True)
    loaded = load(tmp_path / "model")
    train, serve = (loaded.signatures[name] for name in ("train", "serving_default"))
    target, name = f"{model.output_names[0]}_target", model.input_names[0]
    for x_part, y_part in zip(x, y, strict=True):
        logs = train(**{name: tf.constant(x_part), target: tf.constant(y_part)})
        loss, mae = model.train_on_batch(x_part, y_part)
        np.testing.assert_allclose(logs["loss"], loss, rtol=1e-5)
        np.testing.assert_allclose(logs["mean_absolute_error"], mae, rtol=1e-5)
    (found,) = serve(**{name: tf.constant(x[0])}).values()
    np.testing.assert_allclose(found, model.predict(x[0]), rtol=1e-5, atol=1e-6)


def test_training_of_a_model_that_is_not_compiled_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="not compiled"):
        export_saved_model(
            Sequential([Dense(1, input_shape=(2,))]), tmp_path / "model", training=True
        )


def test_an_unbuilt_model_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="not built"):
        export_saved_model(Sequential([Dense(1)]), tmp_path / "model")


def test_a_sparse_input_is_refused(tmp_path):
    x, rows = Input((2,)), Input((2,), sparse=True, name="rows")
    model = Model([x, rows], Dense(1)(x))
    with pytest.raises(ConfigError, match=r"'rows' of .* is sparse"):
        export_saved_model(model, tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("input_1", "input_1"),
        ("b/1", "b_1"),
        ("1st", "arg_1st"),
        ("输入", "arg___"),
        ("_x", "arg__x"),
    ],
)
def test_names_of_inputs_are_made_names_of_arguments(name, expected):
    assert argument_name(name) == expected


def test_repeated_names_are_made_distinct():
    assert distinct(["a", "a", "a_1", "a"]) == ["a", "a_2", "a_1", "a_3"]
