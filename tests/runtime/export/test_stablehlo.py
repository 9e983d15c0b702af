"""StableHLO: the train program takes the same steps in JAX's compiler as in kir."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from kir.errors import ConfigError, ExportError
from kir.layers import BatchNormalization, Dense, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf

RUNNERS = Path(__file__).parent / "runners"


@pytest.fixture(scope="module")
def execute():
    """Runs a program's text on arguments."""
    pytest.importorskip("jax")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(RUNNERS))
        return runpy.run_path(str(RUNNERS / "run_stablehlo.py"))["execute"]


@pytest.mark.parametrize(
    "optimizer",
    [
        "adam",
        pytest.param("sgd", marks=pytest.mark.slow),
        pytest.param("rmsprop", marks=pytest.mark.slow),
    ],
)
def test_steps_of_training_are_the_models(optimizer, execute, tmp_path):
    a, b = Input((3,), name="b_side"), Input((2,), name="a_side")
    y = BatchNormalization()(Dense(4, activation="tanh")(a))
    model = Model([a, b], [Dense(1, name="y")(y), Dense(2, name="z")(b)])
    model.compile(optimizer, "mse", metrics=["mae"])
    model.export(tmp_path / "model", to="stablehlo", batch_size=8)
    program = json.loads((tmp_path / "model" / "manifest.json").read_text())["train"]
    text = (tmp_path / "model" / "train.mlir").read_text()
    with np.load(tmp_path / "model" / "parameters.npz") as file:
        parameters = {name: file[name] for name in program["parameters"]}
    for _ in range(3):
        shapes = {"b_side": 3, "a_side": 2, "y_target": 1, "z_target": 2}
        data = {n: np.random.rand(8, s).astype("float32") for n, s in shapes.items()}
        given = [data[name] for name in program["inputs"]]
        results = execute(text, given + [parameters[n] for n in program["parameters"]])
        count = len(program["outputs"])
        parameters |= dict(zip(program["updated_parameters"], results[count:], strict=True))
        logs = dict(zip(program["outputs"], results, strict=False))
        want = model.train_on_batch(
            [data["b_side"], data["a_side"]], [data["y_target"], data["z_target"]]
        )
        for name, value in zip(model.metrics_names, want, strict=True):
            np.testing.assert_allclose(logs[name], value, rtol=1e-4, err_msg=name)
    for variable, value in zip(model._weights_by_layer(), model.get_weights(), strict=True):
        got = parameters[variable.name.removesuffix(":0")]
        np.testing.assert_allclose(got, value, rtol=1e-4, atol=1e-6, err_msg=variable.name)


def test_a_model_that_is_not_compiled_has_no_train_program(tmp_path):
    model = Sequential([Dense(1, input_shape=(2,))])
    model.export(tmp_path / "model", to="stablehlo")
    assert not (tmp_path / "model" / "train.mlir").exists()
    with pytest.raises(ConfigError, match="not compiled"):
        model.export(tmp_path / "model", to="stablehlo", training=True)


def test_sizes_must_be_known(tmp_path):
    x = Input((None, 3), name="words")
    with pytest.raises(ExportError, match=r"'words' is f32\[\?,\?,3\]"):
        Model(x, Dense(1)(x)).export(tmp_path / "model", to="stablehlo")
    with pytest.raises(ConfigError, match="batch_size is 0"):
        Sequential([Dense(1, input_shape=(2,))]).export(
            tmp_path / "model", to="stablehlo", batch_size=0
        )
