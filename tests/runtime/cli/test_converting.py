"""`kir convert` between formats with weights: it compares predictions itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kir.errors import FileFormatError
from kir.layers import LSTM, Dense, Embedding, Lambda
from kir.models import Sequential, load_model
from runtime.cli import conversion_check

pytestmark = pytest.mark.tf


@pytest.fixture
def old_h5(tmp_path):
    """A compiled classifier of texts, as programs for Keras 2 saved them."""
    layers = [Embedding(20, 8, input_length=6), LSTM(5), Dense(1, activation="sigmoid")]
    model = Sequential(layers)
    model.compile("adam", "binary_crossentropy", metrics=["acc"])
    model.save(tmp_path / "old.h5")
    return tmp_path / "old.h5"


@pytest.mark.filterwarnings("ignore:Keras 3 has another hard_sigmoid")
@pytest.mark.parametrize("suffix", [".keras", ".kir", ".h5"])
def test_a_model_is_converted_with_its_weights_and_training(suffix, run, old_h5, tmp_path):
    result = run("convert", old_h5, tmp_path / f"new{suffix}", "--json")
    data = json.loads(result.stdout)
    assert data["weights"]
    assert data["difference"] < 1e-5
    old, new = load_model(old_h5), load_model(tmp_path / f"new{suffix}")
    x = np.random.randint(0, 20, (4, 6))
    np.testing.assert_allclose(new.predict(x), old.predict(x), atol=1e-6)
    assert (type(new.optimizer).__name__, new.metrics_names) == ("Adam", ["loss", "acc"])


def test_an_archive_is_converted_back(run, old_h5, tmp_path):
    run("convert", old_h5, tmp_path / "new.kir")
    run("convert", tmp_path / "new.kir", tmp_path / "back.h5")
    for a, b in zip(
        load_model(old_h5).get_weights(),
        load_model(tmp_path / "back.h5").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def test_without_a_comparison_none_is_reported(run, old_h5, tmp_path):
    result = run("convert", old_h5, tmp_path / "new.kir", "--no-compare")
    assert "differ" not in result.stdout


def test_a_layer_that_keras_3_lacks_is_named(run, tmp_path):
    model = Sequential([Lambda(lambda x: x + 1, input_shape=(3,), name="plus")])
    model.save(tmp_path / "model.kir")
    result = run("convert", tmp_path / "model.kir", tmp_path / "new.keras", status=1)
    assert "Lambda 'plus' cannot be written for Keras 3" in result.stderr
    assert not (tmp_path / "new.keras").exists()


def test_a_model_that_predicts_otherwise_is_reported():
    model, other = (Sequential([Dense(2, input_shape=(3,))]) for _ in range(2))
    assert conversion_check.compare(model, model) == 0.0
    with pytest.raises(FileFormatError, match="predicts something else"):
        conversion_check.compare(model, other)
