"""The graph of operations and the conceptual graph, as TensorBoard builds them."""

import json

import numpy as np
import pytest

from kir.callbacks import TensorBoard
from kir.layers import Dense, Dropout
from kir.models import Sequential

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def written(case, tmp_path_factory, read):
    """The events of a model of each kind."""
    model, inputs, labels = case
    folder = tmp_path_factory.mktemp("run")
    model.fit(inputs, labels, verbose=0, callbacks=[TensorBoard(folder)])
    return model, read(folder)


def conceptual_edges(events):
    """(layer it comes from, layer) as TensorBoard's own parser finds them."""
    from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def

    (event,) = events.Tensors("keras")
    config = json.loads(event.tensor_proto.string_val[0])
    graph = keras_model_to_graph_def(config)
    prefix = config["config"]["name"] + "/"
    names = {node.name for node in graph.node}
    assert all(source in names for node in graph.node for source in node.input)
    edges = {
        (source.removeprefix(prefix), node.name.removeprefix(prefix))
        for node in graph.node
        for source in node.input
    }
    return edges, {node.name.removeprefix(prefix): node for node in graph.node}


EDGES = {
    "functional": "x hidden, hidden drop, drop norm, norm y",
    "nested": (
        "x body/inner_1_input, between body/inner_1_input, body/inner_1_input body/inner_1, "
        "body/inner_1 body/inner_2, body/inner_2 sum, sum y, x between"
    ),
    "shared": "a twin, b twin, twin join, join y",
    "multi_output": "x hidden, hidden y, hidden z",
    "recurrent": "x tokens, tokens lstm, lstm both, both y",
    "custom": "x scale, scale square, square y",
}


def test_the_conceptual_graph_has_every_layer_and_connection(written, request):
    edges, nodes = conceptual_edges(written[1])
    kind = request.node.callspec.id
    assert edges == {tuple(edge.split()) for edge in EDGES[kind].split(", ")}
    assert set(nodes) == {name for edge in edges for name in edge}


def test_the_conceptual_graph_names_classes():
    from runtime.callbacks.tensorboard.conceptual import conceptual_config

    model = Sequential([Dense(2, input_shape=(3,), name="first"), Dropout(0.5, name="drop")])
    entries = conceptual_config(model)["config"]["layers"]
    assert [(e["name"], e["class_name"]) for e in entries] == [
        ("first_input", "InputLayer"),
        ("first", "Dense"),
        ("drop", "Dropout"),
    ]


def test_operations_stand_under_their_layers(written):
    model, events = written
    nodes = {node.name: node for node in events.Graph().node}
    groups = {name.split("/")[0] for name in nodes}
    called = {node.layer.name for node in model.graph.nodes if node.layer is not None}
    assert called <= groups
    assert {"loss", "metrics"} <= groups
    # Nothing but inputs and targets stands by itself.
    alone = {name for name in nodes if "/" not in name}
    targets = {f"{o.name}_target" for o in model._trainer.compiled.active}
    assert alone == {*model.input_names, *targets}
    sources = {s.lstrip("^").split(":")[0] for node in nodes.values() for s in node.input}
    assert sources <= set(nodes)


def test_weights_are_variables_under_their_layers(written):
    model, events = written
    variables = {node.name for node in events.Graph().node if node.op == "VarHandleOp"}
    for weight in model.trainable_weights:
        name = weight.name.removesuffix(":0")
        assert any(f"/{v}".endswith(f"/{name}") for v in variables), name


def test_the_operations_are_those_of_training(tmp_path, read):
    model = Sequential([Dropout(0.5, input_shape=(3,), name="drop"), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[TensorBoard(tmp_path)])
    assert any("Random" in node.op for node in read(tmp_path).Graph().node)


def test_penalties_belong_to_the_loss(tmp_path, read):
    model = Sequential(
        [
            Dense(2, input_shape=(3,), kernel_regularizer="l2", name="first"),
            Dense(1, activity_regularizer="l1", name="last"),
        ]
    )
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[TensorBoard(tmp_path)])
    groups = {node.name.split("/")[0] for node in read(tmp_path).Graph().node}
    assert groups == {"first_input", "last_target", "first", "last", "loss", "metrics"}


def test_nested_models_are_groups(tmp_path):
    from compiler.programs.inspection import network_only, operation_graph

    inner = Sequential([Dense(2, input_shape=(3,), name="inner")])
    inner.name = "body"
    model = Sequential([inner, Dense(1, name="y")])
    names = [node.name for node in operation_graph(network_only(model)).node]
    assert "body/inner/MatMul" in names
    assert "y/MatMul" in names


def test_a_model_built_by_its_first_data_has_graphs(tmp_path, read):
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[TensorBoard(tmp_path)])
    assert read(tmp_path).Tags()["graph"]


def test_no_graph_is_written_unless_wanted(tmp_path, read):
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse")
    callback = TensorBoard(tmp_path, write_graph=False)
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[callback])
    tags = read(tmp_path).Tags()
    assert not tags["graph"]
    assert "keras" not in tags["tensors"]
