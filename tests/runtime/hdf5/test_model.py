"""Whole models in one file."""

import io
import json
import pickle
import warnings

import h5py
import numpy as np
import pytest

from kir.engine.saving import load_model, pickle_model, save_model, unpickle_model
from kir.errors import ConfigError, FileFormatError, UnsafeFileError
from kir.layers import BatchNormalization, Dense
from kir.models import Sequential
from kir.optimizers import RMSprop
from runtime.hdf5 import model as model_module

pytestmark = pytest.mark.tf


def built() -> Sequential:
    return Sequential([Dense(3, input_shape=(4,)), BatchNormalization(), Dense(2)])


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    return rng.rand(8, 4).astype("float32"), rng.rand(8, 2).astype("float32")


@pytest.fixture
def trained(data):
    model = built()
    model.compile(RMSprop(lr=0.01, decay=0.1), "mse", metrics=["mae"])
    for _ in range(3):
        model.train_on_batch(*data)
    return model


def same_weights(a, b):
    for x, y in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(x, y)


def test_the_file_has_keras_layout(trained, tmp_path):
    trained.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert [a for a in file.attrs if not a.startswith("kir")] == [
            "backend",
            "keras_version",
            "model_config",
            "training_config",
        ]
        groups = [g for g in file if not g.startswith("kir")]
        assert groups == ["model_weights", "optimizer_weights"]
        assert list(json.loads(file.attrs["model_config"])) == ["class_name", "config"]
        assert list(json.loads(file.attrs["training_config"])) == [
            "optimizer_config",
            "loss",
            "metrics",
            "sample_weight_mode",
            "loss_weights",
        ]


def test_training_goes_on_exactly_where_it_was(trained, data, tmp_path):
    trained.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    same_weights(trained, loaded)
    assert loaded.metrics_names == trained.metrics_names
    for _ in range(3):
        assert loaded.train_on_batch(*data) == trained.train_on_batch(*data)
    same_weights(trained, loaded)


def test_weighted_metrics_are_kept(data, tmp_path):
    model = built()
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    model.save(tmp_path / "m.h5")
    assert load_model(tmp_path / "m.h5").metrics_names == model.metrics_names


def test_the_optimizer_can_be_left_out(trained, tmp_path):
    trained.save(tmp_path / "m.h5", include_optimizer=False)
    with h5py.File(tmp_path / "m.h5") as file:
        assert "optimizer_weights" not in file
    with pytest.warns(UserWarning, match=r"the model was \*not\* compiled"):
        loaded = load_model(tmp_path / "m.h5")
    same_weights(trained, loaded)


def test_a_model_can_be_loaded_without_compiling(trained, data, tmp_path):
    trained.save(tmp_path / "m.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load_model(tmp_path / "m.h5", compile=False)
    np.testing.assert_array_equal(loaded.predict(data[0]), trained.predict(data[0]))


def test_groups_buffers_and_pickles_hold_models_too(trained, data, tmp_path):
    wanted = trained.predict(data[0])
    buffer = io.BytesIO()
    save_model(trained, buffer)
    buffer.seek(0)
    np.testing.assert_array_equal(load_model(buffer).predict(data[0]), wanted)
    with h5py.File(tmp_path / "f.h5", "w") as file:
        group = file.create_group("inside")
        save_model(trained, group)
        save_model(trained, group)  # again: the group held a model already
        np.testing.assert_array_equal(load_model(group).predict(data[0]), wanted)
    state = pickle.loads(pickle.dumps(pickle_model(trained)))
    np.testing.assert_array_equal(unpickle_model(state).predict(data[0]), wanted)


def test_the_weights_of_a_model_file_can_be_loaded_alone(trained, tmp_path):
    trained.save(tmp_path / "m.h5")
    other = built()
    other.load_weights(tmp_path / "m.h5")
    same_weights(trained, other)


def test_a_failure_while_saving_leaves_the_earlier_model(trained, tmp_path, monkeypatch):
    path = tmp_path / "m.h5"
    trained.save(path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(model_module, "write_arrays", fail)  # the weights are written by then
    with pytest.raises(OSError, match="disk full"):
        trained.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.h5"]


def test_a_weights_file_is_no_model(trained, tmp_path):
    trained.save_weights(tmp_path / "w.h5")
    with pytest.raises(FileFormatError, match=r"holds weights only.*load_weights"):
        load_model(tmp_path / "w.h5")


def test_hdf5_without_a_model_is_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(FileFormatError, match="holds no model"):
        load_model(tmp_path / "x.h5")


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("{", FileFormatError, "'model_config' .* is not valid JSON"),
        ("[" * 100_000, FileFormatError, "is not valid JSON"),
        ("3", ConfigError, "no Keras architecture"),
        ('{"class_name": "Nosuch", "config": {}}', ConfigError, "Nosuch"),
    ],
    ids=["cut", "deep", "number", "unknown"],
)
def test_a_bad_architecture_is_refused(tmp_path, text, error, match):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = text
        file.create_group("model_weights")
    with pytest.raises(error, match=match):
        load_model(tmp_path / "m.h5")


def test_optimizer_state_that_does_not_fit_is_said(trained, tmp_path):
    trained.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        names = file["optimizer_weights"].attrs["weight_names"]
        file["optimizer_weights"].attrs["weight_names"] = names[:1]
    with pytest.warns(UserWarning, match="Error in loading the saved optimizer state"):
        load_model(tmp_path / "m.h5")


def test_links_to_other_files_are_refused(trained, tmp_path):
    trained.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        del file["optimizer_weights"]
        file["optimizer_weights"] = h5py.ExternalLink("/etc/other.h5", "/")
    with pytest.raises(UnsafeFileError, match=r"'optimizer_weights'.*external link"):
        load_model(tmp_path / "m.h5")


def test_a_custom_loss_is_found_by_name(data, tmp_path):
    def my_loss(y_true, y_pred):
        return (y_true - y_pred) ** 4

    model = built()
    model.compile("sgd", my_loss)
    model.save(tmp_path / "m.h5")
    with pytest.raises(ConfigError, match="my_loss"):
        load_model(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5", custom_objects={"my_loss": my_loss})
    assert loaded.loss is my_loss


@pytest.mark.parametrize("by_name", [False, True])
def test_a_nested_models_weights_fit_whatever_was_frozen(data, tmp_path, by_name):
    def around():
        inner = [Dense(4, name="p", input_shape=(4,)), Dense(4, name="q", use_bias=False)]
        return Sequential([Sequential(inner, name="inner"), Dense(2, name="top")])

    # In one session: the names of the second model's weights differ from the first's.
    first, second = around(), around()
    first.layers[0].layers[0].trainable = False
    first.save_weights(tmp_path / "w.h5")
    second.load_weights(tmp_path / "w.h5", by_name=by_name)
    np.testing.assert_array_equal(first.predict(data[0]), second.predict(data[0]))
