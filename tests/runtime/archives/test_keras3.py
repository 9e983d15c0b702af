"""Archives that Keras 3.12 and 3.15 wrote, and round trips."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kir.errors import KirError, UnsafeFileError, UnsupportedError
from kir.layers import (
    GRU,
    LSTM,
    Bidirectional,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    Dropout,
    Embedding,
    Input,
    Lambda,
    UpSampling2D,
)
from kir.models import Model, Sequential, load_model
from kir.utils.generic_utils import allow_unsafe_code
from runtime.archives import read_config

pytestmark = pytest.mark.tf

DATA = Path(__file__).with_name("data")
WRITTEN = sorted(path.stem for path in DATA.glob("*.keras"))


def numbered(data: Any, letter: str) -> list[np.ndarray]:
    return [data[f"{letter}{i}"] for i in range(9) if f"{letter}{i}" in data]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_keras_3_wrote_predicts_the_same(name, golden):
    data = np.load(DATA / f"{name}.npz")
    model = load_model(DATA / f"{name}.keras", compile=False)
    golden.assert_same(golden.predictions(model, numbered(data, "x")), numbered(data, "y"))


def test_what_keras_3_compiled_is_compiled():
    model = load_model(DATA / "cnn_315.keras")
    assert type(model.optimizer).__name__ == "Adam"
    assert model.loss == "sparse_categorical_crossentropy"
    assert model.metrics_names == ["loss", "acc"]
    assert model.optimizer.iterations.get_value() == 1
    assert all(np.any(w.get_value()) for w in model.optimizer.weights[1:5])


def test_a_schedule_of_keras_3_becomes_a_decay():
    model = load_model(DATA / "emb_315.keras")
    config = model.optimizer.get_config()
    assert config["nesterov"]
    assert (config["lr"], config["decay"]) == pytest.approx((0.1, 0.01))
    assert model.metrics_names == ["loss", "binary_accuracy"]


def test_frozen_models_stay_frozen():
    model = load_model(DATA / "nested_315.keras")
    assert not model.get_layer("fm").trainable_weights
    assert model.get_layer("inner").trainable_weights


def test_the_config_is_read_without_weights():
    config = read_config(DATA / "rnn_315.keras")
    assert config["class_name"] == "Model"
    kinds = [layer["class_name"] for layer in config["config"]["layers"]]
    assert "NotEqual" not in kinds  # kir's layers make masks themselves
    assert kinds[:3] == ["InputLayer", "Masking", "LSTM"]


@pytest.mark.parametrize(
    "name",
    ["mlp_sequential", "siamese_shared_model", "stacked_cells", "masked_sequence", "seq2seq_states",
     "doubly_nested", "frozen_layers", "activations_all", "return_state_bidirectional"],
)  # fmt: skip
def test_a_round_trip_predicts_the_same(name, golden, tmp_path):
    model = golden.model(name)
    inputs = golden.inputs(model)
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    golden.assert_same(golden.predictions(again, inputs), golden.predictions(model, inputs))
    assert again.name == model.name
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


def test_training_goes_on_after_a_round_trip(tmp_path):
    x, y = np.random.rand(32, 5), np.random.rand(32, 1)
    model = Sequential([Dense(4, input_shape=(5,)), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    for one in (model, again):
        one.fit(x, y, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_equal_models_give_equal_files(tmp_path):
    model = Sequential([Dense(2, input_shape=(3,))])
    for name in ("a.keras", "b.keras"):
        model.save(tmp_path / name)
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


@pytest.mark.parametrize(("old", "new"), [(CuDNNLSTM, "LSTM"), (CuDNNGRU, "GRU")])
def test_cudnn_layers_become_plain_ones(old, new, golden, tmp_path):
    model = golden.randomized(Sequential([old(3, input_shape=(5, 2))]))
    inputs = golden.inputs(model)
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert type(again.layers[0]).__name__ == new
    golden.assert_same(golden.predictions(again, inputs), golden.predictions(model, inputs))


def masked_bidirectional() -> Model:
    x = Input((4,))
    h = Embedding(5, 3, mask_zero=True)(x)
    return Model(x, Bidirectional(LSTM(2, return_sequences=True), name="both")(h))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Sequential([Lambda(lambda x: x + 1, input_shape=(3,), name="plus")]),
         r"Lambda 'plus' .* as \.kir"),
        (lambda: Sequential([UpSampling2D(interpolation="bilinear", input_shape=(4, 4, 1))]),
         r"UpSampling2D 'up_sampling2d_\d+' .*bilinear"),
        (lambda: Sequential([LSTM(2, activation="hard_sigmoid", input_shape=(4, 1))]),
         r"LSTM 'lstm_\d+' .*hard_sigmoid"),
        (lambda: Sequential([GRU(2, kernel_regularizer="l2", input_shape=(4, 1))]),
         r"GRU 'gru_\d+' .*kernel_regularizer"),
        (masked_bidirectional, "Bidirectional 'both' .*masked"),
        (lambda: Sequential([Dense(2, name="a/b", input_shape=(1,))]), "'a/b' .* no '/'"),
    ],
)  # fmt: skip
def test_what_keras_3_computes_differently_names_the_layer(build, message, tmp_path):
    with pytest.raises(UnsupportedError, match=message):
        build().save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


def test_a_dropout_called_in_training_only_is_refused(tmp_path):
    x = Input((3,))
    model = Model(x, Dropout(0.5, name="always")(x, training=True))
    with pytest.raises(UnsupportedError, match=r"'always' .*training"):
        model.save(tmp_path / "model.keras")


def test_an_unknown_loss_is_left_out_with_a_warning(tmp_path):
    def loss(y_true, y_pred):
        return y_pred

    model = Sequential([Dense(2, input_shape=(3,))])
    model.compile("sgd", loss)
    with pytest.warns(UserWarning, match="without its training configuration"):
        model.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras").optimizer is None


# -- archives that are made to do harm, or are of another Keras


def archive_of(tmp_path: Path, layer: Any, **more: Any) -> Path:
    """An archive with a Sequential of one input and a layer, in the form of Keras 3."""
    model = Sequential([Dense(2, input_shape=(3,), name="dense")])
    model.save(tmp_path / "base.keras")
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(tmp_path / "base.keras") as base, zipfile.ZipFile(path, "w") as made:
        for name in base.namelist():
            content = base.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"][1] = layer
                content = json.dumps({**config, **more}).encode()
            made.writestr(name, content)
    return path


def entry(class_name: str, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": class_name,
        "config": {"name": "bad", **config},
        "registered_name": None,
    }


def function(module: str, name: str) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": "function",
        "config": name,
        "registered_name": name,
    }


CODE = {
    "class_name": "__lambda__",
    "config": {"code": "4wAAAAA=", "defaults": None, "closure": None},
}


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (entry("system", module="os", command="touch owned"), "layer.* '?system"),
        (entry("Popen", module="subprocess", args=["touch", "owned"]), "layer.* '?Popen"),
        (entry("get_file", module="keras.utils", origin="http://localhost:1/x"), "get_file"),
        (entry("Lambda", function=CODE), "custom_objects={'bad': function}"),
        (entry("Lambda", function=function("builtins", "eval")), "Unknown function"),
        (entry("Lambda", function=function("keras.backend", "clear_session")), "Unknown function"),
        (entry("Lambda", function=function("keras.config", "enable_unsafe_deserialization")),
         "Unknown function"),
        (entry("TFSMLayer", filepath="/tmp/somewhere"), "no layer TFSMLayer"),
        (entry("TorchModuleWrapper", module="keras.layers", module_data="gASVAAA="), "no layer"),
        (entry("StringLookup", vocabulary="/etc/passwd"), "no layer StringLookup"),
        (entry("TextVectorization", vocabulary="http://localhost:1/"), "no layer"),
        (entry("IndexLookup", vocabulary="/etc/passwd"), "no layer IndexLookup"),
        (entry("Activation", activation=function("os", "system")), "Unknown activation"),
        (entry("Dense", units=2, kernel_initializer=function("os", "system")), "Unknown init"),
        (entry("Dense", units=2, kernel_initializer=entry("load_model", "keras.saving")),
         "Unknown initializer: load_model"),
        (entry("Dense", units=2, activation=CODE), "activation"),
        (entry("Dense", units=2, safe_mode=False), "safe_mode"),
        (entry("Sequential", "keras", layers=[entry("TFSMLayer", filepath="x")]), "no layer"),
        (entry("Conv2D", filters=2, kernel_size=[1, 1], groups=2), "groups"),
        (entry("MultiHeadAttention", num_heads=2), "no layer MultiHeadAttention"),
    ],
)  # fmt: skip
def test_nothing_runs_and_nothing_is_opened(layer, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KirError, match=message):
        load_model(archive_of(tmp_path, layer))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "flags",
    [
        {"safe_mode": False},
        {"unsafe": True, "build_config": {"safe_mode": False}},
        {"config": None, "enable_unsafe_deserialization": True},
    ],
)
def test_no_flag_in_a_file_allows_code(flags, tmp_path):
    flags = {k: v for k, v in flags.items() if k != "config"}
    path = archive_of(tmp_path, entry("Lambda", function=CODE), **flags)
    with pytest.raises(UnsafeFileError, match=r"[Pp]ython code"):
        load_model(path)


def test_a_function_given_by_the_user_replaces_the_code(tmp_path):
    layer = entry("Lambda", function=CODE)
    path = archive_of(tmp_path, layer)
    model = load_model(path, custom_objects={"bad": lambda x: x * 2})
    np.testing.assert_array_equal(model.predict(np.ones((1, 3))), [[2, 2, 2]])


def test_code_is_read_only_where_the_user_allows_it(tmp_path):
    path = archive_of(tmp_path, entry("Lambda", function=CODE))
    with pytest.raises(KirError), allow_unsafe_code():
        load_model(path)  # the code is none, but this was found by reading it


@pytest.mark.parametrize(
    "compiled",
    [
        {"optimizer": entry("AdamW", "keras.optimizers"), "loss": "mse"},
        {"optimizer": entry("system", "os"), "loss": "mse"},
        {"optimizer": "adam", "loss": function("os", "system")},
        {"optimizer": "adam", "loss": {"class_name": "function", "config": CODE}},
        {"optimizer": entry("Adam", "keras.optimizers", learning_rate=CODE), "loss": "mse"},
        {"optimizer": entry("Adam", "keras.optimizers", weight_decay=0.1), "loss": "mse"},
        {"optimizer": 3, "loss": 4},
    ],
)
def test_a_training_configuration_of_another_kind_is_left_out(compiled, tmp_path):
    path = archive_of(tmp_path, entry("Dense", units=2), compile_config=compiled)
    with pytest.warns(UserWarning, match="not\\* compiled"):
        model = load_model(path)
    assert model.optimizer is None


def test_an_optimizer_by_name_has_the_rate_of_keras_3(tmp_path):
    compiled = {"optimizer": "adadelta", "loss": "mse"}
    model = load_model(archive_of(tmp_path, entry("Dense", units=2), compile_config=compiled))
    assert model.optimizer.get_config()["lr"] == pytest.approx(0.001)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "layer", [None, 3, [], {}, {"class_name": 3}, entry("Dense"), entry("Dense", units="many")]
)
def test_malformed_configs_are_errors_of_kir(layer, tmp_path):
    path = archive_of(tmp_path, layer)
    with pytest.raises(KirError):
        load_model(path)


def test_weights_of_other_shapes_name_the_layer(tmp_path):
    with pytest.raises(KirError, match=r"'bad'.*\(3, 2\)|\(3, 5\)"):
        load_model(archive_of(tmp_path, entry("Dense", units=5)))
