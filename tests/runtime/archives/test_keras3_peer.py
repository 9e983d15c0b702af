"""Archives that kir writes, loaded by Keras 3 itself: one process judges all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kir import optimizers
from kir.errors import UnsupportedError
from kir.layers import LSTM, Activation, Dense, Dropout, Input
from kir.models import Model, Sequential

pytestmark = [pytest.mark.tf, pytest.mark.slow]

Results = dict[str, np.ndarray]

# What Keras 3 cannot express; each by the layer that the error names.
INEXPRESSIBLE = {"conv1d_variety": "LocallyConnected1D", "conv_variety": "LocallyConnected2D"}

EXACT = {
    "sgd": lambda: optimizers.SGD(0.05),
    "nesterov": lambda: optimizers.SGD(0.02, momentum=0.9, nesterov=True, decay=0.1),
    "adam": lambda: optimizers.Adam(0.01, decay=0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamax": lambda: optimizers.Adamax(0.01),
    "adadelta": lambda: optimizers.Adadelta(),
    "clipnorm": lambda: optimizers.SGD(0.05, clipnorm=0.1),
    "clipvalue": lambda: optimizers.SGD(0.05, clipvalue=0.01),
}
# Keras 3 adds epsilon under the root.
NEARLY = {"rmsprop": lambda: optimizers.RMSprop(), "adagrad": lambda: optimizers.Adagrad()}


class Judged:
    """What kir computed and what Keras 3 computed, by the archives' names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.predicted: dict[str, list[np.ndarray]] = {}
        self.trained: dict[str, Any] = {}
        self.found: dict[str, Results] = {}

    def add(self, name: str, model: Any, inputs: list[np.ndarray], **more: Any) -> None:
        model.save(self.folder / f"{name}.keras")
        arrays = {f"x{i}": x for i, x in enumerate(inputs)}
        np.savez(self.folder / f"{name}.npz", **arrays, **more)
        found = model.predict(inputs, batch_size=len(inputs[0]))
        self.predicted[name] = found if isinstance(found, list) else [found]

    def check(self, name: str, same: Callable[..., None]) -> Results:
        out = self.found[name]
        assert "failure" not in out, f"{name}: {out['failure']}"
        same([out[f"p{i}"] for i in range(len(out)) if f"p{i}" in out], self.predicted[name])
        return out


@pytest.fixture(scope="module")
def judged(tmp_path_factory, keras_3, golden) -> Judged:
    judged = Judged(tmp_path_factory.mktemp("archives"))
    for name in golden.names():
        if name not in INEXPRESSIBLE:
            model = golden.model(name)
            judged.add(name, model, golden.inputs(model))
    _add_trained(judged, golden)
    lstm = golden.randomized(Sequential([LSTM(4, input_shape=(6, 3)), Dropout(0.2), Dense(2)]))
    lstm.compile("adam", "mse")
    x = np.random.RandomState(1).randn(16, 6, 3).astype("float32")
    with pytest.warns(UserWarning, match="another hard_sigmoid"):
        judged.add("scaled_lstm", lstm, [x], y0=np.ones((16, 2), "float32"))
    x = Input((4,))
    hidden = Dense(5, activation="hard_sigmoid")(x)
    y = Activation("hard_sigmoid", name="gate")(Dense(3)(hidden))
    model = golden.randomized(Model(x, Dense(2)(y)))
    judged.add("hard_sigmoid", model, golden.inputs(model))
    judged.found = keras_3(judged.folder)
    return judged


def _add_trained(judged: Judged, golden: Any) -> None:
    x = np.random.RandomState(1).randn(32, 5).astype("float32")
    y = np.random.RandomState(2).rand(32, 3).astype("float32")
    for name, make in {**EXACT, **NEARLY}.items():
        layers = [Dense(4, activation="tanh", input_shape=(5,)), Dense(3)]
        model = golden.randomized(Sequential(layers))
        model.compile(make(), "mse", metrics=["mae"])
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        judged.add(name, model, [x], y0=y)
        history = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
        judged.trained[name] = (history.history["loss"], model.get_weights())


def test_keras_3_predicts_the_same_for_the_golden_architectures(judged, golden):
    names = [n for n in golden.names() if n not in INEXPRESSIBLE]
    for name in names:
        judged.check(name, golden.assert_same)
    print(f"Keras 3 loads {len(names)} of {len(golden.names())} golden architectures alike")


@pytest.mark.parametrize("name", sorted(INEXPRESSIBLE))
def test_a_layer_that_keras_3_does_not_have_is_named(name, golden, tmp_path):
    with pytest.raises(UnsupportedError, match=INEXPRESSIBLE[name]):
        golden.model(name).save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [*EXACT, *NEARLY])
def test_keras_3_goes_on_training_where_kir_stopped(name, judged, golden):
    out = judged.check(name, golden.assert_same)
    losses, weights = judged.trained[name]
    tolerance = 1e-5 if name in EXACT else 2e-3
    np.testing.assert_allclose(out["loss"], losses, rtol=tolerance)
    for i, weight in enumerate(weights):
        np.testing.assert_allclose(out[f"w{i}"], weight, atol=tolerance)


def test_keras_3_trains_an_lstm_with_scaled_gates(judged, golden):
    out = judged.check("scaled_lstm", golden.assert_same)
    assert out["loss"][-1] < out["loss"][0]


def test_keras_3_reads_hard_sigmoid_of_layers_with_and_without_weights(judged, golden):
    judged.check("hard_sigmoid", golden.assert_same)
