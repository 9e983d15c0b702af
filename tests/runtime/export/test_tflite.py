"""TensorFlow Lite: options, batches of any size, and errors that name the layer."""

from __future__ import annotations

import numpy as np
import pytest

from kir.errors import ConfigError, ExportError
from kir.layers import GRU, LSTM, Conv2D, Conv3D, Dense, Flatten, Input, Masking, MaxPooling3D
from kir.models import Model, Sequential
from tests.runtime.export import golden

litert = pytest.importorskip("ai_edge_litert.interpreter")

pytestmark = pytest.mark.tf


def images():
    return Sequential([Conv2D(8, 3, input_shape=(8, 8, 2)), Flatten(), Dense(32), Dense(3)])


def run(path, inputs):
    runner = litert.Interpreter(model_path=str(path)).get_signature_runner("serving_default")
    return runner(**inputs)


@pytest.mark.parametrize("batch", [1, 6])
@pytest.mark.parametrize("layer", [LSTM, GRU])
@pytest.mark.parametrize("options", [{"return_sequences": True}, {"go_backwards": True}])
def test_recurrent_layers_take_any_batch_and_length(layer, options, batch, tmp_path):
    x = Input((None, 3), name="x")
    model = Model(x, layer(4, name="y", **options)(Masking()(x)))
    model.export(tmp_path / "model.tflite")
    (inputs,) = golden.inputs_of(model, batch, steps=7)
    inputs[0, 3:] = 0.0
    found = run(tmp_path / "model.tflite", {"x": inputs})["y"]
    np.testing.assert_allclose(found, model.predict(inputs), rtol=1e-5, atol=1e-6)


def test_fewer_bits_make_smaller_files(tmp_path):
    model = images()
    sizes = {}
    for quantize in ("none", "float16", "dynamic", "int8"):
        path = tmp_path / f"{quantize}.tflite"
        samples = np.random.rand(8, 8, 8, 2) if quantize == "int8" else None
        model.export(path, quantize=quantize, representative=samples)
        sizes[quantize] = path.stat().st_size
    assert sizes["dynamic"] < sizes["float16"] < sizes["none"]
    assert sizes["int8"] < sizes["float16"]


def test_int8_takes_and_returns_8_bits(tmp_path):
    images().export(
        tmp_path / "m.tflite", quantize="int8", representative=np.random.rand(8, 8, 8, 2)
    )
    interpreter = litert.Interpreter(model_path=str(tmp_path / "m.tflite"))
    details = [*interpreter.get_input_details(), *interpreter.get_output_details()]
    assert {d["dtype"] for d in details} == {np.int8}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantize": "int4"}, r"'int4'; expected one of none, float16, dynamic, int8"),
        ({"quantize": "int8"}, "go together"),
        ({"representative": np.zeros((1, 8, 8, 2))}, "go together"),
        ({"quantize": "int8", "representative": np.zeros((4, 8, 8, 3))}, r"shape \(4, 8, 8, 3\)"),
        ({"quantize": "int8", "representative": {"y": np.zeros(3)}}, "an array for each input"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        images().export(tmp_path / "m.tflite", **options)
    assert not list(tmp_path.iterdir())


def test_a_missing_op_is_laid_to_its_layer(tmp_path):
    model = Sequential([Conv3D(2, 2, input_shape=(6, 6, 6, 1)), MaxPooling3D(name="pool")])
    with pytest.raises(ExportError, match=r"MaxPooling3D 'pool'.*has no MaxPool3D.*select_tf_ops"):
        model.export(tmp_path / "m.tflite")
    model.export(tmp_path / "m.tflite", select_tf_ops=True)
    assert (tmp_path / "m.tflite").stat().st_size > 0


def test_int8_needs_a_known_number_of_time_steps(tmp_path):
    x = Input((None, 3))
    with pytest.raises(ExportError, match=r"LSTM 'lstm'.*time steps is not known"):
        Model(x, LSTM(2, name="lstm")(x)).export(
            tmp_path / "m.tflite", quantize="int8", representative=np.zeros((2, 5, 3))
        )
