"""The words of Keras 2.2.4 that programs look for in an error, and its builtin class."""

from __future__ import annotations

import numpy as np
import pytest

from kir import backend as K
from kir import constraints, initializers, optimizers, regularizers
from kir.layers import (
    LSTM,
    RNN,
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Dot,
    Embedding,
    Flatten,
    Input,
    InputLayer,
    Masking,
    Permute,
    Reshape,
    Subtract,
    ZeroPadding2D,
    deserialize,
)
from kir.models import Model, Sequential, clone_model


@pytest.fixture(autouse=True)
def _new_session():
    K.clear_session()


def called(layer, *sizes):
    for size in sizes:
        layer(Input((size,)))
    return layer


def small():
    x = Input((3,), name="x")
    return Model(x, Dense(2, name="y")(x))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Dense(3).input, AttributeError, "has no inbound nodes"),
        (lambda: called(Dense(3), 4, 4).output, AttributeError, "get_output_at(node_index)"),
        (lambda: called(Dense(3), 4, 4).input, AttributeError, "has multiple inbound nodes"),
        (lambda: Dense(3).input_shape, AttributeError, "and thus has no defined input shape"),
        (
            lambda: called(Activation("relu"), 4, 5).output_shape,
            AttributeError,
            "has multiple inbound nodes with different output shapes",
        ),
        (lambda: Dense(3).get_input_at(0), RuntimeError, "has never been called and thus has no"),
        (
            lambda: called(Dense(3), 4).get_output_shape_at(5),
            ValueError,
            "Asked to get output_shape at node 5, but the layer has only 1 inbound nodes",
        ),
        (lambda: Dense(3).count_params(), RuntimeError, "You tried to call `count_params` on"),
        (
            lambda: called(Dense(3), 4).set_weights([1]),
            ValueError,
            "weight list of length 1, but the layer was expecting 2 weights",
        ),
        (
            lambda: called(Dense(3), 4).set_weights([np.ones((3, 3)), np.ones(3)]),
            ValueError,
            "Layer weight shape (4, 3) not compatible with provided weight shape (3, 3)",
        ),
        (lambda: Dense(3, foo=1), TypeError, "Keyword argument not understood"),
        (lambda: Dense(3)(5), ValueError, "was called with an input that isn't a symbolic tensor"),
        (
            lambda: Dense(3)([Input((3,)), Input((3,))]),
            ValueError,
            "expects 1 inputs, but it received 2 input tensors",
        ),
        (
            lambda: Conv2D(2, 3, name="conv")(Input((3, 3))),
            ValueError,
            "Input 0 is incompatible with layer conv: expected ndim=4, found ndim=3",
        ),
        (
            lambda: called(Dense(3), 4, 5),
            ValueError,
            "expected axis -1 of input shape to have value 4 but got shape (None, 5)",
        ),
        (
            lambda: Conv1D(2, 2)(Masking()(Input((3, 4)))),
            TypeError,
            "does not support masking, but was passed an input_mask",
        ),
        (lambda: Input(), AssertionError, "Please provide to Input either a `shape`"),
        (lambda: InputLayer(), ValueError, "An Input layer should be passed either"),
    ],
)
def test_layers_and_their_calls(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: Model(Input((3,)), Dense(2)(Input((3,)))),
            ValueError,
            "Graph disconnected: cannot obtain value for tensor",
        ),
        (
            lambda: Model([x := Input((3,)), x], Dense(2)(x)),
            ValueError,
            "The list of inputs passed to the model is redundant. All inputs should only appear",
        ),
        (lambda: Model(5, 5), ValueError, "must come from `keras.layers.Input`"),
        (lambda: Model(Input((3,)), 5), TypeError, "must be the output of a Keras `Layer`"),
        (
            lambda: Model(x := Input((3,)), [Dense(2, name="q")(x), Dense(2, name="q")(x)]),
            ValueError,
            'The name "q" is used 2 times in the model. All layer names should be unique',
        ),
        (lambda: small().get_layer("z"), ValueError, "No such layer: z"),
        (
            lambda: small().get_layer(index=9),
            ValueError,
            "retrieve layer at index 9 but model only",
        ),
        (lambda: small().get_layer(), ValueError, "Provide either a layer name or layer index"),
        (
            lambda: small().compute_output_shape([(1, 3), (1, 3)]),
            ValueError,
            "model has 1 tensor inputs",
        ),
        (lambda: Sequential([Dense(2)]).summary(), ValueError, "This model has never been called"),
        (lambda: Sequential([5]), TypeError, "The added layer must be an instance of class Layer"),
        (lambda: Sequential().pop(), TypeError, "There are no layers in the model"),
        (
            lambda: Sequential([LSTM(2, return_state=True, input_shape=(3, 1))]),
            TypeError,
            "All layers in a Sequential model should have a single output tensor",
        ),
        (lambda: clone_model(5), ValueError, "Expected `model` argument to be a `Model` instance"),
        (
            lambda: deserialize({"class_name": "Foo", "config": {}}),
            ValueError,
            "Unknown layer: Foo",
        ),
        (lambda: initializers.get(3), ValueError, "Could not interpret initializer identifier"),
        (lambda: regularizers.get("foo"), ValueError, "Unknown regularizer: foo"),
        (lambda: constraints.get(3), ValueError, "Could not interpret constraint identifier"),
        (lambda: optimizers.get(3), ValueError, "Could not interpret optimizer identifier"),
        (lambda: optimizers.SGD(foo=1), TypeError, "keyword argument passed to optimizer: foo"),
    ],
)
def test_models_and_names(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Add()([Input((3,))]), ValueError, "on a list of at least 2 inputs. Got 1 inputs"),
        (
            lambda: Add()([Input((3,)), Input((4,))]),
            ValueError,
            "Operands could not be broadcast together with shapes (3,) (4,)",
        ),
        (
            lambda: Concatenate(axis=1)([Input((3, 1)), Input((3, 2))]),
            ValueError,
            "inputs with matching shapes except for the concat axis. Got inputs shapes",
        ),
        (
            lambda: Dot(1)([Input((3,)), Input((4,))]),
            ValueError,
            "Dimension incompatibility 3 != 4",
        ),
        (lambda: Subtract()([Input((3,))] * 3), ValueError, "should be called on exactly 2 inputs"),
        (
            lambda: Flatten()(Input((None, 3))),
            ValueError,
            'input to "Flatten" is not fully defined',
        ),
        (
            lambda: Reshape((5,))(Input((6,))),
            ValueError,
            "total size of new array must be unchanged",
        ),
        (lambda: Permute((0, 1)), ValueError, "Invalid permutation `dims`"),
        (
            lambda: Conv2D(2, (3, 3, 3)),
            ValueError,
            "The `kernel_size` argument must be a tuple of 2",
        ),
        (
            lambda: Conv2D(2, 3, data_format="last"),
            ValueError,
            'must be one of "channels_first", "channels_last". Received: last',
        ),
        (lambda: ZeroPadding2D((1, 2, 3)), ValueError, "`padding` should have two elements. Found"),
        (lambda: RNN(5), ValueError, "`cell` should have a `call` method"),
        (
            lambda: LSTM(2, stateful=True)(Input((3, 1))),
            ValueError,
            "If a RNN is stateful, it needs to know its batch size",
        ),
        (lambda: LSTM(2).reset_states(), AttributeError, "Layer must be stateful"),
        (
            lambda: BatchNormalization(axis=1)(Input((None, 3))),
            ValueError,
            "Axis 1 of input tensor should have a defined dimension but the layer received",
        ),
        (
            lambda: Embedding(3, 2, input_length=3)(Input((4,))),
            ValueError,
            '"input_length" is 3, but received input has shape (None, 4)',
        ),
    ],
)
def test_arguments_of_layers(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)
