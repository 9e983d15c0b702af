"""Frozen graphs hold their weights, and name their inputs and outputs as the model does."""

from __future__ import annotations

import numpy as np
import pytest

from kir.errors import ExportError
from kir.layers import LSTM, Dense, Embedding, Input
from kir.models import Model, Sequential
from tests.runtime.export import golden

pytestmark = pytest.mark.tf


def load(path):
    from compiler.tensorflow import tf

    return tf.compat.v1.GraphDef.FromString(path.read_bytes())


def run(path, fetches, feeds):
    from compiler.tensorflow import tf

    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.import_graph_def(load(path), name="")
        return session.run(fetches, feeds)


@pytest.mark.parametrize("batch", [1, 5])
def test_a_session_of_tensorflow_1_runs_it(batch, tmp_path):
    words, extra = Input((None,), dtype="int32", name="words"), Input((3,), name="extra")
    text = LSTM(4, return_sequences=True)(Embedding(7, 3, mask_zero=True)(words))
    model = Model([words, extra], [Dense(2, name="z")(text), Dense(1, name="a")(extra)])
    model.export(tmp_path / "model.pb")
    inputs = golden.inputs_of(model, batch)
    found = run(tmp_path / "model.pb", ["z:0", "a:0"], {"words:0": inputs[0], "extra:0": inputs[1]})
    for got, want in zip(found, model.predict(inputs), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_the_weights_are_constants(tmp_path):
    Sequential([Dense(2, input_shape=(3,))]).export(tmp_path / "model.pb")
    kinds = {node.op for node in load(tmp_path / "model.pb").node}
    assert "Const" in kinds
    assert not {kind for kind in kinds if "Var" in kind or "PartitionedCall" in kind}


def test_a_result_named_as_an_input_gets_another_name(tmp_path):
    x = Input((3,), name="x")
    Model(x, x).export(tmp_path / "model.pb")
    value = np.ones((2, 3), "float32")
    (found,) = run(tmp_path / "model.pb", ["x_output:0"], {"x:0": value})
    np.testing.assert_array_equal(found, value)


def test_a_stateful_layer_is_refused(tmp_path):
    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(1, 3, 4), name="lstm")])
    with pytest.raises(ExportError, match=r"LSTM 'lstm'.*it is stateful.*stateful=False"):
        model.export(tmp_path / "model.pb")
    assert not list(tmp_path.iterdir())
