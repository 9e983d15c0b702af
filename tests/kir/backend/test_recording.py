"""What calls on symbolic tensors record; needs TensorFlow only where a row says so."""

import numpy as np
import pytest

import kir
from kir import backend as K
from kir.errors import ConfigError, DTypeError, PaddingError, ShapeError
from kir.ir.graph import Graph, Ref, topological_order
from kir.ir.verifier import verify
from tests.kir.backend.calls import CALLS, operands

# These have no rule and are traced.
TRACED = ("batch_dot", "local_conv")


@pytest.mark.parametrize(
    ("call", "wanted"), [c for c in CALLS if not any(t in c[0] for t in TRACED)]
)
def test_types_follow_from_the_operands(call, wanted):
    names, _ = operands()
    assert str(eval(call, names).type) == wanted


def graph_of(*outputs):
    order = topological_order(outputs)
    inputs = dict.fromkeys(
        v
        for n in order
        for v in n.inputs
        if v.producer is None and not isinstance(v, kir.ir.graph.Weight)
    )
    return Graph("g", inputs, outputs, order)


@pytest.mark.parametrize(
    "call",
    [
        "K.dot(x, w) + 1",
        "K.sum(x, keepdims=True) + K.relu(m, max_value=2.0)[:, None]",
        "K.conv2d(im, K.ones((2, 2, 2, 1)), dilation_rate=2)",
        "x[:, 1:, None]",
        "K.rnn(lambda a, s: (K.dot(a, w), [s[0] + m]), x, [m])[1]",
        "K.map_fn(lambda e: e * K.random_uniform((4,), seed=1), x)",
        "K.switch(K.sum(m) > 1, lambda: m, lambda: m * 2)",
        "K.gradients(K.sum(x * x), [x])[0]",
    ],
)
def test_recorded_graphs_verify_and_survive_their_text(call):
    names, _ = operands()
    graph = graph_of(eval(call, names))
    verify(graph)
    assert kir.parse(str(graph)) == graph


def test_attributes_name_the_operands():
    x, w = K.placeholder((None, 4)), K.ones((4, 2))
    node = K.dot(x, w).producer
    assert (node.op, node.inputs) == ("k.dot", (x, w))
    assert node.attributes == {"x": Ref(0), "y": Ref(1)}
    node = K.concatenate([x, x], axis=1).producer
    assert node.inputs == (x,)
    assert node.attributes == {"tensors": [Ref(0), Ref(0)], "axis": 1}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("x + K.placeholder((None, 5))", ShapeError, r"\(None, 3, 4\) and \(None, 5\)"),
        ("x + i[:, :, None]", DTypeError, "different dtypes: f32.* and i32.*K.cast"),
        ("K.dot(x, K.ones((5, 2)))", ShapeError, r"last axis of the first \(4\)"),
        ("K.concatenate([x, m])", ShapeError, "the other axes must be equal"),
        ("K.reshape(w, (3, 3))", ShapeError, "20 elements cannot fill 9"),
        ("K.squeeze(x, 1)", ShapeError, "not of size 1"),
        ("K.sum(x, axis=3)", ShapeError, "Axis 3 of a tensor of rank 3"),
        ("K.conv2d(m, K.ones((2, 2, 4, 1)))", ShapeError, "expected rank 4"),
        ("K.conv2d(im, K.ones((2, 2, 4, 1)))", ShapeError, "2 channels; the kernel takes 4"),
        ("K.pool2d(im, (9, 9))", ShapeError, "the window .* is larger"),
        ("K.pool2d(im, (2, 2), padding='twice')", ConfigError, "Invalid padding: 'twice'"),
        ("K.pool2d(im, (2, 2), pool_mode='median')", ConfigError, "Invalid pooling mode: 'median'"),
        ("K.pool3d(v, (2, 2, 2), padding='causal')", ConfigError, "Invalid padding: 'causal'"),
        ("K.conv1d(x, K.ones((2, 4, 3)), padding='full')", ConfigError, "'same' or 'valid' or"),
        ("K.conv2d(im, K.ones((2, 2, 2, 3)), padding='SAME')", ConfigError, "'same' or 'valid'"),
        ("K.resize_images(im, 2, 2, 'channels_last', 'cubic')", ConfigError, "interpolation"),
        ("K.temporal_padding(x, (1, 1, 1))", AssertionError, r"Invalid padding: \(1, 1, 1\)"),
        ("K.spatial_2d_padding(im, ((1, 1), (1,)))", PaddingError, "expected 2 pairs"),
        ("K.spatial_3d_padding(v, ((1, 1), 1, 1))", ValueError, "expected 3 pairs"),
        ("K.repeat(x, 2)", AssertionError, "expected rank 2"),
        ("K.slice(x, [0], [2, 3, 4])", ShapeError, "expected 3 numbers in both"),
        ("K.dropout(x, -0.5)", ConfigError, "level is -0.5; expected a fraction"),
        ("K.dropout(x, 1)", ConfigError, "something is kept"),
        ("K.bias_add(x, K.ones((2, 2, 2)))", ShapeError, "Unexpected bias dimensions 3"),
        ("K.rnn(lambda a, s: (a, s), m, [m])", ShapeError, "at least 3D"),
        ("K.rnn(lambda a, s: (a, []), x, [m])", ConfigError, "returned 0 states; expected 1"),
        ("K.rnn(lambda a, s: (None, s), x, [m])", DTypeError, "returned None"),
        ("K.function(x, [x])", DTypeError, "`inputs` .* should be a list or tuple"),
        ("K.function([x], [x], foo=1)", ConfigError, 'Invalid argument "foo"'),
        ("K.update(x, x)", DTypeError, "is no variable"),
        ("K.dot(x)", TypeError, "missing a required argument: 'y'"),
        ("K.dot(x, m, z=1)", TypeError, "unexpected keyword argument 'z'"),
        ("bool(x > 0)", TypeError, "no truth value"),
        ("list(x)", TypeError, "cannot be iterated"),
        ("x[:, 3]", ShapeError, "Index 3 of an axis of size 3"),
    ],
)
def test_a_mistake_is_explained_where_it_is_made(call, error, message):
    names, _ = operands()
    with pytest.raises(error, match=message):
        eval(call, names)


def test_a_variables_dtype_is_named_as_a_reference():
    dtype = K.variable([1.0], dtype="float64").dtype
    assert dtype == "float64"
    assert dtype.name == "float64_ref"
    assert dtype.base_dtype.name == "float64"
    assert K.zeros((2,), dtype=dtype.name).dtype == "float64"
    assert K.placeholder((2,)).dtype.name == "float32"


def test_numpy_arrays_beside_a_tensor_become_attributes():
    x = K.placeholder((None, 2))
    for y in (np.ones((1, 2)) * x, x * np.ones((1, 2)), np.float64(2) - x):
        assert str(y.type) == "f32[?,2]"
    assert isinstance((x * np.ones((1, 2))).producer.attributes["y"], np.ndarray)
    assert type((np.float64(2) - x).producer.attributes["x"]) is float


def test_a_region_takes_what_it_needs_from_outside_as_operands():
    x, h, w = K.placeholder((2, 3, 4)), K.zeros((2, 4)), K.ones((4, 4))
    square = K.dot(w, w)
    _, y, _ = K.rnn(lambda a, s: (K.dot(a, square) + s[0], [a]), x, [h])
    node = y.producer
    assert node.inputs == (x, h, square)
    assert [n.op for n in node.region.nodes] == ["k.dot", "k.add"]
    assert not any(v.producer for v in node.region.inputs)


def test_random_draws_stay_in_the_loop_and_constants_leave_it():
    x = K.placeholder((2, 3, 4))
    y = K.map_fn(lambda e: e + K.random_uniform((4,)) + K.exp(K.constant(1.0)), x)
    assert [n.op for n in y.producer.region.nodes] == ["k.random_uniform", "k.add", "k.add"]


def test_the_learning_phase_is_known_through_regions():
    x = K.placeholder((2, 3, 4))
    y = K.map_fn(lambda e: K.in_train_phase(e, e * 2), x)
    assert y._uses_learning_phase
    assert not K.map_fn(lambda e: e, x)._uses_learning_phase


@pytest.mark.parametrize(
    ("loss", "depends"),
    [
        ("K.sum(x * x)", True),
        ("K.sum(K.stop_gradient(x))", False),
        ("K.sum(K.cast(K.argmax(x), 'float32'))", False),
        ("K.sum(K.cast(K.cast(x, 'int32'), 'float32'))", False),
        ("K.sum(m)", False),
        ("K.sum(K.map_fn(lambda e: e * 2, x))", True),
    ],
)
def test_gradients_are_none_without_a_path(loss, depends):
    names, _ = operands()
    (found,) = K.gradients(eval(loss, names), [names["x"]])
    assert (found is not None) == depends
