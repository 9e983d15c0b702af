"""The type that the language infers for a layer call is that of the tensor that is computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.lowering.context import Context
from compiler.lowering.interpret import interpret
from compiler.tensorflow import tf
from kir import layers
from kir.engine.tensor import Tensor
from kir.ir import TensorType

pytestmark = pytest.mark.tf

SIZES = st.integers(1, 6)
FORMATS = st.sampled_from(["channels_last", "channels_first"])
PADDINGS = st.sampled_from(["valid", "same"])
ACTIVATIONS = st.sampled_from([None, "relu", "softmax", "hard_sigmoid"])


def shapes(*ranks: int):
    """Shapes of a sample."""
    return st.sampled_from(ranks).flatmap(lambda n: st.tuples(*[SIZES] * n))


# Each strategy draws a layer and the shapes of its inputs' samples.


@st.composite
def dense(draw):
    settings = {"activation": draw(ACTIVATIONS), "use_bias": draw(st.booleans())}
    return layers.Dense(draw(SIZES), **settings), [draw(shapes(1, 2, 3))]


@st.composite
def activation(draw):
    name = draw(st.sampled_from(["relu", "softmax", "elu", "softsign", "exponential"]))
    return layers.Activation(name), [draw(shapes(1, 2, 3))]


@st.composite
def dropout(draw):
    shape = draw(shapes(1, 2, 3))
    noise = draw(st.sampled_from([None, (None, *(1 for _ in shape))]))
    return layers.Dropout(draw(st.sampled_from([0.0, 0.5])), noise_shape=noise), [shape]


@st.composite
def flatten(draw):
    shape = draw(shapes(2, 3))
    return layers.Flatten(data_format=draw(FORMATS)), [shape]


@st.composite
def reshape(draw):
    shape = draw(shapes(1, 2, 3))
    target = list(draw(st.permutations((*shape, 1))))
    if draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = -1
    return layers.Reshape(tuple(target)), [shape]


@st.composite
def masking(draw):
    return layers.Masking(0.5), [draw(shapes(2, 3))]


@st.composite
def conv2d(draw):
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    strides, dilation = draw(st.sampled_from([(1, 1), (2, 1), ((1, 2), 1), (1, 2), (1, (2, 1))]))
    layer = layers.Conv2D(
        draw(SIZES),
        kernel,
        strides=strides,
        padding=draw(PADDINGS),
        data_format=draw(FORMATS),
        dilation_rate=dilation,
        use_bias=draw(st.booleans()),
        activation=draw(ACTIVATIONS),
    )
    return layer, [draw(image(layer, st.integers(5, 8)))]


def image(layer, sizes):
    """Shapes of images in the layer's data format."""

    def arrange(parts):
        height, width, channels = parts
        first = layer.data_format == "channels_first"
        return (channels, height, width) if first else (height, width, channels)

    return st.tuples(sizes, sizes, st.integers(1, 3)).map(arrange)


@st.composite
def zero_padding2d(draw):
    padding = draw(st.sampled_from([1, (0, 2), ((1, 0), (2, 3))]))
    layer = layers.ZeroPadding2D(padding, data_format=draw(FORMATS))
    return layer, [draw(image(layer, SIZES))]


@st.composite
def pooling2d(draw):
    make = draw(st.sampled_from([layers.MaxPooling2D, layers.AveragePooling2D]))
    layer = make(
        draw(st.sampled_from([2, (1, 3), (3, 2)])),
        strides=draw(st.sampled_from([None, 1, (2, 3)])),
        padding=draw(PADDINGS),
        data_format=draw(FORMATS),
    )
    return layer, [draw(image(layer, st.integers(3, 7)))]


@st.composite
def global_pooling2d(draw):
    layer = layers.GlobalAveragePooling2D(data_format=draw(FORMATS))
    return layer, [draw(image(layer, SIZES))]


@st.composite
def batch_normalization(draw):
    shape = draw(shapes(1, 2, 3))
    layer = layers.BatchNormalization(
        axis=draw(st.sampled_from([-1, *range(1, len(shape) + 1)])),
        scale=draw(st.booleans()),
        center=draw(st.booleans()),
    )
    return layer, [shape]


@st.composite
def embedding(draw):
    return layers.Embedding(7, draw(SIZES), mask_zero=draw(st.booleans())), [draw(shapes(1, 2))]


@st.composite
def lstm(draw):
    layer = layers.LSTM(
        draw(SIZES),
        return_sequences=draw(st.booleans()),
        return_state=draw(st.booleans()),
        go_backwards=draw(st.booleans()),
        unroll=draw(st.booleans()),
        use_bias=draw(st.booleans()),
        dropout=draw(st.sampled_from([0.0, 0.3])),
        recurrent_dropout=draw(st.sampled_from([0.0, 0.3])),
    )
    return layer, [draw(st.tuples(st.integers(2, 4), SIZES))]


@st.composite
def add(draw):
    shape = draw(shapes(1, 2, 3))
    others = st.sampled_from([shape, tuple(1 for _ in shape), shape[-1:]])
    return layers.Add(), [shape, *draw(st.lists(others, min_size=1, max_size=2))]


@st.composite
def concatenate(draw):
    shape = draw(shapes(1, 2, 3))
    axis = draw(st.sampled_from([-1, *range(1, len(shape) + 1)]))
    place = axis - 1 if axis > 0 else len(shape) - 1
    sizes = draw(st.lists(SIZES, min_size=2, max_size=3))
    return layers.Concatenate(axis), [(*shape[:place], n, *shape[place + 1 :]) for n in sizes]


@st.composite
def elementwise(draw):
    names = ["Multiply", "Average", "Maximum", "Minimum", "Subtract"]
    shape = draw(shapes(1, 2, 3))
    other = draw(st.sampled_from([shape, tuple(1 for _ in shape), shape[-1:]]))
    return getattr(layers, draw(st.sampled_from(names)))(), [shape, other]


@st.composite
def dot(draw):
    """Two tensors whose sizes agree on one axis; from rank 4 on, stacks of matrices."""
    size, stack = draw(SIZES), draw(st.sampled_from([(), (draw(SIZES),)]))
    samples, axes = [], []
    for _ in range(2):
        other = draw(st.lists(SIZES, min_size=len(stack), max_size=1))
        place = draw(st.integers(0, len(other)))
        samples.append((*stack, *other[:place], size, *other[place:]))
        axes.append(1 + len(stack) + place)
    return layers.Dot(tuple(axes), normalize=draw(st.booleans())), samples


@st.composite
def advanced_activation(draw):
    shape = draw(shapes(1, 2, 3))
    shared = draw(st.sampled_from([None, [1], [len(shape)]]))
    layer = draw(
        st.sampled_from(
            [
                layers.LeakyReLU(0.1),
                layers.PReLU(shared_axes=shared),
                layers.ELU(0.5),
                layers.ThresholdedReLU(0.5),
                layers.Softmax(draw(st.integers(1, len(shape)))),
                layers.ReLU(draw(st.sampled_from([None, 6])), 0.1, 0.2),
            ]
        )
    )
    return layer, [shape]


@st.composite
def time_distributed(draw):
    strategy = draw(st.sampled_from([dense, batch_normalization, lstm, nested, pooling2d]))
    layer, (shape,) = draw(strategy())
    if getattr(layer, "return_state", False):
        layer.return_state = False
    return layers.TimeDistributed(layer), [(draw(SIZES), *shape)]


@st.composite
def bidirectional(draw):
    inner, samples = draw(lstm())
    mode = draw(st.sampled_from(["concat", "sum", "mul", "ave", None]))
    layer = layers.Bidirectional(inner, merge_mode=mode)
    return layer, samples + draw(st.sampled_from([[], [(inner.units,)] * 4]))


@st.composite
def nested(draw):
    layer, shape = draw(dense()), draw(shapes(1))
    inner = layers.Sequential([layers.Reshape((*shape, 1), input_shape=shape), layer[0]])
    return inner, [shape]


STRATEGIES = {
    strategy.__name__: strategy()
    for strategy in (
        dense,
        activation,
        dropout,
        flatten,
        reshape,
        masking,
        conv2d,
        zero_padding2d,
        pooling2d,
        global_pooling2d,
        batch_normalization,
        embedding,
        lstm,
        add,
        concatenate,
        elementwise,
        dot,
        advanced_activation,
        time_distributed,
        bidirectional,
        nested,
    )
}


def type_of(tensor) -> TensorType:
    return TensorType(tensor.dtype.name, tuple(tensor.shape.as_list()))


@pytest.mark.parametrize("family", STRATEGIES)
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_the_inferred_type_is_that_of_the_result(family, data):
    layer, samples = data.draw(STRATEGIES[family])
    batch = data.draw(st.sampled_from([None, 2]))
    training = data.draw(st.booleans())
    dtype = "int32" if family == "embedding" else "float32"
    inputs = [layers.Input(batch_shape=(batch, *shape), dtype=dtype) for shape in samples]
    layer(inputs if len(inputs) > 1 else inputs[0])
    outputs = layer._inbound_nodes[-1].outputs

    def compute(*tensors):
        env = dict(zip(inputs, tensors, strict=True))
        return interpret(outputs, env, Context(training=training))

    specs = [tf.TensorSpec(x.type.shape, dtype) for x in inputs]
    traced = tf.function(compute, autograph=False).get_concrete_function(*specs)
    results = traced(*(tf.ones((2, *shape), dtype) for shape in samples))
    for output, traced_result, result in zip(outputs, traced.outputs, results, strict=True):
        assert isinstance(output, Tensor)
        # While the batch is unknown, TensorFlow may know less than the language, never other.
        assert output.type.accepts(type_of(traced_result))
        expected = [
            2 if size is None and axis == 0 else size for axis, size in enumerate(output.type.shape)
        ]
        assert TensorType(output.type.dtype, tuple(expected)) == type_of(result)
        assert np.isfinite(result).all()
