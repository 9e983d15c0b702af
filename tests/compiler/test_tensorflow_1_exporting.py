"""Frozen graphs, SavedModels and names of tensors, as scripts for TensorFlow 1 handled them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.tensorflow_1 import find
from kir import backend as K
from kir.errors import ConfigError
from kir.layers import LSTM, Dense, Dropout, Input
from kir.models import Model, Sequential

pytestmark = pytest.mark.tf


class _Names:
    def __getattr__(self, name: str) -> Any:
        return find(name)


tf = _Names()
X = np.random.RandomState(0).rand(5, 3).astype("float32")


@pytest.fixture(autouse=True)
def own_session():
    K.clear_session()


def model() -> Sequential:
    return Sequential(
        [
            Dense(4, activation="relu", input_shape=(3,), name="hidden"),
            Dropout(0.5),
            Dense(2, activation="softmax", name="scores"),
        ]
    )


def frozen(names: list[str]) -> Any:
    session = K.get_session()
    graph = session.graph.as_graph_def()
    return tf.graph_util.convert_variables_to_constants(session, graph, names)


def read(graph_def: Any, prefix: str = "") -> Any:
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.GraphDef.FromString(graph_def.SerializeToString()), name=prefix)
    return graph


def test_a_frozen_graph_has_the_names_of_the_model_s_operations():
    made = model()
    names = [x.op.name for x in made.outputs]
    assert names == ["scores/Softmax"]
    with tf.Session(graph=read(frozen(names))) as session:
        found = session.run("scores/Softmax:0", {"hidden_input:0": X})
    np.testing.assert_allclose(found, made.predict(X), rtol=1e-6)


def test_results_are_renamed_by_an_identity():
    made = model()
    results = [tf.identity(x, name=f"result_{i}") for i, x in enumerate(made.outputs)]
    assert [x.op.name for x in results] == ["result_0"]
    graph = read(frozen(["result_0"]), "net")
    x = graph.get_tensor_by_name("net/hidden_input:0")
    y = graph.get_operation_by_name("net/result_0").outputs[0]
    assert "net/result_0" in [op.name for op in graph.get_operations()]
    with tf.Session(graph=graph) as session:
        np.testing.assert_allclose(session.run(y, {x: X}), made.predict(X), rtol=1e-6)


def test_variables_among_the_names_become_constants_as_all_do():
    made = model()
    made.compile("adam", "mse")
    names = [v.op.name for v in tf.global_variables()]
    assert "scores/kernel" in names
    graph_def = frozen(["scores/Softmax", *names])
    with tf.Session(graph=read(graph_def)) as session:
        found = session.run("scores/Softmax:0", {"hidden_input:0": X})
    np.testing.assert_allclose(found, made.predict(X), rtol=1e-6)
    with pytest.raises(ConfigError, match="no result to compute"):
        frozen(names)


@pytest.mark.parametrize("name", ["scores/kernel:0", "scores/kernel/read:0"])
def test_variables_are_found_by_name(name):
    made = model()
    found = K.get_session().graph.get_tensor_by_name(name)
    assert found is made.layers[-1].kernel
    np.testing.assert_array_equal(K.get_session().run(name), made.get_weights()[2])


def test_a_graph_with_a_loop_and_several_ends_is_frozen():
    x = Input((4, 3), name="steps")
    states = LSTM(5, name="memory")(x)
    made = Model(x, [Dense(2, name="first")(states), Dense(1, name="second")(states)])
    names = [y.op.name for y in made.outputs]
    with tf.Session(graph=read(frozen(names))) as session:
        data = np.random.rand(2, 4, 3)
        found = session.run([f"{n}:0" for n in names], {"steps:0": data})
    for one, expected in zip(found, made.predict(data), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-5)


def test_an_unknown_name_is_said():
    model()
    with pytest.raises(KeyError, match=r"'nothing:0' refers to a tensor which does not exist"):
        frozen(["nothing"])


def test_tensors_and_operations_are_found_by_name():
    made = model()
    graph = K.get_session().graph
    assert graph is tf.get_default_graph()
    assert graph.get_tensor_by_name("scores/Softmax:0") is made.output
    assert graph.get_tensor_by_name("hidden_input:0") is made.input
    assert graph.get_operation_by_name("hidden/Relu").outputs[0] is made.layers[0].output
    with pytest.raises(ValueError, match="'scores/Softmax:0'"):
        graph.get_tensor_by_name("scores/Softmax")
    found = K.get_session().run("scores/Softmax:0", {"hidden_input:0": X})
    np.testing.assert_allclose(found, made.predict(X), rtol=1e-6)
    found = K.get_session().run(made.output.name, {made.input.name: X})
    np.testing.assert_allclose(found, made.predict(X), rtol=1e-6)
    K.clear_session()
    with pytest.raises(KeyError):
        graph.get_tensor_by_name("scores/Softmax:0")


def test_the_newest_of_equal_names_is_found():
    first = model()
    K.clear_session()
    second = model()
    assert K.get_session().graph.get_tensor_by_name("scores/Softmax:0") is second.output
    assert first.output is not second.output


def test_names_are_made_unique_as_tensorflow_made_them():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.name_scope("block"):
        first, second = tf.identity(x, name="out"), tf.identity(x, name="out")
    assert [first.op.name, second.op.name] == ["block/out", "block/out_1"]


def signature(made: Model) -> Any:
    return tf.saved_model.signature_def_utils.predict_signature_def(
        inputs={"images": made.input}, outputs={"scores": made.output}
    )


def test_a_builder_writes_a_saved_model_that_a_session_loads(tmp_path):
    made = model()
    folder = str(tmp_path / "1")
    builder = tf.saved_model.builder.SavedModelBuilder(folder)
    builder.add_meta_graph_and_variables(
        K.get_session(),
        [tf.saved_model.tag_constants.SERVING],
        signature_def_map={"predict": signature(made)},
    )
    builder.save()
    with pytest.raises(ValueError, match="isn't empty"):
        tf.saved_model.builder.SavedModelBuilder(folder)
    with tf.Session(graph=tf.Graph()) as session:
        read = tf.saved_model.loader.load(session, ["serve"], folder).signature_def["predict"]
        found = session.run(read.outputs["scores"].name, feed_dict={read.inputs["images"].name: X})
    np.testing.assert_allclose(found, made.predict(X), rtol=1e-6)


def test_a_saved_model_of_a_session_is_served_by_todays_tensorflow(tmp_path):
    from compiler.tensorflow import tf as tensorflow

    made = model()
    folder = str(tmp_path / "1")
    tf.saved_model.simple_save(
        K.get_session(), folder, inputs={"x": made.input}, outputs={"y": made.output}
    )
    serve = tensorflow.saved_model.load(folder).signatures["serving_default"]
    np.testing.assert_allclose(serve(x=X)["y"], made.predict(X), rtol=1e-6)
