"""Activations by name; their values are golden cases."""

import pytest

from kir import activations
from kir.errors import ConfigError

NAMES = [
    "elu",
    "exponential",
    "hard_sigmoid",
    "linear",
    "relu",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_for_a_function_and_back(name):
    assert activations.serialize(activations.get(name)) == name
    assert activations.get(name) is getattr(activations, name)


def test_none_stands_for_the_identity():
    assert activations.get(None) is activations.linear
    x = object()
    assert activations.linear(x) is x


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"Unknown activation function: Relu.*'relu'"):
        activations.get("Relu")


@pytest.mark.parametrize("identifier", [3, 3.5, []])
def test_what_is_no_identifier_is_rejected(identifier):
    with pytest.raises(ConfigError, match="activation function identifier"):
        activations.get(identifier)


def test_a_function_without_a_name_cannot_be_serialized():
    class Callable:
        def __call__(self, x):
            return x

    with pytest.raises(ConfigError, match="it has no name"):
        activations.serialize(Callable())


def test_a_layer_as_an_activation_is_warned_of():
    class Layer:
        name = "leaky_1"

        def get_config(self):
            return {}

        def call(self, x):
            return x

        __call__ = call

    layer = Layer()
    with pytest.warns(UserWarning, match="leaky_1"):
        assert activations.get(layer) is layer
