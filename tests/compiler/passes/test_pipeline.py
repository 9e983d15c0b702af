"""The lists of passes as a whole: every graph on the way is verified, and values stay."""

import numpy as np
import pytest

from compiler import pipeline
from compiler.pipeline import EVALUATE, PREDICT, TRAIN, dump_passes, run_passes
from kir.errors import VerificationError
from kir.ir import Graph, TensorType, Value
from kir.layers import (
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
)
from kir.models import Model, Sequential
from tests.compiler.passes.graphs import evaluate, randomize

pytestmark = pytest.mark.tf


@pytest.fixture(autouse=True)
def verify_each_pass(monkeypatch):
    monkeypatch.setattr(pipeline, "VERIFY_EACH_PASS", True)


def residual():
    """A block of convolutions as a nested model, applied twice."""
    x = Input((8, 8, 2))
    y = BatchNormalization()(Conv2D(2, 3, padding="same", use_bias=False)(x))
    y = Dropout(0.3)(Activation("relu")(y))
    block = Model(x, Add()([x, y]))
    image = Input((8, 8, 2))
    return Model(image, Dense(3, activation="softmax")(Flatten()(block(block(image)))))


def sequences():
    inner = Sequential([Embedding(9, 4, mask_zero=True, input_length=5), Dropout(0.5)])
    tokens = Input((5,), dtype="int32")
    return Model(tokens, Dense(1, activation="sigmoid")(LSTM(3, dropout=0.2)(inner(tokens))))


def data_for(model):
    found = []
    for x in model.inputs:
        size = (4, *x.type.shape[1:])
        is_index = x.type.dtype == "int32"
        found.append(np.random.randint(0, 9, size) if is_index else np.random.normal(size=size))
    return found


@pytest.mark.parametrize("make", [residual, sequences])
@pytest.mark.parametrize("passes", [PREDICT, EVALUATE], ids=["predict", "evaluate"])
def test_values_stay_at_inference(make, passes):
    model = make()
    randomize(model)
    data = data_for(model)
    (before,) = evaluate(model.graph, *data)
    (after,) = evaluate(run_passes(model.graph, passes), *data)
    np.testing.assert_allclose(before, after, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [residual, sequences])
def test_training_keeps_what_training_needs(make):
    model = make()
    ops = [n.op for n in run_passes(model.graph, TRAIN).nodes]
    assert "keras.Dropout" in ops
    assert not any(op in ("keras.Model", "keras.Sequential") for op in ops)


def test_the_dump_shows_the_graph_after_each_pass():
    names = [name for name, _ in dump_passes(residual().graph, PREDICT)]
    assert names == ["input", "inline_networks", "drop_inactive", "fold_batch_norm"]


class Breaks:
    name = "breaks"

    def run(self, graph: Graph) -> Graph:
        stray = Value(TensorType("float32", (None, 3)), "stray")
        return Graph(graph.name, graph.inputs, [stray], graph.nodes)


def test_a_pass_that_breaks_the_graph_is_named():
    with pytest.raises(VerificationError, match=r"IR\.6.*stray") as caught:
        run_passes(residual().graph, (*PREDICT, Breaks()))
    assert "drop_inactive, fold_batch_norm, breaks" in caught.value.__notes__[-1]
